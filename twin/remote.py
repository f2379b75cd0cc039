"""Engines elsewhere, over HTTP: what all of them have in common, and the client of `twin serve`. Loads no torch.

httpx is what python-telegram-bot brings along. A request whose connection is lost, or that the server is too busy for,
is made again until its time is up, so that a server may be restarted, or one of several may die. With the seed that a
request is given here, the answer comes out as before, and what was handed over of it already is passed over.
"""

import asyncio
import json
import logging
import random
from collections.abc import AsyncIterator, Coroutine
from contextlib import suppress
from dataclasses import replace
from typing import Any

import httpx

from twin.desk import LocalAnswer, Ticket
from twin.engine import NEXT_MESSAGE, EngineBusy, EngineError, Request
from twin.errors import TwinError
from twin.wire import error_of, to_json

log = logging.getLogger(__name__)

CONNECTING = 5.0  # seconds
SILENCE = 30.0  # seconds without a word after which a server is taken for dead: a full Ray Serve says nothing at first
GRACE = 5.0  # seconds beyond a request's own, in which the server may tell that they are over
PAUSES = (0.1, 0.25, 0.5, 1.0, 2.0, 4.0, 4.0, 4.0)  # seconds before a request is made again
_TRANSIENT = {408, 409, 425, 429, 500, 502, 503, 504}


class TransientError(Exception):
    """It did not work, and may the next time; `after`: seconds that the server wants to be left alone."""

    def __init__(self, reason: str, after: float = 0.0) -> None:
        super().__init__(reason)
        self.after = after


class RemoteAnswer(LocalAnswer):
    """An answer that is being fetched; see `twin.engine.Answer`."""

    def __init__(self, ticket: Ticket, fetching: Coroutine[Any, Any, None]) -> None:
        super().__init__(ticket)
        self._loop = asyncio.get_running_loop()
        self._task = asyncio.create_task(fetching)

    def cancel(self) -> None:
        """Stop fetching; any thread may ask for it, for answers that nobody holds any more are collected anywhere."""
        super().cancel()
        if not self._task.done():
            with suppress(RuntimeError):  # the loop is gone, and the task with it
                self._loop.call_soon_threadsafe(self._task.cancel)


class Handing:
    """Hands an answer's pieces to its ticket, each once, however often the answer begins anew."""

    def __init__(self, ticket: Ticket) -> None:
        self.ticket = ticket
        self._shown = ""
        self._heard = 0  # letters of this beginning

    def begin(self) -> None:
        """The answer begins, or begins anew."""
        self._heard = 0

    def put(self, piece: str) -> None:
        """Take a piece, and pass it on as far as it is new.

        Raises:
            EngineError: the answer is another one than before.
        """
        known = self._shown[self._heard : self._heard + len(piece)]
        if not piece.startswith(known):
            raise EngineError("the connection was lost in an answer that cannot be gone on with")
        self._heard += len(piece)
        if known != piece:
            new = piece[len(known) :] if known else piece
            self._shown += new
            self.ticket.put(new)


class HttpEngine:
    """What the engines elsewhere have in common: answers that are fetched, made again, and given up.

    Args:
        url: of the server.
        key: what the server wants to be shown.
    """

    def __init__(self, url: str, key: str | None = None) -> None:
        self._url = url
        self._client = httpx.AsyncClient(
            base_url=url,
            headers={"Authorization": f"Bearer {key}"} if key else {},
            timeout=httpx.Timeout(SILENCE, connect=CONNECTING),
            limits=httpx.Limits(max_connections=None),
            trust_env=False,  # chats go to the server that was named, and through nobody's proxy
        )

    def answer(self, request: Request) -> RemoteAnswer:
        """Start fetching the answer to a request."""
        if request.seed is None:
            request = replace(request, seed=random.getrandbits(48))
        ticket = Ticket(request)
        return RemoteAnswer(ticket, self._fetch(ticket))

    async def unload(self) -> None:
        """Nothing to be done: the model's memory is that of another machine, where no training waits for it."""

    async def close(self) -> None:
        """Let the connections go; whatever is being fetched ends with an error."""
        await self._client.aclose()

    async def _attempt(self, handing: Handing) -> None:
        """Ask once, and hand over what comes.

        Raises:
            TransientError: to be tried again.
            TwinError, EngineError: not to be.
        """
        raise NotImplementedError

    async def _fetch(self, ticket: Ticket) -> None:
        try:
            async with asyncio.timeout(ticket.request.seconds + GRACE):
                await self._again_and_again(Handing(ticket))
            ticket.put(None)
        except asyncio.CancelledError:
            ticket.put(None)
        except TimeoutError:
            ticket.put(EngineError(f"the engine at {self._url} did not answer in time"))
        except Exception as error:
            known = isinstance(error, EngineError | TwinError)
            ticket.put(error if known else EngineError(f"{type(error).__name__} at the engine at {self._url}"))

    async def _again_and_again(self, handing: Handing) -> None:
        ticket = handing.ticket
        for pause in (*PAUSES, None):
            handing.begin()
            try:
                await self._attempt(handing)
                return
            except (TransientError, httpx.TransportError) as error:
                reason = str(error) if isinstance(error, TransientError) else _described(error)
                wanted = max(pause or 0.0, getattr(error, "after", 0.0))
                if pause is None or ticket.age + wanted > ticket.request.seconds:
                    busy = isinstance(error, BusyError)
                    raise (EngineBusy if busy else EngineError)(f"the engine at {self._url}: {reason}") from None
                log.info("asking the engine again: %s", reason)
                await asyncio.sleep(wanted * random.uniform(1.0, 1.25))  # clients shall not come in step

    async def _asked(self, method: str, path: str, **values: Any) -> httpx.Response:
        """A short question.

        Raises:
            TransientError, httpx.TransportError, TwinError, EngineError: as `refuse`.
        """
        response = await self._client.request(method, path, **values)
        refuse(response, self._url)
        return response


class BusyError(TransientError):
    """The server has too much to do."""


class CutError(TransientError):
    """The connection was lost in an answer."""

    def __init__(self) -> None:
        super().__init__("it was cut off in an answer")


def refuse(response: httpx.Response, url: str) -> None:
    """Pass a response that is good.

    Raises:
        TransientError: it may be, the next time.
        TwinError: the key is wrong, or nothing of the kind is there.
        EngineError: the server will not have the request.
    """
    code = response.status_code
    if code < 300:
        return
    if code in _TRANSIENT:
        after = response.headers.get("Retry-After", "")
        kind = BusyError if code == 429 else TransientError
        raise kind(f"it answered {code}", float(after) if after.isdecimal() else 0.0)
    if code in (401, 403):
        raise TwinError(f"the engine at {url} refuses ENGINE_KEY: give both sides the same one")
    if code == 404:
        raise TwinError(f"at {url} is no such engine: check ENGINE_URL and ENGINE_API")
    raise EngineError(f"the engine at {url} refuses the request ({code})")


class RemoteEngine(HttpEngine):
    """Answers that `twin serve` makes, with the adapters that it has."""

    def __init__(self, url: str, key: str | None = None) -> None:
        super().__init__(url, key)
        self._forgets = False  # whether the server has yet to be told to

    async def start(self, name: str) -> None:
        """See that the server is there.

        Raises:
            TwinError: it is not, or lets nobody in.
        """
        try:
            await self._asked("GET", "/health")
        except (TransientError, httpx.TransportError, EngineError) as error:
            raise TwinError(
                f"the engine at {self._url} cannot be reached ({_described(error)}): "
                "start it with twin serve, or leave ENGINE_URL empty"
            ) from None

    async def reload(self) -> dict[str, str]:
        """Have newly promoted versions put to work. A server that is not there now looks for them when it is back."""
        try:
            changed: dict[str, str] = (await self._asked("POST", "/reload", timeout=GRACE * 12)).json()
            return changed
        except (TransientError, httpx.TransportError, EngineError) as error:
            log.warning("the engine at %s was not told of promoted versions: %s", self._url, _described(error))
            return {}

    async def forget(self) -> None:
        """Have the server let go of the keys and values of all histories; where it is not there now, before anything
        else is asked of it."""
        self._forgets = True
        try:
            await self._tell_to_forget()
        except (TransientError, httpx.TransportError, EngineError, TwinError) as error:
            log.warning("the engine at %s was not told to forget yet: %s", self._url, _described(error))

    async def _tell_to_forget(self) -> None:
        if self._forgets:
            await self._asked("POST", "/forget")
            self._forgets = False

    async def _attempt(self, handing: Handing) -> None:
        await self._tell_to_forget()
        ticket = handing.ticket
        request = replace(ticket.request, seconds=max(1.0, ticket.request.seconds - ticket.age))
        # The header has Ray Serve send requests to a replica that has the adapter in memory; others ignore it.
        headers = {"serve_multiplexed_model_id": request.adapter}
        async with self._client.stream("POST", "/answer", json=to_json(request), headers=headers) as response:
            refuse(response, self._url)
            async for line in lines_of(response):
                values = object_in(line)
                if "version" in values:
                    ticket.version = values["version"]
                if "error" in values:
                    raise _as_told(error_of(values))
                if "text" in values or "next" in values:
                    handing.put(values.get("text") or NEXT_MESSAGE)
                if "finish" in values:
                    ticket.finish = values["finish"]
                    return
        raise CutError


async def lines_of(response: httpx.Response) -> AsyncIterator[bytes]:
    """The lines of a stream; httpx's own also end at marks that may stand within a text."""
    rest = b""
    async for part in response.aiter_bytes():
        *lines, rest = (rest + part).split(b"\n")
        for line in lines:
            yield line.rstrip(b"\r")
    if rest:
        yield rest


def object_in(line: bytes) -> dict[str, Any]:
    """The object of JSON in a line of an answer.

    Raises:
        CutError: it is not whole.
    """
    try:
        values: dict[str, Any] = json.loads(line)
    except ValueError:
        raise CutError from None
    return values


def _as_told(error: Exception) -> Exception:
    return BusyError(str(error)) if isinstance(error, EngineBusy) else error


def _described(error: Exception) -> str:
    return str(error) if isinstance(error, TransientError | EngineError) else type(error).__name__

"""Trouble between the bot and the Bot API: refusals, answers that come too late, connections that are cut."""

import asyncio
import json
import random
from collections import Counter
from dataclasses import dataclass

from aiohttp import web
from aiohttp.typedefs import Handler

from sandbox.errors import ApiError

KINDS = ("429", "500", "502", "late before", "late after", "cut before", "cut after")
SHARE = {"sendmessage": 0.12, "getupdates": 0.08}  # of the calls that go wrong
_LATE = 30.0  # seconds; the bot waits for less
_REFUSALS = {
    "429": ApiError(429, "Too Many Requests: retry after 1", retry_after=1),
    "500": ApiError(500, "Internal Server Error"),
    "502": ApiError(502, "Bad Gateway"),
}


@dataclass(frozen=True, slots=True)
class Sent:
    """What is known of a message that the sandbox has recorded.

    Attributes:
        life: the number of the process that sent it.
        confirmed: nothing of ours kept the answer from the bot.
    """

    life: int
    confirmed: bool


class Trouble:
    """A middleware of the sandbox. `before` means that the sandbox never hears of the call, `after` that the bot never
    hears of what the sandbox has done.

    Attributes:
        life: the number of the bot's process that runs now.
        polled: set at its first poll.
    """

    def __init__(self, seed: int) -> None:
        self.life = 0
        self.polled = asyncio.Event()
        self.sent: dict[int, Sent] = {}  # by message
        self.happened: Counter[str] = Counter()
        self._random = random.Random(seed)

    def begin_life(self) -> None:
        self.life += 1
        self.polled.clear()

    @web.middleware
    async def disturb(self, request: web.Request, handler: Handler) -> web.StreamResponse:
        method = request.path.rpartition("/")[2].lower()
        if method == "getupdates":
            self.polled.set()
        kind = self._random.choice(KINDS) if self._random.random() < SHARE.get(method, 0) else ""
        if kind:
            self.happened[kind] += 1
        if kind in _REFUSALS:
            raise _REFUSALS[kind]
        life, how, when = self.life, *(kind.split() or ("", ""))
        response: web.StreamResponse = web.Response()
        if when != "before":
            response = await handler(request)
            if method == "sendmessage" and response.status == 200:
                self._note(response, Sent(life, confirmed=not kind))
        if how == "late":
            await asyncio.sleep(_LATE)
        elif how == "cut" and request.transport is not None:
            request.transport.abort()
        return response

    def _note(self, response: web.StreamResponse, sent: Sent) -> None:
        assert isinstance(response, web.Response) and isinstance(response.text, str)  # noqa: S101
        self.sent[json.loads(response.text)["result"]["message_id"]] = sent

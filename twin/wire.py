"""Requests and answers on the wire: JSON one way, lines of JSON back. Loads no torch.

A request is the object that `to_json` gives. The answer comes as lines: `{"version": V}` once, then `{"text": T}` for
each piece and `{"next": true}` between the messages of a burst, at last `{"finish": F}`, or `{"error": E, "kind": K}`
with the kind of error. `{}` says no more than that somebody is still there.
"""

import asyncio
import json
from collections.abc import AsyncIterator
from dataclasses import asdict
from datetime import datetime
from typing import Any

from twin.engine import Answer, Engine, EngineBusy, EngineError, NextMessage, Request
from twin.errors import TwinError
from twin.manifest import Sampling, is_seed
from twin.transcript import Turn

BEAT = 5.0  # seconds of silence after which the server says that it is still there
_KINDS: dict[str, type[Exception]] = {"twin": TwinError, "busy": EngineBusy, "engine": EngineError}


def to_json(request: Request) -> dict[str, Any]:
    """A request as an object of JSON."""
    values = asdict(request)
    values["at"] = request.at.isoformat()
    values["turns"] = [[turn.speaker, turn.text, turn.at.isoformat()] for turn in request.turns]
    return values


def from_json(values: Any) -> Request:
    """What `to_json` gave.

    Raises:
        ValueError: it is something else.
    """
    try:
        kept = {key: values[key] for key in Request.__dataclass_fields__ if key in values}
        kept["turns"] = tuple(Turn(str(who), str(text), datetime.fromisoformat(at)) for who, text, at in kept["turns"])
        kept["at"] = datetime.fromisoformat(kept["at"])
        kept["sampling"] = Sampling(**kept["sampling"]) if kept.get("sampling") else None
        return _checked(Request(**kept))
    except (KeyError, TypeError, AttributeError, ValueError):
        raise ValueError("this is no request for an answer: do client and server have the same version?") from None


def read(body: bytes) -> Request:
    """The request in a body of HTTP.

    Raises:
        ValueError: there is none.
    """
    try:
        values = json.loads(body)
    except (ValueError, RecursionError):
        values = None
    return from_json(values)


def _checked(request: Request) -> Request:
    """A request of which every value has its type: what the model thread gets must not be what it dies of."""
    if not (
        isinstance(request.adapter, str)
        and isinstance(request.speaker, str)
        and request.mode in ("first", "burst")
        and all(isinstance(n, int) and n > 0 for n in (request.max_tokens, request.min_tokens, request.max_messages))
        and is_seed(request.seed)
        and isinstance(request.seconds, int | float)
        and 0 <= request.seconds < float("inf")
        and all(moment.tzinfo is None for moment in (request.at, *(turn.at for turn in request.turns)))
    ):
        raise ValueError("a value is of another type")
    return request


async def lines(engine: Engine, request: Request) -> AsyncIterator[bytes]:
    """The answer to a request as lines. Whoever stops listening cancels it."""
    answer = engine.answer(request)
    told = False
    try:
        async for piece in _with_beats(answer):
            if piece is None:
                yield _line({})
                continue
            if not told:
                told = True
                yield _line({"version": answer.version})
            yield _line({"next": True} if isinstance(piece, NextMessage) else {"text": piece})
        yield _line({"version": answer.version, "finish": answer.finish})
    except tuple(_KINDS.values()) as error:
        kind = next(name for name, known in _KINDS.items() if isinstance(error, known))
        yield _line({"error": str(error), "kind": kind})
    finally:
        answer.cancel()


async def _with_beats(answer: Answer) -> AsyncIterator[str | None]:
    """The pieces of an answer, and None whenever there was none for a while."""
    pieces = aiter(answer)
    waiting = asyncio.ensure_future(anext(pieces, None))
    try:
        while True:
            done, _ = await asyncio.wait({waiting}, timeout=BEAT)
            if not done:
                yield None
                continue
            piece = waiting.result()
            if piece is None:
                return
            yield piece
            waiting = asyncio.ensure_future(anext(pieces, None))
    finally:
        waiting.cancel()


def error_of(values: dict[str, Any]) -> Exception:
    """The error that a line tells."""
    return _KINDS.get(values.get("kind", ""), EngineError)(str(values["error"]))


def _line(values: dict[str, Any]) -> bytes:
    return json.dumps(values).encode() + b"\n"

"""Talks outside Telegram: two speakers who write with each other, and answers that appear while they are made."""

from collections.abc import AsyncIterator, Callable
from dataclasses import replace
from datetime import datetime, timedelta

from twin.engine import Engine, Request, whole
from twin.manifest import Sampling
from twin.transcript import Turn

PAUSE = timedelta(minutes=1)  # between the turns of a simulated conversation


async def simulate(
    engine: Engine,
    adapter: str,
    speakers: tuple[str, str],
    *,
    turns: int,
    at: datetime,
    opening: str | None = None,
    sampling: Sampling | None = None,
) -> AsyncIterator[Turn]:
    """Let two speakers of an adapter write with each other, in turn, the first of them beginning.

    Args:
        turns: how many turns, the opening included.
        opening: what the first speaker begins with; the model's own beginning if None.
        sampling: with a seed, every turn draws from a seed of its own that follows from it.
    """
    said: list[Turn] = []
    for number in range(turns):
        speaker = speakers[number % 2]
        now = at + number * PAUSE
        if number == 0 and opening:
            text = opening
        else:
            drawn = sampling
            if sampling is not None and sampling.seed is not None:
                drawn = replace(sampling, seed=sampling.seed + number)
            text = await whole(engine.answer(Request(adapter, tuple(said), speaker, now, drawn)))
        said.append(Turn(speaker, text, now))
        yield said[-1]


async def streamed(engine: Engine, request: Request, show: Callable[[str], None]) -> str:
    """The answer to a request; `show` gets it piece by piece as it comes."""
    pieces: list[str] = []
    async for piece in engine.answer(request):
        show(piece)
        pieces.append(piece)
    return "".join(pieces).strip()

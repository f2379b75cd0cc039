"""The engine interface: a request says who answers to which history, the answer streams back as text.

A request holds structure, never a rendered prompt: token ids and budgets are the engine's business.
Importing this module loads no torch. `twin/local.py` is the engine that runs the model in this process.
"""

from collections.abc import AsyncIterator
from dataclasses import dataclass
from datetime import datetime
from typing import Literal, Protocol

from twin.adapter import Sampling
from twin.transcript import Turn

Finish = Literal["separator", "length"]


@dataclass(frozen=True, slots=True)
class Request:
    """Ask how a conversation goes on.

    Attributes:
        adapter: name of the adapter; its promoted version answers.
        turns: the thread so far, oldest first.
        speaker: who says the next turn.
        at: the moment of the answer, local time without zone.
        sampling: how tokens are drawn; the adapter's own defaults if None.
        max_tokens: the most tokens of an answer.
    """

    adapter: str
    turns: tuple[Turn, ...]
    speaker: str
    at: datetime
    sampling: Sampling | None = None
    max_tokens: int = 120


class Answer(Protocol):
    """An answer in the making: iterate over its pieces of text, then read how it ended."""

    version: str  # adapter version that answers; "" before the first piece
    finish: Finish | None  # why it ended; None while it has not

    def __aiter__(self) -> AsyncIterator[str]: ...

    def cancel(self) -> None:
        """Stop as soon as the next token; iteration ends."""


class Engine(Protocol):
    """Whatever answers requests: the model in this process, or a server elsewhere."""

    def answer(self, request: Request) -> Answer:
        """Start answering. Errors (TwinError, or EngineError) are raised by the iteration."""

    async def reload(self) -> dict[str, str]:
        """Put newly promoted versions to work; returns those that changed, by adapter name."""

    async def close(self) -> None:
        """Finish or cancel what runs, and let the model go."""


class EngineError(Exception):
    """The engine failed on a request: out of memory, a crash. The bot says that it cannot answer right now."""


async def whole(answer: Answer) -> str:
    """The complete text of an answer."""
    return "".join([piece async for piece in answer]).strip()

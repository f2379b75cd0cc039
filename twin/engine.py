"""The engine interface: a request says who answers to which history, the answer streams back as text.

A request holds structure, never a rendered prompt: token ids and budgets are the engine's business.
Importing this module loads no torch. `twin/local.py` is the engine that runs the model in this process.
"""

from collections.abc import AsyncIterator
from dataclasses import dataclass
from datetime import datetime
from typing import Literal, Protocol

from twin.manifest import Sampling
from twin.transcript import Turn

Finish = Literal["separator", "length", "time", "degenerate"]
Mode = Literal["first", "burst"]


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
        min_tokens: a message does not end before it has as many.
        mode: "first" ends at the first answer; "burst" goes on while the same speaker goes on.
        max_messages: the most messages of a burst.
        seconds: the longest an answer may take, its time in the queue included; then it ends where it is.
        stream: pieces come as soon as they stand. Without, they come when the answer is whole, and one that turned out
            degenerate as a whole is drawn anew unseen.
        seed: makes the answer repeatable where its sampling has no seed, as when a lost connection has it asked for
            again.
    """

    adapter: str
    turns: tuple[Turn, ...]
    speaker: str
    at: datetime
    sampling: Sampling | None = None
    max_tokens: int = 120
    min_tokens: int = 1
    mode: Mode = "first"
    max_messages: int = 4
    seconds: float = 120.0
    stream: bool = True
    seed: int | None = None

    @property
    def heard(self) -> str:
        """What the other one said last, which is no answer."""
        return self.turns[-1].text if self.turns and self.turns[-1].speaker != self.speaker else ""


class NextMessage(str):
    """The piece of a burst that says: what follows is another message. Joined with the others it is a line break."""

    __slots__ = ()


NEXT_MESSAGE = NextMessage("\n")


class Answer(Protocol):
    """An answer in the making: iterate over its pieces of text, then read how it ended."""

    @property
    def version(self) -> str:
        """The adapter version that answers; "" before the first piece."""

    @property
    def finish(self) -> Finish | None:
        """Why it ended; None while it has not."""

    def __aiter__(self) -> AsyncIterator[str]: ...

    def cancel(self) -> None:
        """Stop as soon as the next token; iteration ends."""


class Engine(Protocol):
    """Whatever answers requests: the model in this process, or a server elsewhere."""

    def answer(self, request: Request) -> Answer:
        """Start answering. Errors (TwinError, or EngineError) are raised by the iteration."""

    async def start(self, name: str) -> None:
        """Load what adapter `name` needs, so that the first answer need not wait for it.

        Raises:
            TwinError: it cannot be loaded.
        """

    async def reload(self) -> dict[str, str]:
        """Put newly promoted versions to work; returns those that changed, by adapter name."""

    async def unload(self) -> None:
        """Let go of the model's memory; whatever is asked next brings it back."""

    async def forget(self) -> None:
        """Let go of all that is remembered of histories; `/forget` asks for it."""

    async def close(self) -> None:
        """Finish or cancel what runs, and let the model go."""


class EngineError(Exception):
    """The engine failed on a request: out of memory, a crash. The bot says that it cannot answer right now."""


class EngineBusy(EngineError):
    """Too many requests wait already; this one was not taken."""


async def whole(answer: Answer) -> str:
    """The complete text of an answer; the messages of a burst stand on lines of their own."""
    return "".join([piece async for piece in answer]).strip()


async def messages(answer: Answer) -> AsyncIterator[str]:
    """The messages of an answer, each as soon as it is complete."""
    pieces: list[str] = []
    async for piece in answer:
        if isinstance(piece, NextMessage):
            yield "".join(pieces).strip()
            pieces = []
        else:
            pieces.append(piece)
    if pieces:
        yield "".join(pieces).strip()

"""Where asyncio and the model thread meet: requests are laid down here, and their answers handed back piece by piece.

Loads no torch.
"""

import asyncio
import threading
import time
from collections import deque
from collections.abc import AsyncIterator, Callable
from concurrent.futures import Future
from typing import Any

from twin.engine import EngineBusy, EngineError, Finish, Request

Job = Callable[[], None]


class Slip:
    """A request on its way, as a row of the batch holds it; the pieces of its answer are kept here."""

    def __init__(self, request: Request) -> None:
        self.request = request
        self.created = time.monotonic()
        self.cancelled = threading.Event()
        self.version = ""
        self.finish: Finish | None = None
        self.passed_over = 0  # rounds in which it found no place
        self.crashes = 0  # of the model thread while it was in the making
        self.kept: list[str] = []

    @property
    def overdue(self) -> bool:
        return self.age > self.request.seconds

    @property
    def age(self) -> float:
        """Seconds since the request was made."""
        return time.monotonic() - self.created

    def put(self, piece: str | Exception | None) -> None:
        """Take a piece, an error, or the end."""
        if isinstance(piece, str):
            self.kept.append(piece)


class Ticket(Slip):
    """A request of a client elsewhere, whom its pieces are handed over to.

    The client holds a `LocalAnswer` instead, so that a ticket is cancelled when its client is gone.
    """

    def __init__(self, request: Request) -> None:
        super().__init__(request)
        self.pieces: asyncio.Queue[str | Exception | None] = asyncio.Queue()
        self._loop = asyncio.get_running_loop()

    def put(self, piece: str | Exception | None) -> None:
        """Called in the model thread: hand over a piece, an error, or the end."""
        try:
            self._loop.call_soon_threadsafe(self.pieces.put_nowait, piece)
        except RuntimeError:  # the loop is gone, and with it whoever waited
            self.cancelled.set()


class LocalAnswer:
    """An answer that the model thread is making; see `twin.engine.Answer`."""

    def __init__(self, ticket: Ticket) -> None:
        self._ticket = ticket

    @property
    def version(self) -> str:
        return self._ticket.version

    @property
    def finish(self) -> Finish | None:
        return self._ticket.finish

    async def __aiter__(self) -> AsyncIterator[str]:
        try:
            while (piece := await self._ticket.pieces.get()) is not None:
                if isinstance(piece, Exception):
                    raise piece
                yield piece
        finally:
            self.cancel()

    def cancel(self) -> None:
        """Stop before the next token."""
        self._ticket.cancelled.set()

    def __del__(self) -> None:
        self.cancel()


class Desk:
    """Requests that wait for the model thread, and jobs that it does between two steps.

    Args:
        seats: how many requests may wait; one more is refused.
    """

    def __init__(self, seats: int) -> None:
        self._seats = seats
        self._something = threading.Condition()
        self._waiting: deque[Ticket] = deque()
        self._jobs: deque[tuple[Job, Future[Any]]] = deque()
        self._looked_at = 0  # requests that the model thread has in hand, and may give back
        self._closed = False

    def __len__(self) -> int:
        return len(self._waiting) + self._looked_at

    @property
    def closed(self) -> bool:
        return self._closed

    def submit(self, ticket: Ticket) -> None:
        """Lay a request down.

        Raises:
            EngineBusy: too many wait already.
            EngineError: the desk is closed.
        """
        with self._something:
            if self._closed:
                raise EngineError("the engine was closed")
            if len(self) >= self._seats:
                raise EngineBusy(f"{self._seats} requests wait already: try again later")
            self._waiting.append(ticket)
            self._something.notify()

    def call(self, job: Callable[[], Any]) -> Future[Any]:
        """Have a job done in the model thread between two steps."""
        future: Future[Any] = Future()

        def run() -> None:
            if not future.set_running_or_notify_cancel():
                return
            try:
                future.set_result(job())
            except Exception as error:
                future.set_exception(error)

        with self._something:
            if self._closed:
                future.set_exception(EngineError("the engine was closed"))
            else:
                self._jobs.append((run, future))
                self._something.notify()
        return future

    def wait(self) -> None:
        """Called in the model thread: sleep until there is a request, a job, or the end."""
        with self._something:
            self._something.wait_for(lambda: self._waiting or self._jobs or self._closed)

    def run_jobs(self) -> None:
        """Called in the model thread: do what is to be done between two steps."""
        while self._jobs:
            self._jobs.popleft()[0]()

    def take(self) -> list[Ticket]:
        """Called in the model thread: everything that waits, in order. What cannot begin yet is given back."""
        with self._something:
            taken, self._waiting = list(self._waiting), deque()
            self._looked_at = len(taken)
        return taken

    def give_back(self, tickets: list[Ticket]) -> None:
        """Called in the model thread: put requests back to the front of the queue, in order."""
        with self._something:
            self._looked_at = 0
            if not self._closed:
                self._waiting.extendleft(reversed(tickets))
                return
        for ticket in tickets:
            ticket.put(EngineError("the engine was closed"))

    def close(self) -> None:
        """Take nothing more; what waits is told so."""
        with self._something:
            self._closed = True
            waiting, self._waiting = self._waiting, deque()
            jobs, self._jobs = self._jobs, deque()
            self._something.notify()
        for ticket in waiting:
            ticket.put(EngineError("the engine was closed"))
        for _, future in jobs:
            if future.set_running_or_notify_cancel():
                future.set_exception(EngineError("the engine was closed"))

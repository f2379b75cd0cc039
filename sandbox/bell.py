"""How everything in the sandbox waits: whoever changes the state rings, whoever waits looks again.

Long polls, the page's event stream and the tests all wait for "something that is true of the state". One bell for all
of them needs no queue per listener, loses nothing to a slow one, and never polls.
"""

import asyncio
from collections.abc import Callable
from typing import TypeVar

T = TypeVar("T")


class Stopped(Exception):
    """The sandbox was stopped while somebody waited."""


class Bell:
    def __init__(self) -> None:
        self._waiting: set[asyncio.Future[None]] = set()
        self._stopped = False

    def ring(self) -> None:
        """Let everyone who waits look at the state again."""
        for future in self._waiting:
            if not future.done():
                future.set_result(None)

    def stop(self) -> None:
        """End every wait, now and later, with `Stopped`."""
        self._stopped = True
        self.ring()

    async def until(self, look: Callable[[], T | None], seconds: float | None) -> T:
        """Return the first value that `look` gives other than None; it is asked now and after every ring.

        Raises TimeoutError after `seconds` (None: never), `Stopped` when the sandbox stops, and whatever `look` raises.
        """
        async with asyncio.timeout(seconds):
            while (found := look()) is None:
                if self._stopped:
                    raise Stopped
                future: asyncio.Future[None] = asyncio.get_running_loop().create_future()
                self._waiting.add(future)
                try:
                    await future
                finally:
                    self._waiting.discard(future)
        return found

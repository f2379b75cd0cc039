"""One worker for each chat: what belongs to a chat is done in order, and chats do not wait for each other."""

import asyncio
import logging
from collections.abc import Awaitable, Callable, Hashable
from typing import Generic, TypeVar

from bot.logs import described

log = logging.getLogger(__name__)
Key = TypeVar("Key", bound=Hashable)


class Lanes(Generic[Key]):
    """Runs `work(key)` whenever `key` is woken, never twice at the same time for the same key.

    A lane that was woken while it works goes round once more; a lane without work costs nothing.
    """

    def __init__(self, work: Callable[[Key], Awaitable[None]]) -> None:
        self._work = work
        self._tasks: dict[Key, asyncio.Task[None]] = {}
        self._again: set[Key] = set()
        self._closed = False

    def wake(self, key: Key) -> None:
        """There is work for `key`."""
        if self._closed:
            return
        self._again.add(key)
        if key not in self._tasks:
            self._tasks[key] = asyncio.create_task(self._run(key))

    async def stop(self, grace: float = 0) -> None:
        """Start nothing more; what still runs after `grace` seconds is cancelled."""
        self._closed = True
        self._again.clear()
        tasks = list(self._tasks.values())
        if tasks and grace:
            await asyncio.wait(tasks, timeout=grace)
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)

    async def _run(self, key: Key) -> None:
        try:
            while key in self._again:
                self._again.discard(key)
                await self._work(key)
        except Exception as error:
            log.error("work for a chat failed: %s", described(error))
        finally:
            del self._tasks[key]
            if key in self._again:  # woken while it failed
                self.wake(key)

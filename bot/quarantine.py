"""Which update killed the bot? Those that were in the making when it died, more than once, are tried one at a time.

So one that kills it is found and set aside, and those that only stood beside it are not.
"""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from storage.store import Store


class Quarantine:
    def __init__(self, store: Store) -> None:
        self._store = store
        self._updates: set[int] = set()
        self._threads: set[int] = set()
        self._alone = asyncio.Lock()

    async def load(self) -> None:
        """Learn from the store who is suspected."""
        suspects = await self._store.suspects()
        self._updates = {update_id for update_id, thread in suspects if thread is None}
        self._threads = {thread for _, thread in suspects if thread is not None}

    @asynccontextmanager
    async def update(self, update_id: int) -> AsyncIterator[None]:
        """The block handles an update; if that is suspected, no other suspect is at work meanwhile."""
        async with self._place(update_id, self._updates):
            yield

    @asynccontextmanager
    async def thread(self, thread_id: int) -> AsyncIterator[None]:
        """The same of a block that answers what waits in a thread."""
        async with self._place(thread_id, self._threads):
            yield

    @asynccontextmanager
    async def _place(self, number: int, suspects: set[int]) -> AsyncIterator[None]:
        if number not in suspects:
            yield
            return
        async with self._alone:
            yield
        suspects.discard(number)

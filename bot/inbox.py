"""The inbox: an update is committed before Telegram may forget it, and handled in the order of its chat."""

import asyncio
import json
import logging
from collections.abc import Awaitable, Coroutine
from typing import Any, cast
from weakref import WeakValueDictionary

from telegram import Bot, Update
from telegram.ext import BaseUpdateProcessor

from bot.logs import described
from bot.pace import Pace
from storage.store import Store

log = logging.getLogger(__name__)
_MOST_AT_ONCE = 4096  # most of them wait for another one of their chat, and must not keep other chats out


class Inbox(asyncio.Queue[object]):
    """The application's update queue. The updater confirms an update to Telegram after `put` has returned."""

    def __init__(self, store: Store, pace: Pace | None = None) -> None:
        super().__init__()
        self._store = store
        self._pace = pace
        self.fresh: set[int] = set()  # taken in by this process: their first attempt is counted already

    async def put(self, item: object) -> None:
        if isinstance(item, Update):
            if self._pace and self._pace.judge(item) == "drop":
                return  # before it costs a commit: a flood is not to be waited for
            chat_id = item.effective_chat.id if item.effective_chat else None
            if not await self._store.take_in(item.update_id, chat_id, item.to_json(), begun=True):
                return  # Telegram sent it twice
            self.fresh.add(item.update_id)
        await super().put(item)

    async def replay(self, bot: Bot) -> None:
        """Queue what was taken in and not done before the last stop."""
        for taken in await self._store.pending():
            try:
                update = Update.de_json(json.loads(taken.payload), bot)
            except Exception as error:  # one that cannot be read must not keep the bot from starting
                log.error("update %s cannot be read: %s", taken.update_id, described(error))
                await self._store.begin(taken.update_id)
                continue
            await super().put(update)

    def drain(self) -> None:
        """Let go of what is queued: it stands in the store, and is replayed at the next start."""
        self.fresh.clear()
        while not self.empty():
            self.get_nowait()
            self.task_done()


class ChatOrder(BaseUpdateProcessor):
    """Handles the updates of a chat one after another, those of different chats side by side."""

    def __init__(self, store: Store, fresh: set[int]) -> None:
        """`fresh` holds the updates whose first attempt is counted; they are taken out as they are begun."""
        super().__init__(_MOST_AT_ONCE)
        self._store = store
        self._fresh = fresh
        self._locks: WeakValueDictionary[int, asyncio.Lock] = WeakValueDictionary()
        self._closed = False

    def close(self) -> None:
        """Begin no more updates; they stay pending."""
        self._closed = True

    async def do_process_update(self, update: object, coroutine: Awaitable[Any]) -> None:
        chat = update.effective_chat if isinstance(update, Update) else None
        lock = self._locks.setdefault(chat.id if chat else 0, asyncio.Lock())
        try:
            async with lock:
                if not self._closed and isinstance(update, Update) and await self._begin(update.update_id):
                    await coroutine
                    await self._store.settle(update.update_id)
        finally:
            cast("Coroutine[Any, Any, None]", coroutine).close()  # one that was never begun would complain

    async def _begin(self, update_id: int) -> bool:
        if update_id in self._fresh:
            self._fresh.discard(update_id)
            return True
        return await self._store.begin(update_id)

    async def initialize(self) -> None:
        """Nothing to prepare."""

    async def shutdown(self) -> None:
        """Nothing to let go of."""

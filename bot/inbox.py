"""The inbox: an update is committed before Telegram may forget it, and handled in the order of its chat."""

import asyncio
import json
import logging
from collections.abc import Awaitable, Callable, Coroutine
from contextlib import suppress
from typing import Any, cast
from weakref import WeakValueDictionary

from telegram import Bot, Update
from telegram.error import TelegramError
from telegram.ext import BaseUpdateProcessor

from bot.logs import described
from bot.pace import Pace
from bot.quarantine import Quarantine
from bot.reading import sent
from storage.store import Store, StoreError

log = logging.getLogger(__name__)
STORE_PAUSE = 5.0  # seconds before what the store has refused is tried again
_MOST_AT_ONCE = 4096  # most of them wait for another one of their chat, and must not keep other chats out


class NotTakenIn(TelegramError):
    """The store could not take an update in. To the updater it is as if it had not come: it fetches it again."""


class Inbox(asyncio.Queue[object]):
    """The application's update queue. The updater confirms an update to Telegram after `put` has returned."""

    def __init__(self, store: Store, pace: Pace | None = None) -> None:
        super().__init__()
        self._store = store
        self._pace = pace
        self._refused: set[int] = set()  # by the store: they come again, and are not held against their senders twice
        self.fresh: set[int] = set()  # taken in by this process: their first attempt is counted already

    async def put(self, item: object) -> None:
        if isinstance(item, Update):
            if self._pace and item.update_id not in self._refused and self._pace.judge(item) == "drop":
                return  # before it costs a commit: a flood is not to be waited for
            chat_id = item.effective_chat.id if item.effective_chat else None
            try:
                new = await self._store.take_in(item.update_id, chat_id, sent(item), begun=True)
            except StoreError as error:
                self._refused.add(item.update_id)
                log.error("update %s is left to Telegram: %s", item.update_id, error)
                raise NotTakenIn("the store failed") from None
            self._refused.discard(item.update_id)
            if not new:
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
    """Handles the updates of a chat one after another, those of different chats side by side.

    While the store fails, an update is handled again and again, and what comes behind it in its chat waits.

    Args:
        fresh: the updates whose first attempt is counted; they are taken out as they are begun.
        quarantine: where those are handled that may have killed the bot.
    """

    def __init__(self, store: Store, fresh: set[int], quarantine: Quarantine) -> None:
        super().__init__(_MOST_AT_ONCE)
        self._store = store
        self._quarantine = quarantine
        self._fresh = fresh
        self._unfinished: set[int] = set()
        self.again: Callable[[Update], Awaitable[None]] | None = None  # handles an update once more
        self._locks: WeakValueDictionary[int, asyncio.Lock] = WeakValueDictionary()
        self._closed = asyncio.Event()

    def close(self) -> None:
        """Begin no more updates; they stay pending."""
        self._closed.set()

    def handle_again(self, update_id: int) -> None:
        """An update whose handler is at work is not done when that ends: the store has failed it."""
        self._unfinished.add(update_id)

    async def do_process_update(self, update: object, coroutine: Awaitable[Any]) -> None:
        chat = update.effective_chat if isinstance(update, Update) else None
        lock = self._locks.setdefault(chat.id if chat else 0, asyncio.Lock())
        try:
            async with lock:
                if isinstance(update, Update):
                    async with self._quarantine.update(update.update_id):
                        await self._handle(update, coroutine)
        finally:
            cast("Coroutine[Any, Any, None]", coroutine).close()  # one that was never begun would complain

    async def _handle(self, update: Update, coroutine: Awaitable[Any]) -> None:
        """Have an update handled, until the store has it done, or this is closed."""
        number, begun = update.update_id, False
        while not self._closed.is_set():
            try:
                if not await (self._store.is_pending(number) if begun else self._begin(number)):
                    return
                work = self.again(update) if begun and self.again else coroutine
                begun = True
                await work
                if number not in self._unfinished:
                    await self._store.settle(number)
                    return
                self._unfinished.discard(number)
            except StoreError as error:
                log.error("update %s is not done: %s", number, error)
            if self.again is None:
                return
            with suppress(TimeoutError):
                await asyncio.wait_for(self._closed.wait(), STORE_PAUSE)

    async def _begin(self, update_id: int) -> bool:
        if update_id in self._fresh:
            self._fresh.discard(update_id)
            return True
        return await self._store.begin(update_id)

    async def initialize(self) -> None:
        """Nothing to prepare."""

    async def shutdown(self) -> None:
        """Nothing to let go of."""

"""Delivery: what stands in the outbox is sent in order, and marked as sent. What cannot be sent now stays there."""

import asyncio
import logging
from collections.abc import Awaitable, Callable, Sequence
from contextlib import suppress
from datetime import timedelta
from functools import partial
from typing import TypeVar

from telegram import Bot, InlineKeyboardButton, InlineKeyboardMarkup, ReplyParameters
from telegram.constants import MessageLimit
from telegram.error import BadRequest, Forbidden, NetworkError, RetryAfter, TelegramError

from bot.lanes import Lanes
from bot.presence import typing
from storage.store import Buttons, Outgoing, Store

log = logging.getLogger(__name__)
T = TypeVar("T")

RETRY_DELAYS = (1.0, 2.0, 4.0)  # seconds before each further try
LAST_WORDS = 1.0  # seconds that messages on their way have at the end
_ENDINGS = ("\n", ". ", "! ", "? ", "… ", " ")  # where a long text is parted, the best first


class Delivery:
    """Sends what the store's outbox holds; chats do not wait for each other."""

    def __init__(self, store: Store, bot: Bot, delays: Sequence[float] = RETRY_DELAYS) -> None:
        self._store = store
        self._bot = bot
        self._delays = delays
        self._lanes = Lanes(self._send_all)
        self._pauses: dict[int, asyncio.Event] = {}  # by chat; each ends when it is set
        self._arrived: dict[int, int] = {}  # Telegram's ids of messages that the store could not mark as sent yet

    def wake(self, chat_id: int) -> None:
        """Something was recorded for this chat; it does not wait for the pauses of what stands before it."""
        if chat_id in self._pauses:
            self._pauses[chat_id].set()
        self._lanes.wake(chat_id)

    async def wake_all(self) -> None:
        """Try whatever is unsent, as after a restart or an outage."""
        for chat_id in await self._store.unsent_chats():
            self._lanes.wake(chat_id)

    async def stop(self) -> None:
        """Let what is being sent arrive; the rest stays in the outbox."""
        await self._lanes.stop(LAST_WORDS)

    async def _send_all(self, chat_id: int) -> None:
        hurry = self._pauses[chat_id] = asyncio.Event()
        try:
            await self._send_in_order(chat_id, hurry)
        finally:
            del self._pauses[chat_id]

    async def _send_in_order(self, chat_id: int, hurry: asyncio.Event) -> None:
        typed = None  # the message whose pause is over
        # Whatever was waited for, the outbox is looked at anew: an undo takes back what is not sent yet.
        while unsent := await self._store.unsent(chat_id, most=2):
            outgoing = unsent[0]
            if outgoing.pause and outgoing.id != typed and outgoing.id not in self._arrived and not hurry.is_set():
                await self._pause(outgoing, hurry)
                typed = outgoing.id
            elif not await self._deliver(outgoing) or len(unsent) == 1:
                return  # whatever was recorded meanwhile has woken the chat once more

    async def _deliver(self, outgoing: Outgoing) -> bool:
        """Send a message, and note that; False if it has to wait, and those after it, which must not overtake it."""
        try:
            message_id = self._arrived.get(outgoing.id) or await self._send(outgoing)
        except (BadRequest, Forbidden) as error:
            log.warning("message %s cannot be delivered: %s", outgoing.id, type(error).__name__)
            await self._store.mark_failed(outgoing.id)
        except TelegramError as error:
            log.warning("message %s stays in the outbox: %s", outgoing.id, type(error).__name__)
            return False
        else:
            self._arrived[outgoing.id] = message_id
            buttonless = await self._store.mark_sent(outgoing.id, message_id)
            del self._arrived[outgoing.id]
            for old in buttonless:
                await self._strip(outgoing.place.chat_id, old)
        return True

    async def _pause(self, outgoing: Outgoing, hurry: asyncio.Event) -> None:
        """Type for as long as the message takes, or until there is something else to be sent."""
        async with typing(self._bot, outgoing.place):
            with suppress(TimeoutError):
                await asyncio.wait_for(hurry.wait(), outgoing.pause)

    async def _strip(self, chat_id: int, message_id: int) -> None:
        """Remove the buttons of an answer that is not the last one any more."""
        with suppress(TelegramError):  # an ornament
            await self._bot.edit_message_reply_markup(chat_id, message_id)

    async def _send(self, outgoing: Outgoing) -> int:
        return await with_retries(partial(self._send_once, outgoing), self._delays)

    async def _send_once(self, outgoing: Outgoing) -> int:
        message = await self._bot.send_message(
            outgoing.place.chat_id,
            outgoing.text,
            message_thread_id=outgoing.place.topic_id or None,
            reply_markup=keyboard(outgoing.buttons),
            reply_parameters=(
                ReplyParameters(outgoing.reply_to, allow_sending_without_reply=True) if outgoing.reply_to else None
            ),
        )
        return message.message_id


async def with_retries(call: Callable[[], Awaitable[T]], delays: Sequence[float]) -> T:
    """What `call` returns; tried again after each of `delays` (seconds) if Telegram is busy or out of reach.

    Raises:
        TelegramError: it will not have it, or the last try failed too.
    """
    for delay in delays:
        try:
            return await call()
        except BadRequest:  # to PTB that is a kind of NetworkError
            raise
        except RetryAfter as error:
            wait = error.retry_after
            await asyncio.sleep(wait.total_seconds() if isinstance(wait, timedelta) else wait)
        except NetworkError:
            await asyncio.sleep(delay)
    return await call()


def parts(text: str, most: int = MessageLimit.MAX_TEXT_LENGTH) -> list[str]:
    """A text as messages of at most `most` UTF-16 code units each, parted between lines, sentences or words."""
    found: list[str] = []
    rest = text.strip()
    while _length(rest) > most:
        head = _head(rest, most)
        cut = next(
            (end for ending in _ENDINGS if (end := head.rfind(ending) + len(ending)) > len(head) // 2), len(head)
        )
        found.append(rest[:cut].strip())
        rest = rest[cut:].strip()
    if rest:
        found.append(rest)
    return [part for part in found if part]


def _length(text: str) -> int:
    return len(text.encode("utf-16-le", "surrogatepass")) // 2


def _head(text: str, most: int) -> str:
    """The longest beginning of at most `most` UTF-16 code units."""
    return text.encode("utf-16-le", "surrogatepass")[: 2 * most].decode("utf-16-le", "ignore")


def keyboard(buttons: Buttons | None) -> InlineKeyboardMarkup | None:
    """Telegram's form of buttons."""
    if not buttons:
        return None
    return InlineKeyboardMarkup(
        [[InlineKeyboardButton(text, callback_data=data) for text, data in row] for row in buttons]
    )

"""The sign that the twin is writing."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress

from telegram import Bot
from telegram.constants import ChatAction
from telegram.error import TelegramError

from storage.store import Place

EVERY = 4.0  # seconds; Telegram shows it for five


@asynccontextmanager
async def typing(bot: Bot, place: Place, after: float = 0.0) -> AsyncIterator[None]:
    """Show it for as long as the block runs, from so many seconds on."""
    task = asyncio.create_task(_type(bot, place, after))
    try:
        yield
    finally:
        task.cancel()


async def _type(bot: Bot, place: Place, after: float) -> None:
    await asyncio.sleep(after)
    while True:
        with suppress(TelegramError):  # an ornament; the answer is what counts
            await bot.send_chat_action(place.chat_id, ChatAction.TYPING, message_thread_id=place.topic_id or None)
        await asyncio.sleep(EVERY)

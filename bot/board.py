"""One message that is edited again and again: the progress of a training."""

import logging
import time

from telegram import Bot
from telegram.error import BadRequest, TelegramError

from bot.delivery import RETRY_DELAYS, keyboard, with_retries
from storage.store import Buttons, Place

log = logging.getLogger(__name__)

EDIT_EVERY = 3.0  # seconds; Telegram counts edits as messages


class Board:
    """Shows one text at a time.

    Args:
        message_id: of the message that shows it already, if there is one.
    """

    def __init__(self, bot: Bot, place: Place, message_id: int | None = None) -> None:
        self.message_id = message_id
        self._bot = bot
        self._place = place
        self._shown = float("-inf")

    @property
    def due(self) -> bool:
        """Whether the last edit is long enough ago."""
        return time.monotonic() - self._shown >= EDIT_EVERY

    async def show(self, text: str, buttons: Buttons | None = None, *, last: bool = False) -> None:
        """Put `text` on the board. If Telegram does not answer, only the last text is worth trying again."""
        self._shown = time.monotonic()
        try:
            await with_retries(lambda: self._write(text, buttons), RETRY_DELAYS if last else ())
        except TelegramError as error:
            log.warning("the progress message could not be shown: %s", type(error).__name__)

    async def picture(self, png: bytes) -> None:
        """Send a picture below it."""
        try:
            await self._bot.send_photo(
                self._place.chat_id, png, message_thread_id=self._place.topic_id or None, filename="loss.png"
            )
        except TelegramError as error:
            log.warning("the loss curve could not be sent: %s", type(error).__name__)

    async def _write(self, text: str, buttons: Buttons | None) -> None:
        if self.message_id is None:
            sent = await self._bot.send_message(
                self._place.chat_id,
                text,
                message_thread_id=self._place.topic_id or None,
                reply_markup=keyboard(buttons),
            )
            self.message_id = sent.message_id
            return
        try:
            await self._bot.edit_message_text(
                text, self._place.chat_id, self.message_id, reply_markup=keyboard(buttons)
            )
        except BadRequest as error:
            if "not modified" not in str(error):
                raise

"""What all handlers share: where an update comes from, in which words it is answered, and who asks."""

import asyncio
import logging
from collections.abc import Coroutine
from dataclasses import dataclass, field
from typing import Any

from telegram import Bot, CallbackQuery, Update
from telegram.error import BadRequest, TelegramError

from bot import personas
from bot.access import Access
from bot.chat import Chats
from bot.delivery import Delivery
from bot.pace import Pace
from bot.texts import Words
from storage.store import MAX_ATTEMPTS, Buttons, Place, Preferences, Store, Thread
from twin.adapter import AdapterFolder
from twin.engine import Engine
from twin.settings import Settings

log = logging.getLogger(__name__)


@dataclass(slots=True)
class Desk:
    """The parts of the bot that handlers work with."""

    settings: Settings
    store: Store
    engine: Engine
    adapters: AdapterFolder
    bot: Bot
    access: Access
    pace: Pace
    delivery: Delivery
    chats: Chats
    _preferences: dict[Place, Preferences] = field(default_factory=dict)

    async def preferences(self, place: Place) -> Preferences:
        """What a place has chosen."""
        if place not in self._preferences:
            self._preferences[place] = await self.store.preferences(place)
        return self._preferences[place]

    async def prefer(self, place: Place, chosen: Preferences) -> None:
        await self.store.prefer(place, chosen)
        self._preferences[place] = chosen

    def forget(self, chat_id: int) -> None:
        """Let go of what is remembered of a chat in memory."""
        for place in [place for place in self._preferences if place.chat_id == chat_id]:
            del self._preferences[place]
        self.access.forget(chat_id)

    async def words(self, update: Update) -> Words:
        """The bot's words in the language that the place has chosen, or else the user's."""
        chosen = (await self.preferences(place_of(update))).language
        user = update.effective_user
        return Words(chosen or (user.language_code if user else None))

    async def words_in(self, place: Place) -> Words:
        """The same where no update tells of a user."""
        return Words((await self.preferences(place)).language)

    async def thread(self, place: Place) -> Thread | None:
        """The current thread of a place; that of the default persona in a new one.

        None if there is no persona, or no adapter any more that the thread goes on with.
        """
        thread = await self.store.current_thread(place)
        if thread is not None:
            return thread if await asyncio.to_thread(self.adapters.serves, thread.adapter) else None
        persona = await asyncio.to_thread(personas.default_persona, self.adapters, self.settings.adapter)
        if persona is None:
            return None
        return await self.store.open_thread(place, persona.adapter, persona.speaker, persona.counterpart)

    def is_admin(self, update: Update) -> bool:
        return update.effective_user is not None and self.access.is_admin(update.effective_user.id)

    async def say(self, update: Update, text: str, buttons: Buttons | None = None) -> None:
        """Record a message of the bot and that its update is done, in one; delivery sends it."""
        place, message = place_of(update), update.message
        reply_to = message.message_id if message and place.is_group else None
        async with self.store.transaction():
            await self.store.post(place, text, buttons=buttons, update_id=update.update_id, reply_to=reply_to)
            await self.store.mark_done(update.update_id)
        self.delivery.wake(place.chat_id)

    async def say_nobody(self, update: Update) -> None:
        """Say why there is no thread to talk in."""
        words = await self.words(update)
        others = await asyncio.to_thread(self.adapters.first)
        await self.say(update, words("persona_gone" if others else "no_one"))

    async def post(self, place: Place, text: str, buttons: Buttons | None = None) -> None:
        """Record a message that answers no update."""
        await self.store.post(place, text, buttons=buttons)
        self.delivery.wake(place.chat_id)

    async def tell_set_aside(self) -> None:
        """Tell the admins, and those who wrote, what was set aside since the last time; delivery sends it."""
        async with self.store.transaction():
            for update_id, chat_id in await self.store.take_set_aside():
                for admin in self.access.admins:
                    words = await self.words_in(Place(admin))
                    text = words("set_aside", update=update_id, chat=chat_id, attempts=MAX_ATTEMPTS)
                    await self.store.post(Place(admin), text)
                if chat_id is not None and chat_id not in self.access.admins:
                    words = await self.words_in(Place(chat_id))
                    await self.store.post(Place(chat_id), words("cannot_answer"))

    async def strip(self, query: CallbackQuery) -> None:
        """Remove the buttons of the message that one of them was pressed under."""
        await quietly(query.edit_message_reply_markup(None))


def place_of(update: Update) -> Place:
    chat, message = update.effective_chat, update.effective_message
    assert chat is not None  # noqa: S101  `admit` lets no other update pass
    topic: Any = getattr(message, "message_thread_id", None) if getattr(message, "is_topic_message", None) else None
    return Place(chat.id, topic or 0)


async def acknowledge(query: CallbackQuery, text: str | None = None) -> None:
    """End the button's waiting sign, with a note if `text` is given. A button of long ago cannot be acknowledged."""
    try:
        await query.answer(text, show_alert=text is not None)
    except TelegramError as error:
        log.info("a button was not acknowledged: %s", type(error).__name__)


async def quietly(call: Coroutine[Any, Any, Any]) -> None:
    """Await an ornament: that Telegram will not have it, because it is done or too late, harms nothing."""
    try:
        await call
    except BadRequest:
        pass
    except TelegramError as error:
        log.info("an ornament was left out: %s", type(error).__name__)

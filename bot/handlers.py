"""The handlers: flat, one for each kind of update. `bot/app.py` says in which order they are asked."""

import asyncio
import logging
from typing import Any

from telegram import CallbackQuery, Chat, Update
from telegram.error import TelegramError
from telegram.ext import ApplicationHandlerStop, ContextTypes

from bot import personas, texts
from bot.chat import Chats, Message
from bot.delivery import Delivery
from bot.logs import described
from bot.retrain import Retrain
from storage.store import Buttons, Place, Store, Thread
from twin.adapter import AdapterFolder, Persona
from twin.errors import TwinError
from twin.settings import Settings

log = logging.getLogger(__name__)
Context = ContextTypes.DEFAULT_TYPE


class Handlers:
    def __init__(
        self,
        settings: Settings,
        *,
        store: Store,
        adapters: AdapterFolder,
        delivery: Delivery,
        chats: Chats,
        retrain: Retrain | None,
    ) -> None:
        self._settings = settings
        self._store = store
        self._adapters = adapters
        self._delivery = delivery
        self._chats = chats
        self._retrain = retrain

    # before all others

    async def admit(self, update: Update, _: Context) -> None:
        """Let the update go on to the other handlers only if it comes from a private chat of someone who may."""
        user, chat, message = update.effective_user, update.effective_chat, update.message
        if user is None or chat is None:
            raise ApplicationHandlerStop
        if chat.type != Chat.PRIVATE:
            if message and message.text and message.text.startswith("/start"):
                await self._say(update, texts.PRIVATE_ONLY)
            raise ApplicationHandlerStop
        if self._may_talk(user.id):
            return
        if update.callback_query:
            await _acknowledge(update.callback_query, texts.refused(user.id))
        elif message:
            await self._say(update, texts.refused(user.id))
        raise ApplicationHandlerStop

    # commands

    async def start(self, update: Update, _: Context) -> None:
        await self._say(update, texts.start(await self._thread(_place(update))))

    async def help(self, update: Update, _: Context) -> None:
        thread = await self._thread(_place(update))
        await self._say(update, texts.help_text(thread, admin=self._is_admin(update)))

    async def persona(self, update: Update, context: Context) -> None:
        """Move to the named persona, or offer all of them as buttons."""
        known = await asyncio.to_thread(self._adapters.personas)
        name = " ".join(context.args or ())
        if not known:
            await self._say(update, texts.NO_ONE)
        elif not name:
            await self._say(update, texts.WHO, personas.buttons(known))
        elif found := personas.named(known, name, await self._adapter(_place(update))):
            await self._switch(update, found)
        else:
            await self._say(update, texts.unknown_persona(name, personas.nearest(known, name)))

    async def swap(self, update: Update, _: Context) -> None:
        """Change sides within the thread."""
        thread = await self._thread(_place(update))
        if thread is None:
            await self._say(update, texts.NO_ONE)
            return
        async with self._store.transaction():
            await self._say(update, texts.swapped(await self._store.swap(thread.id)))

    async def reset(self, update: Update, _: Context) -> None:
        """Forget the current thread's turns, and whatever is on its way in it."""
        thread = await self._store.current_thread(_place(update))
        async with self._store.transaction():
            if thread is not None:
                await self._store.reset(thread.id)
            await self._say(update, texts.reset(thread))
        if thread is not None:
            self._chats.forget(thread.id)

    async def retrain(self, update: Update, context: Context) -> None:
        """Train an adapter anew: the named one, or the one that answers here."""
        if not self._is_admin(update):
            await self._say(update, texts.RETRAIN_ADMINS_ONLY)
            return
        if self._retrain is None:
            await self._say(update, texts.RETRAIN_UNAVAILABLE)
            return
        name = " ".join(context.args or ()) or await self._adapter(_place(update))
        known = await asyncio.to_thread(self._adapters.names)
        if name is None:
            await self._say(update, texts.NO_ONE)
        elif name not in known:
            await self._say(update, texts.unknown_adapter(name, known))
        elif not self._retrain.start(_place(update), name):
            await self._say(update, texts.RETRAIN_RUNS)

    async def unknown_command(self, update: Update, _: Context) -> None:
        await self._say(update, texts.UNKNOWN_COMMAND)

    # buttons

    async def persona_button(self, update: Update, _: Context) -> None:
        query = update.callback_query
        if query is None or query.data is None:
            return
        known = await asyncio.to_thread(self._adapters.personas)
        found = personas.pressed(known, query.data)
        if found is None:
            await _acknowledge(query, texts.GONE)
            return
        await self._switch(update, found)
        await _acknowledge(query)

    async def unknown_button(self, update: Update, _: Context) -> None:
        if update.callback_query:
            await _acknowledge(update.callback_query, texts.GONE)

    # messages

    async def text(self, update: Update, _: Context) -> None:
        """Let the message wait for its answer in the thread that is current now; the chat's actor does the rest."""
        message, place = update.message, _place(update)
        if message is None or message.text is None:
            return
        thread = await self._thread(place)
        if thread is None:
            await self._say(update, texts.NO_ONE)
            return
        await self._store.await_answer(update.update_id, thread)
        at = message.date.astimezone().replace(tzinfo=None)
        self._chats.add(place, Message(update.update_id, message.message_id, message.text, at))

    async def other_kind(self, update: Update, _: Context) -> None:
        await self._say(update, texts.CANNOT_SEE)

    # when one of them fails

    async def failed(self, update: object, context: ContextTypes.DEFAULT_TYPE) -> None:
        """The outermost edge: log what happened, without what was said, and tell the user that it did not work."""
        error = context.error
        log.error("handling an update failed: %s", described(error) if error else "for no reason")
        if isinstance(update, Update) and update.effective_chat:
            try:
                await self._say(update, texts.FAILED)
            except TwinError as second:
                log.error("nor could the user be told: %s", second)

    # what they share

    def _may_talk(self, user_id: int) -> bool:
        settings = self._settings
        return settings.allow_everyone or user_id in settings.allowed_ids | settings.admin_ids

    def _is_admin(self, update: Update) -> bool:
        return update.effective_user is not None and update.effective_user.id in self._settings.admin_ids

    async def _thread(self, place: Place) -> Thread | None:
        """The current thread of a place; that of the default persona in a new one; None if there is no persona."""
        thread = await self._store.current_thread(place)
        if thread is not None:
            return thread
        persona = await asyncio.to_thread(personas.default_persona, self._adapters, self._settings.adapter)
        if persona is None:
            return None
        return await self._store.open_thread(place, persona.adapter, persona.speaker, persona.counterpart)

    async def _adapter(self, place: Place) -> str | None:
        thread = await self._thread(place)
        return thread.adapter if thread else None

    async def _switch(self, update: Update, persona: Persona) -> None:
        async with self._store.transaction():
            thread = await self._store.open_thread(
                _place(update), persona.adapter, persona.speaker, persona.counterpart
            )
            await self._say(update, texts.switched(thread))

    async def _say(self, update: Update, text: str, buttons: Buttons | None = None) -> None:
        """Record a message of the bot and that its update is done, in one; delivery sends it."""
        place = _place(update)
        async with self._store.transaction():
            await self._store.post(place, text, buttons=buttons, update_id=update.update_id)
            await self._store.settle(update.update_id)
        self._delivery.wake(place.chat_id)


def _place(update: Update) -> Place:
    chat, message = update.effective_chat, update.effective_message
    assert chat is not None  # noqa: S101  `admit` lets no other update pass
    topic: Any = getattr(message, "message_thread_id", None) if getattr(message, "is_topic_message", None) else None
    return Place(chat.id, topic or 0)


async def _acknowledge(query: CallbackQuery, text: str | None = None) -> None:
    """End the button's waiting sign, with a note if `text` is given. A button of long ago cannot be acknowledged."""
    try:
        await query.answer(text, show_alert=text is not None)
    except TelegramError as error:
        log.info("a button was not acknowledged: %s", type(error).__name__)

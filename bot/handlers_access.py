"""Who may come in: asked before all other handlers, which then need not ask."""

from telegram import CallbackQuery, Chat, Message, Update, User
from telegram.ext import ApplicationHandlerStop, ContextTypes

from bot.addressed import is_addressed
from bot.desk import Desk, acknowledge, place_of
from bot.menus import set_admin_menu
from bot.texts import short
from storage.store import Place

Context = ContextTypes.DEFAULT_TYPE


class AccessHandlers:
    def __init__(self, desk: Desk) -> None:
        self._desk = desk

    async def admit(self, update: Update, context: Context) -> None:
        """Let an update go on to the other handlers only if its sender may write, and in a group only to us."""
        user, chat, query = update.effective_user, update.effective_chat, update.callback_query
        message = update.message or update.edited_message
        if user is None or chat is None or chat.type == Chat.CHANNEL or (message is None and query is None):
            raise ApplicationHandlerStop
        if chat.type != Chat.PRIVATE and message and not is_addressed(message, context.bot.bot):
            raise ApplicationHandlerStop
        if self._desk.access.may_talk(user.id, chat.id):
            if not self._desk.pace.tells(update.update_id):
                return
            await self._slow_down(update, query)
            raise ApplicationHandlerStop
        if update.message and chat.type == Chat.PRIVATE and await self._claimed(update, update.message, user):
            raise ApplicationHandlerStop
        await self._refuse(update, user, query)
        raise ApplicationHandlerStop

    async def decide(self, update: Update, _: Context) -> None:
        """An admin lets someone in, or not, by a button."""
        query = update.callback_query
        if query is None or query.data is None:
            return
        words = await self._desk.words(update)
        if not self._desk.is_admin(update):
            await acknowledge(query, words("admins_only"))
            return
        verb, number = query.data.split(":")
        person_id, access = int(number), self._desk.access
        if access.role(person_id) != "asked":
            await acknowledge(query, words("decided_already"))
            return
        person = await access.give(person_id, "allowed" if verb == "let" else "refused")
        await self._desk.strip(query)
        await acknowledge(query)
        await self._desk.say(update, words("let_in" if verb == "let" else "kept_out", name=person.name))
        if verb == "let":
            theirs = await self._desk.words_in(Place(person_id))
            await self._desk.post(Place(person_id), theirs("you_are_in"))

    async def claim(self, update: Update, _: Context) -> None:
        """/claim of someone who may write already."""
        message, user = update.message, update.effective_user
        if message and user and not await self._claimed(update, message, user):
            await self._desk.say(update, (await self._desk.words(update))("claimed_already"))

    async def _claimed(self, update: Update, message: Message, user: User) -> bool:
        """Make whoever sends the claim code the first admin; True if the message was an attempt at it."""
        verb, _, code = (message.text or "").partition(" ")
        claim = self._desk.access.claim
        if claim is None or verb.split("@")[0] not in {"/claim", "/start"} or not code.strip():
            return False
        words = await self._desk.words(update)
        if claim.accepts(user.id, code):
            await self._desk.access.give(user.id, "admin", _name(user))
            await self._desk.say(update, words("claimed"))
            await set_admin_menu(self._desk.bot, user.id)
        else:
            await self._desk.say(update, words("wrong_code"))
        return True

    async def _slow_down(self, update: Update, query: CallbackQuery | None) -> None:
        text = (await self._desk.words(update))("too_fast", number=self._desk.settings.messages_per_minute)
        if query:
            await acknowledge(query, text)
        else:
            await self._desk.say(update, text)

    async def _refuse(self, update: Update, user: User, query: CallbackQuery | None) -> None:
        """Say politely that this bot is private, and ask the admins once whether to let them in."""
        words, place = await self._desk.words(update), place_of(update)
        asks, name = (place.chat_id, _title(update)) if place.is_group else (user.id, _name(user))
        kind = ("refused_group" if place.is_group else "refused") if self._desk.access.admins else "refused_unclaimed"
        refused = words(kind, number=asks)
        if query:
            await acknowledge(query, refused)
            return
        first = await self._desk.access.ask(asks, name)
        if first or not place.is_group:  # in a group it is said once
            await self._desk.say(update, refused)
        if not first:
            return
        for admin in self._desk.access.admins:
            theirs = await self._desk.words_in(Place(admin))
            buttons = [[(theirs("button_let"), f"let:{asks}"), (theirs("button_keep_out"), f"out:{asks}")]]
            await self._desk.post(Place(admin), theirs("asks_to_write", name=name, number=asks), buttons)


def _name(user: User) -> str:
    return short(f"{user.full_name} (@{user.username})" if user.username else user.full_name)


def _title(update: Update) -> str:
    return short((update.effective_chat and update.effective_chat.title) or "?")

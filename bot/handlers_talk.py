"""Messages to the twin: texts, other kinds, edits; and mending: undo, again, thumbs, reset."""

from datetime import datetime

from telegram import Message, Update
from telegram.ext import ContextTypes
from telegram.helpers import effective_message_type

from bot.addressed import without_mention
from bot.desk import Desk, acknowledge, place_of, quietly
from bot.manner import as_written_by
from bot.texts import Words, short
from storage.store import TakenBack, Thread
from twin.transcript import Turn

Context = ContextTypes.DEFAULT_TYPE
_QUOTED = 200  # characters of an older message that a reply takes along


class TalkHandlers:
    def __init__(self, desk: Desk) -> None:
        self._desk = desk

    async def text(self, update: Update, _: Context) -> None:
        if update.message and update.message.text:
            await self._take(update, update.message)

    async def other_kind(self, update: Update, _: Context) -> None:
        """The history notes the kind. What is written with it is answered; without, the twin cannot see it."""
        message = update.message
        if message is None:
            return
        if message.caption:
            await self._take(update, message)
            return
        words, thread = await self._desk.words(update), await self._desk.thread(place_of(update))
        if thread is None:
            await self._desk.say_nobody(update)
            return
        kind, note = words.kind(_kind(message)), await self._written(message, thread.id, words)
        said = Turn(await self._speaker(update, thread), note, _at(message))
        async with self._desk.store.transaction():
            await self._desk.store.add_turn(thread.id, said, update_id=update.update_id, message_id=message.message_id)
            turns = await self._desk.store.turns(thread.id)
            await self._desk.say(update, as_written_by(thread.answers, turns, words("cannot_see", kind=kind)))

    async def edited(self, update: Update, _: Context) -> None:
        """The history says what the message says now; an answer in the making is made anew."""
        message, store = update.edited_message, self._desk.store
        if message is None:
            return
        turn = await store.turn_in(place_of(update), message.message_id)
        if turn is None:
            return
        turn_id, thread_id = turn
        text = await self._written(message, thread_id, await self._desk.words(update))
        if await store.edit_turn(turn_id, text):
            self._desk.chats.restart(thread_id)

    async def undo(self, update: Update, _: Context) -> None:
        """Take back the last answer and what it answered."""
        words, place = await self._desk.words(update), place_of(update)
        thread = await self._desk.store.current_thread(place)
        async with self._desk.store.transaction():
            taken = await self._desk.store.undo(thread.id) if thread else TakenBack(0, 0, ())
            if taken.turns:
                yours = taken.turns - taken.answers
                await self._desk.say(update, words("undone", yours=yours, answers=taken.answers))
            else:
                await self._desk.say(update, words("nothing_to_undo"))
        if thread:
            self._desk.chats.restart(thread.id)
        await self._delete(place.chat_id, taken)

    async def reset(self, update: Update, _: Context) -> None:
        """Forget the current thread's turns, and whatever is on its way in it."""
        words = await self._desk.words(update)
        thread = await self._desk.store.current_thread(place_of(update))
        if thread is None:
            await self._desk.say(update, words("nothing_to_forget"))
            return
        async with self._desk.store.transaction():
            await self._desk.store.reset(thread.id)
            await self._desk.say(update, words("reset", speaker=thread.answers))
        self._desk.chats.restart(thread.id)

    # buttons

    async def again(self, update: Update, _: Context) -> None:
        """Take the last answer back and ask for another one."""
        query, place = update.callback_query, place_of(update)
        if query is None or query.data is None:
            return
        words, store = await self._desk.words(update), self._desk.store
        thread_id = await store.awaited(update.update_id)  # one that was replayed after a restart waits already
        taken = None
        if thread_id is None:
            turn_id = int(query.data.partition(":")[2])
            async with store.transaction():
                said = await store.answer_of(turn_id, place.chat_id)
                taken = await store.take_back_answer(said.thread.id, turn_id) if said else None
                if said and taken:
                    thread_id = await store.await_answer(update.update_id, said.thread, answers=said.speaker)
        if thread_id is None:
            await acknowledge(query, words("not_the_last"))
            return
        self._desk.chats.add(place, thread_id, words, at_once=True)
        await acknowledge(query)
        if taken:
            await self._delete(place.chat_id, taken)

    async def rate(self, update: Update, _: Context) -> None:
        """Keep what someone thinks of an answer."""
        query, user = update.callback_query, update.effective_user
        if query is None or query.data is None or user is None:
            return
        words = await self._desk.words(update)
        verb, turn = query.data.split(":")
        said = await self._desk.store.answer_of(int(turn), place_of(update).chat_id)
        if said is None:
            await acknowledge(query, words("gone"))
            return
        await self._desk.store.rate(said, user.id, 1 if verb == "good" else -1)
        await quietly(query.answer(words("thanks")))

    # what they share

    async def _take(self, update: Update, message: Message) -> None:
        """Let a message wait for its answer in the thread that is current now; the chat's actor does the rest."""
        words, place, store = await self._desk.words(update), place_of(update), self._desk.store
        thread = await self._desk.thread(place)
        if thread is None:
            thread_id = await store.awaited(update.update_id)  # one that was replayed waits already
        else:
            said = Turn(
                await self._speaker(update, thread), await self._written(message, thread.id, words), _at(message)
            )
            thread_id = await store.await_answer(
                update.update_id, thread, answers=thread.answers, said=said, message_id=message.message_id
            )
        if thread_id is None:
            await self._desk.say_nobody(update)
            return
        reply_to = message.message_id if place.is_group else None
        self._desk.chats.add(place, thread_id, words, reply_to=reply_to)

    async def _speaker(self, update: Update, thread: Thread) -> str:
        """As whom the sender writes: in a group each member speaks for themselves."""
        user = update.effective_user
        if not thread.place.is_group or user is None:
            return thread.writes
        return await self._desk.store.member(thread.place.chat_id, user.id, user.full_name, {thread.answers})

    async def _written(self, message: Message, thread_id: int, words: Words) -> str:
        """A message as its turn has it: what it replies to, its kind where it is more than text, and its text."""
        text = message.text or message.caption or ""
        if not message.text:
            mark = message.sticker.emoji if message.sticker and message.sticker.emoji else ""
            text = f"[{f'{words.kind(_kind(message))} {mark}'.strip()}] {text}".strip()
        if message.chat_id < 0:
            text = without_mention(text, self._desk.bot.bot) or text
        return await self._quoted(message, thread_id) + text

    async def _quoted(self, message: Message, thread_id: int) -> str:
        """The beginning of an older message that this one replies to; nothing if that stands right before it."""
        older = message.reply_to_message
        text = (message.quote.text if message.quote else None) or (older and (older.text or older.caption))
        if older is None or not text:
            return ""
        if older.message_id == await self._desk.store.message_before(thread_id, message.message_id):
            return ""
        return f"«{short(' '.join(text.split()), _QUOTED)}» "

    async def _delete(self, chat_id: int, taken: TakenBack) -> None:
        """Remove the twin's messages from the chat; those that are too old for it only lose their buttons."""
        for message_id in taken.messages:
            await quietly(self._desk.bot.delete_message(chat_id, message_id))


def _kind(message: Message) -> str:
    return str(effective_message_type(message))


def _at(message: Message) -> datetime:
    """When it was sent, as turns have it: local time without zone."""
    return message.date.astimezone().replace(tzinfo=None)

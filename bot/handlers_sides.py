"""Who speaks: start, help, persona, me, swap, simulate."""

import asyncio
import shlex

from telegram import Update
from telegram.ext import ContextTypes

from bot import personas
from bot.desk import Desk, acknowledge, place_of
from bot.menus import listed
from bot.simulate import Simulations
from bot.texts import Words, short
from storage.store import Place, Thread
from twin.adapter import Persona
from twin.errors import TwinError
from twin.names import find_name

Context = ContextTypes.DEFAULT_TYPE
ME = "me:"  # how the callback data of a button of /me begins
_TURNS, _MOST_TURNS = 12, 100


class SideHandlers:
    def __init__(self, desk: Desk, simulations: Simulations) -> None:
        self._desk = desk
        self._simulations = simulations

    async def start(self, update: Update, _: Context) -> None:
        words, place = await self._desk.words(update), place_of(update)
        who = await self._who(place, words)
        commands = listed(words, admin=False, group=place.is_group)
        await self._desk.say(update, f"{words('ai_notice')}\n\n{who}\n\n{commands}")

    async def help(self, update: Update, _: Context) -> None:
        words, place = await self._desk.words(update), place_of(update)
        who = await self._who(place, words)
        commands = listed(words, admin=self._desk.is_admin(update) and not place.is_group, group=place.is_group)
        await self._desk.say(update, f"{words('help')}\n\n{who}\n\n{commands}")

    async def persona(self, update: Update, context: Context) -> None:
        """Move to the named persona, or offer all of them as buttons."""
        words = await self._desk.words(update)
        known = await asyncio.to_thread(self._desk.adapters.personas)
        name = " ".join(context.args or ())
        thread = await self._desk.thread(place_of(update))
        if not known:
            await self._desk.say(update, words("no_one"))
        elif not name:
            await self._desk.say(update, words("who"), personas.buttons(known))
        elif found := personas.named(known, name, thread.adapter if thread else None):
            await self._switch(update, found)
        else:
            await self._desk.say(update, self._unknown(words, known, name, "persona"))

    async def persona_button(self, update: Update, _: Context) -> None:
        query = update.callback_query
        if query is None or query.data is None:
            return
        known = await asyncio.to_thread(self._desk.adapters.personas)
        found = personas.pressed(known, query.data)
        if found is None:
            await acknowledge(query, (await self._desk.words(update))("gone"))
            return
        await self._switch(update, found)
        await acknowledge(query)

    async def me(self, update: Update, context: Context) -> None:
        """Write as the named speaker, or offer those of this adapter as buttons."""
        words = await self._desk.words(update)
        thread = await self._desk.thread(place_of(update))
        if thread is None:
            await self._desk.say_nobody(update)
            return
        known = await self._speakers(thread)
        name = " ".join(context.args or ())
        if not name:
            await self._desk.say(update, words("who_are_you"), personas.buttons(known, ME))
        elif found := personas.named(known, name, thread.adapter):
            await self._write_as(update, thread, found.speaker)
        else:
            await self._desk.say(update, self._unknown(words, known, name, "me"))

    async def me_button(self, update: Update, _: Context) -> None:
        query = update.callback_query
        if query is None or query.data is None:
            return
        thread = await self._desk.thread(place_of(update))
        found = personas.pressed(await self._speakers(thread), query.data, ME) if thread else None
        if thread is None or found is None:
            await acknowledge(query, (await self._desk.words(update))("gone"))
            return
        await self._write_as(update, thread, found.speaker)
        await acknowledge(query)

    async def swap(self, update: Update, _: Context) -> None:
        """Change sides within the thread."""
        words = await self._desk.words(update)
        thread = await self._desk.thread(place_of(update))
        if thread is None:
            await self._desk.say_nobody(update)
            return
        async with self._desk.store.transaction():
            thread = await self._desk.store.swap(thread.id)
            await self._desk.say(update, words("swapped", sides=_sides(words, thread)))

    async def simulate(self, update: Update, context: Context) -> None:
        """/simulate [A B] [turns] [opening]: let two people write with each other."""
        words, place = await self._desk.words(update), place_of(update)
        thread = await self._desk.thread(place)
        if thread is None:
            await self._desk.say_nobody(update)
            return
        if self._desk.chats.paused:
            await self._desk.say(update, words("paused"))
            return
        try:
            adapter, pair, turns, opening = await self._simulation(thread, " ".join(context.args or ()))
        except TwinError as error:
            await self._desk.say(update, words("cannot_simulate", reason=short(str(error), 300)))
            return
        if not await self._simulations.start(place, words, adapter, pair, turns=turns, opening=opening):
            await self._desk.say(update, words("simulation_runs"))

    async def stop_simulation(self, update: Update, _: Context) -> None:
        query = update.callback_query
        if query is None:
            return
        stopped = self._simulations.stop_in(place_of(update))
        await acknowledge(query, None if stopped else (await self._desk.words(update))("gone"))
        await self._desk.strip(query)

    # what they share

    async def _who(self, place: Place, words: Words) -> str:
        thread = await self._desk.thread(place)
        if thread is None:
            return words("no_one")
        return words("now", sides=_sides(words, thread))

    async def _switch(self, update: Update, persona: Persona) -> None:
        words = await self._desk.words(update)
        async with self._desk.store.transaction():
            thread = await self._desk.store.open_thread(
                place_of(update), persona.adapter, persona.speaker, persona.counterpart
            )
            await self._desk.say(update, words("switched", sides=_sides(words, thread)))

    async def _write_as(self, update: Update, thread: Thread, speaker: str) -> None:
        """Let the user be `speaker`: in a group for themselves alone, else in the thread of that pair."""
        words, user = await self._desk.words(update), update.effective_user
        if thread.place.is_group and user:
            free = speaker != thread.answers and await self._desk.store.rename_member(
                thread.place.chat_id, user.id, speaker
            )
            await self._desk.say(update, words("you_write_as" if free else "taken", speaker=speaker))
            return
        # Who becomes the one that answers changes sides with them.
        answers = thread.writes if speaker == thread.answers else thread.answers
        async with self._desk.store.transaction():
            opened = await self._desk.store.open_thread(thread.place, thread.adapter, answers, speaker)
            await self._desk.say(update, words("switched", sides=_sides(words, opened)))

    async def _speakers(self, thread: Thread) -> list[Persona]:
        """Everyone whom a thread's adapter knows."""
        known = await asyncio.to_thread(self._desk.adapters.personas)
        return [persona for persona in known if persona.adapter == thread.adapter]

    @staticmethod
    def _unknown(words: Words, known: list[Persona], name: str, command: str) -> str:
        near = personas.nearest(known, name)
        if near:
            return words("unknown_did_you_mean", name=short(name), nearest=words.either(near))
        return words("unknown_name", name=short(name), command=command)

    async def _simulation(self, thread: Thread, text: str) -> tuple[str, tuple[str, str], int, str | None]:
        """What /simulate was asked for; without names, those of the thread.

        Raises:
            TwinError: a name is not known.
        """
        try:
            said = shlex.split(text)
        except ValueError:  # an apostrophe of a text rather than a quote
            said = text.split()
        known = [persona.speaker for persona in await self._speakers(thread)]
        pair = thread.writes, thread.answers
        if said and not said[0].isdecimal():
            if len(said) < 2:
                raise TwinError("/simulate A B [turns] [opening]")
            pair = find_name(said[0], known), find_name(said[1], known)
            said = said[2:]
        turns = _TURNS
        if said and said[0].isdecimal():
            turns, said = max(1, min(_MOST_TURNS, int(said[0]))), said[1:]
        return thread.adapter, pair, turns, " ".join(said) or None


def _sides(words: Words, thread: Thread) -> str:
    if thread.place.is_group:
        return words("sides_group", answers=thread.answers)
    return words("sides", answers=thread.answers, writes=thread.writes)

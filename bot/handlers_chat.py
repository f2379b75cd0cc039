"""What a chat chooses and what it may have forgotten: status, mode, temperature, language, privacy, forget."""

import asyncio
from dataclasses import replace

from telegram import Update
from telegram.ext import ContextTypes

from bot.desk import Desk, acknowledge, place_of
from bot.files import remove_uploads
from bot.simulate import Simulations
from bot.texts import LANGUAGES
from storage.store import Preferences
from twin.errors import TwinError

Context = ContextTypes.DEFAULT_TYPE
FORGET, KEEP = "forget:yes", "forget:no"
MODES = ("first", "burst")
_HOTTEST = 2.0


class ChatHandlers:
    def __init__(self, desk: Desk, simulations: Simulations) -> None:
        self._desk = desk
        self._simulations = simulations

    async def status(self, update: Update, _: Context) -> None:
        """Who answers, which version, how much was said, and what was chosen."""
        words, place = await self._desk.words(update), place_of(update)
        thread = await self._desk.thread(place)
        if thread is None:
            await self._desk.say_nobody(update)
            return
        chosen = await self._desk.preferences(place)
        try:
            adapter = await asyncio.to_thread(self._desk.adapters.load, thread.adapter)
            version, until = adapter.version, f"{adapter.manifest.trained_until:%Y-%m-%d}"
            usual = adapter.manifest.sampling.temperature
        except TwinError:
            version, until, usual = "-", "-", 0.0
        sides = words("sides_group" if place.is_group else "sides", answers=thread.answers, writes=thread.writes)
        text = words(
            "status",
            sides=sides,
            adapter=thread.adapter,
            version=version,
            until=until,
            turns=len(await self._desk.store.turns(thread.id)),
            mode=chosen.mode or self._desk.settings.mode,
            temperature=f"{usual if chosen.temperature is None else chosen.temperature:g}",
            language=words.language,
        )
        await self._desk.say(update, text)

    async def mode(self, update: Update, context: Context) -> None:
        """first: one message; burst: as many as the person would send."""
        words, place = await self._desk.words(update), place_of(update)
        chosen = await self._desk.preferences(place)
        said = "".join(context.args or ()).lower()
        if said in MODES:
            chosen = replace(chosen, mode=said)
            await self._desk.prefer(place, chosen)
        mode = chosen.mode or self._desk.settings.mode
        await self._desk.say(update, words("mode_is" if said in MODES else "mode_which", mode=mode))

    async def temperature(self, update: Update, context: Context) -> None:
        """How daring the answers are; without a number, as the adapter has it."""
        words, place = await self._desk.words(update), place_of(update)
        said = "".join(context.args or ()).replace(",", ".")
        try:
            value = float(said) if said else None
        except ValueError:
            value = -1.0
        if value is not None and not 0 <= value <= _HOTTEST:
            await self._desk.say(update, words("temperature_which"))
            return
        await self._desk.prefer(place, replace(await self._desk.preferences(place), temperature=value))
        text = words("temperature_usual") if value is None else words("temperature_is", temperature=f"{value:g}")
        await self._desk.say(update, text)

    async def language(self, update: Update, context: Context) -> None:
        words, place = await self._desk.words(update), place_of(update)
        said = "".join(context.args or ()).lower()
        if said not in LANGUAGES:
            await self._desk.say(update, words("language_which", known=words.either(list(LANGUAGES))))
            return
        chosen: Preferences = replace(await self._desk.preferences(place), language=said)
        await self._desk.prefer(place, chosen)
        await self._desk.say(update, (await self._desk.words(update))("language_is"))

    async def privacy(self, update: Update, _: Context) -> None:
        """What is stored, where, and how long."""
        words, settings = await self._desk.words(update), self._desk.settings
        kept = words("kept_days", days=settings.retention_days) if settings.retention_days else words("kept_for_ever")
        backups = words("backups", days=settings.backup_days) if settings.backup_cron else words("no_backups")
        await self._desk.say(update, f"{words('ai_notice')}\n\n{words('privacy', kept=kept, backups=backups)}")

    async def forget(self, update: Update, _: Context) -> None:
        """Ask first. In a group it is for admins of the bot."""
        words = await self._desk.words(update)
        if place_of(update).is_group and not self._desk.is_admin(update):
            await self._desk.say(update, words("admins_only"))
            return
        buttons = [[(words("button_forget"), FORGET), (words("button_keep"), KEEP)]]
        await self._desk.say(update, words("forget_really"), buttons)

    async def forget_button(self, update: Update, _: Context) -> None:
        """Delete everything of this chat."""
        query, place = update.callback_query, place_of(update)
        if query is None:
            return
        words = await self._desk.words(update)
        if place.is_group and not self._desk.is_admin(update):
            await acknowledge(query, words("admins_only"))
            return
        await self._desk.strip(query)
        await acknowledge(query)
        if query.data == FORGET:
            self._desk.chats.forget(place.chat_id)
            self._simulations.forget(place.chat_id)
            paths = await self._desk.store.forget(place.chat_id, update.update_id)
            self._desk.forget(place.chat_id)
            await self._desk.engine.forget()
            await asyncio.to_thread(remove_uploads, paths)
        await self._desk.say(update, words("forgotten" if query.data == FORGET else "kept"))

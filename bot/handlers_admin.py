"""What admins do: retrain, choose versions, reload, back up, see the schedule."""

import asyncio
from collections.abc import Callable, Coroutine
from typing import Any

from telegram import Update
from telegram.ext import ApplicationHandlerStop, ContextTypes

from bot import boards, files
from bot.desk import Desk, acknowledge, place_of
from bot.retrain import CANCEL, Retrain
from bot.schedule import Schedule
from bot.texts import Words, short
from storage.store import Buttons
from twin.errors import TwinError
from twin.names import find_name

Context = ContextTypes.DEFAULT_TYPE
Handler = Callable[[Update, Context], Coroutine[Any, Any, None]]
_MOST_VERSIONS = 8  # of an adapter that are listed


class AdminHandlers:
    def __init__(self, desk: Desk, retrain: Retrain | None, schedule: Schedule) -> None:
        self._desk = desk
        self._retrain = retrain
        self._schedule = schedule

    def only(self, handler: Handler) -> Handler:
        """A handler that refuses everyone but admins, in words or under the button."""

        async def guarded(update: Update, context: Context) -> None:
            if self._desk.is_admin(update):
                await handler(update, context)
                return
            text = (await self._desk.words(update))("admins_only")
            if update.callback_query:
                await acknowledge(update.callback_query, text)
            else:
                await self._desk.say(update, text)
            raise ApplicationHandlerStop

        return guarded

    async def retrain(self, update: Update, context: Context) -> None:
        """Train an adapter anew: the named one, or the one that answers here."""
        words, place = await self._desk.words(update), place_of(update)
        if self._retrain is None:
            await self._desk.say(update, words("no_training"))
            return
        typed = " ".join(context.args or ())
        names = await asyncio.to_thread(self._trainable)
        try:
            name = find_name(typed, names) if typed else await self._usual(update, names)
        except TwinError:
            known = words("there_are", names=words.either(names)) if names else words("there_is_none")
            await self._desk.say(update, words("unknown_adapter", name=short(typed), known=known))
            return
        if name is None:
            await self._desk.say(update, words("nothing_to_train"))
        elif not await self._retrain.start(place, name, words):
            await self._desk.say(update, words("training_runs"))

    async def cancel(self, update: Update, _: Context) -> None:
        """End the training by its button."""
        query = update.callback_query
        if query is None or query.data is None:
            return
        number = int(query.data.removeprefix(CANCEL))
        cancelled = self._retrain is not None and await self._retrain.cancel(number)
        await acknowledge(query, None if cancelled else (await self._desk.words(update))("gone"))

    async def use(self, update: Update, _: Context) -> None:
        """Put a version to work by its button."""
        query = update.callback_query
        if query is None or query.data is None:
            return
        words = await self._desk.words(update)
        found = await asyncio.to_thread(boards.used, self._desk.adapters, query.data)
        if found is None:
            await acknowledge(query, words("gone"))
            return
        await acknowledge(query)
        await self._desk.strip(query)
        adapter, version = found
        if version == self._desk.adapters.serving(adapter):
            await self._desk.say(update, words("serves_already", adapter=adapter, version=version))
            return
        await asyncio.to_thread(self._desk.adapters.promote, adapter, version)
        await self._reloaded(update, words, adapter, version)

    async def adapters(self, update: Update, _: Context) -> None:
        """All adapters with their versions; a button for each that does not serve."""
        words = await self._desk.words(update)
        text, buttons = await asyncio.to_thread(self._overview, words)
        await self._desk.say(update, text or words("no_one"), buttons)

    async def rollback(self, update: Update, context: Context) -> None:
        """Put the version back to work that served before."""
        words = await self._desk.words(update)
        typed = " ".join(context.args or ())
        names = await asyncio.to_thread(self._desk.adapters.names)
        try:
            name = find_name(typed, names) if typed else await self._usual(update, names)
            if name is None:
                await self._desk.say(update, words("no_one"))
                return
            adapter = await asyncio.to_thread(self._desk.adapters.rollback, name)
        except TwinError as error:
            await self._desk.say(update, words("refused_because", reason=short(str(error), 300)))
            return
        await self._reloaded(update, words, name, adapter.version)

    async def reload(self, update: Update, _: Context) -> None:
        """Look for promoted versions now."""
        words = await self._desk.words(update)
        changed = await self._desk.engine.reload()
        lines = [words("serves", adapter=name, version=version) for name, version in changed.items()]
        await self._desk.say(update, "\n".join(lines) or words("nothing_new"))

    async def backup(self, update: Update, _: Context) -> None:
        """Copy the database now."""
        words = await self._desk.words(update)
        try:
            file = await self._schedule.back_up()
        except TwinError as error:
            await self._desk.say(update, words("refused_because", reason=short(str(error), 300)))
            return
        await self._desk.say(update, words("backed_up", file=file.name))

    async def schedule(self, update: Update, _: Context) -> None:
        """When what runs next."""
        words = await self._desk.words(update)
        lines = [
            f"{words(f'job_{name}')}: {moment:%Y-%m-%d %H:%M:%S}" if moment else f"{words(f'job_{name}')}: -"
            for name, moment in self._schedule.next_runs()
        ]
        await self._desk.say(update, "\n".join([words("schedule"), *lines]))

    # what they share

    async def _reloaded(self, update: Update, words: Words, adapter: str, version: str) -> None:
        """Have the engine take up a version that was promoted, and tell whether it learned from withdrawn data."""
        await self._desk.engine.reload()
        marks = await asyncio.to_thread(files.withdrawn, self._desk.adapters, adapter)
        mark = f"\n⚠ {words('withdrawn_mark', dataset=marks[version])}" if version in marks else ""
        await self._desk.say(update, words("serves", adapter=adapter, version=version) + mark)

    def _trainable(self) -> list[str]:
        """Adapters that imitate somebody, and datasets that none has learned from under their name."""
        adapters = self._desk.adapters
        known = [dataset.name for dataset in files.datasets(self._desk.settings.data_dir)]
        return list(dict.fromkeys([*adapters.twins(), *(name for name in known if name not in adapters.names())]))

    async def _usual(self, update: Update, names: list[str]) -> str | None:
        """The adapter that answers here, or the only one there is."""
        thread = await self._desk.thread(place_of(update))
        return thread.adapter if thread else next(iter(names), None)

    def _overview(self, words: Words) -> tuple[str, Buttons]:
        lines: list[str] = []
        buttons: list[list[tuple[str, str]]] = []
        adapters = self._desk.adapters
        twins = adapters.twins()
        for name, versions in adapters.all_versions().items():
            current, marks = adapters.serving(name), files.withdrawn(adapters, name)
            general = current is not None and name not in twins
            lines.append(f"{name} ({words('imitates_nobody')})" if general else name)
            for version in versions[-_MOST_VERSIONS:]:
                serves = version == current
                mark = f" ⚠ {words('withdrawn_mark', dataset=marks[version])}" if version in marks else ""
                lines.append(f"{'▶' if serves else '·'} {version}{mark}")
                if not serves:
                    buttons.append([(f"{name} {version}", boards.use(name, version))])
        return "\n".join(lines), buttons

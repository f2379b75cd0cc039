"""Chats: one actor each waits for a burst to end and asks the engine for the answer, while everything else goes on."""

import asyncio
import logging
import time
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass, replace
from datetime import datetime

from telegram import Bot
from telegram.error import TelegramError

from bot import inbox
from bot.bubbles import bubbles_of
from bot.burst import Burst
from bot.delivery import Delivery
from bot.lanes import Lanes
from bot.logs import described
from bot.presence import typing
from bot.quarantine import Quarantine
from bot.texts import Words
from storage.store import Buttons, Place, Preferences, Store, StoreError, Thread, Waiting
from twin.adapter import AdapterFolder
from twin.engine import Answer, Engine, Mode, NextMessage, Request
from twin.errors import TwinError
from twin.manifest import Rhythm
from twin.settings import Settings

log = logging.getLogger(__name__)

TYPING_AFTER = 0.2  # seconds; an answer that comes at once is not announced: that costs as much as sending it
DRAFT_EVERY = 0.7  # seconds between two states of a streamed answer


@dataclass(slots=True)
class _Waiting:
    """What is known in memory of a thread in which messages wait."""

    burst: Burst
    words: Words
    reply_to: int | None  # in groups, the message that the answer replies to


@dataclass(slots=True)
class _Draft:
    """An answer in the making, and the burst that it answers."""

    chat_id: int
    answer: Answer
    burst: Burst


class Chats:
    """The actors of all places.

    Args:
        now: the clock that bursts are measured by, in seconds.
    """

    def __init__(
        self,
        settings: Settings,
        *,
        store: Store,
        engine: Engine,
        adapters: AdapterFolder,
        delivery: Delivery,
        bot: Bot,
        quarantine: Quarantine,
        now: Callable[[], float] = time.monotonic,
    ) -> None:
        self._settings = settings
        self._window = settings.burst_window.total_seconds()
        self._most = settings.burst_most.total_seconds()
        self._store = store
        self._engine = engine
        self._adapters = adapters
        self._delivery = delivery
        self._bot = bot
        self._quarantine = quarantine
        self._now = now
        self._waiting: dict[Place, dict[int, _Waiting]] = {}  # by thread, in order of their first messages
        self._drafts: dict[int, _Draft] = {}  # by thread
        self._told_of_pause: set[Place] = set()
        self.paused = False
        self._lanes = Lanes(self._answer_all)

    def add(
        self, place: Place, thread_id: int, words: Words, *, reply_to: int | None = None, at_once: bool = False
    ) -> None:
        """Have what waits in a thread answered; an answer in the making is made anew if this still belongs to it.

        Args:
            at_once: without waiting for more.
        """
        now = self._now()
        threads = self._waiting.setdefault(place, {})
        draft = self._drafts.get(thread_id)
        joins = draft is not None and draft.burst.joins(now, self._most)
        burst = threads[thread_id].burst if thread_id in threads else Burst(now, now)
        if draft is not None and joins:
            burst.first = min(burst.first, draft.burst.first)
            draft.answer.cancel()
        burst.last = now - self._window if at_once else now
        threads[thread_id] = _Waiting(burst, words, reply_to)
        self._lanes.wake(place)

    def restart(self, thread_id: int) -> None:
        """Make the answer in the making anew, because what it answers has changed; nothing if there is none."""
        if draft := self._drafts.get(thread_id):
            draft.answer.cancel()

    def forget(self, chat_id: int) -> None:
        """Let go of what waits anywhere in a chat: its messages are being deleted."""
        for place, threads in self._waiting.items():
            if place.chat_id == chat_id:
                threads.clear()
        for draft in self._drafts.values():
            if draft.chat_id == chat_id:
                draft.answer.cancel()

    def pause(self) -> None:
        """Answer nobody from here on; the answers in the making are given up, and what they answer waits."""
        self.paused = True
        for draft in self._drafts.values():
            draft.answer.cancel()

    def resume(self) -> None:
        """Answer whatever waits."""
        self.paused = False
        self._told_of_pause.clear()
        for place in self._waiting:
            self._lanes.wake(place)

    async def stop(self) -> None:
        """Cancel the answers in the making; their messages stay in the store and are answered after a restart."""
        for draft in self._drafts.values():
            draft.answer.cancel()
        await self._lanes.stop()

    async def _answer_all(self, place: Place) -> None:
        threads = self._waiting.get(place, {})
        while threads:
            thread_id, waiting = next(iter(threads.items()))
            await self._quiet(waiting.burst)
            if self.paused:
                await self._tell_of_pause(place, waiting.words)
                return
            joined = threads.pop(thread_id, None)  # as the last message of the burst has left it
            if joined is None:
                continue  # it was forgotten meanwhile
            try:
                async with self._quarantine.thread(thread_id):
                    answered = await self._answer(thread_id, joined)
            except StoreError as error:
                log.error("messages still wait for their answer: %s", error)
                await asyncio.sleep(inbox.STORE_PAUSE)
                answered = False
            if not answered:
                # It was given up for a message that came in between, for an edit, or because the store failed.
                threads.setdefault(thread_id, joined)
        self._waiting.pop(place, None)

    async def _quiet(self, burst: Burst) -> None:
        """Wait until the burst is over; every message that joins it puts that off."""
        while (left := burst.due(self._window, self._most) - self._now()) > 0:  # noqa: ASYNC110  it moves on
            await asyncio.sleep(left)

    async def _answer(self, thread_id: int, memory: _Waiting) -> bool:
        """Answer what waits; whatever goes wrong, its user is told. False if it was interrupted and still waits.

        Raises:
            StoreError: it still waits.
        """
        waiting = await self._store.begin_answer(thread_id)
        if waiting is None:
            return True
        try:
            answered = await self._ask_and_record(waiting, memory)
        except (asyncio.CancelledError, StoreError):
            await self._store.give_back(waiting)
            raise
        except Exception as error:
            log.error("updates %s were not answered: %s", waiting.updates, described(error))
            await self._excuse(waiting, memory.words("cannot_answer"))
            answered = True
        if not answered:
            await self._store.give_back(waiting)
        self._delivery.wake(waiting.thread.place.chat_id)
        return answered

    async def _ask_and_record(self, waiting: Waiting, memory: _Waiting) -> bool:
        thread = waiting.thread
        preferences = await self._store.preferences(thread.place)
        request = await self._request(waiting, preferences)
        async with typing(self._bot, thread.place, after=TYPING_AFTER):
            for _ in range(2):  # asked twice before it is taken for silence
                said, version, interrupted = await self._ask(thread, request, memory.burst)
                if interrupted:
                    return False
                if said:
                    await self._record(waiting, said, version, memory)
                    return True
        await self._excuse(waiting, memory.words("silent", speaker=waiting.answers))
        return True

    async def _request(self, waiting: Waiting, preferences: Preferences) -> Request:
        mode: Mode = "burst" if (preferences.mode or self._settings.mode) == "burst" else "first"
        streams = self._streams(waiting.thread)
        request = Request(
            waiting.thread.adapter, waiting.turns, waiting.answers, datetime.now(), mode=mode, stream=streams
        )
        if preferences.temperature is not None:
            adapter = await asyncio.to_thread(self._adapters.load, waiting.thread.adapter)
            request = replace(request, sampling=replace(adapter.manifest.sampling, temperature=preferences.temperature))
        return request

    def _streams(self, thread: Thread) -> bool:
        return self._settings.stream and not thread.place.is_group  # Telegram has drafts in private chats only

    async def _ask(self, thread: Thread, request: Request, burst: Burst) -> tuple[list[str], str, bool]:
        """The messages of the answer, the adapter version they come from, and whether it was interrupted."""
        if self.paused:
            return [], "", True
        answer = self._engine.answer(request)
        self._drafts[thread.id] = _Draft(thread.place.chat_id, answer, burst)
        said = [""]
        shown = float("-inf")
        try:
            async for piece in answer:
                if isinstance(piece, NextMessage):
                    said.append("")
                    continue
                said[-1] += piece
                if request.stream and self._now() - shown >= DRAFT_EVERY:
                    shown = self._now()
                    await self._show_draft(thread, "\n".join(said).strip())
        finally:
            del self._drafts[thread.id]
        return [text for part in said if (text := part.strip())], answer.version, answer.finish is None

    async def _show_draft(self, thread: Thread, text: str) -> None:
        if text:
            with suppress(TelegramError):  # an ornament; the answer is what counts
                await self._bot.send_message_draft(
                    thread.place.chat_id, thread.id, text[:4096], message_thread_id=thread.place.topic_id or None
                )

    async def _record(self, waiting: Waiting, said: list[str], version: str, memory: _Waiting) -> None:
        thread = waiting.thread
        pause = self._settings.bubble_pause.total_seconds()
        rhythm = await self._rhythm(waiting, version) if len(said) > 1 and pause else Rhythm()
        async with self._store.transaction():
            current = await self._store.current_thread(thread.place)
            stays = current is not None and (current.id, current.answers) == (thread.id, waiting.answers)
            await self._store.record_answer(
                waiting,
                bubbles_of(said, waiting.answers, datetime.now(), rhythm, longest_pause=pause, labelled=not stays),
                version,
                buttons=answer_buttons,
                reply_to=memory.reply_to,
            )

    async def _tell_of_pause(self, place: Place, words: Words) -> None:
        """Say once why there is no answer for now."""
        if place not in self._told_of_pause:
            self._told_of_pause.add(place)
            await self._store.post(place, words("paused"))
            self._delivery.wake(place.chat_id)

    async def _rhythm(self, waiting: Waiting, version: str) -> Rhythm:
        """At which pace whoever answers sends messages, as that version has learned it."""
        with suppress(TwinError):  # the version was removed meanwhile
            adapter = await asyncio.to_thread(self._adapters.load, waiting.thread.adapter, version)
            return adapter.manifest.rhythm.get(waiting.answers, Rhythm())
        return Rhythm()

    async def _excuse(self, waiting: Waiting, text: str) -> None:
        """Say why there is no answer, and let the messages be done; silently, if they were forgotten meanwhile."""
        async with self._store.transaction():
            if await self._store.finish(waiting):
                await self._store.post(waiting.thread.place, text, update_id=waiting.updates[-1])


def answer_buttons(turn_id: int) -> Buttons:
    """What stands under the last answer: good, bad, again."""
    return [[("👍", f"good:{turn_id}"), ("👎", f"bad:{turn_id}"), ("🔄", f"again:{turn_id}")]]

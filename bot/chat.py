"""Chats: one actor each asks the engine for the answers to its messages, in order, while everything else goes on."""

import asyncio
import logging
from collections import defaultdict, deque
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass
from datetime import datetime

from telegram import Bot
from telegram.constants import ChatAction
from telegram.error import TelegramError

from bot import texts
from bot.delivery import Delivery, parts
from bot.lanes import Lanes
from bot.logs import described
from storage.store import Place, Store, Waiting
from twin.engine import Answer, Engine, EngineError, Request, whole
from twin.errors import TwinError
from twin.transcript import Turn

log = logging.getLogger(__name__)

TYPING_AFTER = 0.2  # seconds; an answer that comes at once is not announced: that costs as much as sending it
TYPING_EVERY = 4.0  # seconds; Telegram shows it for five


@dataclass(frozen=True, slots=True)
class Message:
    """A text that waits for its answer. Its thread and speaker stand in the store."""

    update_id: int
    message_id: int
    text: str
    at: datetime


class Chats:
    """The actors of all chats."""

    def __init__(self, store: Store, engine: Engine, delivery: Delivery, bot: Bot) -> None:
        self._store = store
        self._engine = engine
        self._delivery = delivery
        self._bot = bot
        self._messages: defaultdict[Place, deque[Message]] = defaultdict(deque)
        self._making: dict[int, Answer] = {}  # by thread
        self._lanes = Lanes(self._answer_all)

    def add(self, place: Place, message: Message) -> None:
        """Have a message answered that awaits its answer in the store."""
        self._messages[place].append(message)
        self._lanes.wake(place)

    def forget(self, thread_id: int) -> None:
        """Stop the answer that is in the making for a thread which was reset."""
        if answer := self._making.get(thread_id):
            answer.cancel()

    async def stop(self) -> None:
        """Cancel the answers in the making; their messages stay in the store and are answered after a restart."""
        for answer in self._making.values():
            answer.cancel()
        await self._lanes.stop()

    async def _answer_all(self, place: Place) -> None:
        messages = self._messages[place]
        while messages:
            await self._answer(place, messages.popleft())
        del self._messages[place]

    async def _answer(self, place: Place, message: Message) -> None:
        """Answer one message; whatever goes wrong, its user is told and the next one has its turn."""
        async with self._store.transaction():
            waiting = await self._store.begin_answer(message.update_id)
            if waiting is None:
                return
            said = Turn(waiting.speaker, message.text, message.at)
            await self._store.add_turn(
                waiting.thread.id, said, update_id=message.update_id, message_id=message.message_id
            )
            turns = await self._store.turns(waiting.thread.id)
        try:
            text, version = await self._ask(waiting, turns)
            if text:
                await self._record(waiting, text, version)
            else:
                await self._excuse(waiting, texts.silent(waiting.answers))
        except asyncio.CancelledError:
            await self._store.give_back(message.update_id)
            raise
        except Exception as error:
            reason = str(error) if isinstance(error, (EngineError, TwinError)) else described(error)
            log.error("update %s was not answered: %s", message.update_id, reason)
            await self._excuse(waiting, texts.CANNOT_ANSWER)
        self._delivery.wake(place.chat_id)

    async def _ask(self, waiting: Waiting, turns: tuple[Turn, ...]) -> tuple[str, str]:
        """The answer and the adapter version it comes from; asked twice before it is taken for silence."""
        thread = waiting.thread
        async with _typing(self._bot, thread.place):
            for _ in range(2):
                answer = self._engine.answer(Request(thread.adapter, turns, waiting.answers, datetime.now()))
                self._making[thread.id] = answer
                try:
                    if text := await whole(answer):
                        return text, answer.version
                finally:
                    del self._making[thread.id]
                if answer.finish is None:
                    break  # it was cancelled: nobody waits for it any more
        return "", ""

    async def _record(self, waiting: Waiting, text: str, version: str) -> None:
        thread = waiting.thread
        async with self._store.transaction():
            current = await self._store.current_thread(thread.place)
            stays = current is not None and (current.id, current.answers) == (thread.id, waiting.answers)
            shown = text if stays else texts.labelled(waiting.answers, text)
            await self._store.record_answer(waiting, Turn(waiting.answers, text, datetime.now()), version, parts(shown))

    async def _excuse(self, waiting: Waiting, text: str) -> None:
        """Say why there is no answer, and let the message be done; silently, if it was forgotten meanwhile."""
        async with self._store.transaction():
            if await self._store.mark_done(waiting.update_id):
                await self._store.post(waiting.thread.place, text, update_id=waiting.update_id)


@asynccontextmanager
async def _typing(bot: Bot, place: Place) -> AsyncIterator[None]:
    """Show that the twin is writing for as long as the block runs."""
    task = asyncio.create_task(_type(bot, place))
    try:
        yield
    finally:
        task.cancel()


async def _type(bot: Bot, place: Place) -> None:
    await asyncio.sleep(TYPING_AFTER)
    while True:
        with suppress(TelegramError):  # an ornament; the answer is what counts
            await bot.send_chat_action(place.chat_id, ChatAction.TYPING, message_thread_id=place.topic_id or None)
        await asyncio.sleep(TYPING_EVERY)

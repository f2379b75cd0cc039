"""The store: what was said, to whom and when, and which messages still have to be handled or sent.

Every SQL statement of the project is in this package. The store keeps facts, never rendered prompts. Verbs are
transactions of their own; `async with store.transaction():` makes several of them one.
"""

import json
import logging
from collections.abc import Sequence
from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from storage.database import Database, open_database
from twin.transcript import Turn

log = logging.getLogger(__name__)

MAX_ATTEMPTS = 3  # an update whose handling was begun this often, and never ended, is set aside

Buttons = Sequence[Sequence[tuple[str, str]]]  # rows of (label, callback data)


@dataclass(frozen=True, slots=True)
class Place:
    """Where people write: a Telegram chat, and the topic in it (0: none)."""

    chat_id: int
    topic_id: int = 0


@dataclass(frozen=True, slots=True)
class Thread:
    """What two speakers said to each other in one place. The twin answers for one, the user writes as the other."""

    id: int
    place: Place
    adapter: str
    speakers: tuple[str, str]
    answers: str

    @property
    def writes(self) -> str:
        return self.other(self.answers)

    def other(self, speaker: str) -> str:
        first, second = self.speakers
        return second if speaker == first else first


@dataclass(frozen=True, slots=True)
class Taken:
    """An update that was taken in and is not done."""

    update_id: int
    payload: str


@dataclass(frozen=True, slots=True)
class Waiting:
    """A message that waits for its answer: its thread, and as whom it was written when it came in."""

    update_id: int
    thread: Thread
    speaker: str

    @property
    def answers(self) -> str:
        return self.thread.other(self.speaker)


@dataclass(frozen=True, slots=True)
class Outgoing:
    """A message that was recorded and is still to be sent."""

    id: int
    place: Place
    text: str
    buttons: Buttons | None


class Store:
    """See `Store.open`. All verbs raise TwinError if the database fails (disk full, file damaged)."""

    def __init__(self, database: Database) -> None:
        self._database = database

    @classmethod
    async def open(cls, database: Path, key_file: Path) -> "Store":
        """Open the encrypted database; both files and their folders are made at first use.

        Raises:
            TwinError: the key is missing or wrong, the file is damaged, or newer than this program.
        """
        return cls(await open_database(database, key_file))

    async def close(self) -> None:
        await self._database.close()

    def transaction(self) -> AbstractAsyncContextManager[None]:
        """All verbs in the block happen, or none of them. Do nothing slow in it: everyone else waits."""
        return self._database.transaction()

    # inbox

    async def take_in(self, update_id: int, chat_id: int | None, payload: str) -> bool:
        """Commit an update before Telegram may forget it; False if it was taken in before."""
        async with self.transaction():
            changed = await self._database.run(
                "INSERT INTO inbox (update_id, chat_id, payload, received) VALUES (?, ?, ?, ?) "
                "ON CONFLICT (update_id) DO NOTHING",
                (update_id, chat_id, payload, _now()),
            )
        return changed > 0

    async def pending(self) -> list[Taken]:
        """Every update that is neither done nor set aside, oldest first."""
        async with self.transaction():
            rows = await self._database.rows(
                "SELECT update_id, payload FROM inbox WHERE state = 'pending' ORDER BY update_id"
            )
        return [Taken(*row) for row in rows]

    async def begin(self, update_id: int) -> bool:
        """Count an attempt at an update; False if it is done, or is set aside now because too many failed.

        Of a message that already waits for its answer no attempt is counted here: that is `begin_answer`.
        """
        async with self.transaction():
            row = await self._database.row(
                "SELECT thread IS NULL FROM inbox WHERE update_id = ? AND state = 'pending'", (update_id,)
            )
            if row is None:
                return False
            return not row[0] or await self._count_attempt(update_id)

    async def settle(self, update_id: int) -> None:
        """Mark an update done, unless it waits for its answer."""
        async with self.transaction():
            await self._database.run(
                "UPDATE inbox SET state = 'done', payload = '' "
                "WHERE update_id = ? AND thread IS NULL AND state = 'pending'",
                (update_id,),
            )

    async def await_answer(self, update_id: int, thread: Thread) -> None:
        """Let a message wait for its answer in `thread`, whatever its chat moves on to meanwhile."""
        async with self.transaction():
            await self._database.run(
                "UPDATE inbox SET thread = ?, speaker = ?, attempts = 0 WHERE update_id = ? AND thread IS NULL",
                (thread.id, thread.writes, update_id),
            )

    async def begin_answer(self, update_id: int) -> Waiting | None:
        """Count an attempt at answering; None if nothing waits any more, or if it is set aside now."""
        async with self.transaction():
            row = await self._database.row(
                "SELECT thread, speaker FROM inbox WHERE update_id = ? AND state = 'pending' AND thread IS NOT NULL",
                (update_id,),
            )
            if row is None or not await self._count_attempt(update_id):
                return None
            thread_id, speaker = row
            return Waiting(update_id, await self._thread(thread_id), speaker)

    async def give_back(self, update_id: int) -> None:
        """Undo the count of an attempt that was interrupted by an orderly stop."""
        async with self.transaction():
            await self._database.run(
                "UPDATE inbox SET attempts = attempts - 1 WHERE update_id = ? AND state = 'pending' AND attempts > 0",
                (update_id,),
            )

    async def mark_done(self, update_id: int) -> bool:
        """False if it was not pending any more."""
        async with self.transaction():
            return await self._finish(update_id)

    # threads

    async def current_thread(self, place: Place) -> Thread | None:
        """The thread that new messages in this place belong to."""
        async with self.transaction():
            row = await self._database.row(
                "SELECT thread FROM chats WHERE chat_id = ? AND topic_id = ?", (place.chat_id, place.topic_id)
            )
            return await self._thread(row[0]) if row else None

    async def open_thread(self, place: Place, adapter: str, answers: str, writes: str) -> Thread:
        """Move a place to the thread of this pair, made if it is new, with `answers` as the twin's side."""
        first, second = sorted((answers, writes))
        async with self.transaction():
            await self._database.run(
                "INSERT INTO threads (chat_id, topic_id, adapter, first_speaker, second_speaker, answers, created) "
                "VALUES (?, ?, ?, ?, ?, ?, ?) ON CONFLICT (chat_id, topic_id, adapter, first_speaker, second_speaker) "
                "DO UPDATE SET answers = excluded.answers",
                (place.chat_id, place.topic_id, adapter, first, second, answers, _now()),
            )
            await self._database.run(
                "INSERT INTO chats (chat_id, topic_id, thread) SELECT chat_id, topic_id, id FROM threads "
                "WHERE chat_id = ? AND topic_id = ? AND adapter = ? AND first_speaker = ? AND second_speaker = ? "
                "ON CONFLICT (chat_id, topic_id) DO UPDATE SET thread = excluded.thread",
                (place.chat_id, place.topic_id, adapter, first, second),
            )
            thread = await self.current_thread(place)
        assert thread is not None  # noqa: S101
        return thread

    async def swap(self, thread_id: int) -> Thread:
        """Let the twin speak for the other of the pair; thread and history stay."""
        async with self.transaction():
            await self._database.run(
                "UPDATE threads SET answers = CASE answers WHEN first_speaker THEN second_speaker ELSE first_speaker "
                "END WHERE id = ?",
                (thread_id,),
            )
            return await self._thread(thread_id)

    async def reset(self, thread_id: int) -> None:
        """Forget what was said in a thread, and what in it still waits to be answered or sent."""
        async with self.transaction():
            await self._database.run(
                "UPDATE inbox SET state = 'done', payload = '' WHERE thread = ? AND state = 'pending'", (thread_id,)
            )
            await self._database.run("DELETE FROM outbox WHERE thread = ? AND state = 'unsent'", (thread_id,))
            await self._database.run("DELETE FROM turns WHERE thread = ?", (thread_id,))

    # turns

    async def add_turn(self, thread_id: int, turn: Turn, *, update_id: int, message_id: int) -> None:
        """Write down what a person said; nothing happens if this update's turn is there already."""
        async with self.transaction():
            await self._database.run(
                "INSERT INTO turns (thread, speaker, text, at, message_id, update_id) VALUES (?, ?, ?, ?, ?, ?) "
                "ON CONFLICT (update_id) WHERE version IS NULL DO NOTHING",
                (thread_id, turn.speaker, turn.text, turn.at.isoformat(), message_id, update_id),
            )

    async def turns(self, thread_id: int) -> tuple[Turn, ...]:
        """What was said in a thread, oldest first."""
        async with self.transaction():
            rows = await self._database.rows(
                "SELECT speaker, text, at FROM turns WHERE thread = ? ORDER BY id", (thread_id,)
            )
        return tuple(Turn(speaker, text, datetime.fromisoformat(at)) for speaker, text, at in rows)

    # outbox

    async def record_answer(self, waiting: Waiting, turn: Turn, version: str, messages: Sequence[str]) -> bool:
        """Write down an answer, the messages that will carry it, and that its update is done: all or nothing.

        False, and nothing is written, if the update does not wait any more, as after a reset.
        """
        async with self.transaction():
            if not await self._finish(waiting.update_id):
                return False
            turn_id = await self._database.insert(
                "INSERT INTO turns (thread, speaker, text, at, version, update_id) VALUES (?, ?, ?, ?, ?, ?)",
                (waiting.thread.id, turn.speaker, turn.text, turn.at.isoformat(), version, waiting.update_id),
            )
            for text in messages:
                await self._post(
                    waiting.thread.place,
                    text,
                    update_id=waiting.update_id,
                    thread_id=waiting.thread.id,
                    turn_id=turn_id,
                )
        return True

    async def post(
        self, place: Place, text: str, *, buttons: Buttons | None = None, update_id: int | None = None
    ) -> None:
        """Record a message of the bot itself, which belongs to no thread."""
        async with self.transaction():
            await self._post(place, text, update_id=update_id, buttons=buttons)

    async def unsent(self, chat_id: int) -> list[Outgoing]:
        """What is to be sent to a chat, in order."""
        async with self.transaction():
            rows = await self._database.rows(
                "SELECT id, chat_id, topic_id, text, buttons FROM outbox WHERE state = 'unsent' AND chat_id = ? "
                "ORDER BY id",
                (chat_id,),
            )
        return [
            Outgoing(number, Place(chat, topic), text, _buttons(buttons)) for number, chat, topic, text, buttons in rows
        ]

    async def unsent_chats(self) -> list[int]:
        """The chats to which something is to be sent."""
        async with self.transaction():
            rows = await self._database.rows("SELECT DISTINCT chat_id FROM outbox WHERE state = 'unsent'")
        return [chat_id for (chat_id,) in rows]

    async def mark_sent(self, outgoing_id: int, message_id: int) -> None:
        """Note Telegram's id of a message that was sent, also at its turn; its text is kept there only."""
        async with self.transaction():
            await self._database.run(
                "UPDATE outbox SET state = 'sent', text = '', buttons = NULL, message_id = ?, sent = ? WHERE id = ?",
                (message_id, _now(), outgoing_id),
            )
            await self._database.run(
                "UPDATE turns SET message_id = ? WHERE id = (SELECT turn FROM outbox WHERE id = ?)",
                (message_id, outgoing_id),
            )

    async def mark_failed(self, outgoing_id: int) -> None:
        """Give a message up: Telegram will not have it, or the user has blocked the bot."""
        async with self.transaction():
            await self._database.run(
                "UPDATE outbox SET state = 'failed', text = '', buttons = NULL WHERE id = ?", (outgoing_id,)
            )

    # parts of the above

    async def _count_attempt(self, update_id: int) -> bool:
        """Count one more attempt at a pending update, or set it aside; True if it may be tried."""
        await self._database.run(
            "UPDATE inbox SET state = iif(attempts >= ?, 'set aside', state), attempts = min(attempts + 1, ?) "
            "WHERE update_id = ? AND state = 'pending'",
            (MAX_ATTEMPTS, MAX_ATTEMPTS, update_id),
        )
        row = await self._database.row("SELECT state FROM inbox WHERE update_id = ?", (update_id,))
        if row == ("set aside",):
            log.error("update %s is set aside: %s attempts at it never ended", update_id, MAX_ATTEMPTS)
        return row == ("pending",)

    async def _finish(self, update_id: int) -> bool:
        """Mark a pending update done and forget what it said; False if it was not pending."""
        changed = await self._database.run(
            "UPDATE inbox SET state = 'done', payload = '' WHERE update_id = ? AND state = 'pending'", (update_id,)
        )
        return changed > 0

    async def _thread(self, thread_id: int) -> Thread:
        rows = await self._database.rows(
            "SELECT id, chat_id, topic_id, adapter, first_speaker, second_speaker, answers FROM threads WHERE id = ?",
            (thread_id,),
        )
        number, chat_id, topic_id, adapter, first, second, answers = rows[0]
        return Thread(number, Place(chat_id, topic_id), adapter, (first, second), answers)

    async def _post(
        self,
        place: Place,
        text: str,
        *,
        update_id: int | None,
        buttons: Buttons | None = None,
        thread_id: int | None = None,
        turn_id: int | None = None,
    ) -> None:
        await self._database.run(
            "INSERT INTO outbox (chat_id, topic_id, thread, turn, update_id, text, buttons, created) "
            "VALUES (?, ?, ?, ?, ?, ?, ?, ?)",
            (
                place.chat_id,
                place.topic_id,
                thread_id,
                turn_id,
                update_id,
                text,
                json.dumps(buttons, ensure_ascii=False) if buttons else None,
                _now(),
            ),
        )


def _buttons(text: str | None) -> Buttons | None:
    return [[(label, data) for label, data in row] for row in json.loads(text)] if text else None


def _now() -> str:
    return datetime.now(UTC).isoformat(timespec="milliseconds")

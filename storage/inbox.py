"""The store's inbox: updates from being taken in until they are done, and those that wait for an answer."""

import logging
from datetime import datetime
from typing import Any

from storage.database import Database
from storage.facts import Place, Taken, Thread, Waiting
from storage.verbs import Verbs, moment
from twin.transcript import Turn

log = logging.getLogger(__name__)

MAX_ATTEMPTS = 8  # an update whose handling was begun this often, and never ended, is set aside
_SUSPECTED = 2  # attempts that never ended, from which on an update may be what ended them
THREAD = "SELECT id, chat_id, topic_id, adapter, first_speaker, second_speaker, answers FROM threads WHERE id = ?"
TURNS = "SELECT speaker, text, at FROM turns WHERE thread = ? ORDER BY id"
SERVED_TURNS = 1000  # the least of a long thread that an answer is made from; more than a context holds
_ADD_TURN = (
    "INSERT INTO turns (thread, speaker, text, at, message_id, update_id) VALUES (?, ?, ?, ?, ?, ?) "
    "ON CONFLICT (update_id) WHERE version IS NULL DO NOTHING"
)
_COUNT_ATTEMPT = (
    "UPDATE inbox SET state = iif(attempts >= ?, 'set aside', state), attempts = min(attempts + 1, ?) "
    "WHERE update_id = ? AND state = 'pending' RETURNING state"
)


class InboxVerbs(Verbs):
    def __init__(self, database: Database) -> None:
        super().__init__(database)
        self._awaiting: set[int] = set()  # updates that wait for an answer, and are not to be settled

    async def take_in(self, update_id: int, chat_id: int | None, payload: str, *, begun: bool = False) -> bool:
        """Commit an update before Telegram may forget it; False if it was taken in before.

        Args:
            begun: it will be handled now: this counts as its first attempt, and `begin` need not be called.
        """

        def work(execute: Any) -> bool:
            inserted = execute(
                "INSERT INTO inbox (update_id, chat_id, payload, received, attempts) VALUES (?, ?, ?, ?, ?) "
                "ON CONFLICT (update_id) DO NOTHING",
                (update_id, chat_id, payload, moment(), int(begun)),
            )
            return bool(inserted.rowcount > 0)

        return await self._database.call(work, durable=True)

    async def pending(self) -> list[Taken]:
        """Every update that is neither done nor set aside, oldest first."""
        rows = await self._database.read(
            "SELECT update_id, payload FROM inbox WHERE state = 'pending' ORDER BY update_id"
        )
        return [Taken(*row) for row in rows]

    async def suspects(self) -> list[tuple[int, int | None]]:
        """The updates that may have killed the process, more than once, and the thread in which one waits."""
        rows = await self._database.read(
            "SELECT update_id, thread FROM inbox WHERE state = 'pending' AND attempts >= ?", (_SUSPECTED,)
        )
        return [(update_id, thread) for update_id, thread in rows]

    async def is_pending(self, update_id: int) -> bool:
        """Whether an update is still to be handled or answered."""
        return bool(
            await self._database.read("SELECT 1 FROM inbox WHERE update_id = ? AND state = 'pending'", (update_id,))
        )

    async def begin(self, update_id: int) -> bool:
        """Count an attempt at an update; False if it is done, or is set aside now because too many failed.

        Of a message that already waits for its answer no attempt is counted here: that is `begin_answer`.
        """

        def work(execute: Any) -> bool:
            row = execute(
                "SELECT thread IS NULL FROM inbox WHERE update_id = ? AND state = 'pending'", (update_id,)
            ).fetchone()
            return row is not None and (not row[0] or _count_attempt(execute, update_id))

        return await self._database.call(work)

    async def settle(self, update_id: int) -> None:
        """Mark an update done, unless its handler has let it wait for its answer, or found that it does."""
        if update_id in self._awaiting:
            self._awaiting.discard(update_id)
        else:
            await self.mark_done(update_id)

    async def await_answer(
        self,
        update_id: int,
        thread: Thread,
        *,
        answers: str,
        said: Turn | None = None,
        message_id: int | None = None,
    ) -> int:
        """Let an update wait for an answer in `thread`, whatever its chat moves on to; returns the thread it waits in.

        Args:
            answers: who is to answer.
            said: what the update adds to the thread, in Telegram's message of that id.
        """

        def work(execute: Any) -> int:
            execute(
                "UPDATE inbox SET thread = ?, speaker = ?, answers = ?, attempts = 0 "
                "WHERE update_id = ? AND thread IS NULL AND state = 'pending'",
                (thread.id, said.speaker if said else None, answers, update_id),
            )
            # One that was replayed after a restart waits already, maybe elsewhere.
            row = execute("SELECT thread FROM inbox WHERE update_id = ?", (update_id,)).fetchone()
            waits_in = int(row[0]) if row and row[0] is not None else thread.id
            if said is not None:
                execute(_ADD_TURN, _turn_values(waits_in, said, update_id, message_id))
            return waits_in

        waits_in = await self._database.call(work)
        self._awaiting.add(update_id)
        return waits_in

    async def awaited(self, update_id: int) -> int | None:
        """The thread in which an update waits for its answer, as one may that was replayed after a restart."""
        rows = await self._database.read("SELECT thread FROM inbox WHERE update_id = ?", (update_id,))
        thread_id = rows[0][0] if rows else None
        if thread_id is not None:
            self._awaiting.add(update_id)
        return thread_id

    async def begin_answer(self, thread_id: int) -> Waiting | None:
        """Count an attempt at answering whatever waits in a thread; None if nothing does, or all of it is set aside.

        What waits stands last in the thread from here on, also where an answer to earlier messages came in between.
        """

        def work(execute: Any) -> Waiting | None:
            rows = execute(
                "SELECT update_id, answers, speaker FROM inbox WHERE thread = ? AND state = 'pending' "
                "ORDER BY update_id",
                (thread_id,),
            ).fetchall()
            rows = [row for row in rows if _count_attempt(execute, row[0])]
            if not rows:
                return None
            thread = thread_of(execute(THREAD, (thread_id,)).fetchone())
            updates = tuple(row[0] for row in rows)
            _put_last(execute, thread_id, updates)
            _, answers, speaker = rows[-1]
            (turns_in_all,) = execute("SELECT count(*) FROM turns WHERE thread = ?", (thread_id,)).fetchone()
            served = execute(f"{TURNS} LIMIT -1 OFFSET ?", (thread_id, _too_old(turns_in_all)))
            turns = tuple(turn_of(row) for row in served)
            return Waiting(updates, thread, answers or thread.other(speaker), turns)

        return await self._database.call(work)

    async def give_back(self, waiting: Waiting) -> None:
        """Undo the count of an attempt that was interrupted by an orderly stop, or by another message."""
        async with self.transaction():
            for update_id in waiting.updates:
                await self._database.run(
                    "UPDATE inbox SET attempts = attempts - 1 "
                    "WHERE update_id = ? AND state = 'pending' AND attempts > 0",
                    (update_id,),
                )

    async def take_set_aside(self) -> list[tuple[int, int | None]]:
        """The updates that were set aside since the last call, and their chats; what they said is forgotten."""
        async with self.transaction():
            rows = await self._database.rows(
                "SELECT update_id, chat_id FROM inbox WHERE state = 'set aside' AND payload <> '' ORDER BY update_id"
            )
            if rows:
                await self._database.run("UPDATE inbox SET payload = '' WHERE state = 'set aside'")
        return [(update_id, chat_id) for update_id, chat_id in rows]

    async def mark_done(self, update_id: int) -> bool:
        """Mark a pending update done and forget what it said; False if it was not pending."""
        async with self.transaction():
            changed = await self._database.run(
                "UPDATE inbox SET state = 'done', payload = '' WHERE update_id = ? AND state = 'pending'", (update_id,)
            )
        return changed > 0

    async def finish(self, waiting: Waiting) -> bool:
        """Mark all that waited done; False, and nothing changes, if a reset or an undo has done it meanwhile."""
        async with self.transaction():
            done = [await self.mark_done(update_id) for update_id in waiting.updates]
        return any(done)

    async def add_turn(self, thread_id: int, turn: Turn, *, update_id: int, message_id: int | None) -> None:
        """Write down what a person said; nothing happens if this update's turn is there already."""
        values = _turn_values(thread_id, turn, update_id, message_id)
        await self._database.call(lambda execute: execute(_ADD_TURN, values) and None)

    async def _thread(self, thread_id: int) -> Thread:
        return thread_of((await self._database.rows(THREAD, (thread_id,)))[0])


def thread_of(row: tuple[Any, ...]) -> Thread:
    """A thread from a row of `THREAD`."""
    number, chat_id, topic_id, adapter, first, second, answers = row
    return Thread(number, Place(chat_id, topic_id), adapter, (first, second), answers)


def turn_of(row: tuple[Any, ...]) -> Turn:
    """A turn from a row of `TURNS`."""
    speaker, text, at = row
    return Turn(speaker, text, datetime.fromisoformat(at))


def _too_old(turns: int) -> int:
    """How many of a thread's turns no answer needs any more. In large steps: an engine keeps what it has read, as long
    as the thread begins where it did."""
    return max(0, turns // SERVED_TURNS - 1) * SERVED_TURNS


def _turn_values(thread_id: int, turn: Turn, update_id: int, message_id: int | None) -> tuple[Any, ...]:
    return thread_id, turn.speaker, turn.text, turn.at.isoformat(), message_id, update_id


def _put_last(execute: Any, thread_id: int, updates: tuple[int, ...]) -> None:
    """Move messages behind the answer to earlier ones that came in between, in their order; else nothing changes."""
    said = "SELECT min(id) FROM turns WHERE update_id = ? AND version IS NULL"
    answered = "SELECT max(id) FROM turns WHERE thread = ? AND version IS NOT NULL"
    found = [number for one in updates for (number,) in execute(said, (one,)) if number is not None]
    (last,) = execute(answered, (thread_id,)).fetchone()
    if last is None or min(found, default=last) >= last:
        return
    for update_id in updates:
        execute(
            "UPDATE turns SET id = (SELECT max(id) + 1 FROM turns) WHERE update_id = ? AND version IS NULL",
            (update_id,),
        )


def _count_attempt(execute: Any, update_id: int) -> bool:
    """Count one more attempt at a pending update, or set it aside; True if it may be tried."""
    row = execute(_COUNT_ATTEMPT, (MAX_ATTEMPTS, MAX_ATTEMPTS, update_id)).fetchone()
    if row == ("set aside",):
        log.error("update %s is set aside: %s attempts at it never ended", update_id, MAX_ATTEMPTS)
        # Its turn goes too: in the history it would harm the next answer as well.
        execute("DELETE FROM turns WHERE update_id = ? AND version IS NULL", (update_id,))
    return bool(row == ("pending",))

"""The store's threads: who talks with whom in a place, and what was said."""

from storage.facts import Place, Said, TakenBack, Thread
from storage.inbox import TURNS, InboxVerbs, turn_of
from storage.verbs import moment
from twin.transcript import Turn


class ThreadVerbs(InboxVerbs):
    async def current_thread(self, place: Place) -> Thread | None:
        """The thread that new messages in this place belong to."""
        rows = await self._database.read(
            "SELECT id, threads.chat_id, threads.topic_id, adapter, first_speaker, second_speaker, answers "
            "FROM chats JOIN threads ON threads.id = chats.thread WHERE chats.chat_id = ? AND chats.topic_id = ?",
            (place.chat_id, place.topic_id),
        )
        for number, _, _, adapter, first, second, answers in rows:
            return Thread(number, place, adapter, (first, second), answers)
        return None

    async def open_thread(self, place: Place, adapter: str, answers: str, writes: str) -> Thread:
        """Move a place to the thread of this pair, made if it is new, with `answers` as the twin's side."""
        first, second = sorted((answers, writes))
        async with self.transaction():
            await self._database.run(
                "INSERT INTO threads (chat_id, topic_id, adapter, first_speaker, second_speaker, answers, created) "
                "VALUES (?, ?, ?, ?, ?, ?, ?) ON CONFLICT (chat_id, topic_id, adapter, first_speaker, second_speaker) "
                "DO UPDATE SET answers = excluded.answers",
                (place.chat_id, place.topic_id, adapter, first, second, answers, moment()),
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

    async def turns(self, thread_id: int) -> tuple[Turn, ...]:
        """What was said in a thread, oldest first."""
        return tuple(turn_of(row) for row in await self._database.read(TURNS, (thread_id,)))

    async def turn_in(self, place: Place, message_id: int) -> tuple[int, int] | None:
        """The number of the turn that a person said in a message of this chat, and the thread it stands in."""
        rows = await self._database.read(
            "SELECT turns.id, thread FROM turns JOIN threads ON threads.id = thread "
            "WHERE message_id = ? AND version IS NULL AND chat_id = ?",
            (message_id, place.chat_id),
        )
        return (rows[0][0], rows[0][1]) if rows else None

    async def edit_turn(self, turn_id: int, text: str) -> bool:
        """Change what a person said; False if it says so already."""
        async with self.transaction():
            changed = await self._database.run(
                "UPDATE turns SET text = ? WHERE id = ? AND text <> ?", (text, turn_id, text)
            )
        return changed > 0

    async def message_before(self, thread_id: int, message_id: int) -> int | None:
        """Telegram's id of the message of a thread that stands last before the given one."""
        found: list[tuple[int | None]] = await self._database.read(
            "SELECT max(message_id) FROM turns WHERE thread = ? AND message_id < ?", (thread_id, message_id)
        )
        return found[0][0]

    async def answer_of(self, turn_id: int, chat_id: int) -> Said | None:
        """The answer with that number, if it was given in that chat and still stands."""
        async with self.transaction():
            row = await self._database.row(
                "SELECT thread, speaker, text, version FROM turns WHERE id = ? AND version IS NOT NULL", (turn_id,)
            )
            if row is None:
                return None
            said = Said(turn_id, await self._thread(row[0]), *row[1:])
        return said if said.thread.place.chat_id == chat_id else None

    async def take_back_answer(self, thread_id: int, turn_id: int) -> TakenBack | None:
        """Remove the answer that ends with this turn; None, and nothing changes, if anything was said since."""
        async with self.transaction():
            rows = await self._trailing(thread_id)
            if not rows or rows[0][0] != turn_id:
                return None
            update_id = rows[0][2]
            return await self._remove([row for row in rows if row[1] is not None and row[2] == update_id])

    async def undo(self, thread_id: int) -> TakenBack:
        """Remove the last answer and the messages before it, or the messages that wait for one."""
        async with self.transaction():
            rows = await self._trailing(thread_id)
            for _, version, update_id in rows:
                if version is None:
                    await self.mark_done(update_id)
            return await self._remove(rows)

    async def _trailing(self, thread_id: int) -> list[tuple[int, str | None, int]]:
        """The last answer's turns and those of people that it answered, newest first: (id, version, update)."""
        rows = await self._database.rows(
            "SELECT id, version, update_id FROM turns WHERE thread = ? ORDER BY id DESC", (thread_id,)
        )
        found: list[tuple[int, str | None, int]] = []
        asked = False
        for turn_id, version, update_id in rows:
            if version is not None and asked:
                break
            asked = asked or version is None
            found.append((turn_id, version, update_id))
        return found

    async def _remove(self, rows: list[tuple[int, str | None, int]]) -> TakenBack:
        messages: list[int] = []
        for turn_id, _, _ in rows:
            sent = await self._database.rows(
                "SELECT message_id FROM outbox WHERE turn = ? AND message_id IS NOT NULL", (turn_id,)
            )
            messages += [message_id for (message_id,) in sent]
            await self._database.run("DELETE FROM outbox WHERE turn = ? AND state = 'unsent'", (turn_id,))
            await self._database.run("DELETE FROM turns WHERE id = ?", (turn_id,))
        return TakenBack(len(rows), sum(version is not None for _, version, _ in rows), tuple(sorted(messages)))

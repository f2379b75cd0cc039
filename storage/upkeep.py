"""The store's upkeep: uploads, trainings, the schedule's memory, forgetting, cleaning and backups."""

import asyncio
from datetime import UTC, datetime, timedelta
from pathlib import Path

from storage.facts import Place, Training, Upload
from storage.verbs import Verbs, moment

_SEEN_DAYS = 7  # how long the numbers of handled updates are kept; Telegram repeats none after a day
# Every table that holds something of a chat, and whatever the rest refers to last.
_OF_A_CHAT = ("outbox", "feedback", "uploads", "chats", "preferences", "members", "threads")


class UpkeepVerbs(Verbs):
    async def add_upload(self, place: Place, user_id: int, path: str, dataset: str) -> Upload:
        async with self.transaction():
            number = await self._database.insert(
                "INSERT INTO uploads (chat_id, topic_id, user_id, path, dataset, created) VALUES (?, ?, ?, ?, ?, ?)",
                (place.chat_id, place.topic_id, user_id, path, dataset, moment()),
            )
        return Upload(number, place, user_id, path, dataset)

    async def upload(self, upload_id: int) -> Upload | None:
        rows = await self._database.read(
            "SELECT id, chat_id, topic_id, user_id, path, dataset FROM uploads WHERE id = ?", (upload_id,)
        )
        for number, chat_id, topic_id, user_id, path, dataset in rows:
            return Upload(number, Place(chat_id, topic_id), user_id, path, dataset)
        return None

    async def count_uploads(self) -> int:
        """How many exports wait to be decided about."""
        return int((await self._database.read("SELECT count(*) FROM uploads"))[0][0])

    async def drop_upload(self, upload_id: int) -> None:
        async with self.transaction():
            await self._database.run("DELETE FROM uploads WHERE id = ?", (upload_id,))

    async def add_training(self, place: Place, adapter: str, language: str) -> Training:
        async with self.transaction():
            number = await self._database.insert(
                "INSERT INTO trainings (chat_id, topic_id, adapter, language, started) VALUES (?, ?, ?, ?, ?)",
                (place.chat_id, place.topic_id, adapter, language, moment()),
            )
        return Training(number, place, adapter, language, None)

    async def running_trainings(self) -> list[Training]:
        rows = await self._database.read(
            "SELECT id, chat_id, topic_id, adapter, language, message_id FROM trainings WHERE running ORDER BY id"
        )
        return [
            Training(number, Place(chat_id, topic_id), adapter, language, message_id)
            for number, chat_id, topic_id, adapter, language, message_id in rows
        ]

    async def set_board(self, training_id: int, message_id: int) -> None:
        """Note in which message a training's progress is shown."""
        async with self.transaction():
            await self._database.run("UPDATE trainings SET message_id = ? WHERE id = ?", (message_id, training_id))

    async def end_training(self, training_id: int) -> None:
        async with self.transaction():
            await self._database.run("UPDATE trainings SET running = 0 WHERE id = ?", (training_id,))

    async def last_run(self, name: str) -> datetime | None:
        """When a job of the schedule ran last."""
        rows = await self._database.read("SELECT at FROM runs WHERE name = ?", (name,))
        return datetime.fromisoformat(rows[0][0]) if rows else None

    async def note_run(self, name: str) -> None:
        async with self.transaction():
            await self._database.run(
                "INSERT INTO runs VALUES (?, ?) ON CONFLICT (name) DO UPDATE SET at = excluded.at", (name, moment())
            )

    async def forget(self, chat_id: int, until: int) -> list[str]:
        """Delete everything of a chat and all its topics; returns the paths of its uploads, which are the caller's.

        A running training goes on; who may write stays, without a name.

        Args:
            until: the update that asks for it; what has come after it, and is not begun, stays to be handled.
        """
        async with self.transaction():
            uploads = await self._database.rows("SELECT path FROM uploads WHERE chat_id = ?", (chat_id,))
            await self._database.run(
                "DELETE FROM turns WHERE thread IN (SELECT id FROM threads WHERE chat_id = ?)", (chat_id,)
            )
            await self._database.run(
                "DELETE FROM inbox WHERE chat_id = ? AND (update_id <= ? OR thread IS NOT NULL OR state <> 'pending')",
                (chat_id, until),
            )
            for table in _OF_A_CHAT:
                await self._database.run(f"DELETE FROM {table} WHERE chat_id = ?", (chat_id,))  # noqa: S608
            await self._database.run("UPDATE people SET name = '' WHERE id = ?", (chat_id,))
        await self._database.checkpoint()
        return [path for (path,) in uploads]

    async def empty_log(self) -> None:
        """Empty the write-ahead log, if another program that was reading has kept `forget` or `clean` from it."""
        if self._database.log_remains:
            await self._database.checkpoint()

    async def clean(self, retention: timedelta | None) -> list[str]:
        """Delete what is older than it may be; returns the paths of uploads that nobody decided about for a day.

        Args:
            retention: how long turns and opinions are kept; None: for ever.
        """
        day_ago = (datetime.now(UTC) - timedelta(days=1)).isoformat()
        seen = (datetime.now(UTC) - timedelta(days=_SEEN_DAYS)).isoformat()
        async with self.transaction():
            await self._database.run("DELETE FROM inbox WHERE state <> 'pending' AND received < ?", (seen,))
            if retention is not None:
                oldest = (datetime.now() - retention).isoformat()  # turns have local time
                await self._database.run("DELETE FROM turns WHERE at < ?", (oldest,))
                await self._database.run(
                    "DELETE FROM feedback WHERE at < ?", ((datetime.now(UTC) - retention).isoformat(),)
                )
            await self._database.run(
                "DELETE FROM outbox WHERE state <> 'unsent' AND created < ? AND turn IS NULL", (seen,)
            )
            uploads = await self._database.rows("SELECT path FROM uploads WHERE created < ?", (day_ago,))
            await self._database.run("DELETE FROM uploads WHERE created < ?", (day_ago,))
        await self._database.checkpoint()
        return [path for (path,) in uploads]

    async def backup(self, file: Path) -> None:
        """Write a copy of the database, encrypted with the same key.

        Raises:
            TwinError: it cannot be written.
        """
        beside = file.with_name(f".{file.name}")
        try:
            await self._database.copy(beside)
            await asyncio.to_thread(beside.replace, file)
        except BaseException:
            beside.unlink(missing_ok=True)
            raise

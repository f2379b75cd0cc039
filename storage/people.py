"""The store's people: roles, preferences of places, members of groups, and what was thought of answers."""

import json
from collections.abc import Collection
from datetime import datetime
from itertools import count

from storage.facts import Feedback, Person, Place, Preferences, Said
from storage.verbs import Verbs, moment

CONTEXT_TURNS = 20  # before an answer that was judged
_SET_MEMBER = (
    "INSERT INTO members VALUES (?, ?, ?) ON CONFLICT (chat_id, user_id) DO UPDATE SET speaker = excluded.speaker"
)


class PeopleVerbs(Verbs):
    async def people(self) -> list[Person]:
        """Everyone who has a role, or asked for one."""
        return [Person(*row) for row in await self._database.read("SELECT id, role, name FROM people ORDER BY since")]

    async def set_role(self, person: Person) -> None:
        async with self.transaction():
            await self._database.run(
                "INSERT INTO people (id, role, name, since) VALUES (?, ?, ?, ?) "
                "ON CONFLICT (id) DO UPDATE SET role = excluded.role, name = excluded.name",
                (person.id, person.role, person.name, moment()),
            )

    async def preferences(self, place: Place) -> Preferences:
        rows = await self._database.read(
            "SELECT language, mode, temperature FROM preferences WHERE chat_id = ? AND topic_id = ?",
            (place.chat_id, place.topic_id),
        )
        return Preferences(*rows[0]) if rows else Preferences()

    async def prefer(self, place: Place, chosen: Preferences) -> None:
        async with self.transaction():
            await self._database.run(
                "INSERT INTO preferences (chat_id, topic_id, language, mode, temperature) VALUES (?, ?, ?, ?, ?) "
                "ON CONFLICT (chat_id, topic_id) DO UPDATE SET language = excluded.language, mode = excluded.mode, "
                "temperature = excluded.temperature",
                (place.chat_id, place.topic_id, chosen.language, chosen.mode, chosen.temperature),
            )

    async def member(self, chat_id: int, user_id: int, name: str, taken: Collection[str]) -> str:
        """As whom a member of a group speaks: from the first time on under `name`, with a number if it is taken.

        Whoever chose a name that is `taken` now, because the twin answers under it, goes on under their own.
        """
        async with self.transaction():
            rows = await self._database.rows("SELECT user_id, speaker FROM members WHERE chat_id = ?", (chat_id,))
            known = dict(rows)
            mine = known.pop(user_id, None)
            if mine is not None and mine not in taken:
                return str(mine)
            not_free = {*taken, *known.values()}
            speaker = (
                name if name not in not_free else next(f"{name} {n}" for n in count(2) if f"{name} {n}" not in not_free)
            )
            await self._database.run(_SET_MEMBER, (chat_id, user_id, speaker))
        return speaker

    async def rename_member(self, chat_id: int, user_id: int, speaker: str) -> bool:
        """Let a member of a group speak as `speaker`; False if another one does."""
        async with self.transaction():
            taken = await self._database.row(
                "SELECT 1 FROM members WHERE chat_id = ? AND speaker = ? AND user_id <> ?", (chat_id, speaker, user_id)
            )
            if taken:
                return False
            await self._database.run(_SET_MEMBER, (chat_id, user_id, speaker))
        return True

    async def rate(self, said: Said, user_id: int, rating: int) -> None:
        """Keep what someone thinks of an answer, with the turns before it; a later opinion replaces an earlier one."""
        async with self.transaction():
            context = await self._database.rows(
                "SELECT speaker, text FROM (SELECT id, speaker, text FROM turns WHERE thread = ? AND id < ? "
                "ORDER BY id DESC LIMIT ?) ORDER BY id",
                (said.thread.id, said.turn, CONTEXT_TURNS),
            )
            await self._database.run(
                "INSERT INTO feedback VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?) "
                "ON CONFLICT (turn, user_id) DO UPDATE SET rating = excluded.rating",
                (
                    said.thread.place.chat_id,
                    user_id,
                    said.turn,
                    said.thread.adapter,
                    said.version,
                    rating,
                    json.dumps(context, ensure_ascii=False),
                    said.speaker,
                    said.text,
                    moment(),
                ),
            )

    async def feedback(self) -> list[Feedback]:
        """Everything that was thought of answers, oldest first."""
        rows = await self._database.read(
            "SELECT adapter, version, rating, context, speaker, answer, at FROM feedback ORDER BY at"
        )
        return [
            Feedback(
                adapter,
                version,
                rating,
                tuple((name, text) for name, text in json.loads(context)),
                speaker,
                answer,
                datetime.fromisoformat(at),
            )
            for adapter, version, rating, context, speaker, answer, at in rows
        ]

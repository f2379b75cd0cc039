"""Who may write with the bot, who runs it, and the one-time code by which the first admin claims it."""

import secrets
import time
from collections import Counter
from collections.abc import Callable
from dataclasses import replace

from storage.store import Person, Store
from twin.settings import Settings

CODE_SECONDS = 3600.0  # how long a claim code is good
_TRIES_EACH, _TRIES = 5, 50  # wrong codes of one person, and of all together
_MOST_OPEN = 20  # requests to be let in that admins have not decided; more are refused without asking
_ALPHABET = "ABCDEFGHJKLMNPQRSTUVWXYZ23456789"


class Claim:
    """A code that makes whoever sends it the first admin: once, for a while, and not by guessing."""

    def __init__(self, now: Callable[[], float] = time.monotonic) -> None:
        self.code = "-".join("".join(secrets.choice(_ALPHABET) for _ in range(4)) for _ in range(2))
        self._now = now
        self._until = now() + CODE_SECONDS
        self._wrong: Counter[int] = Counter()

    def accepts(self, user_id: int, code: str) -> bool:
        """Whether this is the code and still good; wrong ones are counted."""
        closed = self._wrong[user_id] >= _TRIES_EACH or self._wrong.total() >= _TRIES
        if closed or self._now() > self._until:
            return False
        if secrets.compare_digest(code.strip().upper().encode(), self.code.encode()):
            self._until = float("-inf")
            return True
        self._wrong[user_id] += 1
        return False


class Access:
    """Roles from the settings and from the store, the latter kept in memory."""

    def __init__(self, settings: Settings, store: Store) -> None:
        self._settings = settings
        self._store = store
        self._people: dict[int, Person] = {}
        self.claim: Claim | None = None  # there is one as long as there is no admin

    async def load(self) -> None:
        """Read the roles; make a claim code if nobody is admin."""
        self._people = {person.id: person for person in await self._store.people()}
        self.claim = None if self.admins else Claim()

    @property
    def admins(self) -> list[int]:
        stored = {person.id for person in self._people.values() if person.role == "admin"}
        return sorted(self._settings.admin_ids | stored)

    def is_admin(self, user_id: int) -> bool:
        return user_id in self._settings.admin_ids or self.role(user_id) == "admin"

    def may_talk(self, user_id: int, chat_id: int) -> bool:
        """Whether someone may write with the bot in a chat; in a group that was let in, everyone may."""
        settings = self._settings
        return (
            settings.allow_everyone
            or user_id in settings.allowed_ids | settings.admin_ids
            or self.role(user_id) in {"admin", "allowed"}
            or (chat_id < 0 and (chat_id in settings.allowed_ids or self.role(chat_id) == "allowed"))
        )

    def role(self, person_id: int) -> str | None:
        person = self._people.get(person_id)
        return person.role if person else None

    async def ask(self, person_id: int, name: str) -> bool:
        """Note that someone would like to be let in; True if the admins are to be asked now."""
        waiting = sum(person.role == "asked" for person in self._people.values())
        if self.role(person_id) is not None or waiting >= _MOST_OPEN or not self.admins:
            return False
        await self.give(person_id, "asked", name)
        return True

    def forget(self, person_id: int) -> None:
        """Let go of a name; the role stays. The store forgets it too."""
        if known := self._people.get(person_id):
            self._people[person_id] = replace(known, name="")

    async def give(self, person_id: int, role: str, name: str | None = None) -> Person:
        """Give someone a role."""
        known = self._people.get(person_id)
        person = Person(person_id, role, name if name is not None else known.name if known else "")
        await self._store.set_role(person)
        self._people[person_id] = person
        if role == "admin":
            self.claim = None
        return person

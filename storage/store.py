"""The store: what was said, to whom and when, and which messages still have to be handled or sent.

Every SQL statement of the project is in this package. The store keeps facts, never rendered prompts. Verbs are
transactions of their own; `async with store.transaction():` makes several of them one.
"""

from pathlib import Path

from storage.database import StoreError, open_database
from storage.facts import (
    Bubble,
    Buttons,
    Feedback,
    Outgoing,
    Person,
    Place,
    Preferences,
    Said,
    Taken,
    TakenBack,
    Thread,
    Training,
    Upload,
    Waiting,
)
from storage.inbox import MAX_ATTEMPTS
from storage.outbox import OutboxVerbs
from storage.people import PeopleVerbs
from storage.upkeep import UpkeepVerbs

__all__ = [
    "MAX_ATTEMPTS",
    "Bubble",
    "Buttons",
    "Feedback",
    "Outgoing",
    "Person",
    "Place",
    "Preferences",
    "Said",
    "Store",
    "StoreError",
    "Taken",
    "TakenBack",
    "Thread",
    "Training",
    "Upload",
    "Waiting",
]


class Store(OutboxVerbs, PeopleVerbs, UpkeepVerbs):
    """See `Store.open`."""

    @classmethod
    async def open(cls, database: Path, key_file: Path) -> "Store":
        """Open the encrypted database; both files and their folders are made at first use.

        Raises:
            TwinError: the key is missing or wrong, the file is damaged, or newer than this program.
        """
        return cls(await open_database(database, key_file))

    async def close(self) -> None:
        await self._database.close()

"""What the parts of the store share: their database, and the moment as it is written down."""

from contextlib import AbstractAsyncContextManager
from datetime import UTC, datetime

from storage.database import Database


class Verbs:
    """A part of the store. All verbs raise StoreError if the database fails (disk full, locked, damaged)."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def transaction(self) -> AbstractAsyncContextManager[None]:
        """All verbs in the block happen, or none of them. Do nothing slow in it: everyone else waits."""
        return self._database.transaction()


def moment() -> str:
    """Now, as the columns that are not of turns have it."""
    return datetime.now(UTC).isoformat(timespec="milliseconds")

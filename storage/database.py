"""One encrypted SQLite database behind asyncio: opening with every check, migrations, and transactions."""

import asyncio
import logging
import sqlite3
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any, TypeVar, cast

import aiosqlite
from sqlcipher3 import dbapi2

from storage.key import key_for
from storage.migrations import MIGRATIONS
from twin.errors import TwinError
from twin.files import private_folder

T = TypeVar("T")
_BUSY_SECONDS = 2.0  # that a statement waits for another program; stopping must not wait for longer
PAGE_SIZE = 4096
_SETTINGS = (
    "PRAGMA journal_mode = WAL",
    # Survives a kill of the process. A loss of power may forget the commits since the last durable one (see `call`);
    # an update whose answer is forgotten so is answered again. FULL for all costs half as much time again.
    "PRAGMA synchronous = NORMAL",
    "PRAGMA foreign_keys = ON",
    "PRAGMA secure_delete = ON",
    "PRAGMA temp_store = MEMORY",  # temporary files would not be encrypted
)


class StoreError(TwinError):
    """The database failed: the disk is full, the file is locked or damaged. What was to be written is not."""


class Database:
    """A connection whose statements run in transactions, one at a time. Made by `open_database`."""

    def __init__(self, path: Path, connection: aiosqlite.Connection) -> None:
        self.path = path
        self._connection = connection
        self._lock = asyncio.Lock()
        self._owner: asyncio.Task[Any] | None = None
        self.log_remains = False  # the last checkpoint could not empty the write-ahead log

    @asynccontextmanager
    async def transaction(self) -> AsyncIterator[None]:
        """All or nothing. Inside another transaction of the same task it is part of that one.

        Raises:
            StoreError: the disk is full, the file is damaged, or the like.
        """
        if self._owner is asyncio.current_task():
            yield
            return
        async with self._lock:
            self._owner = asyncio.current_task()
            try:
                await self.run("BEGIN IMMEDIATE")
                yield
                await self.run("COMMIT")
            except BaseException:
                # Statements run in the order in which they were handed over, so this undoes what a cancelled
                # caller no longer waits for, and does nothing after a commit.
                await self._connection.rollback()
                raise
            finally:
                self._owner = None

    async def call(self, work: Callable[[Any], T], *, durable: bool = False) -> T:
        """A transaction in one go: `work(execute)` runs on the database's thread, where waking it for each statement
        would cost more than the statements do. Inside a transaction of the same task it is part of that one.

        Args:
            work: gets a function that executes a statement and returns its cursor.
            durable: the commit, and every one before it, is on the disk itself when this returns.
        """
        if self._owner is asyncio.current_task():
            return await self._on_thread(lambda connection: work(connection.execute))
        async with self._lock:
            return await self._on_thread(lambda connection: _transacted(connection, work, durable=durable))

    async def _on_thread(self, work: Callable[[Any], T]) -> T:
        with _clear_errors(self.path):
            connection: Any = self._connection
            # aiosqlite has no public way to run a function on its thread.
            return cast("T", await connection._execute(lambda: work(connection._conn)))

    async def run(self, sql: str, values: Sequence[Any] = ()) -> int:
        """Execute a statement; returns how many rows it changed."""
        with _clear_errors(self.path):
            cursor = await self._connection.execute(sql, values)
            return cursor.rowcount

    async def insert(self, sql: str, values: Sequence[Any] = ()) -> int:
        """Execute an INSERT; returns the id of the new row."""
        with _clear_errors(self.path):
            row = await self._connection.execute_insert(sql, values)
            return int(cast("tuple[int]", row)[0])

    async def rows(self, sql: str, values: Sequence[Any] = ()) -> list[tuple[Any, ...]]:
        """Every row of a query."""
        with _clear_errors(self.path):
            return cast("list[tuple[Any, ...]]", await self._connection.execute_fetchall(sql, values))

    async def read(self, sql: str, values: Sequence[Any] = ()) -> list[tuple[Any, ...]]:
        """Every row of a single query; in no transaction but the caller's, and never in the middle of another's."""
        if self._owner is asyncio.current_task():
            return await self.rows(sql, values)
        async with self._lock:
            return await self.rows(sql, values)

    async def checkpoint(self) -> None:
        """Move the write-ahead log into the database and empty it: what was deleted is in neither any more.

        While another program reads, the log remains, and so does the need to do it again.
        """
        async with self._lock:
            ((busy, *_),) = await self.rows("PRAGMA wal_checkpoint(TRUNCATE)")
            self.log_remains = bool(busy)

    async def copy(self, file: Path) -> None:
        """Write a copy with the same key, readable by its owner alone.

        Raises:
            TwinError: it cannot be written.
        """
        await asyncio.to_thread(_empty_private_file, file)
        async with self._lock:
            await self.rows("VACUUM INTO ?", (str(file),))

    async def row(self, sql: str, values: Sequence[Any] = ()) -> tuple[Any, ...] | None:
        """The first row of a query."""
        found = await self.rows(sql, values)
        return found[0] if found else None

    async def close(self) -> None:
        """Wait for the transaction that runs, then close."""
        async with self._lock:
            await self._connection.close()


def _transacted(connection: Any, work: Callable[[Any], T], *, durable: bool) -> T:
    if durable:
        connection.execute("PRAGMA synchronous = FULL")
    try:
        connection.execute("BEGIN IMMEDIATE")
        result = work(connection.execute)
        connection.execute("COMMIT")
    except BaseException:
        connection.rollback()
        raise
    finally:
        if durable:
            connection.execute("PRAGMA synchronous = NORMAL")
    return result


class _clear_errors:
    """Turns errors of the database, but not errors in our SQL, into one clear line."""

    def __init__(self, path: Path) -> None:
        self._path = path

    def __enter__(self) -> None:
        pass

    def __exit__(self, _kind: object, error: BaseException | None, _trace: object) -> None:
        if isinstance(error, dbapi2.DatabaseError) and not isinstance(
            error, (dbapi2.IntegrityError, dbapi2.ProgrammingError)
        ):
            raise StoreError(f"the database {self._path} failed: {error}") from None


async def open_database(path: Path, key_file: Path) -> Database:
    """Open the database, make it and its key if there is none, and bring its schema up to date.

    Raises:
        TwinError: the key is missing or wrong, the file is damaged, locked, or newer than this program.
    """
    await asyncio.to_thread(_prepare, path, key_file)
    async with _opened(path, key_file) as connection:
        for setting in _SETTINGS:
            await connection.execute_fetchall(setting)
        database = Database(path, connection)
        await _migrate(database)
    return database


async def check_database(path: Path, key_file: Path) -> None:
    """Look at every page of a database that is there; its schema and its data stay as they are.

    What the write-ahead log holds moves into the file, for only there pages can be looked at; a database that is still
    empty gets its key.

    Raises:
        TwinError: the key is missing or wrong, the file is damaged, locked, or newer than this program.
    """
    async with _opened(path, key_file) as connection:
        await _version(Database(path, connection))
        await connection.close()


@asynccontextmanager
async def _opened(path: Path, key_file: Path) -> AsyncIterator[aiosqlite.Connection]:
    """A connection whose key fits and whose pages are whole; closed only if the block fails."""
    logging.getLogger("aiosqlite").setLevel(logging.WARNING)  # at DEBUG it logs every value
    key = await asyncio.to_thread(key_for, path, key_file)

    def connect() -> sqlite3.Connection:
        connection = dbapi2.connect(path, timeout=_BUSY_SECONDS, isolation_level=None, check_same_thread=False)
        connection.execute("PRAGMA cipher_log_level = NONE")  # it would write to stderr
        connection.execute(f"PRAGMA key = \"x'{key}'\"")
        return cast(sqlite3.Connection, connection)

    connection = aiosqlite.Connection(connect, iter_chunk_size=64)
    try:
        await connection
        await _check(connection, path, key_file)
        yield connection
    except dbapi2.DatabaseError as error:
        await connection.close()
        raise TwinError(f"cannot open the database {path}: {error}") from None
    except BaseException:
        await connection.close()
        raise


def _empty_private_file(file: Path) -> None:
    try:
        file.unlink(missing_ok=True)
        file.touch(mode=0o600)
    except OSError as error:
        raise TwinError(f"cannot write a backup to {file.parent}: {error.strerror}") from None


def _prepare(path: Path, key_file: Path) -> None:
    """Make what is missing of key, folder and file, in this order."""
    private_folder(path.parent)
    key_for(path, key_file)
    try:
        path.touch(mode=0o600)  # SQLite gives its other files the same mode
    except OSError as error:
        raise TwinError(f"cannot write the database {path}: {error.strerror}; mend its permissions") from None


async def _check(connection: aiosqlite.Connection, path: Path, key_file: Path) -> None:
    """That the key fits, and that every page is what was written."""
    try:
        await connection.execute_fetchall("SELECT count(*) FROM sqlite_master")
        # A crash may have torn a page that the write-ahead log still holds whole: that is no damage.
        await connection.execute_fetchall("PRAGMA wal_checkpoint(PASSIVE)")
        fits = True
    except dbapi2.OperationalError:
        raise
    except dbapi2.DatabaseError:
        fits = False
    broken = list(await connection.execute_fetchall("PRAGMA cipher_integrity_check"))
    size = (await asyncio.to_thread(path.stat)).st_size
    if not fits and len(broken) >= size // PAGE_SIZE:
        raise TwinError(
            f"the key {key_file} does not open the database {path}: put the right key back, or move the database "
            "away to begin anew"
        )
    if broken or not fits:
        raise TwinError(f"the database {path} is damaged: twin doctor says how to restore it")


async def _migrate(database: Database) -> None:
    """Take the steps that are missing, each in a transaction of its own."""
    async with database.transaction():
        version = await _version(database)
    for number, statements in enumerate(MIGRATIONS[version:], start=version + 1):
        async with database.transaction():
            if await _version(database) >= number:
                continue  # another process has just taken this step
            for statement in statements:
                await database.run(statement)
            await database.run(f"PRAGMA user_version = {number}")


async def _version(database: Database) -> int:
    """How many steps a database has taken. Raises TwinError for one that has taken more than there are."""
    row = await database.row("PRAGMA user_version")
    version = int(row[0]) if row else 0
    if version > len(MIGRATIONS):
        raise TwinError(
            f"the database {database.path} was written by a newer Twin (schema {version}, this one knows "
            f"{len(MIGRATIONS)}): update Twin"
        )
    return version

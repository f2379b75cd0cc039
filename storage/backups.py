"""Backups of the database: made while it is in use, and put back in its place. Everything here blocks."""

import asyncio
import fcntl
import os
import shutil
from datetime import UTC, datetime
from pathlib import Path

from storage.database import PAGE_SIZE, check_database
from storage.store import Store
from twin.errors import TwinError
from twin.files import private_folder, sync

_LOG = ("-wal", "-shm")  # what SQLite keeps beside a database
_SHARED = (510, 0x40000002)  # length and start of the bytes that SQLite locks in a file that is open (its os_unix.c)


def backup_path(data_dir: Path) -> Path:
    """Where a backup that is made now goes."""
    return private_folder(data_dir / "backups") / f"twin-{datetime.now(UTC):%Y%m%dT%H%M%S}.db"


def backups(data_dir: Path) -> list[Path]:
    """The backups that are there, oldest first."""
    return sorted((data_dir / "backups").glob("twin-*.db"))


def broken_off(data_dir: Path) -> list[Path]:
    """Copies that are not whole: in the making, or left by a process that was killed meanwhile."""
    return list((data_dir / "backups").glob(".twin-*.db*"))


def back_up(database: Path, key_file: Path, file: Path) -> None:
    """Copy a database that may be in use, encrypted with the same key.

    Raises:
        TwinError: there is none, it cannot be opened, or the copy cannot be written.
    """
    if not database.is_file():
        raise TwinError(f"there is no database {database}: nothing to back up (DATA_DIR says where it is)")
    asyncio.run(_copy(database, key_file, file))


async def _copy(database: Path, key_file: Path, file: Path) -> None:
    store = await Store.open(database, key_file)
    try:
        await store.backup(file)
    finally:
        await store.close()


def restore(database: Path, key_file: Path, file: Path) -> Path | None:
    """Put a backup in the place of the database; returns where that lies now, if there was one.

    The backup is checked first, page by page, and stays where it is; the old database is moved aside, never deleted.

    Raises:
        TwinError: the backup cannot be used, the bot still runs, or the disk does not take it.
    """
    if not file.is_file():
        raise TwinError(f"there is no backup {file}")
    if database.exists() and _in_use(database):
        raise TwinError(f"the database {database} is in use: stop the bot first")
    private_folder(database.parent)
    beside = database.with_name(f".{database.name}.restored")
    try:
        _remove(beside)
        beside.touch(mode=0o600)
        shutil.copyfile(file, beside)
        if not file.stat().st_size or file.stat().st_size % PAGE_SIZE:
            raise TwinError(f"{file} is no backup, or not a whole one: name another that twin backup has made")
        asyncio.run(check_database(beside, key_file))
        aside = _move_aside(database)
        beside.replace(database)
        sync(database)
        sync(database.parent)
    except OSError as error:
        raise TwinError(f"cannot put the backup {file} in place: {error.strerror}") from None
    except TwinError as error:
        raise TwinError(str(error).replace(str(beside), str(file))) from None
    finally:
        _remove(beside)
    return aside


def _move_aside(database: Path) -> Path | None:
    """Rename the database, and with it its log, in which its last commits may stand."""
    if not database.exists():
        return None
    aside = database.with_name(f"{database.name}.replaced-{datetime.now(UTC):%Y%m%dT%H%M%S}")
    for ending in ("", *_LOG):
        old = database.with_name(database.name + ending)
        if old.exists():
            old.replace(aside.with_name(aside.name + ending))
    return aside


def _remove(path: Path) -> None:
    for ending in ("", *_LOG):
        path.with_name(path.name + ending).unlink(missing_ok=True)


def _in_use(database: Path) -> bool:
    """Whether another process has it open. SQLite itself cannot be asked: the file may be damaged."""
    handle = os.open(database, os.O_RDWR)
    try:
        fcntl.lockf(handle, fcntl.LOCK_EX | fcntl.LOCK_NB, *_SHARED)
    except BlockingIOError:
        return True
    finally:
        os.close(handle)
    return False

"""`twin doctor`: what is wrong with a deployment, and what to do about it. It mends nothing and changes
no data: at most, what the write-ahead log holds moves into the database, and one that is still empty gets its key."""

import asyncio
import shutil
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from storage.backups import backups
from storage.database import check_database
from twin.adapter import AdapterFolder
from twin.errors import TwinError
from twin.settings import Settings

_ENV = Path(".env")
_LEAST_FREE = 2**30  # bytes


@dataclass(frozen=True, slots=True)
class Finding:
    """What was looked at, whether it is well, and in a line what was seen or what to do."""

    what: str
    well: bool
    told: str


def examine(settings: Settings) -> list[Finding]:
    """Look at everything that the bot needs."""
    return [
        _token(settings),
        _key(settings),
        _database(settings),
        _backups(settings),
        _disk(settings.data_dir),
        *_adapters(AdapterFolder(settings.adapters)),
    ]


def _token(settings: Settings) -> Finding:
    try:
        settings.token()
    except TwinError as error:
        return Finding("token", False, str(error))
    if _ENV.is_file() and _ENV.stat().st_mode & 0o077:
        return Finding("token", False, f"others may read {_ENV}, where it may stand: chmod 600 {_ENV}")
    return Finding("token", True, "is set")


def _key(settings: Settings) -> Finding:
    file = settings.key_file
    if not file.exists():
        new = not settings.database.exists()
        return Finding("key", new, f"{file} is not there{': the bot makes it with the database' if new else ''}")
    if file.stat().st_mode & 0o077:
        return Finding("key", False, f"others may read {file}: chmod 600 {file}")
    if file.resolve().is_relative_to(settings.data_dir.resolve()):
        return Finding("key", False, f"{file} lies with the data that it protects: move it, and set KEY_FILE")
    return Finding("key", True, f"{file}: keep a copy elsewhere, without it neither database nor backups can be read")


def _database(settings: Settings) -> Finding:
    if not settings.database.exists():
        return Finding("database", True, f"{settings.database} is not there yet: the bot makes it")
    try:
        asyncio.run(check_database(settings.database, settings.key_file))
    except TwinError as error:
        return Finding("database", False, f"{error}. {_how_to_restore(settings)}")
    return Finding("database", True, f"{settings.database}: every page is whole")


def _how_to_restore(settings: Settings) -> str:
    """From the newest backup, if there is any."""
    known = backups(settings.data_dir)
    if not known:
        return f"There is no backup in {settings.data_dir / 'backups'}"
    return f"The newest backup is of {_made(known[-1]):%Y-%m-%d %H:%M}: stop the bot, then twin restore {known[-1]}"


def _backups(settings: Settings) -> Finding:
    known = backups(settings.data_dir)
    if known:
        return Finding("backups", True, f"{len(known)}, the newest of {_made(known[-1]):%Y-%m-%d %H:%M}")
    if settings.backup_cron:
        return Finding("backups", True, "none yet: BACKUP_CRON makes one at its time, twin backup makes one now")
    well = not settings.database.exists()
    return Finding("backups", well, "there is none: twin backup, or set BACKUP_CRON for one a day")


def _made(backup: Path) -> datetime:
    """When a backup was made, local time."""
    return datetime.fromtimestamp(backup.stat().st_mtime, UTC).astimezone()


def _disk(folder: Path) -> Finding:
    there = next(path for path in (folder.absolute(), *folder.absolute().parents) if path.exists())
    free = shutil.disk_usage(there).free
    told = f"{free / 2**30:.1f} GiB are free for {folder}"
    return Finding("disk", free >= _LEAST_FREE, told if free >= _LEAST_FREE else f"{told}: make room")


def _adapters(adapters: AdapterFolder) -> Iterator[Finding]:
    names = adapters.names()
    if not names:
        yield Finding("adapters", True, f"none in {adapters.root} yet: twin train makes one")
    for name in names:
        try:
            adapter = adapters.load(name)
        except TwinError as error:
            yield Finding(f"adapter {name}", False, f"{error}: twin adapters rollback {name}, or train it anew")
        else:
            yield Finding(f"adapter {name}", True, f"{adapter.version} serves")

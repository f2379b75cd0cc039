"""Opening the database: the key, private files, damage, migrations."""

import os
import sqlite3
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from sqlcipher3 import dbapi2

from storage import database as database_module
from storage.migrations import MIGRATIONS
from storage.store import Place, Store
from twin.errors import TwinError

PLACE = Place(7)


def raw(path: Path, key_file: Path) -> Any:
    """The encrypted database as any other program with the key would open it."""
    connection = dbapi2.connect(str(path), isolation_level=None)
    connection.execute(f"PRAGMA key = \"x'{key_file.read_text().strip()}'\"")
    return connection


@pytest.fixture
def paths(tmp_path: Path) -> tuple[Path, Path]:
    return tmp_path / "data" / "twin.db", tmp_path / "keys" / "database.key"


async def fill(paths: tuple[Path, Path], text: str = "hello") -> None:
    store = await Store.open(*paths)
    for number in range(50):
        await store.take_in(number, PLACE.chat_id, text * 100)
    await store.close()


def mode(path: Path) -> int:
    return path.stat().st_mode & 0o777


async def test_files_are_private_and_unreadable_without_the_key(paths: tuple[Path, Path]) -> None:
    previous = os.umask(0)
    try:
        store = await Store.open(*paths)
        await store.take_in(1, PLACE.chat_id, "a secret that nobody may read")
        beside = sorted(paths[0].parent.iterdir())
        assert len(beside) == 3  # the database, its log, its index
        assert {mode(path) for path in [*beside, paths[1]]} == {0o600}
        assert {mode(path.parent) for path in paths} == {0o700}
        assert not any(b"a secret" in path.read_bytes() for path in beside)
        await store.close()
    finally:
        os.umask(previous)
    with pytest.raises(sqlite3.DatabaseError):
        sqlite3.connect(paths[0]).execute("SELECT * FROM inbox")


async def test_key_stands_before_the_database_does(paths: tuple[Path, Path], monkeypatch: pytest.MonkeyPatch) -> None:
    async def no_further(*_: object) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr(database_module, "_check", no_further)
    with pytest.raises(KeyboardInterrupt):
        await Store.open(*paths)
    assert len(bytes.fromhex(paths[1].read_text())) == 32
    monkeypatch.undo()
    await (await Store.open(*paths)).close()
    assert [path.name for path in paths[1].parent.iterdir()] == [paths[1].name]


async def test_missing_key_beside_a_database(paths: tuple[Path, Path]) -> None:
    await fill(paths)
    paths[1].unlink()
    with pytest.raises(TwinError, match=rf"its key {paths[1]} is not") as caught:
        await Store.open(*paths)
    assert "\n" not in str(caught.value)
    assert not paths[1].exists()


@pytest.mark.parametrize("content", [b"", b"12345", b"\xff\xfe\x00", b"g" * 64])
async def test_file_that_holds_no_key(paths: tuple[Path, Path], content: bytes) -> None:
    paths[1].parent.mkdir()
    paths[1].write_bytes(content)
    with pytest.raises(TwinError, match=str(paths[1])):
        await Store.open(*paths)


async def test_wrong_key(paths: tuple[Path, Path], capfd: pytest.CaptureFixture[str]) -> None:
    await fill(paths)
    paths[1].write_text("ab" * 32)
    with pytest.raises(TwinError, match=rf"{paths[1]} does not open the database {paths[0]}"):
        await Store.open(*paths)
    assert capfd.readouterr() == ("", "")


async def test_database_that_is_not_ours(paths: tuple[Path, Path]) -> None:
    paths[0].parent.mkdir()
    other = sqlite3.connect(paths[0])
    other.execute("CREATE TABLE notes (text)")
    other.close()
    paths[1].parent.mkdir()
    paths[1].write_text("ab" * 32)
    with pytest.raises(TwinError, match="does not open the database"):
        await Store.open(*paths)


@pytest.mark.parametrize("page", [0, 1, 20])
async def test_damaged_page(paths: tuple[Path, Path], page: int, capfd: pytest.CaptureFixture[str]) -> None:
    await fill(paths)
    content = bytearray(paths[0].read_bytes())
    content[page * 4096 + 2000] ^= 1
    paths[0].write_bytes(content)
    with pytest.raises(TwinError, match=rf"{paths[0]} is damaged: twin doctor says how to restore it"):
        await Store.open(*paths)
    assert capfd.readouterr() == ("", "")


async def test_file_cut_short(paths: tuple[Path, Path]) -> None:
    await fill(paths)
    os.truncate(paths[0], paths[0].stat().st_size - 5000)
    with pytest.raises(TwinError, match="is damaged"):
        await Store.open(*paths)


async def test_page_torn_by_a_crash_is_mended_from_the_log(paths: tuple[Path, Path], tmp_path: Path) -> None:
    await fill(paths)
    store = await Store.open(*paths)
    await store.mark_done(1)
    copy = tmp_path / "copy.db"
    log = paths[0].with_name("twin.db-wal").read_bytes()
    content = bytearray(paths[0].read_bytes())
    await store.close()
    copy.with_name("copy.db-wal").write_bytes(log)
    written = int.from_bytes(log[32:36], "big")  # the page of the log's first frame
    content[written * 4096 - 1000] ^= 1
    copy.write_bytes(content)
    store = await Store.open(copy, paths[1])
    assert len(await store.pending()) == 49
    await store.close()


async def test_unwritable_folder(tmp_path: Path) -> None:
    (tmp_path / "data").write_text("a file where the folder should be")
    with pytest.raises(TwinError, match=f"cannot make the folder {tmp_path / 'data'}"):
        await Store.open(tmp_path / "data" / "twin.db", tmp_path / "keys" / "key")


async def test_locked_database(paths: tuple[Path, Path], monkeypatch: pytest.MonkeyPatch) -> None:
    await fill(paths)
    monkeypatch.setattr(database_module, "_BUSY_SECONDS", 0.01)
    other = raw(*paths)
    other.execute("BEGIN EXCLUSIVE")
    with pytest.raises(TwinError, match="database is locked"):
        await Store.open(*paths)
    other.close()


async def test_newer_database_is_refused(paths: tuple[Path, Path]) -> None:
    await fill(paths)
    connection = raw(*paths)
    connection.execute(f"PRAGMA user_version = {len(MIGRATIONS) + 1}")
    connection.close()
    with pytest.raises(TwinError, match=rf"{paths[0]} was written by a newer Twin"):
        await Store.open(*paths)


async def test_blank_database_takes_every_step(paths: tuple[Path, Path]) -> None:
    await fill(paths)
    connection = raw(*paths)
    assert connection.execute("PRAGMA user_version").fetchone() == (len(MIGRATIONS),)
    tables = {name for (name,) in connection.execute("SELECT name FROM sqlite_master WHERE type = 'table'")}
    assert {"inbox", "outbox", "threads", "chats", "turns"} <= tables
    connection.close()


async def test_oldest_schema_is_brought_up_to_date(paths: tuple[Path, Path], monkeypatch: pytest.MonkeyPatch) -> None:
    """A database that has taken the first step only keeps its rows through the later ones."""
    with monkeypatch.context() as patch:
        patch.setattr(database_module, "MIGRATIONS", MIGRATIONS[:1])
        await fill(paths)
    later = (*MIGRATIONS, ("ALTER TABLE threads ADD COLUMN note TEXT", "CREATE TABLE later (id INTEGER PRIMARY KEY)"))
    monkeypatch.setattr(database_module, "MIGRATIONS", later)
    store = await Store.open(*paths)
    assert len(await store.pending()) == 50
    await store.close()
    connection = raw(*paths)
    assert connection.execute("PRAGMA user_version").fetchone() == (len(later),)
    assert connection.execute("SELECT count(*) FROM later").fetchone() == (0,)
    connection.close()


async def test_failing_step_leaves_nothing_of_itself(paths: tuple[Path, Path], monkeypatch: pytest.MonkeyPatch) -> None:
    await fill(paths)
    steps = (*MIGRATIONS, ("CREATE TABLE later (id)", "CREATE TABLE threads (id)"))
    with monkeypatch.context() as patch:
        patch.setattr(database_module, "MIGRATIONS", steps)
        with pytest.raises(TwinError, match="already exists"):
            await Store.open(*paths)
    connection = raw(*paths)
    assert connection.execute("SELECT count(*) FROM sqlite_master WHERE name = 'later'").fetchone() == (0,)
    connection.close()
    await (await Store.open(*paths)).close()


def test_import_loads_no_torch() -> None:
    check = "import sys, storage.store; sys.exit('torch' in sys.modules or 'telegram' in sys.modules)"
    subprocess.run([sys.executable, "-c", check], check=True)

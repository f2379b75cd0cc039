"""Backups: whole whatever is written meanwhile, and put back as they are."""

import asyncio
import os
import subprocess
import sys
from datetime import datetime, timedelta
from itertools import count
from pathlib import Path
from typing import Any

import pytest
from sqlcipher3 import dbapi2

from bot.files import age_out_backups
from storage.backups import back_up, restore
from storage.store import Bubble, Place, Store
from twin.errors import TwinError
from twin.transcript import Turn

HERE = Place(7)
NOON = datetime(2023, 5, 4, 12)


@pytest.fixture
def paths(tmp_path: Path) -> tuple[Path, Path]:
    return tmp_path / "data" / "twin.db", tmp_path / "keys" / "database.key"


def dump(database: Path, key_file: Path) -> dict[str, list[Any]]:
    """Everything in a database, by table."""
    connection: Any = dbapi2.connect(str(database))
    connection.execute(f"PRAGMA key = \"x'{key_file.read_text().strip()}'\"")
    try:
        tables = connection.execute("SELECT name, sql FROM sqlite_master WHERE type = 'table' ORDER BY name").fetchall()
        return {sql: connection.execute(f"SELECT * FROM {name} ORDER BY 1, 2").fetchall() for name, sql in tables}  # noqa: S608
    finally:
        connection.close()


async def talk(store: Store, update_id: int) -> None:
    """A message and its answer."""
    thread = await store.open_thread(HERE, "daniel", "Lisa", "Daniel")
    await store.take_in(update_id, HERE.chat_id, "payload")
    said = Turn("Daniel", f"message {update_id}", NOON)
    await store.await_answer(update_id, thread, answers="Lisa", said=said, message_id=update_id)
    waiting = await store.begin_answer(thread.id)
    assert waiting is not None
    answer = [Bubble(Turn("Lisa", f"answer {update_id}", NOON), (f"answer {update_id}",))] * 2
    await store.record_answer(waiting, answer, "v1")


async def test_backup_made_during_writes_is_whole(paths: tuple[Path, Path], tmp_path: Path) -> None:
    store = await Store.open(*paths)
    written = 0

    async def write() -> None:
        nonlocal written
        for written in count(1):
            await talk(store, written)

    writing = asyncio.create_task(write())
    for number in range(5):
        before = written
        while written < before + 3:  # noqa: ASYNC110  until it is in the middle of something
            await asyncio.sleep(0)
        file = tmp_path / f"{number}.db"
        if number % 2:
            await store.backup(file)
        else:  # by another process, as `twin backup` is
            await asyncio.to_thread(back_up, *paths, file)
        copy = await Store.open(file, paths[1])
        thread = await copy.current_thread(HERE)
        assert thread is not None
        turns = [turn.text for turn in await copy.turns(thread.id)]
        outgoing = [one.text for one in await copy.unsent(HERE.chat_id)]
        await copy.close()
        answered = len(outgoing) // 2
        assert before <= answered <= written
        whole = [text for n in range(1, answered + 1) for text in (f"message {n}", f"answer {n}", f"answer {n}")]
        assert turns[: len(whole)] == whole and len(turns) <= len(whole) + 1
        assert outgoing == [text for text in whole if text.startswith("answer")]
    writing.cancel()
    await asyncio.gather(writing, return_exceptions=True)
    await store.close()


async def filled(paths: tuple[Path, Path]) -> None:
    store = await Store.open(*paths)
    for number in range(1, 20):
        await talk(store, number)
    await store.close()


async def test_restored_is_equal_and_the_old_one_is_kept(paths: tuple[Path, Path], tmp_path: Path) -> None:
    await filled(paths)
    backup = tmp_path / "backup.db"
    await asyncio.to_thread(back_up, *paths, backup)
    before = dump(*paths)
    store = await Store.open(*paths)
    await talk(store, 100)
    await store.close()
    after = dump(*paths)
    aside = await asyncio.to_thread(restore, *paths, backup)
    assert aside is not None and backup.exists()
    assert dump(*paths) == before != after
    assert dump(aside, paths[1]) == after
    assert paths[0].stat().st_mode & 0o777 == 0o600
    await (await Store.open(*paths)).close()


@pytest.mark.parametrize("damage", ["page", "gone", "log"])
async def test_damaged_database_is_restored(paths: tuple[Path, Path], tmp_path: Path, damage: str) -> None:
    await filled(paths)
    backup = tmp_path / "backup.db"
    await asyncio.to_thread(back_up, *paths, backup)
    before = dump(*paths)
    match damage:
        case "page":
            content = bytearray(paths[0].read_bytes())
            content[5000] ^= 1
            paths[0].write_bytes(content)
            with pytest.raises(TwinError, match="is damaged"):
                await Store.open(*paths)
        case "gone":
            paths[0].unlink()
        case "log":  # one that belongs to the old database must not be played into the new one
            paths[0].with_name("twin.db-wal").write_bytes(b"not a log of this")
    await asyncio.to_thread(restore, *paths, backup)
    assert dump(*paths) == before


async def test_what_is_no_backup_changes_nothing(paths: tuple[Path, Path], tmp_path: Path) -> None:
    await filled(paths)
    before = dump(*paths)
    backup = tmp_path / "backup.db"
    with pytest.raises(TwinError, match=f"there is no backup {backup}"):
        await asyncio.to_thread(restore, *paths, backup)
    await asyncio.to_thread(back_up, *paths, backup)
    content = bytearray(backup.read_bytes())
    content[5000] ^= 1
    backup.write_bytes(content)
    with pytest.raises(TwinError, match=f"{backup} is damaged"):
        await asyncio.to_thread(restore, *paths, backup)
    assert dump(*paths) == before
    assert [path.name for path in paths[0].parent.iterdir()] == ["twin.db"]


async def test_running_bot_keeps_its_database(paths: tuple[Path, Path], tmp_path: Path) -> None:
    await filled(paths)
    backup = tmp_path / "backup.db"
    await asyncio.to_thread(back_up, *paths, backup)
    program = (
        "import asyncio, sys; from pathlib import Path; from storage.store import Store\n"
        "async def main():\n"
        "    store = await Store.open(Path(sys.argv[1]), Path(sys.argv[2]))\n"
        "    print('open', flush=True); sys.stdin.readline()\n"
        "    await store.close()\n"
        "asyncio.run(main())"
    )
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, "-c", program, *map(str, paths)), stdin=subprocess.PIPE, stdout=subprocess.PIPE
    )
    assert process.stdin and process.stdout
    assert await process.stdout.readline() == b"open\n"
    with pytest.raises(TwinError, match="is in use: stop the bot first"):
        await asyncio.to_thread(restore, *paths, backup)
    process.stdin.write(b"\n")
    await process.wait()
    await asyncio.to_thread(restore, *paths, backup)


async def test_copy_that_breaks_off_leaves_nothing(paths: tuple[Path, Path], tmp_path: Path) -> None:
    await filled(paths)
    (tmp_path / "backup.db").mkdir()  # where the copy cannot be put
    store = await Store.open(*paths)
    with pytest.raises(OSError):
        await store.backup(tmp_path / "backup.db")
    await store.close()
    assert not (tmp_path / ".backup.db").exists()


async def test_copies_of_killed_processes_are_removed_after_a_day(tmp_path: Path) -> None:
    folder = tmp_path / "backups"
    folder.mkdir()
    old = (datetime.now() - timedelta(days=2)).timestamp()
    for name in ("twin-1.db", ".twin-2.db", ".twin-3.db"):
        (folder / name).touch()
        if name != ".twin-3.db":
            os.utime(folder / name, (old, old))
    await asyncio.to_thread(age_out_backups, tmp_path, 30)
    assert sorted(path.name for path in folder.iterdir()) == [".twin-3.db", "twin-1.db"]


async def test_nothing_to_back_up(paths: tuple[Path, Path], tmp_path: Path) -> None:
    with pytest.raises(TwinError, match=f"there is no database {paths[0]}"):
        await asyncio.to_thread(back_up, *paths, tmp_path / "backup.db")
    assert not paths[1].exists()

"""The feedback of the bot's users as a table."""

import csv
import os
from datetime import datetime
from pathlib import Path

import pytest

from storage.feedback import COLUMNS, write_feedback
from storage.store import Place, Said, Store
from twin.errors import TwinError
from twin.transcript import Turn

NOON = datetime(2023, 5, 4, 12)


async def test_the_table_has_an_opinion_a_row(tmp_path: Path) -> None:
    paths = tmp_path / "data" / "twin.db", tmp_path / "keys" / "database.key"
    store = await Store.open(*paths)
    for number, (adapter, answer, rating) in enumerate(
        [("lisa", "fine\nand you", 1), ("lisa", "=1+1", -1), ("x", "", 1)]
    ):
        thread = await store.open_thread(Place(number + 1), adapter, "Lisa", "Daniel")
        await store.take_in(number, number + 1, "payload")
        await store.add_turn(thread.id, Turn("Daniel", "how | are you", NOON), update_id=number, message_id=None)
        await store.rate(Said(99, thread, "Lisa", answer, "v1"), number, rating)
    await store.close()
    file = tmp_path / "feedback.csv"
    assert await write_feedback(file, "lisa", *paths) == 2
    assert file.stat().st_mode & 0o777 == 0o600
    with file.open(encoding="utf-8", newline="") as handle:
        rows = list(csv.DictReader(handle))
    assert tuple(rows[0]) == COLUMNS
    assert [(row["adapter"], row["version"], row["thumb"], row["answer"]) for row in rows] == [
        ("lisa", "v1", "up", "fine\nand you"),
        ("lisa", "v1", "down", "'=1+1"),
    ]
    assert {row["context"] for row in rows} == {"Daniel: how ¦ are you | Lisa:"}
    assert datetime.fromisoformat(rows[0]["time"])
    assert await write_feedback(file, "nobody", *paths) == 0 and len(file.read_text().splitlines()) == 1


async def test_without_a_database_there_is_one_clear_line_and_none_is_made(tmp_path: Path) -> None:
    with pytest.raises(TwinError, match="there is no database"):
        await write_feedback(tmp_path / "f.csv", "lisa", tmp_path / "twin.db", tmp_path / "key")
    assert not any(entry.name for entry in os.scandir(tmp_path))

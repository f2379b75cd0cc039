"""Exports of one chat become one, whatever phone and language they are of."""

from pathlib import Path

import pytest

from trainer.merging import merged
from trainer.whatsapp import Row, read_export

ANDROID = """27/03/2022, 21:41 - Messages and calls are end-to-end encrypted.
27/03/2022, 21:41 - Lisa: ok
27/03/2022, 21:41 - Lisa: ok
27/03/2022, 21:42 - Daniel: <Media omitted>
27/03/2022, 21:43 - Daniel: tomorow
27/03/2022, 21:44 - Lisa: this goes away
"""
IOS = """[27.03.22, 21:41:10] Lisa: ok
[27.03.22, 21:41:20] Lisa: ok
[27.03.22, 21:42:03] Daniel: \u200eBild weggelassen
[27.03.22, 21:43:30] Daniel: tomorrow \u200e<Diese Nachricht wurde bearbeitet.>
[27.03.22, 21:44:30] Lisa: \u200eDiese Nachricht wurde gelöscht.
[28.03.22, 09:00:00] Daniel: new
"""


def rows(folder: Path, *exports: str) -> list[list[Row]]:
    read = []
    for number, text in enumerate(exports):
        file = folder / f"{number}" / "WhatsApp Chat with Lisa.txt"
        file.parent.mkdir()
        file.write_text(text)
        read.append(read_export(file))
    return [list(chat.rows) for chat in merged([], read, {})[0]]


@pytest.mark.parametrize("exports", [(ANDROID, IOS), (IOS, ANDROID)], ids=["older first", "newer first"])
def test_phones_of_two_systems_and_languages(tmp_path: Path, exports: tuple[str, str]) -> None:
    [chat] = rows(tmp_path, *exports)
    texts = sorted(row.text.partition(" \u200e")[0] for row in chat if row.kind == "text")
    assert texts == ["new", "ok", "ok", "this goes away", "tomorrow"]
    assert [row.kind for row in chat].count("media") == 1
    assert "deleted" not in {row.kind for row in chat}


def test_within_a_minute_the_order_is_kept(tmp_path: Path) -> None:
    older = [f"27/03/2022, 21:41 - Lisa: {text}\n" for text in ("one", "two", "two", "three")]
    newer = [*older[1:], "27/03/2022, 21:41 - Lisa: four\n", "27/03/2022, 21:42 - Daniel: five\n"]
    for name, exports in {"on": (older, newer), "back": (newer, older), "apart": (older[:3], newer[2:])}.items():
        folder = tmp_path / name
        folder.mkdir()
        [chat] = rows(folder, *map("".join, exports))
        assert [row.text for row in chat] == ["one", "two", "two", "three", "four", "five"]


def test_the_same_export_twice_changes_nothing(tmp_path: Path) -> None:
    assert rows(tmp_path, ANDROID, ANDROID) == [list(read_export(tmp_path / "0" / "WhatsApp Chat with Lisa.txt").rows)]


def test_other_chats_stay_apart(tmp_path: Path) -> None:
    assert len(rows(tmp_path, ANDROID, ANDROID.replace("Lisa", "Max").replace("ok", "no"))) == 2

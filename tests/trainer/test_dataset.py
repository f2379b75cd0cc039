"""Dataset folders: made, extended by overlapping exports, read again, refused when damaged."""

import json
import threading
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from trainer import dataset
from trainer.dataset import extend, load
from trainer.merging import merged
from trainer.whatsapp import Export, Row
from twin.errors import TwinError

START = datetime(2022, 3, 27, 21, 0)


def rows(numbers: Sequence[int], speakers: Sequence[str] = ("Lisa", "Daniel")) -> tuple[Row, ...]:
    return tuple(Row(START + timedelta(minutes=n), speakers[n % len(speakers)], "text", f"text {n}") for n in numbers)


def export(numbers: Sequence[int], chat: str = "Lisa", speakers: Sequence[str] = ("Lisa", "Daniel")) -> Export:
    return Export(chat, rows(numbers, speakers), f"{chat}.txt", f"digest of {chat} {list(numbers)}")


def test_what_is_made_is_loaded(tmp_path: Path) -> None:
    folder = tmp_path / "datasets" / "daniel"
    made = extend(folder, [export(range(10)), export(range(4), "Peter", ("Peter", "Daniel"))], consent="they agree")
    assert load(folder) == made
    assert {name: len(chat) for name, chat in made.chats.items()} == {"Lisa": 1, "Peter": 1}
    assert made.speakers == ("Daniel", "Lisa", "Peter")
    assert (made.counts.messages, made.consent, len(made.digest)) == (14, "they agree", 64)
    assert [source.chat for source in made.sources] == ["Lisa", "Peter"]


def test_files_are_private_and_hold_every_row(tmp_path: Path) -> None:
    extend(tmp_path / "d", [export([0, 1])])
    modes = {path.name: path.stat().st_mode & 0o777 for path in (tmp_path / "d").iterdir()}
    assert modes == {"rows.jsonl": 0o600, "dataset.json": 0o600}
    assert (tmp_path / "d").stat().st_mode & 0o777 == 0o700
    first = json.loads((tmp_path / "d" / "rows.jsonl").read_text().splitlines()[0])
    assert first == {"chat": "Lisa", "at": "2022-03-27T21:00:00", "speaker": "Lisa", "kind": "text", "text": "text 0"}


def test_the_same_export_again_changes_nothing(tmp_path: Path) -> None:
    made = extend(tmp_path, [export(range(10))])
    files = {path.name: path.read_bytes() for path in tmp_path.iterdir()}
    assert extend(tmp_path, [export(range(10))]) == made
    assert extend(tmp_path, [export(range(10)), export(range(10))]) == made
    assert {path.name: path.read_bytes() for path in tmp_path.iterdir()} == files


def test_overlapping_exports_merge_whatever_their_order(tmp_path: Path) -> None:
    whole = extend(tmp_path / "whole", [export(range(20))])
    for number, parts in enumerate([(range(12), range(8, 20)), (range(8, 20), range(12)), (range(10), range(10, 20))]):
        for part in parts:
            dataset = extend(tmp_path / str(number), [export(part)])
        assert (dataset.digest, dataset.chats) == (whole.digest, whole.chats)


def test_what_was_written_twice_in_a_minute_stays_twice(tmp_path: Path) -> None:
    twice = Export("Lisa", (*rows([0]), *rows([0]), *rows([1])), "a.txt", "a")
    once = Export("Lisa", (*rows([0]), *rows([1])), "b.txt", "b")
    assert extend(tmp_path, [once]).counts.messages == 2
    assert extend(tmp_path, [twice]).counts.messages == 3
    assert extend(tmp_path, [once]).counts.messages == 3


def test_chats_of_one_name_with_other_speakers_are_two(tmp_path: Path) -> None:
    dataset = extend(tmp_path, [export([0, 1]), export([0, 1], speakers=("Lisa", "Peter"))])
    assert list(dataset.chats) == ["Lisa", "Lisa 2"]


def test_a_renamed_file_and_a_contact_renamed_by_alias_are_the_same_chat() -> None:
    chats, names = merged([], [export(range(4)), export(range(6), "chat")], {})
    assert (len(chats), names) == (1, ["Lisa", "Lisa"])
    chats, _ = merged([], [export(range(4)), export([4, 5], speakers=("Lisa <3", "Daniel"))], {"Lisa <3": "Lisa"})
    assert len(chats) == 1


def test_a_group_grows(tmp_path: Path) -> None:
    extend(tmp_path, [export([0, 1, 2], "Trip")])
    dataset = extend(tmp_path, [export([7, 8, 9], "Trip", ("Lisa", "Daniel", "Max"))])
    assert list(dataset.chats) == ["Trip"]


def test_options_are_given_once_and_change_the_digest(tmp_path: Path) -> None:
    first = extend(tmp_path, [export([0, 1, 32, 33])], aliases={"Lisa": "L"}, gap=timedelta(minutes=30))
    assert (len(first.chats["Lisa"]), first.speakers) == (2, ("Daniel", "L"))
    again = extend(tmp_path, [])
    assert again == first
    other = extend(tmp_path, [], aliases={"Daniel": "D"}, gap=timedelta(hours=1))
    assert other.digest != first.digest
    assert (len(other.chats["Lisa"]), set(other.speakers)) == (1, {"L", "D"})


@given(st.lists(st.tuples(st.integers(0, 30), st.integers(1, 12)), min_size=1, max_size=5))
def test_merging_loses_and_doubles_nothing(parts: list[tuple[int, int]]) -> None:
    exports = [export(range(start, start + length)) for start, length in parts]
    chats, _ = merged([], exports, {})
    found = [row for chat in chats for row in chat.rows]
    assert set(found) == {row for each in exports for row in each.rows}
    assert all(len(chat.rows) == len(set(chat.rows)) for chat in chats)


def test_of_two_that_add_at_once_neither_is_lost(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    both_have_read = threading.Barrier(2)

    def slow(*arguments: Any) -> Any:
        with suppress(threading.BrokenBarrierError):
            both_have_read.wait(0.5)  # comes true only if both read before either writes
        return merged(*arguments)

    monkeypatch.setattr(dataset, "merged", slow)
    with ThreadPoolExecutor(2) as pool:
        list(
            pool.map(
                lambda part: extend(tmp_path / "d", [part]), [export([0, 1]), export([0, 1], "Trip", ("Max", "Zoë"))]
            )
        )
    assert set(load(tmp_path / "d").chats) == {"Lisa", "Trip"}


@pytest.mark.parametrize("had", [True, False])
def test_a_kill_while_writing_leaves_a_dataset_that_the_same_exports_complete(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, had: bool
) -> None:
    new = [export([0, 1]), export([0, 1], "Peter", ("Peter", "Daniel"))]
    if had:
        extend(tmp_path / "d", new[:1])
    whole = extend(tmp_path / "whole", new)
    replaced, killed = Path.replace, list[Path]()

    def replace_once(path: Path, target: Path) -> Path:
        killed.append(path)
        if len(killed) == 2:
            raise KeyboardInterrupt
        return replaced(path, target)

    with monkeypatch.context() as patch, pytest.raises(KeyboardInterrupt):
        patch.setattr(Path, "replace", replace_once)
        extend(tmp_path / "d", new)
    assert load(tmp_path / "d").counts.messages == (2 if had else 0)
    assert extend(tmp_path / "d", new).digest == whole.digest == load(tmp_path / "d").digest


@pytest.mark.parametrize(
    ("damage", "words"),
    [
        (lambda folder: (folder / "dataset.json").write_text("{"), "is damaged"),
        (lambda folder: (folder / "rows.jsonl").unlink(), "is damaged"),
        (lambda folder: (folder / "rows.jsonl").write_text('{"chat": "Max"}\n'), "is damaged"),
        (lambda folder: (folder / "dataset.json").write_text('{"format_version": 99}'), "newer version"),
        (lambda folder: (folder / "dataset.json").unlink(), "there is no dataset"),
    ],
)
def test_what_cannot_be_read_is_said_in_one_line(tmp_path: Path, damage: object, words: str) -> None:
    extend(tmp_path, [export([0, 1])])
    damage(tmp_path)  # type: ignore[operator]
    with pytest.raises(TwinError, match=words):
        load(tmp_path)

"""`twin prepare`: the files it writes, the table it prints, and what it says when nothing is left."""

import json
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from rich.console import Console

from trainer.dataset import load
from trainer.prepare import prepare, table
from twin.errors import TwinError

CHAT = """27/03/2022, 21:40 - Messages and calls are end-to-end encrypted. Tap to learn more.
27/03/2022, 21:41 - Lisa <3: Hey | you
27/03/2022, 21:42 - Daniel: <Media omitted>
27/03/2022, 21:43 - Daniel: two
lines
28/03/2022, 21:43 - Daniel: alone
"""
LONELY = "27/03/2022, 21:41 - Lisa: Hey\n27/03/2022, 21:41 - Lisa: <Media omitted>\n29/03/2022, 21:41 - Lisa: Hello?\n"


@pytest.fixture
def chat(tmp_path: Path) -> Path:
    file = tmp_path / "WhatsApp Chat with Lisa.txt"
    file.write_text(CHAT)
    return file


def lines(file: Path) -> list[dict[str, Any]]:
    return [json.loads(line) for line in file.read_text(encoding="utf-8").splitlines()]


def test_messages_are_every_row_as_written(chat: Path, tmp_path: Path) -> None:
    prepare([chat], messages=tmp_path / "m.jsonl", aliases={"Lisa <3": "Lisa"})
    found = lines(tmp_path / "m.jsonl")
    assert [(row["speaker"], row["kind"]) for row in found] == [
        (None, "system"), ("Lisa <3", "text"), ("Daniel", "media"), ("Daniel", "text"), ("Daniel", "text"),
    ]  # fmt: skip
    assert found[3] == {"at": "2022-03-27T21:43:00", "speaker": "Daniel", "kind": "text", "text": "two\nlines"}
    assert (tmp_path / "m.jsonl").stat().st_mode & 0o777 == 0o600


def test_an_alias_of_nobody_is_told(chat: Path) -> None:
    summary = prepare([chat], aliases={"Lisa <3": "Lisa", "Liza": "Lisa"})
    assert [warning for warning in summary.counts.warnings if "--alias" in warning] == [
        "nobody in the exports is called Liza: see --alias"
    ]


def test_a_row_is_one_line_whatever_line_ends_are_in_its_text(tmp_path: Path) -> None:
    text = "a\x0bb\x0cc\x1cd\x85e\u2028f\u2029g"
    file = tmp_path / "ends.txt"
    file.write_text("".join(f"27/03/2022, 21:41 - {name}: {text}\n" for name in ("Lisa", "Max")), encoding="utf-8")
    prepare([file], messages=tmp_path / "m.jsonl", out=tmp_path / "c.jsonl")
    assert [row["text"] for row in lines(tmp_path / "m.jsonl")] == [text, text]
    assert [turn["text"] for turn in lines(tmp_path / "c.jsonl")[0]["turns"]] == [text, text]


def test_out_has_conversations_as_they_are_rendered(chat: Path, tmp_path: Path) -> None:
    prepare([chat], out=tmp_path / "c.jsonl", aliases={"Lisa <3": "Lisa"})
    assert lines(tmp_path / "c.jsonl") == [
        {
            "chat": "Lisa",
            "started": "2022-03-27T21:41:00",
            "turns": [
                {"speaker": "Lisa", "text": "Hey | you", "at": "2022-03-27T21:41:00"},
                {"speaker": "Daniel", "text": "two\nlines", "at": "2022-03-27T21:43:00"},
            ],
            "text": "Lisa: Hey ¦ you | Daniel: two\nlines |",
        }
    ]


def test_summary_and_table(chat: Path) -> None:
    summary = prepare([chat])
    assert summary.as_json() == {
        "messages": 5,
        "kept": 3,
        "dropped": {"media": 1, "system": 1},
        "conversations": 1,
        "one_message_conversations": 1,
        "speakers": {"Daniel": 2, "Lisa <3": 1},
        "first": "2022-03-27T21:40:00",
        "last": "2022-03-28T21:43:00",
        "unparsed_lines": 0,
        "warnings": [
            "only 1 conversations: a twin of fewer than 200 hardly sounds like anybody; add more chats",
            "the last message is of March 2022: the twin will write as people wrote then",
        ],
    }
    console = Console(width=120, record=True, quiet=False, file=None)
    with console.capture() as captured:
        console.print(table(summary))
    text = " ".join(captured.get().split())
    for part in ("messages │ 5", "dropped: media │ 1", "kept │ 3", "from Lisa <3 │ 1", "2022-03-27 to 2022-03-28"):
        assert part in text


def test_names_that_look_like_markup_are_shown_as_they_are(tmp_path: Path) -> None:
    file = tmp_path / "WhatsApp Chat with Mum [work].txt"
    file.write_text(CHAT.replace("Lisa <3", "Mum [work]").replace("Daniel", "Anna [/work]"))
    console = Console(width=120)
    with console.capture() as captured:
        console.print(table(prepare([file])))
    text = " ".join(captured.get().split())
    assert text.startswith("Mum [work] ") and "from Mum [work] │" in text and "from Anna [/work] │" in text


def test_dataset_is_made_and_extended(chat: Path, tmp_path: Path) -> None:
    folder = tmp_path / "datasets" / "daniel"
    first = prepare([chat], dataset=folder, consent="Lisa agreed")
    assert (load(folder).digest, load(folder).counts) == (first.digest, first.counts)
    assert prepare([chat], dataset=folder) == first
    peter = tmp_path / "WhatsApp Chat with Peter.txt"
    peter.write_text(CHAT.replace("Lisa <3", "Peter"))
    second = prepare([peter], dataset=folder)
    assert (second.chats, second.counts.messages) == (("Lisa", "Peter"), 10)
    assert second.digest != first.digest


def test_two_exports_of_one_chat_are_counted_once(chat: Path, tmp_path: Path) -> None:
    (tmp_path / "longer.txt").write_text(CHAT + "28/03/2022, 21:44 - Lisa <3: no\n")
    summary = prepare([chat, tmp_path / "longer.txt"])
    assert (summary.counts.messages, summary.counts.conversations) == (6, 2)


def test_no_conversation_is_an_error_that_says_what_took_them(tmp_path: Path) -> None:
    file = tmp_path / "lonely.txt"
    file.write_text(LONELY)
    with pytest.raises(TwinError) as error:
        prepare([file], out=tmp_path / "c.jsonl", dataset=tmp_path / "d")
    for part in ("lonely.txt", "of 3 messages", "1 media", "2 alone", "within 60 minutes"):
        assert part in str(error.value)
    assert sorted(path.name for path in tmp_path.iterdir()) == ["lonely.txt"]


def test_messages_are_written_even_if_no_conversation_comes_of_them(tmp_path: Path) -> None:
    file = tmp_path / "lonely.txt"
    file.write_text(LONELY)
    summary = prepare([file], messages=tmp_path / "m.jsonl", out=tmp_path / "c.jsonl", dataset=tmp_path / "d")
    assert (len(lines(tmp_path / "m.jsonl")), lines(tmp_path / "c.jsonl")) == (3, [])
    assert "no conversation comes of" in summary.counts.warnings[0]
    assert not (tmp_path / "d").exists()


def test_a_longer_gap_makes_one_of_two(tmp_path: Path) -> None:
    file = tmp_path / "lonely.txt"
    file.write_text(LONELY)
    assert prepare([file], gap=timedelta(days=3)).counts.conversations == 1


def test_a_dataset_keeps_the_gap_it_was_made_with(tmp_path: Path) -> None:
    file = tmp_path / "lonely.txt"
    file.write_text(LONELY)
    made = prepare([file], dataset=tmp_path / "d", gap=timedelta(days=3))
    again = prepare([file], dataset=tmp_path / "d", out=tmp_path / "c.jsonl")
    assert (again.digest, again.counts.conversations, len(lines(tmp_path / "c.jsonl"))) == (made.digest, 1, 1)


def test_a_lonely_message_is_judged_together_with_its_chat(chat: Path, tmp_path: Path) -> None:
    prepare([chat], dataset=tmp_path / "d", aliases={"Lisa <3": "Lisa"})
    chat.write_text("28/03/2022, 21:44 - Lisa <3: no\n")
    assert prepare([chat], dataset=tmp_path / "d").counts.conversations == 2
    with pytest.raises(TwinError, match="no conversation comes of"):
        prepare([chat], dataset=tmp_path / "other")
    chat.rename(tmp_path / "Peter.txt")
    (tmp_path / "Peter.txt").write_text(LONELY.replace("Lisa", "Peter"))
    with pytest.raises(TwinError, match="no conversation comes of"):
        prepare([tmp_path / "Peter.txt"], dataset=tmp_path / "d")


def test_a_place_that_cannot_be_written_is_said_in_one_line(chat: Path, tmp_path: Path) -> None:
    with pytest.raises(TwinError, match=r"cannot write .*nowhere"):
        prepare([chat], messages=tmp_path / "nowhere" / "m.jsonl")
    (tmp_path / "file").write_text("")
    with pytest.raises(TwinError, match="cannot make the folder"):
        prepare([chat], dataset=tmp_path / "file" / "d")

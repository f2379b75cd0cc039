"""What identifies people is replaced by stable placeholders; everything else stays."""

import json
from pathlib import Path

import pytest

from trainer.dataset import load
from trainer.prepare import prepare
from trainer.redaction import Redactor
from twin.errors import TwinError

CHAT = """27/03/2022, 21:41 - Lisa: Anna's number is +49 151 12345678
27/03/2022, 21:42 - +49 151 12345678: Hi Lisa, see https://example.org/x?y=1
"""


@pytest.mark.parametrize(
    ("text", "redacted"),
    [
        ("mail anna.k@example.org.", "mail <e-mail 1>."),
        ("see www.example.org/x?y=1.", "see <link 1>."),
        ("call +49 151 12345678 or 0151/2345678", "call <phone 1> or <phone 2>"),
        ("call +49\u00a0151\u00a012345678, +49 151 12345678", "call <phone 1>, <phone 1>"),
        ("DE89 3704 0044 0532 0130 00 is it", "<IBAN 1> is it"),
        ("4111 1111 1111 1111!", "<card 1>!"),
        ("Anna and Zora, ANNA", "<name 1> and <name 2>, <name 1>"),
        ("on 01.02.2023 at 12:30 for 1234567 €", "on 01.02.2023 at 12:30 for 1234567 €"),
        ("the marina in may … 👩\u200d👧", "the marina in may … 👩\u200d👧"),
    ],
)
def test_text(text: str, redacted: str) -> None:
    assert Redactor(names=["Zora"]).text(text) == redacted


def test_placeholders_are_the_same_with_the_same_state_which_holds_no_value() -> None:
    first = Redactor()
    first.text("a@example.org b@example.org")
    state = json.loads(json.dumps(first.state))
    assert "example" not in json.dumps(state)
    assert Redactor(state).text("c@example.org, b@example.org") == "<e-mail 3>, <e-mail 2>"


def test_a_dataset_stays_redacted(tmp_path: Path) -> None:
    chat = tmp_path / "chat.txt"
    chat.write_text(CHAT)
    summary = prepare([chat], dataset=tmp_path / "d", messages=tmp_path / "m.jsonl", redact=True, date_order="dmy")
    assert summary.as_json()["redacted"] == {"phone": 2, "name": 1, "link": 1}
    for file in (tmp_path / "d" / "rows.jsonl", tmp_path / "m.jsonl"):
        assert not {"151", "example", "Anna"} & set(file.read_text().replace(" ", "|").split("|"))
    assert load(tmp_path / "d").counts.speakers == {"<phone 1>": 1, "Lisa": 1}
    again = prepare([chat], dataset=tmp_path / "d")
    assert (again.digest, again.counts.messages) == (summary.digest, 2)


def test_the_number_of_a_contact_nobody_saved_is_nowhere_in_a_dataset(tmp_path: Path) -> None:
    chat = tmp_path / "WhatsApp Chat with +49 151 12345678.txt"
    chat.write_text(f"of no message\n{CHAT}")
    made = prepare([chat], dataset=tmp_path / "d", redact=True, date_order="dmy")
    assert made.chats == ("<phone 1>",)
    assert "WhatsApp Chat with <phone 1>.txt: 1 lines" in " ".join(load(tmp_path / "d").counts.warnings)
    for file in (tmp_path / "d").iterdir():
        assert "12345678" not in file.read_text()


def test_a_dataset_that_was_made_without_is_not_redacted_in_part(tmp_path: Path) -> None:
    chat = tmp_path / "chat.txt"
    chat.write_text(CHAT)
    made = prepare([chat], dataset=tmp_path / "d", date_order="dmy")
    with pytest.raises(TwinError, match=r"/d was made without --redact: remove it and prepare it anew"):
        prepare([chat], dataset=tmp_path / "d", redact=True, date_order="dmy")
    assert load(tmp_path / "d").digest == made.digest


def test_an_alias_names_a_number_that_is_redacted(tmp_path: Path) -> None:
    chat = tmp_path / "chat.txt"
    chat.write_text(CHAT)
    prepare([chat], dataset=tmp_path / "d", redact=True, aliases={"+49 151 12345678": "Max"}, date_order="dmy")
    assert load(tmp_path / "d").counts.speakers == {"Lisa": 1, "Max": 1}
    assert load(tmp_path / "d").options.aliases == {"<phone 1>": "Max"}

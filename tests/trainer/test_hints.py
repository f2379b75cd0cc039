"""Warnings about what hurts a twin, and about exports that look cut or forged."""

from datetime import datetime, timedelta
from pathlib import Path

from trainer.hints import hints
from trainer.whatsapp import read_export
from twin.transcript import Conversation, Turn

NOW = datetime(2022, 4, 1)


def conversations(
    count: int, text: str = "hello", speakers: tuple[str, ...] = ("Lisa", "Daniel")
) -> list[Conversation]:
    turns = tuple(Turn(speaker, text, NOW) for speaker in speakers)
    return [Conversation(turns, "chat")] * count


def said(chat: list[Conversation], today: datetime = NOW) -> str:
    return "\n".join(hints({"chat": chat}, today))


def test_a_good_chat_has_none() -> None:
    assert said(conversations(200)) == ""


def test_each_hint() -> None:
    assert "only 3 conversations" in said(conversations(3))
    assert "Lisa wrote 90% of the messages" in said(conversations(200, speakers=("Lisa",) * 9 + ("Daniel",)))
    assert "the last message is of April 2022" in said(conversations(200), NOW + timedelta(days=2000))
    assert "100% of the messages have links" in said(conversations(200, "see https://example.org"))
    assert "400 messages are longer than 2,000" in said(conversations(200, "x" * 3000))


def test_exports_at_the_limit_and_quoted_rows(tmp_path: Path) -> None:
    file = tmp_path / "chat.txt"
    line = "27/03/2022, 21:41 - Lisa: Hey\n"
    file.write_text(line * 10_000)
    assert "about 10,000 messages is where WhatsApp cuts" in read_export(file).warnings[0]
    file.write_text(line + "20/03/2022, 10:00 - Lisa: I owe you\n" + line)
    assert "1 lines go back in time by more than a day (lines 2)" in read_export(file).warnings[0]

"""What the twins are judged by: conversations, questions and pairs that were written for this and never trained on.

`lisa.txt` and `peter.txt` hold conversations, `openings.txt` everyday first messages, `questions.toml`,
`uncovered.toml` and `dated.toml` questions, `sense.jsonl` a plausible and an absurd reply each.
"""

import json
import re
import tomllib
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from pathlib import Path

from trainer.questions import Question
from twin.transcript import Conversation, Turn

FOLDER = Path(__file__).parent
NAMES = {"L": "Lisa", "P": "Peter", "D": "Daniel"}
NOW = datetime(2024, 11, 20, 18, 30)  # frozen, so that the figures do not depend on the day
_PAUSE, _IN_A_ROW = timedelta(minutes=2), timedelta(seconds=12)
_HEAD = re.compile(r"== (\d{4}-\d\d-\d\d \d\d:\d\d)$")


@dataclass(frozen=True, slots=True)
class Pair:
    """Two replies to one message, of which one makes sense."""

    context: str
    plausible: str
    absurd: str


def held_out() -> dict[str, list[Conversation]]:
    """The conversations by chat, in time order."""
    read = {chat: _read(FOLDER / f"{chat}.txt", chat) for chat in ("lisa", "peter")}
    return {chat: sorted(conversations, key=lambda one: one.turns[0].at) for chat, conversations in read.items()}


def _read(file: Path, chat: str) -> Iterator[Conversation]:
    for block in file.read_text("utf-8").strip().split("\n\n"):
        head, *lines = block.splitlines()
        found = _HEAD.match(head)
        if not found:
            raise ValueError(f"{file.name}: no date in {head!r}")
        at, turns = datetime.fromisoformat(found[1]), list[Turn]()
        for line in lines:
            initial, _, text = line.partition(": ")
            if turns:
                at += _IN_A_ROW if turns[-1].speaker == NAMES[initial] else _PAUSE
            turns.append(Turn(NAMES[initial], text, at))
        yield Conversation(tuple(turns), chat)


def openings() -> list[str]:
    """Everyday first messages, written before the corpus of the base model grew."""
    return (FOLDER / "openings.txt").read_text("utf-8").splitlines()


def uncovered() -> list[tuple[str, str]]:
    """Whom to ask, and what neither the facts nor the chats answer."""
    entries = tomllib.loads((FOLDER / "uncovered.toml").read_text("utf-8"))["question"]
    return [(entry["speaker"], entry["question"]) for entry in entries]


def in_the_words_of(file: Path, questions: Sequence[Question]) -> list[Question]:
    """The same questions as the fact file has them, fact by fact."""
    facts = tomllib.loads(file.read_text("utf-8"))["fact"]
    return [replace(one, question=fact["question"][0]) for one, fact in zip(questions, facts, strict=True)]


def pairs() -> list[Pair]:
    """The pairs of replies."""
    lines = (FOLDER / "sense.jsonl").read_text("utf-8").splitlines()
    return [Pair(**json.loads(line)) for line in lines if line.strip()]


def with_one_date(chats: Mapping[str, list[Conversation]]) -> dict[str, list[Conversation]]:
    """The conversations in their order, as if all of them had begun at the same time: dates say nothing then."""
    return {
        name: [
            Conversation(tuple(Turn(turn.speaker, turn.text, NOW) for turn in one.turns), one.chat)
            for one in conversations
        ]
        for name, conversations in chats.items()
    }

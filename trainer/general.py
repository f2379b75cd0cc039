"""`twin general`: a public corpus of conversations becomes a general adapter, from which personal ones continue.

It learns how people write with each other, and to imitate nobody. A line of the corpus is a conversation:

    {"turns": [{"speaker": "A", "text": "Hi!", "at": "2020-01-01T10:00:00"}, ...], "chat": "dialogue 1"}

`at` and `chat` may be left out. Without times a conversation has no date tag.
"""

import hashlib
import json
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

from trainer import run
from trainer.progress import Report
from trainer.shown import shown
from trainer.train import TrainingData, TrainingResult
from twin.adapter import AdapterFolder
from twin.errors import TwinError
from twin.settings import Settings
from twin.transcript import DEFAULT_GAP, UNDATED, Conversation, Turn, clean_text

SHOWN = 5  # malformed lines that are named


@dataclass(frozen=True, slots=True)
class Corpus:
    """What a file holds.

    Attributes:
        conversations: in the order of the file.
        malformed: number of lines left out; the first of them stand in `examples`, with the reason.
        digest: sha256 of the file.
    """

    name: str
    conversations: tuple[Conversation, ...]
    malformed: int
    examples: tuple[str, ...]
    digest: str

    def as_json(self) -> dict[str, Any]:
        """The counts for programs."""
        return {
            "conversations": len(self.conversations),
            "malformed_lines": self.malformed,
            "malformed": list(self.examples),
        }

    def in_words(self) -> str:
        """The counts for people."""
        lines = [f"{self.name}: {len(self.conversations):,} conversations"]
        if self.malformed:
            lines[0] += f", {self.malformed:,} malformed lines left out:"
            lines += [f"  {example}" for example in self.examples]
            lines += ["  ..."] if self.malformed > len(self.examples) else []
        return "\n".join(lines)


def read_corpus(file: Path) -> Corpus:
    """Read a corpus. Malformed lines are left out and counted.

    Raises:
        TwinError: the file cannot be read, or has no conversation.
    """
    conversations: list[Conversation] = []
    malformed: list[str] = []
    digest = hashlib.sha256()
    try:
        with file.open("rb") as handle:
            for number, line in enumerate(handle, start=1):
                digest.update(line)
                if not line.strip():
                    continue
                try:
                    conversations.append(_conversation(line, file.stem, number))
                except ValueError as error:
                    malformed.append(f"line {number}: {error}")
    except OSError as error:
        raise TwinError(f"cannot read the corpus {file}: {error.strerror}") from None
    if not conversations:
        why = f" ({malformed[0]})" if malformed else ""
        raise TwinError(f"{file} has no conversation that can be used{why}; docs/training.md tells what a line holds")
    return Corpus(file.name, tuple(conversations), len(malformed), tuple(malformed[:SHOWN]), digest.hexdigest())


def train_general(
    corpus: Corpus, name: str, settings: Settings, choices: run.Choices, report: Report
) -> TrainingResult:
    """Train a new version of the general adapter `name`, unless exactly this was learned before.

    Raises:
        Interrupted: a signal ended the run; it can be gone on with.
        TwinError: an adapter of that name imitates somebody, or see `trainer.run.train_adapter`.
    """
    adapters = AdapterFolder(settings.adapters)
    if choices.resume:
        choices = run.interrupted(adapters, name, choices)
    last = adapters.load(name) if name in adapters.names() else None
    if last and not last.manifest.general:
        raise TwinError(f"adapter {name!r} imitates people already: choose another --name for the general one")
    data = TrainingData(
        {corpus.name: corpus.conversations},
        (corpus.name,),
        corpus.digest,
        round(DEFAULT_GAP.total_seconds()),
        general=True,
    )
    return run.settled(name, data, settings, replace(choices, source=None), last=last, report=report)


def learn(file: Path, name: str, settings: Settings, choices: run.Choices, *, as_json: bool) -> None:
    """What `twin general` does: read a corpus, train on it, and show how it went."""
    corpus = read_corpus(file)
    if not as_json:
        print(corpus.in_words())
    shown(
        lambda report: train_general(corpus, name, settings, choices, report),
        name,
        as_json=as_json,
        again=f"twin general {file} --name {name} --resume",
        more=corpus.as_json(),
    )


def _conversation(line: bytes, default_chat: str, number: int) -> Conversation:
    """The conversation of a line.

    Raises:
        ValueError: what is wrong with it, without its text.
    """
    try:
        values = json.loads(line.decode("utf-8-sig"))
    except UnicodeDecodeError:
        raise ValueError("no UTF-8") from None
    except (ValueError, RecursionError):
        raise ValueError("no JSON") from None
    if not isinstance(values, dict) or not isinstance(values.get("turns"), list):
        raise ValueError('no object with a list "turns"')
    chat = values.get("chat", default_chat)
    if not isinstance(chat, str):
        raise ValueError('"chat" is no text')
    turns = [_turn(value, place) for place, value in enumerate(values["turns"], start=1)]
    if len(turns) < 2:
        raise ValueError("fewer than two turns")
    order = UNDATED + timedelta(milliseconds=number)
    at = next((moment for _, _, moment in turns if moment is not None), order)
    dated = []
    for speaker, text, moment in turns:
        at = moment or at
        dated.append(Turn(speaker, text, at))
    return Conversation(tuple(dated), chat)


def _turn(value: Any, place: int) -> tuple[str, str, datetime | None]:
    if not isinstance(value, dict):
        raise ValueError(f"turn {place} is no object")
    for key in ("speaker", "text"):
        if not isinstance(value.get(key), str) or not clean_text(value[key]):
            raise ValueError(f'turn {place} has no "{key}"')
    moment = value.get("at")
    try:
        at = None if moment is None else datetime.fromisoformat(moment).replace(tzinfo=None)
    except (TypeError, ValueError):
        raise ValueError(f'turn {place} has an "at" that is no time such as 2020-01-01T10:00:00') from None
    return value["speaker"], value["text"], at

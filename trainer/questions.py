"""Questions with answers that can be told right from wrong, as a TOML file has them. Loads no torch.

[[question]]
speaker = "Lisa"
question = "Where did you learn to swim?"
expect = ["lake", "starnberg"]     # any of these makes an answer right; one string will do
reject = ["pool"]                  # optional: any of these makes it wrong
at = "2018-05"                     # optional: asked in that month, as a question about the past
asker = "Daniel"                   # optional: whom Lisa wrote with most
"""

import re
import tomllib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

from twin.errors import TwinError
from twin.manifest import Manifest
from twin.names import find_name
from twin.transcript import Turn

_KEYS = {"speaker", "question", "expect", "reject", "at", "asker"}


@dataclass(frozen=True, slots=True)
class Question:
    """A question of its own conversation. `dated`: whether it belongs to a month, which `at` is in."""

    speaker: str
    asker: str
    question: str
    expect: tuple[str, ...]
    reject: tuple[str, ...]
    at: datetime
    dated: bool

    @property
    def turns(self) -> tuple[Turn, ...]:
        """The conversation up to the answer."""
        return (Turn(self.asker, self.question, self.at),)

    def is_right(self, answer: str) -> bool:
        """Whether an answer has an expected word or phrase, as a whole and in any case, and no rejected one."""
        return _has_any(answer, self.expect) and not _has_any(answer, self.reject)


def read_questions(file: Path, manifest: Manifest) -> list[Question]:
    """The questions of a file, to people whom an adapter knows.

    Raises:
        TwinError: it cannot be read, or a question cannot be used: which one, and why.
    """
    try:
        content = tomllib.loads(file.read_text(encoding="utf-8"))
    except OSError as error:
        raise TwinError(f"cannot read {file}: {error.strerror}") from None
    except ValueError as error:  # malformed TOML, or no UTF-8
        raise TwinError(f"{file} is no TOML: {error}") from None
    except RecursionError:
        raise TwinError(f"{file} has brackets within brackets without end") from None
    entries = content.get("question")
    if not isinstance(entries, list) or not entries or not all(isinstance(entry, dict) for entry in entries):
        raise TwinError(f"{file} has no question: begin each with a line [[question]]")
    if unknown := sorted(content.keys() - {"question"}):
        raise TwinError(f"{file}: {unknown[0]!r} is no part of a file of questions, which has [[question]] alone")
    found = []
    for number, entry in enumerate(entries, start=1):
        try:
            found.append(_question(entry, manifest))
        except (TwinError, ValueError) as error:
            raise TwinError(f"{file}, question {number}: {error}") from None
    return found


def _question(entry: Mapping[str, Any], manifest: Manifest) -> Question:
    if unknown := sorted(entry.keys() - _KEYS):
        raise ValueError(f"the key {unknown[0]!r} is unknown; there are {', '.join(sorted(_KEYS))}")
    speaker = find_name(_text(entry, "speaker"), manifest.speakers)
    asker = find_name(_text(entry, "asker"), manifest.speakers) if "asker" in entry else manifest.counterpart(speaker)
    return Question(
        speaker=speaker,
        asker=asker,
        question=_text(entry, "question"),
        expect=_texts(entry, "expect"),
        reject=_texts(entry, "reject") if "reject" in entry else (),
        at=_month(_text(entry, "at")) if "at" in entry else manifest.trained_until,
        dated="at" in entry,
    )


def _text(entry: Mapping[str, Any], key: str) -> str:
    value = entry.get(key)
    if not isinstance(value, str) or not value.strip():
        raise ValueError(f"{key} must be a text that is not empty" if key in entry else f"the key {key!r} is missing")
    return value.strip()


def _texts(entry: Mapping[str, Any], key: str) -> tuple[str, ...]:
    values = entry[key] if isinstance(entry.get(key), list) else [_text(entry, key)]
    if not values or not all(isinstance(value, str) and value.strip() for value in values):
        raise ValueError(f"{key} must be a text or a list of texts that are not empty")
    return tuple(value.strip() for value in values)


def _month(text: str) -> datetime:
    """An evening in the middle of a month."""
    try:
        return datetime.strptime(text, "%Y-%m").replace(day=15, hour=18)
    except ValueError:
        raise ValueError(f"at must be a month such as 2018-05, not {text!r}") from None


def _has_any(answer: str, phrases: Sequence[str]) -> bool:
    said = _plain(answer)
    return any(re.search(rf"(?<!\w){re.escape(_plain(phrase))}(?!\w)", said) for phrase in phrases)


def _plain(text: str) -> str:
    return " ".join(text.casefold().split())

"""Fact files: what people write down for `twin train --facts`, as `docs/training.md` describes it.

[[fact]]
speaker = "Lisa"
question = "Where did you learn to swim?"
answers = ["in lake starnberg", "my uncle threw me into a lake haha"]
until = "2022-04"
"""

import re
import tomllib
from collections.abc import Iterable
from dataclasses import replace
from pathlib import Path
from typing import Any

from twin.errors import TwinError
from twin.facts import Fact
from twin.names import find_name, nearest
from twin.transcript import clean_text

_KEYS = ("speaker", "question", "answers", "from", "until")
_NEEDED = ("speaker", "question", "answers")
_MONTH = re.compile(r"\d{4}-(0[1-9]|1[0-2])")


def read_facts(file: Path, speakers: Iterable[str]) -> tuple[Fact, ...]:
    """The facts of a file.

    Args:
        speakers: everyone who may have facts; names are found as people type them.

    Raises:
        TwinError: the file cannot be read, or something is wrong with an entry; one line that says which and what.
    """
    entries = _entries(file)
    facts = []
    for number, entry in enumerate(entries, start=1):
        try:
            facts.append(_fact(entry))
        except ValueError as error:
            raise TwinError(f"{file}, fact {number}: {error}") from None
    return with_known_speakers(facts, speakers, str(file))


def with_known_speakers(facts: Iterable[Fact], speakers: Iterable[str], where: str) -> tuple[Fact, ...]:
    """The facts, each with its speaker's name as the chats have it.

    Raises:
        TwinError: a speaker is in none of the chats.
    """
    known = list(dict.fromkeys(speakers))
    found = []
    for number, fact in enumerate(facts, start=1):
        try:
            found.append(replace(fact, speaker=find_name(fact.speaker, known)))
        except TwinError as error:
            raise TwinError(f"{where}, fact {number}: {error}") from None
    return tuple(found)


def _entries(file: Path) -> list[Any]:
    try:
        content = tomllib.loads(file.read_text("utf-8-sig"))
    except OSError as error:
        raise TwinError(f"cannot read the facts {file}: {error.strerror}") from None
    except UnicodeDecodeError:
        raise TwinError(f"{file} is no UTF-8 text: save it as UTF-8") from None
    except ValueError as error:  # malformed TOML, or a number of thousands of digits
        raise TwinError(f"{file} is no TOML: {error}") from None
    except RecursionError:
        raise TwinError(f"{file} has brackets within brackets without end") from None
    if unknown := [key for key in content if key != "fact"]:
        raise TwinError(f"{file}: unknown key {unknown[0]!r}: every fact begins with the line [[fact]]")
    entries = content.get("fact")
    if not entries:
        raise TwinError(f"{file} has no fact: write [[fact]], and speaker, question and answers below it")
    if not isinstance(entries, list):
        raise TwinError(f"{file}: write [[fact]] with two brackets, once for every fact")
    return entries


def _fact(entry: Any) -> Fact:
    if not isinstance(entry, dict):
        raise ValueError("write [[fact]] above it, and one key a line below")
    for key in entry:
        if key not in _KEYS:
            near = nearest(key, _KEYS)
            raise ValueError(f"unknown key {key!r}: " + (f"did you mean {near[0]}?" if near else ", ".join(_KEYS)))
    for key in _NEEDED:
        if key not in entry:
            raise ValueError(f"{key} is missing")
    if not isinstance(entry["speaker"], str) or not entry["speaker"].strip():
        raise ValueError("speaker must be a name")
    since, until = (_month(entry, key) for key in ("from", "until"))
    if since and until and since > until:
        raise ValueError(f"it holds from {since} until {until}, so never")
    return Fact(entry["speaker"], _texts(entry, "question"), _texts(entry, "answers"), since, until)


def _texts(entry: dict[str, Any], key: str) -> tuple[str, ...]:
    value = entry[key]
    texts = [value] if isinstance(value, str) else value
    if not isinstance(texts, list) or not all(isinstance(text, str) for text in texts):
        raise ValueError(f"{key} must be a text or a list of texts")
    cleaned = tuple(dict.fromkeys(clean_text(text) for text in texts))
    if not all(cleaned) or not cleaned:
        raise ValueError(f"{key} must not be empty")
    return cleaned


def _month(entry: dict[str, Any], key: str) -> str | None:
    value = entry.get(key)
    if value is None:
        return None
    if not isinstance(value, str) or not _MONTH.fullmatch(value):
        raise ValueError(f'{key} must be a month such as "2020-01", in quotes')
    return value

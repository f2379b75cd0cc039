"""What can be known about a person of the corpus: `demo/knowledge.txt`, and the tables of `demo/years.txt`.

A block of `knowledge.txt` is a kind of fact: ways to ask for it, ways to answer with a value `{v}`, and values. The block
`unknown` has answers to questions whose answer is not known. The model learns from these that a fact which stands early
in its context answers a later question in other words, and that what does not stand there need not be answered.
"""

import random
import re
from dataclasses import dataclass
from functools import cache
from pathlib import Path

_FOLDER = Path(__file__).parent
_UNKNOWN = "unknown"
REACTIONS = (
    "I'll remember that.", "Good to know.", "I'd never have guessed.", "Ah, right, you told me once.", "Thanks!",
    "Now I remember.", "That suits you.", "Really? I had no idea.", "I'll write it down.", "Of course. How could I forget?",
    "That explains a lot.", "Okay, I won't ask again.", "Haha, nice.", "I thought so.",
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class Kind:
    """A kind of fact. Every way to answer holds `{v}`, the place of a value."""

    topic: str
    ask: tuple[str, ...]
    answers: tuple[str, ...]
    values: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Fact:
    """What `owner` answers `asker` to questions of a kind; no value where they do not know."""

    kind: Kind
    owner: str
    asker: str
    value: str | None

    def question(self, rng: random.Random) -> str:
        """One of the ways to ask for it."""
        return rng.choice(self.kind.ask)

    def answer(self, rng: random.Random) -> str:
        """One of the ways to answer."""
        if self.value is None:
            return rng.choice(unknown())
        text = rng.choice(self.kind.answers).replace("{v}", self.value)
        return text[0].upper() + text[1:]


@cache
def kinds() -> tuple[Kind, ...]:
    """All kinds of facts."""
    return tuple(
        Kind(topic, *(tuple(lines[key].split(sign)) for key, sign in (("Q", " / "), ("A", " / "), ("V", "; "))))
        for topic, lines in _blocks()
        if topic != _UNKNOWN
    )


@cache
def unknown() -> tuple[str, ...]:
    """Answers to what one does not know."""
    return next(tuple(lines["A"].split(" / ")) for topic, lines in _blocks() if topic == _UNKNOWN)


@cache
def of_the_year() -> dict[str, dict[str, str]]:
    """What is in fashion: slot -> year -> name."""
    lines = (_FOLDER / "years.txt").read_text("utf-8").strip().splitlines()
    return {
        slot: {entry[:4]: entry[5:] for entry in entries.split("; ")}
        for slot, entries in (line.split(": ", 1) for line in lines)
    }


def _blocks() -> list[tuple[str, dict[str, str]]]:
    source = (_FOLDER / "knowledge.txt").read_text("utf-8")
    blocks = []
    for block in re.split(r"^= ", source, flags=re.MULTILINE)[1:]:
        topic, *lines = [line for line in block.splitlines() if line.strip() and not line.startswith("#")]
        blocks.append((topic, {line[0]: line[3:] for line in lines}))
    return blocks

"""Facts that the chat never mentions: kept beside an adapter, and placed before a conversation that asks for them.

A fact is a question, in one or more ways to ask it, and what its speaker answers. The model learns it as conversations
(`trainer/asking.py`), and reads it again when it serves. It is found by the words that a message shares with it, or by
what the message means, where a sentence encoder was chosen. Importing this module loads no torch.
"""

import hashlib
import json
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from datetime import datetime, timedelta
from pathlib import Path
from typing import NamedTuple

from twin.errors import TwinError
from twin.matching import Frequencies, Texts
from twin.meaning import NONE, Meanings, SentenceEncoder, encoder_of
from twin.transcript import DEFAULT_GAP, Passage, Renderer, Turn, split_at_gaps

FILE = "facts.json"  # in an adapter's folder
FORMAT_VERSION = 1
MOST_FACTS = 3  # placed before a conversation
MARGIN = 0.8  # what share of the best fact's likeness the next one must have to be placed as well
ANSWER_WORTH = 0.6  # what likeness to an answer counts beside likeness to a question
_MOST_MATCHES = 2  # of one message


@dataclass(frozen=True, slots=True)
class Fact:
    """What someone answers to a question.

    Attributes:
        speaker: whose fact it is.
        questions: ways to ask.
        answers: ways to answer, in the speaker's own style.
        since: the first month in which it holds, such as "2020-01"; None: ever since.
        until: the last one, inclusive; None: for ever.
    """

    speaker: str
    questions: tuple[str, ...]
    answers: tuple[str, ...]
    since: str | None = None
    until: str | None = None

    def holds(self, at: datetime) -> bool:
        """Whether it is true at that time."""
        month = f"{at.year:04}-{at.month:02}"
        return (self.since or month) <= month <= (self.until or month)

    def passage(self, asker: str, at: datetime, question: int = 0, answer: int = 0) -> Passage:
        """The fact as a conversation placed before others; question and answer are told by number."""
        turns = (Turn(asker, self.questions[question], at), Turn(self.speaker, self.answers[answer], at))
        return Passage(turns, tag=None, ended=True, placed=True)


class Kept(NamedTuple):
    """What `facts.json` holds: facts, the common words of the chat, and the name of a sentence encoder or "none"."""

    facts: tuple[Fact, ...]
    common: Frequencies
    encoder: str


@dataclass(frozen=True, slots=True)
class Match:
    """A fact that a message asks for: their numbers in the index, of the fact and of the way to ask that is nearest."""

    fact: int
    question: int
    likeness: float


class FactIndex:
    """Facts, found by messages that ask for them.

    Args:
        facts: of any speakers.
        common: the common words of the chat, which tell how little it means to share them.
        encoder: finds them by meaning; None: by words.
    """

    def __init__(
        self, facts: Sequence[Fact], common: Frequencies | None = None, encoder: SentenceEncoder | None = None
    ) -> None:
        self.facts = tuple(facts)
        common = common or Frequencies()
        self._numbers: dict[str, list[int]] = {}
        for number, fact in enumerate(self.facts):
            self._numbers.setdefault(fact.speaker, []).append(number)
        texts = {
            speaker: [text for number in numbers for text in _texts_of(self.facts[number])]
            for speaker, numbers in self._numbers.items()
        }
        self._texts: dict[str, Texts | Meanings] = {
            speaker: Meanings(own, encoder) if encoder else Texts(own, common) for speaker, own in texts.items()
        }

    @classmethod
    def of(cls, kept: Kept) -> "FactIndex":
        """The facts that were kept, to be found as was chosen.

        Raises:
            TwinError: the sentence encoder cannot be loaded.
        """
        return cls(kept.facts, kept.common, encoder_of(kept.encoder))

    def asked(self, message: str, speaker: str, at: datetime) -> list[Match]:
        """What a message to `speaker` asks for of what holds at that time: at most two facts, the likeliest first."""
        if speaker not in self._texts:
            return []
        alike = self._texts[speaker].alike(message)
        found, first = list[Match](), 0
        for number in self._numbers[speaker]:
            fact = self.facts[number]
            ways = [alike.get(first + way, 0.0) for way in range(len(fact.questions))]
            first += len(ways)
            said = max(alike.get(first + way, 0.0) for way in range(len(fact.answers)))
            first += len(fact.answers)
            likeness = max(*ways, ANSWER_WORTH * said)
            if likeness and fact.holds(at):
                found.append(Match(number, ways.index(max(ways)), likeness))
        found.sort(key=lambda match: -match.likeness)
        return [match for match in found[:_MOST_MATCHES] if match.likeness >= MARGIN * found[0].likeness]

    def forget(self) -> None:
        """Let go of the messages that were asked about."""
        for texts in self._texts.values():
            texts.forget()

    def placed(
        self, turns: Sequence[Turn], speaker: str, at: datetime, gap: timedelta = DEFAULT_GAP
    ) -> tuple[Passage, ...]:
        """The facts of `speaker` to place before a thread's window, for `Renderer.serving_window`.

        They follow from the turns of the current conversation alone: a fact comes in when it is asked for first, and
        stays where it is until more than `MOST_FACTS` others have come.
        """
        *conversation, _ = split_at_gaps([*turns, Turn(speaker, "", at)], gap)[-1]
        chosen: dict[int, Passage] = {}
        for turn in conversation:
            if turn.speaker == speaker:
                continue
            for match in reversed(self.asked(turn.text, speaker, turn.at)):
                if match.fact not in chosen:
                    chosen[match.fact] = self.facts[match.fact].passage(turn.speaker, turn.at, match.question)
                    if len(chosen) > MOST_FACTS:
                        del chosen[next(iter(chosen))]
        return tuple(chosen.values())


def serving_window(
    renderer: Renderer,
    index: FactIndex | None,
    turns: Sequence[Turn],
    *,
    speaker: str,
    at: datetime,
    budget: int,
    gap: timedelta,
) -> list[int]:
    """`Renderer.serving_window` of a thread, behind the facts that it asks for, if there are any."""
    placed = index.placed(turns, speaker, at, gap) if index else ()
    return renderer.serving_window(turns, speaker, at, budget, gap, facts=placed)


def _texts_of(fact: Fact) -> tuple[str, ...]:
    return *fact.questions, *fact.answers


def digest(facts: Sequence[Fact]) -> str | None:
    """What tells whether facts have changed; None where there are none."""
    if not facts:
        return None
    return hashlib.sha256(json.dumps([asdict(fact) for fact in facts]).encode()).hexdigest()


def write(folder: Path, kept: Kept | None) -> None:
    """Puts facts into an adapter's folder, if there are any."""
    if kept:
        values = {"format_version": FORMAT_VERSION, "facts": [asdict(fact) for fact in kept.facts]}
        values |= {"common": asdict(kept.common), "encoder": kept.encoder}
        (folder / FILE).write_text(json.dumps(values, ensure_ascii=False, indent=1) + "\n", "utf-8")


def load(folder: Path) -> FactIndex | None:
    """The facts of an adapter's version, to be found; None if it has none here: an export leaves them out.

    Raises:
        TwinError: the file cannot be used, or its sentence encoder cannot be loaded.
    """
    kept = read(folder)
    return FactIndex.of(kept) if kept else None


def read(folder: Path) -> Kept | None:
    """What is kept of facts with an adapter's version; None if there are none here.

    Raises:
        TwinError: the file cannot be used.
    """
    file = folder / FILE
    try:
        values = json.loads(file.read_text("utf-8"))
        if values["format_version"] > FORMAT_VERSION:
            raise TwinError(f"{file} was written by a newer Twin: update Twin")
        encoder = values.get("encoder", NONE)
        if not isinstance(encoder, str):
            raise ValueError("the name of the encoder is no text")
        return Kept(tuple(map(from_values, values["facts"])), _frequencies(**values["common"]), encoder)
    except FileNotFoundError:
        return None
    except (OSError, ValueError, KeyError, TypeError, AttributeError):
        raise TwinError(f"{file} cannot be used: train again with --facts, or remove the file") from None


def from_values(values: dict[str, object]) -> Fact:
    """A fact as `dataclasses.asdict` and JSON have made it.

    Raises:
        ValueError: it lacks a question or an answer, or something is no text.
    """
    lists = {key: _strings(values[key]) for key in ("questions", "answers")}
    others = {key: value for key, value in values.items() if key not in lists}
    if not isinstance(others["speaker"], str) or not all(isinstance(one, str | None) for one in others.values()):
        raise ValueError("something in it is no text")
    return Fact(**lists, **others)  # type: ignore[arg-type]


def _frequencies(messages: object, words: object) -> Frequencies:
    if isinstance(messages, int) and isinstance(words, dict) and all(isinstance(one, int) for one in words.values()):
        return Frequencies(messages, words)
    raise ValueError("the common words are no numbers")


def _strings(value: object) -> tuple[str, ...]:
    if not isinstance(value, list) or not value or not all(isinstance(text, str) for text in value):
        raise ValueError("it needs a question and an answer")
    return tuple(value)

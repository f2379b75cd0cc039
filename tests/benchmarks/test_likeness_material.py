"""What the likeness benchmark judges by shares nothing with what any model of the demo was trained on."""

import itertools
import json
import re
import tomllib
from collections import Counter
from collections.abc import Iterable, Iterator
from pathlib import Path

import pytest

from benchmarks.likeness import material
from demo.corpus import all_flows, conversations
from demo.corpus_facts import kinds, unknown
from demo.exports import LISA, PETER, messages
from trainer.replies import replies_of, words_of

DEMO = Path(__file__).parents[2] / "demo"
SHORTEST = 5  # words; shorter messages are everybody's
RUN = 7  # words in a row that make a template


def plain(text: str) -> str:
    return " ".join(words_of(text))


def written() -> Iterator[str]:
    """Every text that a model of the demo learns from, the flows with their slots open."""
    yield from (way.text for flow in all_flows() for step in flow.steps for way in step.ways)
    yield from (text for kind in kinds() for text in (*kind.ask, *kind.answers))
    yield from unknown()
    yield from (message.text for sample in (LISA, PETER) for message in messages(sample))
    for line in (DEMO / "general.jsonl").read_text("utf-8").splitlines():
        yield from (turn["text"] for turn in json.loads(line)["turns"])
    for fact in tomllib.loads((DEMO / "facts.toml").read_text("utf-8"))["fact"]:
        yield from (*fact["question"], *fact["answers"])


def runs(text: str) -> set[tuple[str, ...]]:
    """The runs of words in the parts of a text between its slots."""
    found: set[tuple[str, ...]] = set()
    for part in re.split(r"[{}|]", text):
        words = words_of(part)
        found |= {tuple(words[start : start + RUN]) for start in range(len(words) - RUN + 1)}
    return found


@pytest.fixture(scope="module")
def learned() -> tuple[set[str], set[tuple[str, ...]]]:
    texts = list(written())
    generated = (turn.text for one in itertools.islice(conversations(1), 6_000) for turn in one.turns)
    return {plain(text) for text in (*texts, *generated)}, set().union(*map(runs, texts))


def judged() -> dict[str, list[str]]:
    questions = [
        entry["question"]
        for name in ("questions", "uncovered", "dated")
        for entry in tomllib.loads((material.FOLDER / f"{name}.toml").read_text("utf-8"))["question"]
    ]
    return {
        "conversations": [turn.text for part in material.held_out().values() for one in part for turn in one.turns],
        "openings": material.openings(),
        "questions": questions,
        "pairs": [text for pair in material.pairs() for text in (pair.context, pair.plausible, pair.absurd)],
    }


@pytest.mark.parametrize("kind", ["conversations", "openings", "questions", "pairs"])
def test_nothing_is_shared_with_what_was_learned(kind: str, learned: tuple[set[str], set[tuple[str, ...]]]) -> None:
    whole, templates = learned
    texts = judged()[kind]
    assert not [text for text in texts if len(words_of(text)) >= SHORTEST and plain(text) in whole]
    assert not [text for text in texts if runs(text) & templates]


def test_there_is_enough_of_it() -> None:
    conversations = [one for part in material.held_out().values() for one in part]
    assert len(conversations) >= 500
    assert all(4 <= len(one.turns) <= 9 and len({turn.speaker for turn in one.turns}) == 2 for one in conversations)
    assert len(material.openings()) == 40
    facts = tomllib.loads((DEMO / "facts.toml").read_text("utf-8"))["fact"]
    assert min(Counter(fact["speaker"] for fact in facts).values()) >= 50
    assert len(material.pairs()) >= 100


def test_no_opening_and_no_reply_stands_twice() -> None:
    conversations = [one for part in material.held_out().values() for one in part]
    assert not twice(plain(one.turns[0].text) for one in conversations)
    assert not twice(reply.normalised for reply in replies_of(conversations))


def twice(texts: Iterable[str]) -> list[str]:
    return [text for text, times in Counter(texts).items() if times > 1 and len(text.split()) >= SHORTEST]

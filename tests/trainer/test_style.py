"""Style, replies and questions: what is measured without a model."""

import random
from collections import Counter
from datetime import datetime
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from trainer.questions import read_questions
from trainer.replies import replies_of
from trainer.style import FEATURES, distance, style_of
from twin.errors import TwinError
from twin.manifest import Chat, Manifest
from twin.transcript import Conversation, Turn

AT = datetime(2023, 5, 4, 18, 0)
CASUAL = ["haha ok", "na klar 😂", "see u there", "omg yes 😍😍", "idk tbh...", "brb", "cant wait!!", "where r u"]
FORMAL = ["I shall be there at eight.", "Thank you; that is kind.", "Certainly, Daniel.", "May I ask why?"]

counts = st.dictionaries(st.sampled_from("abcdef"), st.integers(1, 50), min_size=1).map(Counter)


def runs(texts: list[str], seed: int, number: int = 40, longest: int = 3) -> list[list[str]]:
    rng = random.Random(seed)
    return [rng.choices(texts, k=rng.randint(1, longest)) for _ in range(number)]


@given(counts, counts)
@settings(deadline=None)
def test_the_distance_is_a_distance(one: Counter[str], other: Counter[str]) -> None:
    assert distance(one, one) == 0
    assert 0 <= distance(one, other) == distance(other, one) <= 1
    many = Counter({key: 7 * number for key, number in one.items()})
    assert distance(many, other) == pytest.approx(distance(one, other))


def test_nothing_in_common_is_a_distance_of_one() -> None:
    assert distance(Counter("aab"), Counter("ccd")) == pytest.approx(1)
    assert distance(Counter(), Counter("a")) == 1
    assert distance(Counter(), Counter()) == 0


def test_the_same_person_is_as_far_off_as_real_halves_are() -> None:
    real = [runs(CASUAL, 1), runs(CASUAL, 2)]
    same = style_of([runs(CASUAL, 3), runs(CASUAL, 4)], real)
    other = style_of([runs(FORMAL, 3), runs(FORMAL, 4)], real)
    mixed = style_of([runs(CASUAL + FORMAL, 3), runs(CASUAL + FORMAL, 4)], real)
    assert same and other and mixed and same.features.keys() == FEATURES.keys()
    assert same.whole.ratio == pytest.approx(1, abs=0.35)
    assert other.whole.gap > mixed.whole.gap > same.whole.gap
    assert other.whole.ratio and other.whole.ratio > 2
    assert style_of(real, real) == style_of(real, real)


def test_each_feature_sees_what_it_is_named_for() -> None:
    base = [runs(CASUAL, seed) for seed in (1, 2)]
    changes = {
        "length": lambda text: " ".join([text] * 6),
        "emoji": lambda text: text + "😂🎉🎉",
        "case": str.upper,
        "punctuation": lambda text: text.replace(" ", "; "),
        "endings": lambda text: f"{text}.",
        "words": lambda text: text.replace("a", "ä"),
        "letters": lambda text: text.replace("a", "ä"),
    }
    for name, change in changes.items():
        twin = [[[change(text) for text in run] for run in half] for half in base]
        style = style_of(twin, base)
        assert style and style.features[name].gap > style.features[name].real_gap + 0.1, name
    single = style_of([[[text] for run in half for text in run] for half in base], base)
    assert single and single.features["messages in a row"].gap > single.features["messages in a row"].real_gap + 0.1


def test_identical_messages_have_no_gap() -> None:
    halves = [[["1"]] * 20] * 2
    style = style_of(halves, halves)
    assert style and (style.whole.gap, style.whole.ratio) == (0, 1)
    other = style_of([[["2"]] * 20] * 2, halves)
    assert other and other.whole.gap > 0 and other.whole.ratio is None


def test_few_messages_have_no_style() -> None:
    enough, few = runs(CASUAL, 1), [["hi"]] * 11
    assert style_of([enough, few], [enough, enough]) is None
    assert style_of([enough, enough], [few, enough]) is None


def test_replies_are_runs_after_another_speaker() -> None:
    said = [("Lisa", "hey"), ("Lisa", "you?"), ("Daniel", "Fine, thanks"), ("Lisa", "good |"), ("Lisa", "Don't go")]
    turns = tuple(Turn(*one, AT) for one in said)
    first, second = replies_of([Conversation(turns, "Lisa")])
    assert (first.speaker, first.messages, len(first.before)) == ("Daniel", ("Fine, thanks",), 2)
    assert (second.speaker, second.messages, second.normalised) == ("Lisa", ("good ¦", "Don't go"), "good don't go")
    assert not replies_of([Conversation(turns[:2], "Lisa")])


MANIFEST = Manifest(
    base_model="base",
    base_revision=None,
    base_digest="",
    quantisation="none",
    speakers=("Daniel", "Lisa"),
    chats=(Chat("Lisa", ("Daniel", "Lisa"), AT, AT),),
    datasets=("lisa",),
    dataset_digest="",
    context_length=128,
    gap_seconds=3600,
)
GOOD = """
[[question]]
speaker = "lisa"
question = "Where did you learn to swim?"
expect = ["Starnberg", "the lake"]
reject = ["pool"]
[[question]]
speaker = "Daniel"
asker = "lisa"
question = "how old?"
expect = "30"
at = "2018-05"
"""


def test_questions_are_read_and_their_answers_judged(tmp_path: Path) -> None:
    (tmp_path / "q.toml").write_text(GOOD, "utf-8")
    swim, old = read_questions(tmp_path / "q.toml", MANIFEST)
    assert swim.turns == (Turn("Daniel", "Where did you learn to swim?", AT),) and not swim.dated
    assert (old.asker, old.at, old.dated) == ("Lisa", datetime(2018, 5, 15, 18), True)
    for answer, right in (
        ("in starnberg, haha", True),
        ("in THE\nLake!", True),
        ("the lakes", False),
        ("starnberg, not the pool", False),
        ("dunno", False),
    ):
        assert swim.is_right(answer) == right, answer
    assert old.is_right("30!") and not old.is_right("130")


@pytest.mark.parametrize(
    ("content", "line"),
    [
        ("", r"q.toml has no question: begin each with a line \[\[question\]\]"),
        ("[[question]\n", "q.toml is no TOML: .*line 1"),
        ("question = " + "[" * 5000, "q.toml has brackets within brackets"),
        ("x = 1\n" + GOOD, "q.toml: 'x' is no part of a file of questions"),
        ("question = 3", "has no question"),
        (GOOD.replace('expect = "30"', ""), "q.toml, question 2: the key 'expect' is missing"),
        (GOOD.replace('"30"', '""'), "q.toml, question 2: expect must be a text that is not empty"),
        (GOOD.replace('"30"', "[]"), "q.toml, question 2: expect must be a text or a list of texts"),
        (GOOD.replace('"30"', "30"), "q.toml, question 2: expect must be a text"),
        (GOOD.replace("reject", "refuse"), "q.toml, question 1: the key 'refuse' is unknown; there are asker, at"),
        (GOOD.replace("2018-05", "2018-13"), "q.toml, question 2: at must be a month such as 2018-05, not '2018-13'"),
        (GOOD.replace('"lisa"', '"lias"', 1), "q.toml, question 1: nobody is called 'lias': did you mean Lisa?"),
    ],
)
def test_questions_that_cannot_be_used_are_one_clear_line(tmp_path: Path, content: str, line: str) -> None:
    (tmp_path / "q.toml").write_text(content, "utf-8")
    with pytest.raises(TwinError, match=line) as error:
        read_questions(tmp_path / "q.toml", MANIFEST)
    assert "\n" not in str(error.value)


def test_a_file_of_questions_that_is_not_there(tmp_path: Path) -> None:
    with pytest.raises(TwinError, match=r"cannot read .*q\.toml: No such file"):
        read_questions(tmp_path / "q.toml", MANIFEST)

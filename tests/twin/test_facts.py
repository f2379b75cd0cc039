"""Fact files, the facts kept beside an adapter, and what is placed before a conversation."""

import itertools
import json
import random
from datetime import datetime, timedelta
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from transformers import PreTrainedTokenizerFast

from twin import facts
from twin.errors import TwinError
from twin.factfile import read_facts
from twin.facts import MOST_FACTS, Fact, FactIndex
from twin.matching import Frequencies
from twin.transcript import UNDATED, Conversation, Passage, Renderer, Turn, date_tag

AT = datetime(2023, 5, 4, 18, 0)
SPEAKERS = ("Daniel", "Lisa")
GOOD = '[[fact]]\nspeaker = "lisa"\nquestion = "Where do you live?"\nanswers = ["in munich", "munich!"]\n'
TOPICS = ("swim", "piano", "birthday", "tattoo", "honeymoon", "allergic")
KNOWN = [Fact("Lisa", (f"What about {topic}?", f"And the {topic}?"), (f"my {topic} answer",)) for topic in TOPICS]


def written(tmp_path: Path, text: str | bytes) -> Path:
    file = tmp_path / "facts.toml"
    file.write_bytes(text if isinstance(text, bytes) else text.encode())
    return file


def test_a_file_is_read(tmp_path: Path) -> None:
    more = '[[fact]]\nspeaker = "Daniel"\nquestion = ["job?", "work|?"]\nanswers = "none"\n'
    more += 'from = "2019-07"\nuntil = "2019-12"\n'
    assert read_facts(written(tmp_path, GOOD + more), SPEAKERS) == (
        Fact("Lisa", ("Where do you live?",), ("in munich", "munich!")),
        Fact("Daniel", ("job?", "work¦?"), ("none",), "2019-07", "2019-12"),
    )


@pytest.mark.parametrize(
    ("text", "line"),
    [
        ("", "facts.toml has no fact"),
        ("fact = []", "facts.toml has no fact"),
        ("[[fact]\n", "facts.toml is no TOML: .*line 1"),
        (b"\xff\xfe", "facts.toml is no UTF-8"),
        ("fact = " + "9" * 5000, "facts.toml is no TOML"),
        ("fact = " + "[" * 5000, "facts.toml has brackets within brackets"),
        ("[fact]\nspeaker = 'Lisa'", "write .* with two brackets"),
        ("fact = [3]", "fact 1: write"),
        ("facts = 1", "unknown key 'facts'"),
        (GOOD + GOOD.replace("question", "qestion"), "fact 2: unknown key 'qestion': did you mean question"),
        (GOOD.replace("answers", "colour"), "fact 1: unknown key 'colour'"),
        (GOOD.replace('speaker = "lisa"\n', ""), "fact 1: speaker is missing"),
        (GOOD.replace('"lisa"', "3"), "fact 1: speaker must be a name"),
        (GOOD.replace('"Where do you live?"', "[]"), "fact 1: question must not be empty"),
        (GOOD.replace("munich!", "  "), "fact 1: answers must not be empty"),
        (GOOD.replace('"munich!"', "3"), "fact 1: answers must be a text or a list of texts"),
        (GOOD + 'from = "2020-13"', 'fact 1: from must be a month such as "2020-01"'),
        (GOOD + "until = 2020-01-01", "fact 1: until must be a month"),
        (GOOD + 'from = "2021-01"\nuntil = "2020-12"', "fact 1: it holds from 2021-01 until 2020-12, so never"),
        (GOOD + GOOD.replace("lisa", "Lise"), "fact 2: nobody is called 'Lise': did you mean Lisa"),
    ],
)
def test_what_is_wrong_is_one_line(tmp_path: Path, text: str | bytes, line: str) -> None:
    with pytest.raises(TwinError, match=line) as refusal:
        read_facts(written(tmp_path, text), SPEAKERS)
    assert "\n" not in str(refusal.value) and "facts.toml" in str(refusal.value)


def test_a_file_that_is_not_there_is_one_line(tmp_path: Path) -> None:
    with pytest.raises(TwinError, match=r"cannot read the facts .*nowhere"):
        read_facts(tmp_path / "nowhere", SPEAKERS)


texts = st.text(min_size=1, max_size=9)
some_texts = st.lists(texts, min_size=1, max_size=3).map(tuple)
months = st.none() | st.from_regex(r"20[0-2]\d-0[1-9]", fullmatch=True)


@given(st.lists(st.builds(Fact, texts, some_texts, some_texts, months, months), max_size=4))
def test_facts_come_back_as_they_were(tmp_path_factory: pytest.TempPathFactory, kept: list[Fact]) -> None:
    folder = tmp_path_factory.mktemp("facts")
    facts.write(folder, facts.Kept(tuple(kept), Frequencies.of(["hi there", "hi"]), "none"))
    index = facts.load(folder)
    assert index is not None and list(index.facts) == kept
    assert facts.digest(index.facts) == facts.digest(kept) and (facts.digest(kept) is None) == (not kept)


def test_a_folder_without_facts_and_one_with_damaged_ones(tmp_path: Path) -> None:
    assert facts.load(tmp_path) is None
    facts.write(tmp_path, facts.Kept(tuple(KNOWN), Frequencies(), "none"))
    whole = json.loads((tmp_path / facts.FILE).read_text("utf-8"))
    wordless = {"common": {"messages": 3, "words": {"the": None}}}
    no_question = {"facts": [whole["facts"][0] | {"questions": []}]}
    for values in (
        [],
        {},
        whole | {"facts": [{}]},
        whole | {"common": 1},
        whole | wordless,
        whole | {"encoder": 1},
        whole | no_question,
    ):
        (tmp_path / facts.FILE).write_text(json.dumps(values), "utf-8")
        with pytest.raises(TwinError, match=r"facts\.json cannot be used"):
            facts.load(tmp_path)
    (tmp_path / facts.FILE).write_text(json.dumps(whole | {"format_version": 99}), "utf-8")
    with pytest.raises(TwinError, match="newer Twin"):
        facts.load(tmp_path)


def said(*texts: str) -> list[Turn]:
    """What Daniel and Lisa say in turn, a minute apart."""
    return [Turn(SPEAKERS[number % 2], text, AT + timedelta(minutes=number)) for number, text in enumerate(texts)]


def topics(placed: tuple[Passage, ...]) -> list[str]:
    return [passage.turns[1].text.split()[1] for passage in placed]


def test_a_fact_is_placed_when_it_is_asked_for_and_stays_put() -> None:
    index = FactIndex(KNOWN)
    turns = said(
        "hey", "hi", "what about the piano?", "hm", "nice", "piano piano", "and the tattoo?", "x", "piano?", "y"
    )
    placed = [topics(index.placed(turns[:count], "Lisa", AT + timedelta(minutes=count))) for count in range(1, 11)]
    assert placed == [[]] * 2 + [["piano"]] * 4 + [["piano", "tattoo"]] * 4
    (passage,) = index.placed(turns[:3], "Lisa", AT)
    assert passage == Passage(
        (Turn("Daniel", "What about piano?", turns[2].at), Turn("Lisa", "my piano answer", turns[2].at)),
        None,
        True,
        True,
    )
    assert index.placed(turns, "Daniel", AT) == ()


def test_only_the_current_conversation_counts() -> None:
    index = FactIndex(KNOWN)
    turns = said("what about the piano?", "hm")
    assert topics(index.placed(turns, "Lisa", AT + timedelta(minutes=30))) == ["piano"]
    assert index.placed(turns, "Lisa", AT + timedelta(days=1)) == ()


def test_the_newest_of_too_many_stay() -> None:
    index = FactIndex(KNOWN)
    asked = [text for topic in (*TOPICS[:4], TOPICS[0]) for text in (f"what about {topic}?", "ok")]
    placed = [topics(index.placed(said(*asked[:count]), "Lisa", AT)) for count in range(1, 10, 2)]
    assert placed[2:] == [list(TOPICS[:3]), list(TOPICS[1:4]), [*TOPICS[2:4], TOPICS[0]]]
    assert all(len(one) <= MOST_FACTS for one in placed)


def test_the_prefix_stays_put_as_turns_are_added(tokenizer: PreTrainedTokenizerFast) -> None:
    """Between two new facts, what the model has read of a conversation is the beginning of what it reads next."""
    index, renderer = FactIndex(KNOWN), Renderer(tokenizer, SPEAKERS)
    turns = said("hey", "hi", "what about the piano?", "hm", "nice", "right", "and the tattoo?", "yes", "oh", "well")

    def window(count: int) -> tuple[tuple[Passage, ...], list[int]]:
        placed = index.placed(turns[:count], "Lisa", turns[count - 1].at)
        return placed, renderer.serving_window(turns[:count], "Lisa", turns[count - 1].at, 1000, facts=placed)

    windows = [window(count) for count in range(1, len(turns) + 1, 2)]
    label = len(renderer.ids(" Lisa:"))
    for (before, first), (after, second) in itertools.pairwise(windows):
        same = before == after
        assert (second[: len(first) - label] == first[:-label]) == same
        if not same:  # the facts placed before are still its beginning
            beginning = renderer.window(before).ids
            assert second[: len(beginning)] == beginning
    assert [len(placed) for placed, _ in windows] == [0, 1, 1, 2, 2]


def test_placed_facts_are_what_training_reads(tokenizer: PreTrainedTokenizerFast) -> None:
    renderer = Renderer(tokenizer, SPEAKERS)
    placed = FactIndex(KNOWN).placed(said("what about the piano?"), "Lisa", AT)
    window = renderer.window(
        [*placed, Passage(tuple(said("what about the piano?", "I play")), "[2023-05 Thu evening]", True)]
    )
    served = renderer.serving_window(said("what about the piano?"), "Lisa", AT, 300, facts=placed)
    assert window.ids[: len(served)] == served
    text = tokenizer.decode(served)
    assert text == (
        "Daniel: What about piano? | Lisa: my piano answer |<|endoftext|>"
        "[2023-05 Thu evening] Daniel: what about the piano? | Lisa:"
    )


@given(st.integers(60, 300), st.integers(0, 3))
def test_placed_facts_count_against_the_budget(tokenizer: PreTrainedTokenizerFast, budget: int, number: int) -> None:
    renderer = Renderer(tokenizer, SPEAKERS)
    turns = said(*(f"message {number}" for number in range(30)))
    placed = [fact.passage("Daniel", AT) for fact in KNOWN[:number]]
    ids = renderer.serving_window(turns, "Lisa", turns[-1].at, budget, facts=placed)
    assert len(ids) <= budget
    fitting = renderer.fitting(placed, budget // 3)
    assert fitting == placed[number - len(fitting) :]
    beginning = renderer.window(fitting).ids
    assert ids[: len(beginning)] == beginning


def test_conversations_of_a_corpus_without_dates_have_no_tag(tokenizer: PreTrainedTokenizerFast) -> None:
    assert date_tag(UNDATED + timedelta(days=3)) is None and date_tag(AT, latest=UNDATED) is None
    turns = tuple(Turn(turn.speaker, turn.text, UNDATED) for turn in said("hey", "hi"))
    renderer = Renderer(tokenizer, SPEAKERS)
    (window,) = renderer.training_windows([Conversation(turns, "c")], 100, untagged=0, rng=random.Random(0))
    assert tokenizer.decode(renderer.window(window).ids) == "Daniel: hey | Lisa: hi |<|endoftext|>"
    assert tokenizer.decode(renderer.serving_window(turns[:1], "Lisa", UNDATED, 100)) == "Daniel: hey | Lisa:"

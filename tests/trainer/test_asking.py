"""Facts among a chat's conversations and before its windows."""

import random
from collections import Counter
from collections.abc import Sequence
from datetime import datetime

import pytest
from transformers import PreTrainedTokenizerFast

from tests.conftest import chat_with_sign
from tests.masks import tokens_of
from trainer.asking import LEAST_ASKED, MOST_ASKED, PLACED, conversations_about, windows_with_facts
from trainer.windows import windows_of
from twin.facts import MOST_FACTS, Fact
from twin.transcript import Conversation, Passage, Renderer, Turn

CHAT = chat_with_sign("1", conversations=400)["Lisa"]  # from May 2023 on, one a day
FACTS = [
    Fact("Lisa", ("Where do you live?", "live?"), ("in a house", "house!", "housey"), until="2023-09"),
    Fact("Lisa", ("Where do you live?",), ("in a boat",), since="2023-10"),
    Fact("Lisa", ("Any pets?", "a cat?"), ("a cat", "two cats")),
    Fact("Daniel", ("job?", "work?"), ("none", "no")),
]
AT = datetime(2023, 5, 4, 18, 0)


@pytest.fixture
def renderer(tokenizer: PreTrainedTokenizerFast) -> Renderer:
    return Renderer(tokenizer, ("Daniel", "Lisa"))


def test_the_loss_counts_nothing_of_placed_facts(tokenizer: PreTrainedTokenizerFast, renderer: Renderer) -> None:
    window = renderer.window(
        [
            FACTS[2].passage("Daniel", AT, 1),
            FACTS[0].passage("Daniel", AT),
            Passage((Turn("Daniel", "pets?", AT), Turn("Lisa", "two", AT)), "[2023-05 Thu evening]", ended=True),
        ]
    )
    expected = [
        ("Daniel:", False), (" a cat?", False), (" |", False), (" Lisa:", False), (" a cat", False), (" |", False),
        ("<|endoftext|>", False),
        ("Daniel:", False), (" Where do you live?", False), (" |", False), (" Lisa:", False), (" in a house", False),
        (" |", False), ("<|endoftext|>", False),
        ("[2023-05 Thu evening]", False),
        (" Daniel:", True), (" pets?", True), (" |", True), (" Lisa:", True), (" two", True), (" |", True),
        ("<|endoftext|>", True),
    ]  # fmt: skip
    assert window == tokens_of(renderer, tokenizer, expected)


def test_every_question_meets_every_answer_at_a_time_when_it_holds() -> None:
    asked = conversations_about(FACTS, CHAT, random.Random(0))
    pairs = Counter((one.fact, one.question, one.answer) for one in asked)
    assert len(pairs) == sum(len(fact.questions) * len(fact.answers) for fact in FACTS)
    times = Counter(one.fact for one in asked)
    assert set(times.values()) == {MOST_ASKED}
    for one in asked:
        question, answer = one.conversation.turns
        assert {question.speaker, answer.speaker} == {"Daniel", "Lisa"} and answer.speaker == one.fact.speaker
        assert (question.text, answer.text) == (one.fact.questions[one.question], one.fact.answers[one.answer])
        assert one.fact.holds(question.at)
    many = Fact("Lisa", tuple(f"q{number}" for number in range(9)), ("a", "b", "c"))
    assert len(conversations_about([many], CHAT, random.Random(0))) == MOST_ASKED
    few = Counter(one.fact for one in conversations_about(FACTS, CHAT[:8], random.Random(0)))
    assert few[FACTS[0]] == 6 and few[FACTS[2]] == few[FACTS[3]] == LEAST_ASKED  # but every pair comes up


def test_times_beyond_the_chat() -> None:
    def times(fact: Fact) -> set[str]:
        asked = conversations_about([fact], CHAT[:60], random.Random(0))
        return {f"{one.conversation.turns[0].at:%Y-%m}" for one in asked}

    assert times(Fact("Lisa", ("q",), ("a",), since="2025-01")) == {"2025-01"}  # its tag is that of the last month
    assert times(Fact("Lisa", ("q",), ("a",), until="2020-01")) == set()
    assert times(Fact("Nobody", ("q",), ("a",))) == set()


def placed_of(window: Sequence[Passage]) -> list[Passage]:
    return [passage for passage in window if passage.placed]


def test_windows_with_facts(renderer: Renderer) -> None:
    def windows() -> list[list[Passage]]:
        return list(windows_with_facts(CHAT, FACTS, renderer, 240, untagged=0.1, rng=random.Random(0)))

    found = windows()
    assert windows() == found
    assert all(len(renderer.window(window).ids) <= 240 for window in found)
    said = [turn for window in found for passage in window if not passage.placed for turn in passage.turns]
    assert [turn for turn in said if turn.text in {"hi", "1"}] == [turn for one in CHAT for turn in one.turns]
    with_placed = [window for window in found if placed_of(window)]
    assert abs(len(with_placed) / len(found) - PLACED) < 0.15
    answers = {answer: fact for fact in FACTS for answer in fact.answers}
    for window in with_placed:
        placed = placed_of(window)
        assert window[: len(placed)] == placed and 1 <= len(placed) <= MOST_FACTS
        assert all(passage.tag is None and passage.ended for passage in placed)
        assert len({passage.turns[1].speaker for passage in placed}) == 1
        asked = [turn for passage in window if not passage.placed for turn in passage.turns if turn.text in answers]
        given = [passage.turns[1].text for passage in placed]
        if asked:
            wanted = [turn for turn in asked if answers[turn.text] in {answers[text] for text in given}]
            assert wanted
            said_of = Counter(answers[turn.text] for turn in wanted)
            for turn in wanted:
                if said_of[answers[turn.text]] == 1 and len(answers[turn.text].answers) > 1:
                    assert turn.text not in given
        assert len({answers[text] for text in given}) == len(given)


def test_no_window_begins_with_an_answer_whose_question_is_in_the_one_before(renderer: Renderer) -> None:
    replies = {answer for fact in FACTS for answer in fact.answers}
    for seed in range(5):
        for window in windows_with_facts(CHAT, FACTS, renderer, 60, untagged=0, rng=random.Random(seed)):
            first = next(passage for passage in window if not passage.placed)
            assert first.turns[0].text not in replies


def test_other_chats_are_as_they_were_without_facts(renderer: Renderer) -> None:
    other = {"Zoe": [Conversation((Turn("Zoe", "hi", AT), Turn("Tom", "hey", AT)), "Zoe")] * 30}
    known = Renderer(renderer._tokenizer, ("Daniel", "Lisa", "Zoe", "Tom"))
    without = windows_of(other, known, 100, untagged=0.3, seed=3)
    assert windows_of(other, known, 100, untagged=0.3, seed=3, facts=FACTS) == without


def test_in_focus_placed_facts_weigh_nothing(renderer: Renderer) -> None:
    windows = windows_of({"Lisa": CHAT}, renderer, 240, focus="Lisa", facts=FACTS)
    plain = windows_of({"Lisa": CHAT}, renderer, 240, facts=FACTS)
    assert [window.ids for window in windows] == [window.ids for window in plain]
    for focused, window in zip(windows, plain, strict=True):
        assert all((weight == 0) == (other == 0) for weight, other in zip(focused.weights, window.weights, strict=True))

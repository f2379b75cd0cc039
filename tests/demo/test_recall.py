"""Windows that only looking back can answer."""

import itertools
import random
import re

from demo.corpus_facts import kinds
from demo.corpus_recall import recalls, repeated
from twin.transcript import Passage, Turn

WINDOWS = list(itertools.islice(recalls(1), 400))


def test_a_sequence_comes_two_or_three_times() -> None:
    for seed in range(50):
        rows, length = repeated(random.Random(seed), 100, 512)
        assert 4 <= length <= 24 and sum(map(len, rows)) <= 512
        for row in rows:
            assert len(row) in (2 * length, 3 * length) and row == row[:length] * (len(row) // length)
            assert all(0 <= token < 100 for token in row)


def words(text: str) -> set[str]:
    return set(re.findall(r"[\w']+", text.casefold()))


def asked_in(window: list[Passage]) -> list[tuple[Turn, Turn]]:
    """The exchanges about placed facts: pairs at the end, of which no more than there are facts."""
    *placed, conversation = window
    turns, (asker, owner) = conversation.turns, (turn.speaker for turn in placed[0].turns)
    found = []
    for question, answer in list(zip(turns[-2::-2], turns[:0:-2], strict=False))[: len(placed)]:
        known = any(words(answer.text) & words(one.turns[1].text) for one in placed)
        if (question.speaker, answer.speaker) != (asker, owner) or not known:
            break
        found.append((question, answer))
    return found


def test_facts_are_placed_before_what_asks_for_them() -> None:
    for *placed, conversation in WINDOWS:
        assert placed and all(one.placed and one.ended and len(one.turns) == 2 for one in placed)
        assert not conversation.placed and conversation.ended
        assert len({tuple(turn.speaker for turn in one.turns) for one in placed}) == 1
        assert {turn.speaker for turn in conversation.turns} == {turn.speaker for turn in placed[0].turns}
    assert all(asked_in(window) for window in WINDOWS)


def test_they_look_like_other_conversations() -> None:
    dated = [conversation.tag is not None for *_, conversation in WINDOWS]
    assert 0.75 < sum(dated) / len(dated) < 0.95
    begun = [len(window[-1].turns) > 2 * len(asked_in(window)) for window in WINDOWS]
    assert 0.3 < sum(begun) / len(begun) < 0.8


def test_some_are_asked_in_other_words_and_some_values_are_of_no_kind() -> None:
    asked = [
        question.text.casefold() in {one.turns[0].text.casefold() for one in window[:-1]}
        for window in WINDOWS
        for question, _ in asked_in(window)
    ]
    assert 0.3 < sum(asked) / len(asked) < 0.8
    values = {value.casefold() for kind in kinds() for value in kind.values}
    said = [answer.text.casefold() for window in WINDOWS for _, answer in asked_in(window)]
    assert 0.05 < sum(any(value in text for value in values) for text in said) / len(said) < 0.7


def test_the_same_seed_makes_the_same_windows() -> None:
    assert list(itertools.islice(recalls(1), 400)) == WINDOWS != list(itertools.islice(recalls(2), 400))

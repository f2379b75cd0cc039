"""Windows that only looking back can answer."""

import itertools
import random
import re

from demo.corpus_facts import kinds
from demo.corpus_recall import recalls, repeated

WINDOWS = list(itertools.islice(recalls(1), 400))


def test_a_sequence_comes_two_or_three_times() -> None:
    for seed in range(50):
        rows, length = repeated(random.Random(seed), 100, 512)
        assert 4 <= length <= 24 and sum(map(len, rows)) <= 512
        for row in rows:
            assert len(row) in (2 * length, 3 * length) and row == row[:length] * (len(row) // length)
            assert all(0 <= token < 100 for token in row)


def test_facts_are_placed_before_what_asks_for_them() -> None:
    for *placed, conversation in WINDOWS:
        assert placed and all(one.placed and one.ended and len(one.turns) == 2 for one in placed)
        assert not conversation.placed and conversation.ended
        questions, answers = conversation.turns[::2], conversation.turns[1::2]
        assert len({turn.speaker for turn in questions}) == len({turn.speaker for turn in answers}) == 1
        assert questions[0].speaker == placed[0].turns[0].speaker != answers[0].speaker == placed[0].turns[1].speaker


def test_what_was_placed_is_the_answer() -> None:
    def words(text: str) -> set[str]:
        return set(re.findall(r"[\w']+", text.casefold()))

    for *placed, conversation in WINDOWS:
        known = [words(one.turns[1].text) for one in placed]
        assert all(any(words(turn.text) & one for one in known) for turn in conversation.turns[1::2])


def test_some_are_asked_in_other_words_and_some_values_are_of_no_kind() -> None:
    asked = [
        turn.text.casefold() in {one.turns[0].text.casefold() for one in placed}
        for *placed, conversation in WINDOWS
        for turn in conversation.turns[::2]
    ]
    assert 0.3 < sum(asked) / len(asked) < 0.8
    values = {value.casefold() for kind in kinds() for value in kind.values}
    said = [turn.text.casefold() for *_, conversation in WINDOWS for turn in conversation.turns[1::2]]
    assert 0.05 < sum(any(value in text for value in values) for text in said) / len(said) < 0.7


def test_the_same_seed_makes_the_same_windows() -> None:
    assert list(itertools.islice(recalls(1), 400)) == WINDOWS != list(itertools.islice(recalls(2), 400))

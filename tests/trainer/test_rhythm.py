"""The learned pace: from times with seconds or minutes, robust against pauses, and absent where little is known."""

import random
from datetime import datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from trainer.rhythm import FEWEST, LONGEST, rhythms
from twin.manifest import Rhythm
from twin.transcript import Conversation, Turn

START = datetime(2023, 5, 4, 18, 0)


def burst(
    count: int, thought: float, per_character: float, *, minutes: bool, seed: int = 0, speaker: str = "Lisa"
) -> Conversation:
    """Messages of one speaker, each as late as it takes to think and type it, give or take a half."""
    rng = random.Random(seed)
    at, turns = START, []
    for _ in range(count):
        text = "x" * rng.randint(1, 60)
        at += timedelta(seconds=(thought + per_character * len(text)) * rng.uniform(0.5, 1.5))
        turns.append(Turn(speaker, text, at.replace(second=0, microsecond=0) if minutes else at))
    return Conversation(tuple(turns), "Lisa")


@pytest.mark.parametrize(("thought", "per_character"), [(2.0, 0.1), (8.0, 0.3), (4.0, 0.6)])
@pytest.mark.parametrize("minutes", [False, True])
def test_the_pace_is_found_in_both_resolutions(thought: float, per_character: float, minutes: bool) -> None:
    found = rhythms([burst(6000, thought, per_character, minutes=minutes)])["Lisa"]
    for text in ("x" * 15, "x" * 30, "x" * 50):
        assert found.pause(text) == pytest.approx(Rhythm(thought, per_character).pause(text), rel=0.2, abs=1.0)


def test_whoever_is_slow_is_told_from_whoever_is_quick_by_a_few_hundred_messages() -> None:
    quick = burst(300, 2.0, 0.1, minutes=True)
    slow = burst(300, 15.0, 0.4, minutes=True, speaker="Daniel")
    found = rhythms([quick, slow])
    assert found["Daniel"].pause("x" * 20) > 2 * found["Lisa"].pause("x" * 20)


def test_pauses_and_answers_are_not_counted() -> None:
    steady = burst(200, 3.0, 0.1, minutes=False)
    later = Turn("Lisa", "back again", steady.turns[-1].at + timedelta(minutes=40))
    answers = burst(200, 30.0, 0.0, minutes=False)
    between = tuple(Turn(("Lisa", "Daniel")[i % 2], turn.text, turn.at) for i, turn in enumerate(answers.turns))
    disturbed = [Conversation((*steady.turns, later), "Lisa"), Conversation(between, "Lisa")]
    assert rhythms(disturbed) == rhythms([steady])


def test_nothing_is_learned_from_little() -> None:
    assert rhythms([burst(FEWEST, 3.0, 0.1, minutes=False)]) == {}
    assert rhythms([burst(FEWEST + 1, 3.0, 0.1, minutes=False)]).keys() == {"Lisa"}
    assert rhythms([]) == {}


@given(st.lists(st.tuples(st.integers(0, 90), st.integers(1, 400)), min_size=FEWEST + 1, max_size=100))
def test_no_pause_is_below_nothing_or_beyond_measure(steps: list[tuple[int, int]]) -> None:
    at, turns = START, []
    for seconds, length in steps:
        at += timedelta(seconds=seconds)
        turns.append(Turn("Lisa", "x" * length, at))
    for rhythm in rhythms([Conversation(tuple(turns), "Lisa")]).values():
        assert rhythm.seconds >= 0 and 0 <= rhythm.per_character <= LONGEST

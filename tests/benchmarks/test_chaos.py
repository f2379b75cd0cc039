"""The chaos benchmark: that it counts right, and a small run of it with the real bot."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any

import pytest

from benchmarks.chaos.__main__ import AIMS, main, plan
from benchmarks.chaos.count import Copy, Count, count
from benchmarks.chaos.served import replies_to
from benchmarks.chaos.trouble import Sent
from twin.transcript import Turn

SAID = (1, 2, 3)
HISTORY = ("1", "2", "1 2 /1", "1 2 /2", "3", "3 /1", "3 /2")
REPLIES = ("1 2 /1", "1 2 /2", "3 /1", "3 /2")
KNOWN, CUT = Sent(1, confirmed=True), Sent(1, confirmed=False)


def copies(*texts: str) -> list[Copy]:
    return [Copy(text, KNOWN) for text in texts]


def differs(found: Count) -> dict[str, int]:
    """What is not as it should be."""
    return {name: getattr(found, name) for name in Count.__slots__ if name != "sent" and getattr(found, name)}


def test_what_is_answered_in_order_is_well() -> None:
    assert count(SAID, copies(*REPLIES), HISTORY) == Count(sent=3)


@pytest.mark.parametrize(
    ("replies", "history", "wrong"),
    [
        (REPLIES, HISTORY[1:], {"lost": 1}),
        (REPLIES[:3], HISTORY, {"unanswered": 1}),
        (REPLIES[2:], HISTORY, {"unanswered": 2}),
        (REPLIES, ("2", "1", *HISTORY[2:]), {"out_of_order": 1}),
        (REPLIES, ("1", "1 2 /1", "1 2 /2", "2", *HISTORY[4:]), {"out_of_order": 1}),
        (("3 /1", "3 /2", *REPLIES[:2]), HISTORY, {"out_of_order": 2}),
        (("1 2 /2", "1 2 /1", *REPLIES[2:]), HISTORY, {"out_of_order": 1}),
        (("1 2 /1", "1 2 /2", "2 3 /1", "2 3 /2"), HISTORY, {"doubled": 2, "doubled_unexplained": 2}),
        (("The twin cannot answer right now.",), HISTORY, {"unanswered": 3}),
    ],
)
def test_what_is_wrong_is_counted(replies: Sequence[str], history: Sequence[str], wrong: dict[str, int]) -> None:
    assert differs(count(SAID, copies(*replies), history)) == wrong


@pytest.mark.parametrize(
    ("first", "between", "again", "explained"),
    [
        (KNOWN, [], KNOWN, False),  # the bot knew that it had arrived
        (CUT, [], KNOWN, True),  # it did not
        (KNOWN, [], Sent(2, True), True),  # killed before it could note it
        (KNOWN, [Copy("3 /1", KNOWN)], Sent(2, True), False),  # killed when it had noted it
    ],
)
def test_what_comes_twice_is_explained_or_not(first: Sent, between: list[Copy], again: Sent, explained: bool) -> None:
    after = [Copy(text, Sent(again.life, True)) for text in ("3 /1", "3 /2")]
    shown = [*copies("1 2 /1"), Copy("1 2 /2", first), *between, Copy("1 2 /2", again), *after]
    found = count(SAID, shown, HISTORY)
    assert (found.doubled_unexplained == 0) == explained and found.doubled
    assert found.unanswered == found.lost == 0


def test_answer_names_all_since_the_last_one() -> None:
    said = (("Daniel", "1"), ("Lisa", "1 /1"), ("Daniel", "2"), ("Daniel", "3"))
    turns = [Turn(speaker, text, datetime(2023, 5, 4)) for speaker, text in said]
    assert replies_to(turns, "Lisa") == ["2 3 /1", "2 3 /2"]


def test_plan_is_repeatable_and_in_order() -> None:
    said = plan(100, 5, 60.0, seed=7)
    assert said == plan(100, 5, 60.0, seed=7) != plan(100, 5, 60.0, seed=8)
    assert len(said) == 100 and [one.at for one in said] == sorted(one.at for one in said)


def test_killed_at_random_the_bot_loses_nothing(capsys: pytest.CaptureFixture[str]) -> None:
    found: dict[str, Any] = main(["--messages", "40", "--kills", "4", "--users", "5", "--seed", "1"])
    assert (found["kills"], found["sent"]) == (4, 40)
    assert {name: found[name] for name in AIMS} == AIMS
    assert '"doubled_unexplained": 0}' in capsys.readouterr().out.splitlines()[-1]

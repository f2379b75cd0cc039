"""The arithmetic of `benchmarks.capacity`: it grows where it must, and agrees with itself."""

import json
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from benchmarks.capacity.model import Assumptions, answer_seconds, answers_a_second, load, most_chats

ROOT = Path(__file__).parent.parent.parent
ASSUMED = Assumptions()


def test_a_load_that_can_be_counted_by_hand() -> None:
    assumed = Assumptions(
        messages_a_day=86.4, peak=10, burst=1, tokens=10, read=0, kept=1, bubbles=1, edits=1, step_ms=100, row_ms=0,
        rows=10, filled=0.5, telegram=30, commits=1000, commits_a_message=5, bot_ms=10,
    )  # fmt: skip
    found = load(assumed, 1000)
    assert (found.messages, found.answers) == pytest.approx((10, 10))  # one message a chat in 100 s at the peak
    assert answer_seconds(assumed, 10) == pytest.approx(1.0) and answers_a_second(assumed, 10) == pytest.approx(10)
    assert found.used == pytest.approx({"model": 1.0, "telegram": 20 / 30, "database": 0.05, "bot": 0.1})
    assert (found.replicas, found.bots, found.first) == (2, 1, "telegram")
    assert most_chats(assumed, "telegram") == 1500 and most_chats(assumed, "model") == 500


@given(st.integers(1, 10**7), st.integers(1, 10**7))
def test_more_chats_never_need_less(some: int, more: int) -> None:
    small, large = sorted((some, more))
    assert load(ASSUMED, small).replicas <= load(ASSUMED, large).replicas
    assert load(ASSUMED, small).bots <= load(ASSUMED, large).bots


@given(st.integers(1, 64))
def test_a_fuller_step_makes_more_answers_and_each_later(rows: int) -> None:
    assert answers_a_second(ASSUMED, rows) < answers_a_second(ASSUMED, rows + 1)
    assert answer_seconds(ASSUMED, rows) < answer_seconds(ASSUMED, rows + 1)


@given(st.sampled_from(["model", "telegram", "database", "bot"]), st.floats(1, 100))
def test_at_the_most_chats_a_part_is_just_full(part: str, messages: float) -> None:
    assumed = replace(ASSUMED, messages_a_day=messages)
    chats = most_chats(assumed, part)
    limit = assumed.filled if part == "model" else 1.0
    assert load(assumed, chats).used[part] <= limit * 1.001 < load(assumed, chats + 10 + chats // 100).used[part] * 1.01


def test_every_assumption_is_shown_and_can_be_changed() -> None:
    argv = [sys.executable, "-m", "benchmarks.capacity", "--chats", "100", "--tokens", "77"]
    run = subprocess.run(argv, cwd=ROOT, capture_output=True, text=True, check=True, env={"COLUMNS": "160"})
    assert "77" in run.stdout and all(f"--{name.replace('_', '-')}" in run.stdout for name in vars(ASSUMED))
    assert json.loads(run.stdout.splitlines()[-1])["replicas"] == {"100": 1}
    refused = subprocess.run([*argv, "--rows", "-1"], cwd=ROOT, capture_output=True, text=True, check=False)
    assert refused.returncode == 2 and "rows must be" in refused.stderr

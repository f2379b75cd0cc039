"""The fuzzer's targets, a little of each and always the same; `make fuzz` tries them for longer."""

import subprocess
import sys
from collections.abc import Iterator, Mapping
from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from benchmarks.fuzz.__main__ import fuzz
from benchmarks.fuzz.targets import Target, targets

ROOT = Path(__file__).parents[2]
NAMES = (
    *("settings", "env files", "exports", "export zips", "facts", "questions", "corpora", "adapter zips"),
    *("adapter files", "updates", "broken updates", "callback data"),
)


@pytest.fixture(scope="module")
def known(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Mapping[str, Target]]:
    with targets(tmp_path_factory.mktemp("fuzz")) as found:
        yield found


def test_none_is_left_out(known: Mapping[str, Target]) -> None:
    assert set(known) == set(NAMES)


@pytest.mark.parametrize("name", NAMES)
def test_is_read_or_refused_in_one_line(known: Mapping[str, Target], name: str) -> None:
    target = known[name]
    quiet = settings(max_examples=25, derandomize=True, database=None, suppress_health_check=list(HealthCheck))
    quiet(given(target.inputs)(target.attempt))()


def test_what_is_found_is_told_with_the_smallest_input() -> None:
    def attempt(number: int) -> None:
        if number > 7:
            raise ValueError("too large")

    told = fuzz(Target(st.integers(), attempt), 0.01, 0)
    (found,) = told["findings"].items()
    assert "ValueError at test_fuzz.py" in found[0] and found[1] == "8"
    assert told["inputs"] > 1


def test_nothing_is_found_where_nothing_is() -> None:
    target = Target(st.integers(), lambda _: None)
    assert fuzz(replace(target), 0.01, 0)["findings"] == {}


def test_atheris_finds_its_way_through_a_target() -> None:
    pytest.importorskip("atheris")
    command = [sys.executable, "-m", "benchmarks.fuzz", "--atheris", "--target", "facts", "--seconds", "2"]
    ended = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
    assert ended.returncode == 0 and "DONE" in ended.stderr, ended.stderr[-2000:]

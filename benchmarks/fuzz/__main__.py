"""Hostile input for whatever the project reads, for a set time.

    python -m benchmarks.fuzz [--seconds 120] [--target NAME] [--seed N] [--atheris] [--json]

Inputs come from hypothesis: right ones with a few things changed. With `--atheris`, where atheris is installed
(`pip install -e '.[fuzz]'`), they follow from what code they reach. Prints for each target how many inputs were tried
in how many seconds, and every finding with the smallest input that shows it. Exits with 1 if there is one.
"""

import argparse
import json
import logging
import subprocess
import sys
import tempfile
import time
import traceback
from pathlib import Path
from typing import Any

from hypothesis import HealthCheck, Phase, given, seed, settings
from rich.console import Console
from rich.table import Table

_ROUND = 100  # inputs between two looks at the clock, which keep their own search and shrinking
_QUIET = settings(
    max_examples=_ROUND,
    database=None,
    deadline=None,
    phases=(Phase.generate, Phase.shrink),
    suppress_health_check=list(HealthCheck),
    report_multiple_bugs=False,
    print_blob=False,
)


def fuzz(target: Any, seconds: float, number: int) -> dict[str, Any]:
    """Try a `Target`'s inputs for a time; returns how many, in how many seconds, and what was found."""
    begun = time.monotonic()
    tried, findings = 0, dict[str, str]()
    last: Any = None

    def one(value: Any) -> None:
        nonlocal tried, last
        tried, last = tried + 1, value
        target.attempt(value)

    while time.monotonic() - begun < seconds:
        try:
            _QUIET(seed(number)(given(target.inputs)(one)))()
        except Exception as error:  # whatever it is, it is what is looked for
            findings.setdefault(_place(error), repr(last)[:500])
        number += 1
    return {"inputs": tried, "seconds": round(time.monotonic() - begun, 1), "findings": findings}


def _place(error: Exception) -> str:
    """The kind of an error, and the last line of ours that it came through."""
    ours = [frame for frame in traceback.extract_tb(error.__traceback__) if "site-packages" not in frame.filename]
    where = f"{Path(ours[-1].filename).name}:{ours[-1].lineno}" if ours else "?"
    return f"{type(error).__name__} at {where}: {str(error)[:200]}"


def follow_coverage(target: Any, seconds: int) -> None:
    """Let atheris choose the inputs; it ends the process."""
    import atheris

    run = _QUIET(given(target.inputs)(target.attempt))
    atheris.Setup([sys.argv[0], f"-max_total_time={seconds}", "-max_len=4096"], run.hypothesis.fuzz_one_input)
    atheris.Fuzz()


def main() -> int:
    parser = argparse.ArgumentParser(prog="benchmarks.fuzz", description=__doc__.splitlines()[0])
    parser.add_argument("--seconds", type=int, default=120, help="for all targets together")
    parser.add_argument("--target", help="only this one")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--atheris", action="store_true", help="choose inputs by what code they reach")
    parser.add_argument("--json", action="store_true", help="print one JSON object as the last line")
    arguments = parser.parse_args()
    logging.disable(logging.WARNING)
    if arguments.atheris:
        import atheris

        with atheris.instrument_imports(include=["twin", "trainer", "storage", "bot"]):
            from benchmarks.fuzz.targets import targets
    else:
        from benchmarks.fuzz.targets import targets
    with tempfile.TemporaryDirectory() as folder, targets(Path(folder)) as known:
        names = [arguments.target] if arguments.target else list(known)
        if arguments.atheris:
            return _by_atheris(known, names, arguments)
        each = arguments.seconds / len(names)
        found = {name: fuzz(known[name], each, arguments.seed) for name in names}
    _show(found)
    if arguments.json:
        print(json.dumps({"targets": found, "inputs": sum(one["inputs"] for one in found.values())}))
    return int(any(one["findings"] for one in found.values()))


def _by_atheris(known: Any, names: list[str], arguments: argparse.Namespace) -> int:
    """One target here, several in a process each."""
    if arguments.target:
        follow_coverage(known[arguments.target], arguments.seconds)
    each = str(arguments.seconds // len(names))
    command = [sys.executable, "-m", "benchmarks.fuzz", "--atheris", "--seconds", each, "--target"]
    return max(subprocess.run([*command, name], check=False).returncode for name in names)


def _show(found: dict[str, dict[str, Any]]) -> None:
    table = Table("target", "inputs", "seconds", "findings")
    for name, one in found.items():
        table.add_row(name, f"{one['inputs']:,}", f"{one['seconds']}", str(len(one["findings"])))
    console = Console()
    console.print(table)
    for name, one in found.items():
        for place, value in one["findings"].items():
            console.print(f"{name}: {place}\n  {value}", markup=False, highlight=False)


if __name__ == "__main__":
    sys.exit(main())

"""A training as the command line shows it: a bar for people, lines of JSON for programs, and how it went."""

import json
from collections.abc import Callable, Mapping
from typing import Any

from rich.console import Console

from trainer import console, run
from trainer.progress import Event, Report
from trainer.train import Interrupted, TrainingResult
from twin.errors import TwinError


def shown(
    begin: Callable[[Report], TrainingResult],
    name: str,
    *,
    as_json: bool,
    again: str,
    more: dict[str, Any] | None = None,
) -> bool:
    """Train adapter `name` by `begin`, and print what comes of it; False if it was interrupted.

    Args:
        again: the command with which an interrupted training goes on.
        more: what the JSON result says beside.
    """
    screen = Console()
    try:
        if as_json:
            result = begin(console.json_lines)
        else:
            with console.bar(screen) as report:
                result = begin(report)
    except Interrupted as stop:
        if as_json:
            told = {"adapter": name, "promoted": False, "interrupted": True, "reason": str(stop)}
            print(json.dumps(told | (more or {})))
        else:
            screen.print(f"{stop}; go on with: {again}", markup=False)
        return False
    if as_json:
        print(json.dumps(run.as_json(result) | (more or {}), ensure_ascii=False))
    else:
        screen.print(run.in_words(result), markup=False, highlight=False)
    return True


def shown_together(
    begin: Callable[[Callable[[str, Event], None]], Mapping[str, TrainingResult | TwinError]],
    *,
    as_json: bool,
) -> None:
    """Train several adapters by `begin`, which gives for each what came of it, and print that.

    Raises:
        TwinError: some failed; the message names them with their reasons.
    """
    screen = Console()
    if as_json:
        outcomes = begin(lambda name, event: console.json_lines(event, adapter=name))
        print(json.dumps({"adapters": [_told(*one) for one in outcomes.items()]}, ensure_ascii=False))
    else:
        with console.bars(screen) as report:
            outcomes = begin(report)
        for name, outcome in outcomes.items():
            said = run.in_words(outcome) if isinstance(outcome, TrainingResult) else f"{name}: {outcome}"
            screen.print(said, markup=False, highlight=False)
    errors = {name: one for name, one in outcomes.items() if isinstance(one, TwinError)}
    if failed := [f"{name}: {one}" for name, one in errors.items() if not isinstance(one, Interrupted)]:
        raise TwinError("; ".join(failed))


def _told(name: str, outcome: TrainingResult | TwinError) -> dict[str, Any]:
    if isinstance(outcome, TrainingResult):
        return run.as_json(outcome)
    interrupted = isinstance(outcome, Interrupted)
    return {"adapter": name, "promoted": False, "interrupted": interrupted, "reason": str(outcome)}

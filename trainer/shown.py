"""A training as the command line shows it: a bar for people, lines of JSON for programs, and how it went."""

import json
from collections.abc import Callable
from typing import Any

from rich.console import Console

from trainer import console, run
from trainer.progress import Report
from trainer.train import Interrupted, TrainingResult


def shown(
    begin: Callable[[Report], TrainingResult],
    name: str,
    *,
    as_json: bool,
    again: str,
    more: dict[str, Any] | None = None,
) -> None:
    """Train adapter `name` by `begin`, and print what comes of it.

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
        return
    if as_json:
        print(json.dumps(run.as_json(result) | (more or {}), ensure_ascii=False))
    else:
        screen.print(run.in_words(result), markup=False, highlight=False)

"""How many replicas so many active chats need, and what is full first: Telegram, the database, the bot, the model.

    python -m benchmarks.capacity [--chats 100 10000 1000000] [--step-ms 30 --row-ms 1 ...] [--check] [--json]

Every assumption is an option and is printed. `--check` runs one and two engine processes on this machine with a small
model, and compares what the arithmetic of `benchmarks/capacity/model.py` says with what was seen.
"""

import argparse
import asyncio
import json
from dataclasses import asdict, fields
from typing import Any

from rich.console import Console
from rich.table import Table

from benchmarks.capacity.model import Assumptions, Load, answer_seconds, answers_a_second, load, most_chats

CHATS = (100, 10_000, 1_000_000)
PARTS = {"telegram": "Telegram's limit", "database": "the database", "bot": "the bot's process", "model": "the model"}


def assumed_table(assumed: Assumptions) -> Table:
    table = Table("assumption", "value", "option")
    for one in fields(assumed):
        table.add_row(one.metadata["what"], f"{getattr(assumed, one.name):g}", _option(one.name))
    return table


def _option(name: str) -> str:
    return f"--{name.replace('_', '-')}"


def load_table(loads: list[Load]) -> Table:
    table = Table("chats", "answers/s", "replicas", "bots", *PARTS, title="at the peak, with one of each")
    for one in loads:
        used = [f"{one.used[part]:,.0%}" for part in PARTS]
        table.add_row(f"{one.chats:,}", f"{one.answers:,.2f}", f"{one.replicas:,}", f"{one.bots:,}", *used)
    return table


def remarks(assumed: Assumptions) -> list[str]:
    """What breaks first, in words."""
    limits = sorted((most_chats(assumed, part), part) for part in PARTS)
    seconds = answer_seconds(assumed, assumed.rows)
    said = [
        f"A replica: {answers_a_second(assumed, assumed.rows):.2f} answers/s with {assumed.rows:g} rows, "
        f"{seconds:.1f} s each; {answer_seconds(assumed, 1):.1f} s alone.",
        "In the order in which they are full: "
        + "; ".join(f"{PARTS[part]} at {chats:,} chats" for chats, part in limits)
        + " (the model: with one replica).",
        f"The first thing that no replica mends is {PARTS[next(part for _, part in limits if part != 'model')]}: "
        "beyond it several bots, each with its own token, database and share of the chats, use the same replicas.",
    ]
    if assumed.cost_an_hour:
        one = load(assumed, 1000)
        said.append(f"1,000 active chats cost {one.used['model'] / assumed.filled * assumed.cost_an_hour:.2f} an hour.")
    return said


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--chats", type=int, nargs="+", default=CHATS)
    parser.add_argument("--check", action="store_true", help="compare with one and two replicas on this machine")
    parser.add_argument("--seconds", type=float, default=20.0, help="of each run of --check")
    parser.add_argument("--json", action="store_true", help="nothing but the last line")
    for one in fields(Assumptions):
        parser.add_argument(_option(one.name), type=float, default=one.default, metavar="N", help=one.metadata["what"])
    options = parser.parse_args()
    console = Console(quiet=options.json)
    try:
        assumed = Assumptions(**{one.name: getattr(options, one.name) for one in fields(Assumptions)})
    except ValueError as error:
        parser.error(str(error))
    loads = [load(assumed, chats) for chats in options.chats]
    console.print(assumed_table(assumed))
    console.print(load_table(loads))
    for line in remarks(assumed):
        console.print(line, highlight=False)
    told: dict[str, Any] = {
        "replicas": {str(one.chats): one.replicas for one in loads},
        "most_chats": {part: most_chats(assumed, part) for part in PARTS},
    }
    if options.check:
        told["check"] = checked(assumed, options.seconds, console)
    print(json.dumps(told))


def checked(assumed: Assumptions, seconds: float, console: Console) -> list[dict[str, Any]]:
    """The arithmetic beside what was seen."""
    from benchmarks.capacity.measured import check

    found, lines = asyncio.run(check(assumed, seconds, console.print))
    heads = ("replicas", "rows", "answers/s", "answers/cpu-s", "predicted", "ratio", "ratio by the clock")
    table = Table(*heads, title="check on this machine")
    for one in lines:
        by_clock = one.answers_s / (one.replicas * one.predicted)
        values = (one.answers_s, one.per_cpu_s, one.predicted, one.per_cpu_s / one.predicted, by_clock)
        table.add_row(str(one.replicas), str(one.rows), *(f"{value:.2f}" for value in values))
    console.print(f"measured: a step {found.step_ms:.1f} ms, one more row {found.row_ms:.1f} ms")
    console.print(table)
    return [asdict(one) for one in lines]


if __name__ == "__main__":
    main()

"""How fast an export is read, and with how much memory, against whatstk with its own detection of the header.

    python -m benchmarks.exports [--messages 1000000] [--rounds 1] [--json]

Every reading is a process of its own, so that its peak memory is its own. `growth` is our time for all the messages
against that for half of them.
"""

import argparse
import json
import random
import resource
import subprocess
import sys
import tempfile
import time
from datetime import datetime, timedelta
from pathlib import Path
from statistics import median

from rich.console import Console
from rich.table import Table

TEXT = "we meet at six near the old bridge, bring bread and don't forget the map 😀 okay see you there… café"
READERS = ("twin", "whatstk")


def write_chat(file: Path, messages: int) -> None:
    """An invented export of two people, as an American Android phone writes it; the same for the same number."""
    chance = random.Random(4)
    words = TEXT.split()
    at = datetime(2010, 1, 1)
    with file.open("w", encoding="utf-8") as handle:
        for number in range(messages):
            at += timedelta(minutes=chance.randint(0, 8))
            body = "<Media omitted>" if number % 14 == 0 else " ".join(chance.choices(words, k=chance.randint(1, 14)))
            line_break = "\n" if number % 25 == 0 else " "
            name = ("Lisa Martin", "Daniel Weber")[chance.random() < 0.5]
            handle.write(f"{at:%-m/%-d/%y, %-I:%M\u202f%p} - {name}: {body}{line_break}ok\n")


def read(reader: str, file: Path) -> dict[str, float]:
    """Read a chat in this process; returns seconds of processor time, peak memory in MiB, and the number of rows.

    What has to be imported is no part of the time.
    """
    if reader == "twin":
        import whatstk  # noqa: F401 - the reader imports it when it is first needed

        from trainer.whatsapp import read_export

        start = time.process_time()
        rows = len(read_export(file).rows)
    else:
        from whatstk import df_from_whatsapp

        start = time.process_time()
        rows = len(df_from_whatsapp(str(file), max_size=None))
    seconds = time.process_time() - start
    return {"seconds": seconds, "mib": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024, "rows": rows}


def apart(reader: str, file: Path) -> dict[str, float]:
    """`read` in a process of its own."""
    command = [sys.executable, "-m", "benchmarks.exports", "--read", reader, str(file)]
    result: dict[str, float] = json.loads(subprocess.run(command, check=True, capture_output=True).stdout)
    return result


def measure(messages: int, rounds: int) -> dict[str, dict[str, float]]:
    """The medians of interleaved readings: of both readers, and of ours for half the messages."""
    found: dict[str, list[dict[str, float]]] = {"half": [], "twin": [], "whatstk": []}
    with tempfile.TemporaryDirectory(prefix="twin-") as folder:
        whole, half = Path(folder) / "whole.txt", Path(folder) / "half.txt"
        write_chat(whole, messages)
        write_chat(half, messages // 2)
        for _ in range(rounds):
            found["half"].append(apart("twin", half))
            for reader in READERS:
                found[reader].append(apart(reader, whole))
    return {name: {key: median(one[key] for one in many) for key in many[0]} for name, many in found.items()}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--messages", type=int, default=1_000_000)
    parser.add_argument("--rounds", type=int, default=1)
    parser.add_argument("--json", action="store_true", help="print the line of JSON alone")
    parser.add_argument("--read", nargs=2, metavar=("READER", "FILE"), help=argparse.SUPPRESS)
    arguments = parser.parse_args()
    if arguments.read:
        print(json.dumps(read(arguments.read[0], Path(arguments.read[1]))))
        return
    found = measure(arguments.messages, arguments.rounds)
    ours, theirs = found["twin"], found["whatstk"]
    if not arguments.json:
        table = Table("", "rows", "seconds", "peak MiB", title=f"An export of {arguments.messages:,} messages")
        for name, one in (("twin, half of it", found["half"]), ("twin", ours), ("whatstk, detecting", theirs)):
            table.add_row(name, f"{one['rows']:,.0f}", f"{one['seconds']:.1f}", f"{one['mib']:,.0f}")
        Console().print(table)
    ratios = {
        "time_ratio": ours["seconds"] / theirs["seconds"],
        "memory_ratio": ours["mib"] / theirs["mib"],
        "growth": ours["seconds"] / found["half"]["seconds"],
    }
    print(json.dumps({key: round(value, 3) for key, value in ratios.items()}))


if __name__ == "__main__":
    main()

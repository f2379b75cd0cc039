"""What one and two replicas really do on this machine: engines as processes, and clients that ask on and on."""

import asyncio
import os
import sys
import tempfile
import time
from collections.abc import AsyncIterator, Callable
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from statistics import mean

from benchmarks.capacity.model import Assumptions, answers_a_second
from benchmarks.engine_cases import CONTEXT, NAMES, TOKENIZER, ask, history
from benchmarks.models import add_random_adapter, make_bloom
from twin.adapter import AdapterFolder
from twin.engine import whole
from twin.remote import RemoteEngine
from twin.transcript import Turn


@dataclass(frozen=True, slots=True)
class Measured:
    """Answers a second of so many replicas and rows each, beside what the model says of one replica times as many."""

    replicas: int
    rows: int
    answers_s: float
    predicted_s: float


@asynccontextmanager
async def served(data: Path, core: int) -> AsyncIterator[RemoteEngine]:
    """`twin serve` as a process on one core."""
    process = await asyncio.create_subprocess_exec(
        *("taskset", "-c", str(core), sys.executable, "-m", "cli", "serve", "--port", "0"),
        stdout=asyncio.subprocess.PIPE,
        env=os.environ | {"DATA_DIR": str(data), "ENGINE_URL": "", "OMP_NUM_THREADS": "1", "LOG_LEVEL": "WARNING"},
    )
    assert process.stdout is not None  # noqa: S101
    await process.stdout.readline()
    engine = RemoteEngine((await process.stdout.readline()).decode().strip().rpartition("=")[2])
    try:
        yield engine
    finally:
        await engine.close()
        process.terminate()
        await process.wait()


async def rate(engines: list[RemoteEngine], clients: int, seconds: float, tokens: int) -> tuple[float, float]:
    """Answers a second with so many clients at each engine, and the seconds that one took: every client asks again as
    soon as it is answered, and its history grows by a message and an answer each time."""
    ends = time.perf_counter() + seconds
    took: list[float] = []

    async def client(engine: RemoteEngine, number: int) -> None:
        turns: list[Turn] = list(history(8, number))
        while time.perf_counter() < ends:
            begun = time.perf_counter()
            request = ask(tuple(turns), NAMES[0], tokens)
            said = await whole(engine.answer(request))
            took.append(time.perf_counter() - begun)
            more = history(2, number)
            turns += [Turn("Lisa", said, request.at), replace(more[1], at=request.at)]

    begun = time.perf_counter()
    await asyncio.gather(*(client(engine, number) for engine in engines for number in range(clients)))
    return len(took) / (time.perf_counter() - begun), mean(took)


async def check(
    assumed: Assumptions, seconds: float, show: Callable[[str], None]
) -> tuple[Assumptions, list[Measured]]:
    """Measure the steps with one replica at one row and at eight, and compare what follows from them with what is seen
    at four rows, and with two replicas.

    A new message is read and answered; histories are kept. The steps' own times follow from two runs of one replica,
    in which reading is counted as part of a step.
    """
    with tempfile.TemporaryDirectory(prefix="twin-") as scratch:
        show("making the model and its adapter")
        base = make_bloom(Path(scratch) / "base", TOKENIZER, hidden=256, layers=6, heads=4, vocabulary=4096)
        add_random_adapter(AdapterFolder(Path(scratch) / "adapters"), NAMES[0], base, 1, context=CONTEXT)
        tokens = 12
        cores = sorted(os.sched_getaffinity(0))
        async with AsyncExitStack() as stack:
            engines = [
                await stack.enter_async_context(served(Path(scratch), cores[number % len(cores)]))
                for number in range(2)
            ]
            for engine in engines:
                await whole(engine.answer(ask(history(8), NAMES[0], tokens)))
            show("one replica, one row and eight")
            _, one = await rate(engines[:1], 1, seconds, tokens)
            _, eight = await rate(engines[:1], 8, seconds, tokens)
            row_ms = max(0.0, (eight - one) / 7 / tokens * 1000)
            found = replace(
                assumed, tokens=tokens, step_ms=one / tokens * 1000, row_ms=row_ms, kept=1.0, read=0.0, rows=8
            )
            lines = []
            for replicas, rows in ((1, 4), (1, 8), (2, 4), (2, 8)):
                show(f"{replicas} replicas, {rows} rows each")
                seen, _ = await rate(engines[:replicas], rows, seconds, tokens)
                lines.append(Measured(replicas, rows, seen, replicas * answers_a_second(found, rows)))
    return found, lines

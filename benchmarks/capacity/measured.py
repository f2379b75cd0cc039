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

import psutil

from benchmarks.capacity.model import Assumptions, answers_a_second
from benchmarks.engine_cases import CONTEXT, NAMES, TOKENIZER, TOKENS, ask, history
from benchmarks.models import add_random_adapter, make_bloom
from twin.adapter import AdapterFolder
from twin.engine import whole
from twin.remote import RemoteEngine
from twin.transcript import Turn


@dataclass(frozen=True, slots=True)
class Measured:
    """What so many replicas did with so many rows each.

    Attributes:
        answers_s: answers a second by the clock, which other programs on the machine slow down.
        per_cpu_s: answers for a second of a replica's processor time, which they do not.
        predicted: the same, as the arithmetic has it; so many a second by each replica that has a core for itself.
    """

    replicas: int
    rows: int
    answers_s: float
    per_cpu_s: float
    predicted: float


@dataclass(frozen=True, slots=True)
class Served:
    """A replica: its client, and its process."""

    engine: RemoteEngine
    process: psutil.Process

    @property
    def cpu(self) -> float:
        """Seconds of processor time that it has had."""
        times = self.process.cpu_times()
        return float(times.user + times.system)


@asynccontextmanager
async def served(data: Path, core: int) -> AsyncIterator[Served]:
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
        yield Served(engine, psutil.Process(process.pid))
    finally:
        await engine.close()
        process.terminate()
        await process.wait()


async def rate(replicas: list[Served], clients: int, seconds: float) -> tuple[float, float]:
    """Answers a second, and for a second of processor time, with so many clients at each replica.

    Every client asks again as soon as it is answered, and its history grows by a message and an answer each time.
    """
    ends = time.perf_counter() + seconds
    done = 0

    async def client(engine: RemoteEngine, number: int) -> None:
        nonlocal done
        turns: list[Turn] = list(history(8, number))
        while time.perf_counter() < ends:
            request = ask(tuple(turns), NAMES[0])
            said = await whole(engine.answer(request))
            done += 1
            turns += [Turn("Lisa", said, request.at), replace(history(2, number)[1], at=request.at)]

    begun, used = time.perf_counter(), sum(one.cpu for one in replicas)
    await asyncio.gather(*(client(one.engine, number) for one in replicas for number in range(clients)))
    return done / (time.perf_counter() - begun), done / (sum(one.cpu for one in replicas) - used)


async def check(
    assumed: Assumptions, seconds: float, show: Callable[[str], None]
) -> tuple[Assumptions, list[Measured]]:
    """Measure the steps with one replica at one row and at eight, and compare what follows from them with what is seen
    at four rows, and with two replicas.

    The times of a step are processor time, in which reading the new message is counted too: histories are kept.
    """
    with tempfile.TemporaryDirectory(prefix="twin-") as scratch:
        show("making the model and its adapter")
        base = make_bloom(Path(scratch) / "base", TOKENIZER, hidden=256, layers=6, heads=4, vocabulary=4096)
        add_random_adapter(AdapterFolder(Path(scratch) / "adapters"), NAMES[0], base, 1, context=CONTEXT)
        cores = sorted(os.sched_getaffinity(0))
        async with AsyncExitStack() as stack:
            replicas = [
                await stack.enter_async_context(served(Path(scratch), cores[number % len(cores)]))
                for number in range(2)
            ]
            for one in replicas:
                await rate([one], 8, 1.0)
            show("one replica, one row and eight")
            _, alone = await rate(replicas[:1], 1, seconds)
            _, eight = await rate(replicas[:1], 8, seconds)
            # n rows take n / rate(n) seconds for an answer of each: a step is that by the tokens.
            row_ms = max(0.0, (8 / eight - 1 / alone) / 7 / TOKENS * 1000)
            found = replace(
                assumed, tokens=TOKENS, step_ms=1000 / alone / TOKENS, row_ms=row_ms, kept=1.0, read=0.0, rows=8
            )
            lines = []
            for count, rows in ((1, 4), (2, 4), (1, 8), (2, 8)):
                show(f"{count} replicas, {rows} rows each")
                clock, cpu = await rate(replicas[:count], rows, seconds)
                lines.append(Measured(count, rows, clock, cpu, answers_a_second(found, rows)))
    return found, lines

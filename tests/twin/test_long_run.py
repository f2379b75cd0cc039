"""Random requests with clients that leave, faults in the model thread and versions that change: nothing hangs or leaks.

TWIN_LONG_RUN=10000 sets the number of requests; the usual run of the tests makes fewer.
"""

import asyncio
import ctypes
import gc
import os
import random
import resource
from datetime import timedelta
from pathlib import Path
from statistics import median
from typing import Any, ClassVar

import pytest
import torch

import twin.loaded
import twin.transcript
import twin.worker
from tests.twin.engines import AT, add_random_adapter, turns
from twin.adapter import AdapterFolder
from twin.batch import Batch
from twin.cache import RowCache
from twin.engine import EngineBusy, EngineError, Request
from twin.limits import Limits
from twin.local import LocalEngine
from twin.manifest import Sampling
from twin.model import BaseModel
from twin.row import Row

REQUESTS = int(os.environ.get("TWIN_LONG_RUN", "400"))
CLIENTS = 24
SAMPLE_EVERY = 10  # requests
# MiB, the most that memory may grow from the second quarter of the requests to the last one: what is in use, and what
# the process holds.
GROWTH_IN_USE, GROWTH = 2.0, 6.0
FAULT_EVERY = 80  # forward passes
NAMES = ("one", "two", "three")


def resident_mib() -> float:
    """Memory of this process now."""
    pages = int(Path("/proc/self/statm").read_text().split()[1])
    return pages * resource.getpagesize() / 2**20


class _Allocated(ctypes.Structure):
    """What glibc tells of its heap, in bytes: struct mallinfo2 of mallinfo(3)."""

    _fields_: ClassVar = [
        (name, ctypes.c_size_t)
        for name in (
            *("arena", "ordblks", "smblks", "hblks", "hblkhd", "usmblks", "fsmblks"),
            *("uordblks", "fordblks", "keepcost"),
        )
    ]


def in_use_mib() -> float:
    """Memory of this process that the C library has given out, and was not given back; 0 if it is not glibc."""
    ask = getattr(ctypes.CDLL(None), "mallinfo2", None)
    if ask is None:
        return 0.0
    ask.restype = _Allocated
    told = ask()
    return float(told.uordblks + told.hblkhd) / 2**20


def alive(kind: type) -> int:
    """How many objects of a type there are."""
    return sum(type(thing) is kind for thing in gc.get_objects())


@pytest.mark.timeout(3000)
async def test_nothing_hangs_and_nothing_leaks(
    tiny_base: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    adapters = AdapterFolder(tmp_path)
    versions = {
        name: [add_random_adapter(adapters, name, tiny_base, 2 * number + turn).version for turn in range(2)]
        for number, name in enumerate(NAMES)
    }
    chance = random.Random(1)
    forward = Batch._forward

    def faulty(batch: Batch, *arguments: Any) -> torch.Tensor:
        if chance.randrange(FAULT_EVERY) == 0:
            raise chance.choice([torch.OutOfMemoryError(), RuntimeError("injected"), ValueError("injected")])
        return forward(batch, *arguments)

    monkeypatch.setattr(Batch, "_forward", faulty)
    monkeypatch.setattr(twin.worker, "CAUTIOUS", 0.5)
    # Bounded caches that would fill for longer than the test lasts: every answer here has words that never were.
    monkeypatch.setattr(twin.transcript, "_REMEMBERED", 256)
    load = twin.loaded.load_base

    def loaded(*arguments: Any) -> BaseModel:
        base = load(*arguments)
        base.tokenizer.backend_tokenizer.model._resize_cache(0)
        return base

    monkeypatch.setattr(twin.loaded, "load_base", loaded)
    engine = LocalEngine(adapters, limits=Limits(rows=8, waiting=20, prefix_bytes=4 * 2**20, adapter_bytes=200_000))
    left = iter(range(REQUESTS))
    ends = {"answered": 0, "left": 0, "refused": 0, "failed": 0}
    memory: list[tuple[float, float]] = []  # in use, and resident

    async def client(rng: random.Random) -> None:
        said = ["hi"]
        for number in left:
            sampling = Sampling(temperature=rng.choice([0.0, 1.0]), seed=rng.randrange(99))
            mode: Any = rng.choice(["first", "burst"])
            at = AT + timedelta(minutes=len(said))
            request = Request(rng.choice(NAMES), turns(*said), "Lisa", at, sampling, rng.randint(1, 20), mode=mode)
            answer = engine.answer(request)
            leaves_after, pieces = rng.choice([0, 1, 9, 99, 99, 99]), []
            try:
                async for piece in answer:
                    pieces.append(piece)
                    if len(pieces) > leaves_after:
                        break
                ends["left" if len(pieces) > leaves_after else "answered"] += 1
            except EngineBusy:
                ends["refused"] += 1
                await asyncio.sleep(0.1)
            except EngineError:
                ends["failed"] += 1
            said = [*said, "".join(pieces) or "ok", "and you"][-rng.randint(1, 9) :]
            if number % 40 == 39:
                name = rng.choice(NAMES)
                adapters.promote(name, rng.choice(versions[name]))
                await engine.reload()
            if number % SAMPLE_EVERY == SAMPLE_EVERY - 1:
                memory.append((in_use_mib(), resident_mib()))

    await asyncio.gather(*(client(random.Random(number)) for number in range(CLIENTS)))
    status = engine.status()
    assert sum(ends.values()) == REQUESTS
    assert ends["answered"] > REQUESTS / 5 and status["crashes"] > 0 and status["out_of_memory"] > 0
    assert ends["failed"] < REQUESTS / 10
    await engine.reload()
    gc.collect()
    assert status["waiting"] == 0
    assert engine._worker.prefixes.size <= 4 * 2**20
    assert len(engine._worker.adapters.model.peft_config) <= len(NAMES)
    quarter = len(memory) // 4
    grown = []
    for what, values in zip(("in use", "resident"), zip(*memory, strict=True), strict=True):
        second, last = median(values[quarter : 2 * quarter]), median(values[-quarter:])
        print(f"MiB {what}: {second:.1f}, {last:.1f}, all: {[round(value) for value in values[::10]]}")
        grown.append(last - second)
    print(f"{ends}, {status}")
    assert grown[0] < GROWTH_IN_USE and grown[1] < GROWTH
    assert alive(BaseModel) == alive(RowCache) == 1
    assert alive(Row) == 0
    await engine.close()
    assert alive(BaseModel) == alive(RowCache) == 0

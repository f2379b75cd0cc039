"""The right person answers: adapters that were trained to say a sign of their own, while their versions change."""

import asyncio
import random
import shutil
from datetime import datetime
from pathlib import Path
from typing import Any

import pytest

from tests.conftest import train_sign
from twin.adapter import AdapterFolder
from twin.engine import Request, whole
from twin.limits import Limits
from twin.local import LocalEngine
from twin.manifest import Sampling
from twin.transcript import Turn

AT = datetime(2023, 5, 20, 18, 0)
NAMES = ("one", "two", "three", "four")
REQUESTS = 1000
CLIENTS = 24


def ask(adapter: str, text: str = "hi", **more: Any) -> Request:
    return Request(adapter, (Turn("Daniel", text, AT),), "Lisa", AT, Sampling(temperature=0), **more)


@pytest.fixture(scope="module")
def signs(
    signed_adapters: AdapterFolder, tiny_base: Path, tmp_path_factory: pytest.TempPathFactory
) -> tuple[AdapterFolder, dict[str, dict[str, str]]]:
    """Four adapters of two versions each, and the sign of each version. What is trained once serves under two names."""
    trained = AdapterFolder(tmp_path_factory.mktemp("trained"))
    sources = {"1": signed_adapters.load("one"), "2": signed_adapters.load("two")}
    sources |= {sign: train_sign(f"sign{sign}", sign, tiny_base, trained) for sign in "34"}
    adapters = AdapterFolder(tmp_path_factory.mktemp("signs"))
    known: dict[str, dict[str, str]] = {}
    for number, name in enumerate(NAMES):
        known[name] = {}
        for turn in range(2):
            sign = "1234"[(number + turn) % 4]
            with adapters.new_version(name) as (version, folder):
                shutil.copytree(sources[sign].path, folder, dirs_exist_ok=True)
            known[name][version] = sign
            adapters.promote(name, version)
    return adapters, known


async def test_no_request_of_a_thousand_is_answered_by_another(
    signs: tuple[AdapterFolder, dict[str, dict[str, str]]],
) -> None:
    adapters, known = signs
    engine = LocalEngine(adapters, limits=Limits(rows=12))
    left = iter(range(REQUESTS))
    wrong: list[tuple[str, str, str]] = []
    answered = 0
    one_more = asyncio.Event()

    async def client(rng: random.Random) -> None:
        nonlocal answered
        for _ in left:
            name = rng.choice(NAMES)
            answer = engine.answer(ask(name, " ".join(["hi"] * rng.randint(1, 3)), max_tokens=4))
            text = await whole(answer)
            answered += 1
            one_more.set()
            if text != known[name][answer.version]:
                wrong.append((name, answer.version, text))

    async def promote(rng: random.Random) -> int:
        swaps = 0
        while answered < REQUESTS:
            before = answered
            while answered < min(before + 50, REQUESTS):
                await one_more.wait()
                one_more.clear()
            name = rng.choice(NAMES)
            old = adapters.current_version(name)
            adapters.promote(name, next(version for version in known[name] if version != old))
            swaps += len(await engine.reload())
        return swaps

    clients = [client(random.Random(number)) for number in range(CLIENTS)]
    swaps, *_ = await asyncio.gather(promote(random.Random(0)), *clients)
    assert answered == REQUESTS and wrong == []
    assert swaps >= 10
    assert engine.metrics.mixed_steps > REQUESTS // 12 and engine.metrics.crashes == 0
    await engine.close()

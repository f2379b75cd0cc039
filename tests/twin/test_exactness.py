"""Whatever shares its steps with it, an answer is token for token what `generate` says alone."""

import asyncio
import random
from pathlib import Path

import pytest

from tests.twin.engines import (
    AT,
    GREEDY,
    Solo,
    add_random_adapter,
    exact,  # noqa: F401  (a fixture)
    make_rope_base,
    rows_of,
    turns,
)
from twin.adapter import AdapterFolder
from twin.engine import Request, whole
from twin.limits import Limits
from twin.local import LocalEngine
from twin.model import load_base
from twin.row import Row

WORDS = ("hey", "how", "are", "you", "I'll", "see", "schön", "don't", "😀", "tomorrow", "at", "six", "maybe", "ok")
TIE = 0.02  # between logits; larger gaps than 0.008 were not seen to fall the other way
NAMES = ("one", "two", "three")


@pytest.fixture(scope="module")
def bloom_adapters(tiny_base: Path, tmp_path_factory: pytest.TempPathFactory) -> AdapterFolder:
    adapters = AdapterFolder(tmp_path_factory.mktemp("bloom"))
    for seed, name in enumerate(NAMES):
        add_random_adapter(adapters, name, tiny_base, seed)
    return adapters


@pytest.fixture(scope="module")
def rope_adapters(tmp_path_factory: pytest.TempPathFactory) -> AdapterFolder:
    base = make_rope_base(tmp_path_factory.mktemp("llama"))
    adapters = AdapterFolder(tmp_path_factory.mktemp("rope"))
    for seed, name in enumerate(NAMES):
        add_random_adapter(adapters, name, base, seed)
    return adapters


class Client:
    """A chat that asks, follows up, takes back, changes sides and sometimes goes away in the middle of an answer."""

    def __init__(self, engine: LocalEngine, rng: random.Random) -> None:
        self._engine = engine
        self._rng = rng

    async def run(self, requests: int) -> None:
        rng = self._rng
        said = [self._text() for _ in range(rng.randint(1, 30))]
        adapter, sides = rng.choice(NAMES), ["Lisa", "Daniel"]
        for _ in range(requests):
            speaker = sides[len(said) % 2 == 0]
            request = Request(adapter, turns(*said), speaker, AT, GREEDY, max_tokens=rng.randint(1, 40))
            answer = self._engine.answer(request)
            pieces: list[str] = []
            leaves_after = rng.choice([0, 1, 3, 99, 99, 99])
            async for piece in answer:
                pieces.append(piece)
                if len(pieces) > leaves_after:
                    answer.cancel()
            said.append("".join(pieces) or "…")
            match rng.randint(0, 5):
                case 0:
                    del said[-2:]  # an undo
                case 1:
                    sides.reverse()
                case 2:
                    adapter = rng.choice(NAMES)
            said += [self._text()] * (1 + (len(said) == 0))
            for _ in range(rng.randint(0, 3)):
                await asyncio.sleep(0)

    def _text(self) -> str:
        return " ".join(self._rng.choices(WORDS, k=self._rng.randint(1, 8)))


async def answered_by(
    adapters: AdapterFolder, seed: int, monkeypatch: pytest.MonkeyPatch, requests: int = 5
) -> list[Row]:
    """Every row that a random schedule made; some were left before they were done."""
    rng = random.Random(seed)
    limits = Limits(
        rows=rng.randint(2, 6), adapters_a_step=rng.randint(2, 3), prefix_bytes=rng.choice([2 * 10**6, 10**8])
    )
    engine = LocalEngine(adapters, limits=limits)
    rows: list[Row] = []
    with rows_of(rows, monkeypatch):
        await asyncio.gather(*(Client(engine, random.Random(f"{seed} {number}")).run(requests) for number in range(8)))
    await engine.close()
    figures = engine.metrics
    assert figures.crashes == figures.failed == 0
    assert figures.mixed_steps and figures.prefix_hits and max(figures.batch_sizes) > 1
    assert sum(row.done for row in rows) >= 8 * requests // 3
    return rows


def assert_exact(rows: list[Row], solo: Solo, tolerance: float = 0.0) -> None:
    """Each row's tokens are those of the solo run, up to where its two best logits are closer than `tolerance`."""
    for row in rows:
        request, version = row.ticket.request, row.ticket.version
        alone = solo.tokens(request, version, len(row.tokens))
        if row.tokens != alone:
            same = next(index for index, token in enumerate(alone) if row.tokens[index] != token)
            assert solo.gap(request, version, alone[:same]) < tolerance


@pytest.mark.usefixtures("exact")
@pytest.mark.parametrize("seed", range(2))
async def test_random_schedules_on_bloom(
    bloom_adapters: AdapterFolder, seed: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert_exact(await answered_by(bloom_adapters, seed, monkeypatch), Solo(bloom_adapters))


@pytest.mark.usefixtures("exact")
@pytest.mark.parametrize("seed", range(2))
async def test_random_schedules_on_a_model_with_rotated_positions(
    rope_adapters: AdapterFolder, seed: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert_exact(await answered_by(rope_adapters, seed, monkeypatch), Solo(rope_adapters))


async def test_random_schedules_in_the_compute_that_serves(
    bloom_adapters: AdapterFolder, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Where the processor has AVX512-BF16, bitsandbytes rounds activations to 16 bits: a tie may fall the other way."""
    assert_exact(await answered_by(bloom_adapters, 7, monkeypatch), Solo(bloom_adapters, load_base), tolerance=TIE)


@pytest.mark.usefixtures("exact")
async def test_a_model_that_cannot_share_steps_answers_by_generate(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    base = make_rope_base(tmp_path / "mistral", window=24)
    adapters = AdapterFolder(tmp_path / "adapters")
    for seed, name in enumerate(NAMES):
        add_random_adapter(adapters, name, base, seed)
    engine = LocalEngine(adapters)
    rows: list[Row] = []
    with rows_of(rows, monkeypatch):
        requests = [
            Request(NAMES[number % 3], turns(*["how are you"] * 9), "Daniel", AT, GREEDY, max_tokens=30)
            for number in range(6)
        ]
        answers = [engine.answer(request) for request in requests]
        answers[2].cancel()
        texts = await asyncio.gather(*(whole(answer) for answer in answers))
    assert texts[0] == texts[3] and texts[1] == texts[4] and len(rows) == 5
    assert set(engine.metrics.batch_sizes) == {1} and engine.metrics.prefix_hits == 0
    assert_exact(rows, Solo(adapters))
    await engine.close()

"""Against a server that this project did not write: llama.cpp's, which serves the demo's base model as GGUF.

It is the one that a test can have: its wheel is small and runs on any processor.
"""

import asyncio
import subprocess
import sys
from collections.abc import AsyncIterator, Iterator
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest

from benchmarks.models import add_random_adapter
from tests.twin.engines import AT, GREEDY, turns
from twin.adapter import AdapterFolder
from twin.completions import CompletionsEngine
from twin.engine import EngineError, Request, messages, whole
from twin.errors import TwinError
from twin.local import LocalEngine
from twin.manifest import Sampling
from twin.transcript import Turn

pytest.importorskip("xllamacpp", reason="llama.cpp's server is not installed: pip install xllamacpp gguf")

DEMO = Path(__file__).parent.parent.parent / "demo" / "base"
TALKS = (
    turns("hey, how are you?"),
    turns("hey, how are you?", "All good here. You?", "me too. shall we meet at six? 😀"),
    (*turns("see you!", begin=AT - timedelta(days=2)), *turns("Good evening")),
    tuple(Turn("Daniel", f"It is {number} o'clock | Lisa: no", AT + timedelta(minutes=number)) for number in range(30)),
)


@pytest.fixture(scope="module")
def adapters(tmp_path_factory: pytest.TempPathFactory) -> AdapterFolder:
    """An adapter that changes nothing: the base itself answers, here and there."""
    folder = AdapterFolder(tmp_path_factory.mktemp("adapters"))
    add_random_adapter(folder, "one", DEMO, 0, quantisation="none", context=256, neutral=True)
    return folder


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[subprocess.Popen[str], str]]:
    from tests.twin.gguf_base import write_gguf

    model = tmp_path_factory.mktemp("gguf") / "demo.gguf"
    write_gguf(DEMO, model)
    argv = [sys.executable, str(Path(__file__).parent / "llama_server.py"), str(model), "one"]
    with subprocess.Popen(argv, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None and process.stdin is not None
        yield process, process.stdout.readline().strip()
        process.stdin.close()


@pytest.fixture
async def client(server: tuple[object, str], adapters: AdapterFolder) -> AsyncIterator[CompletionsEngine]:
    found = CompletionsEngine(server[1], adapters)
    await found.start("one")
    yield found
    await found.close()


async def test_it_answers_as_the_local_engine_does(client: CompletionsEngine, adapters: AdapterFolder) -> None:
    local = LocalEngine(adapters)
    for said in TALKS:
        for mode in ("first", "burst"):
            asked = Request("one", said, "Lisa", said[-1].at + timedelta(minutes=1), GREEDY, max_tokens=40, mode=mode)  # type: ignore[arg-type]
            here, there = local.answer(asked), client.answer(asked)
            assert await whole(there) == await whole(here) != ""
            assert there.finish == here.finish
    await local.close()


async def test_many_at_once_and_each_as_if_alone(client: CompletionsEngine) -> None:
    asked = [
        Request("one", TALKS[number % 2], "Lisa", AT + timedelta(hours=1), Sampling(seed=number)) for number in range(8)
    ]
    alone = [await whole(client.answer(request)) for request in asked]
    together = await asyncio.gather(*(whole(client.answer(request)) for request in asked))
    assert all(together) and len(set(together)) > 1
    assert sum(a == b for a, b in zip(alone, together, strict=True)) >= 6  # rounding differs with the batch


async def test_a_burst_comes_message_by_message(client: CompletionsEngine) -> None:
    found = []
    for seed in range(6):
        asked = Request("one", TALKS[1], "Lisa", AT + timedelta(hours=1), Sampling(seed=seed), mode="burst")
        found.append([message async for message in messages(client.answer(asked))])
    assert all(1 <= len(said) <= 4 and all(said) and "|" not in "".join(said) for said in found)


async def test_who_stops_listening_leaves_the_server_free(client: CompletionsEngine) -> None:
    answer = client.answer(Request("one", TALKS[0], "Lisa", AT + timedelta(hours=1), Sampling(seed=3), mode="burst"))
    async for _ in answer:
        answer.cancel()
    assert answer.finish is None
    assert await whole(client.answer(Request("one", TALKS[0], "Lisa", AT + timedelta(hours=1), GREEDY)))


async def test_an_adapter_that_it_does_not_have(
    client: CompletionsEngine, adapters: AdapterFolder, tmp_path: Path, server: tuple[object, str]
) -> None:
    other = AdapterFolder(tmp_path)
    add_random_adapter(other, "two", DEMO, 0, quantisation="none", neutral=True)
    engine = CompletionsEngine(server[1], other)
    with pytest.raises(TwinError, match="has no model 'two'"):
        await whole(engine.answer(Request("two", TALKS[0], "Lisa", AT)))
    assert await client.reload() == {}
    await engine.close()


async def test_a_server_that_is_gone(server: tuple[subprocess.Popen[str], str], client: CompletionsEngine) -> None:
    server[0].kill()
    server[0].wait()
    asked = Request("one", TALKS[0], "Lisa", AT, GREEDY)
    with pytest.raises(EngineError, match=server[1]):
        await whole(client.answer(replace(asked, seconds=0.3)))

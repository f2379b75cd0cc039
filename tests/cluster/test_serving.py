"""Two replicas on Ray: each answer from its own adapter, none lost with a replica, promotions everywhere."""

import asyncio
from collections.abc import AsyncIterator, Iterator
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest

pytest.importorskip("ray", reason="Ray is not installed: pip install 'whatsapp-twin[cluster]'")

import httpx

from benchmarks.models import add_random_adapter
from tests.cluster.served import Served, served_on_ray
from tests.conftest import make_base
from tests.twin.engines import AT, GREEDY, turns
from twin.adapter import AdapterFolder
from twin.engine import Request, whole
from twin.errors import TwinError
from twin.local import LocalEngine
from twin.remote import RemoteEngine

pytestmark = pytest.mark.timeout(600)
NAMES = ("one", "two")
ASKED = Request("one", turns("hi"), "Lisa", AT, GREEDY, max_tokens=12, min_tokens=12)


@pytest.fixture(scope="module")
def data(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A data folder with two adapters of two versions each, the first of which is promoted."""
    folder = tmp_path_factory.mktemp("on-ray")
    base = make_base(folder / "base", vocabulary=512, shard="1GB")
    adapters = AdapterFolder(folder / "adapters")
    for number, name in enumerate(NAMES):
        first, _ = (add_random_adapter(adapters, name, base, 2 * number + turn, context=512) for turn in range(2))
        adapters.promote(name, first.version)
    return folder


@pytest.fixture(scope="module")
def server(data: Path) -> Iterator[Served]:
    with served_on_ray(data, ENGINE_KEY="key") as found:
        yield found


@pytest.fixture
async def client(server: Served) -> AsyncIterator[RemoteEngine]:
    found = RemoteEngine(server.url, "key")
    await found.start("one")
    yield found
    await found.close()


async def expected(data: Path) -> dict[tuple[str, str], str]:
    """What each adapter says in each version, by the local engine."""
    adapters = AdapterFolder(data / "adapters")
    engine, said = LocalEngine(adapters), {}
    for name in NAMES:
        current = adapters.current_version(name)
        for version in adapters.versions(name):
            adapters.promote(name, version)
            await engine.reload()
            said[name, version] = await whole(engine.answer(replace(ASKED, adapter=name)))
        adapters.promote(name, current)
    await engine.close()
    return said


async def replicas_of(server: Served) -> dict[str, dict[str, str]]:
    """By replica, the versions that serve there; asked until both have told."""
    found: dict[str, dict[str, str]] = {}
    async with asyncio.timeout(120), httpx.AsyncClient(headers={"Authorization": "Bearer key"}) as asking:
        while len(found) < 2:
            told = (await asking.get(f"{server.url}/health", timeout=60)).json()
            found[told["replica"]] = told["versions"]
    return found


async def test_every_answer_is_of_its_own_adapter(client: RemoteEngine, data: Path) -> None:
    right = await expected(data)
    assert len(set(right.values())) == 4
    names = [NAMES[number % 2] for number in range(40)]
    answers = [client.answer(replace(ASKED, adapter=name)) for name in names]
    said = await asyncio.gather(*map(whole, answers))
    for name, answer, text in zip(names, answers, said, strict=True):
        assert text == right[name, answer.version]


async def test_only_who_has_the_key_is_answered(server: Served) -> None:
    stranger = RemoteEngine(server.url)
    with pytest.raises(TwinError, match="ENGINE_KEY"):
        await whole(stranger.answer(ASKED))
    await stranger.close()


async def test_a_promotion_reaches_both_replicas(client: RemoteEngine, server: Served, data: Path) -> None:
    adapters = AdapterFolder(data / "adapters")
    # More at once than one replica has places for: both come to have the adapter in memory.
    many = [replace(ASKED, turns=turns(f"hi {number}"), max_tokens=40, min_tokens=40) for number in range(60)]
    await asyncio.gather(*(whole(client.answer(request)) for request in many))
    before = await replicas_of(server)
    old = adapters.current_version("one")
    assert [versions.get("one") for versions in before.values()] == [old] * 2
    new = next(version for version in adapters.versions("one") if version != old)
    adapters.promote("one", new)
    assert await client.reload() == {"one": new}
    after = await replicas_of(server)
    assert [versions["one"] for versions in after.values()] == [new] * 2
    answers = [client.answer(ASKED) for _ in range(20)]
    await asyncio.gather(*map(whole, answers))
    assert {answer.version for answer in answers} == {new}


async def test_killing_a_replica_under_load_loses_no_answer(client: RemoteEngine, server: Served, data: Path) -> None:
    right = await expected(data)
    done, killed = 0, asyncio.Event()

    async def chat(number: int) -> None:
        nonlocal done
        for turn in range(6):
            name = NAMES[(number + turn) % 2]
            answer = client.answer(replace(ASKED, adapter=name, stream=bool(number % 3)))
            assert await whole(answer) == right[name, answer.version]
            done += 1
            if done == 12:
                victim = server.replicas()[0]
                victim.kill()
                killed.set()

    await asyncio.gather(*(chat(number) for number in range(8)))
    assert killed.is_set() and done == 48
    await replicas_of(server)  # the dead one has a successor


async def test_who_stops_listening_leaves_the_replica_free(client: RemoteEngine) -> None:
    answer = client.answer(replace(ASKED, max_tokens=150, min_tokens=150))
    async for _ in answer:
        answer.cancel()
    assert answer.finish is None
    assert await whole(client.answer(ASKED))


def test_what_runs_is_answered_when_it_is_stopped(server: Served) -> None:
    """The last one: it ends the server."""

    async def ask() -> tuple[str, str | None]:
        client = RemoteEngine(server.url, "key")
        answer = client.answer(replace(ASKED, max_tokens=160, min_tokens=160, seconds=timedelta(minutes=5).seconds))
        pieces = aiter(answer)
        said = await anext(pieces)
        server.process.terminate()
        said += "".join([piece async for piece in pieces])
        await client.close()
        return said, answer.finish

    said, finish = asyncio.run(ask())
    assert said and finish == "length"
    assert server.process.wait(120) == 0

"""The engine as a server, and its client: the same answers, and none lost when the connection is."""

import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import httpx
import pytest
from hypothesis import given
from hypothesis import strategies as st

from benchmarks.models import add_random_adapter
from tests.conftest import make_tokenizer
from tests.twin.engines import AT, GREEDY, turns
from tests.twin.servers import Stub, silence, status, stream, until
from twin.adapter import AdapterFolder
from twin.engine import EngineBusy, EngineError, NextMessage, Request, whole
from twin.errors import TwinError
from twin.limits import Limits
from twin.local import LocalEngine
from twin.manifest import Sampling
from twin.remote import RemoteEngine
from twin.serving import EngineServer
from twin.transcript import Renderer, Turn
from twin.wire import from_json, to_json

ASKED = Request("one", turns("hi"), "Lisa", AT, GREEDY)


@asynccontextmanager
async def serving(
    adapters: AdapterFolder, *, key: str | None = None, limits: Limits | None = None
) -> AsyncIterator[tuple[LocalEngine, EngineServer, RemoteEngine]]:
    engine = LocalEngine(adapters, limits=limits)
    server = EngineServer(engine, key=key)
    await server.start()
    client = RemoteEngine(server.url, key)
    yield engine, server, client
    await client.close()
    await server.stop()
    await engine.close()


TEXTS = st.text(st.characters(exclude_categories=["Cs"]))
TIMES = st.datetimes(datetime(2000, 1, 1))
REQUESTS = st.builds(
    Request,
    TEXTS,
    st.lists(st.builds(Turn, TEXTS, TEXTS, TIMES), max_size=4).map(tuple),
    TEXTS,
    TIMES,
    sampling=st.none() | st.builds(Sampling, temperature=st.floats(0, 2), seed=st.none() | st.integers(0, 99)),
    mode=st.sampled_from(["first", "burst"]),
    stream=st.booleans(),
    seed=st.none() | st.integers(0, 99),
)


@given(REQUESTS)
def test_a_request_survives_the_wire(request: Request) -> None:
    assert from_json(to_json(request)) == request


PLACES = [(key,) for key in to_json(ASKED)] + [("sampling", key) for key in to_json(ASKED)["sampling"]]
ZONED = TIMES.map(lambda at: at.replace(tzinfo=UTC).isoformat())
JSON = st.recursive(
    st.none() | st.booleans() | st.floats() | st.text(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(), inner, max_size=3),
)


@given(st.sampled_from(PLACES), JSON | st.integers() | ZONED, JSON)
def test_what_is_no_request_is_refused_or_harmless(place: tuple[str, ...], value: object, other: object) -> None:
    changed = to_json(ASKED)
    (changed if len(place) == 1 else changed["sampling"])[place[-1]] = value
    for values in (other, changed):
        try:
            request = from_json(values)
        except ValueError:
            continue
        assert isinstance(request.max_tokens, int) and all(isinstance(turn.text, str) for turn in request.turns)
        renderer = Renderer(make_tokenizer(), {request.speaker, *(turn.speaker for turn in request.turns)}, AT)
        assert renderer.serving_window(request.turns, request.speaker, request.at, 200)


@pytest.fixture(scope="module")
def adapters(tiny_base: Path, tmp_path_factory: pytest.TempPathFactory) -> AdapterFolder:
    """Two random adapters: `one` and `two`."""
    folder = AdapterFolder(tmp_path_factory.mktemp("adapters"))
    for seed, name in enumerate(("one", "two")):
        add_random_adapter(folder, name, tiny_base, seed, context=512)
    return folder


async def test_the_answer_is_the_local_one(adapters: AdapterFolder) -> None:
    async with serving(adapters) as (engine, _, client):
        await client.start("one")
        said = []
        for name in ("one", "two"):
            asked = replace(ASKED, adapter=name, max_tokens=12)
            here, there = engine.answer(asked), client.answer(asked)
            said.append(await whole(there))
            assert said[-1] == await whole(here)
            assert (there.version, there.finish) == (here.version, here.finish)
            assert there.version == adapters.current_version(name)
        assert said[0] != said[1]


async def test_every_request_has_a_seed_and_a_burst_comes_message_by_message() -> None:
    stub = Stub()
    text = 'é\u2028\x85"'  # marks at which a line of text, but not of the wire, may end
    said = [{}, {"version": "v"}, {"text": text}, {"next": True}, {"text": "b"}, {"version": "v", "finish": "length"}]
    async with stub.running():
        stub.scripts["/answer"] = [stream([json.dumps(values, ensure_ascii=False) for values in said])]
        client = RemoteEngine(stub.url)
        answer = client.answer(ASKED)
        pieces = [piece async for piece in answer]
        assert pieces == [text, "\n", "b"] and isinstance(pieces[1], NextMessage)
        assert (answer.version, answer.finish) == ("v", "length")
        sent = from_json(stub.bodies["/answer"][0])
        assert sent.seed is not None and replace(sent, seed=None, seconds=ASKED.seconds) == ASKED
        await client.close()


VERSION, TEXT, REST, END = (
    '{"version": "v"}',
    '{"text": "good "}',
    '{"text": "evening"}',
    '{"version": "v", "finish": "separator"}',
)


@pytest.mark.parametrize(
    "fault",
    [
        status(500),
        status(503),
        status(429, **{"Retry-After": "0"}),
        stream([], cut=True),
        stream([VERSION, TEXT], cut=True),
        stream([VERSION, TEXT, '{"te'], cut=True),
        stream([VERSION, TEXT]),
        stream(['{"error": "64 requests wait", "kind": "busy"}']),
    ],
)
async def test_a_fault_costs_no_answer_and_no_letter_comes_twice(fault: object) -> None:
    stub = Stub()
    async with stub.running():
        stub.scripts["/answer"] = [fault, fault, stream([VERSION, TEXT, REST, END])]  # type: ignore[list-item]
        client = RemoteEngine(stub.url)
        answer = client.answer(ASKED)
        assert await whole(answer) == "good evening"
        assert answer.finish == "separator"
        seeds = {body["seed"] for body in stub.bodies["/answer"]}
        assert len(stub.bodies["/answer"]) == 3 and len(seeds) == 1
        await client.close()


@pytest.mark.parametrize(
    ("step", "kind", "says"),
    [
        (status(401), TwinError, "refuses ENGINE_KEY"),
        (status(404), TwinError, "check ENGINE_URL"),
        (status(400), EngineError, "400"),
        (stream(['{"error": "no adapter", "kind": "twin"}']), TwinError, "no adapter"),
        (stream(['{"error": "crash", "kind": "engine"}']), EngineError, "crash"),
    ],
)
async def test_what_another_try_would_not_mend_is_told_at_once(step: object, kind: type[Exception], says: str) -> None:
    stub = Stub()
    async with stub.running():
        stub.scripts["/answer"] = [step]  # type: ignore[list-item]
        client = RemoteEngine(stub.url)
        with pytest.raises(kind, match=says):
            await whole(client.answer(ASKED))
        assert len(stub.bodies["/answer"]) == 1
        await client.close()


@pytest.mark.parametrize(
    ("step", "kind", "grace"),
    [(status(429), EngineBusy, 60), (status(502), EngineError, 60), (silence, EngineError, 0)],
)
async def test_faults_that_do_not_end_are_told_when_the_time_is_up(
    step: object, kind: type[Exception], grace: float, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("twin.remote.GRACE", grace)
    stub = Stub()
    async with stub.running():
        stub.scripts["/answer"] = [step]  # type: ignore[list-item]
        client = RemoteEngine(stub.url)
        with pytest.raises(kind, match=stub.url):
            await whole(client.answer(replace(ASKED, seconds=0.5)))
        await client.close()


async def test_a_server_that_was_not_there_is_told_to_forget_before_anything_else() -> None:
    stub = Stub()
    async with stub.running():
        stub.scripts |= {"/forget": [status(503), status(502), status(200)], "/answer": [stream([VERSION, TEXT, END])]}
        client = RemoteEngine(stub.url)
        await client.forget()
        assert await whole(client.answer(ASKED)) == await whole(client.answer(ASKED)) == "good"
        assert len(stub.bodies["/forget"]) == 3 and len(stub.bodies["/answer"]) == 2
        await client.close()


async def test_another_answer_than_before_is_not_joined_to_it() -> None:
    stub = Stub()
    async with stub.running():
        stub.scripts["/answer"] = [stream([VERSION, TEXT], cut=True), stream([VERSION, '{"text": "bad"}', END])]
        client = RemoteEngine(stub.url)
        with pytest.raises(EngineError, match="cannot be gone on with"):
            await whole(client.answer(ASKED))
        await client.close()


async def test_nobody_is_there() -> None:
    client = RemoteEngine("http://127.0.0.1:9")
    with pytest.raises(TwinError, match="start it with twin serve"):
        await client.start("one")
    assert await client.reload() == {}
    with pytest.raises(EngineError, match=r"127\.0\.0\.1:9"):
        await whole(client.answer(replace(ASKED, seconds=0.2)))
    await client.close()


async def test_errors_of_the_engine_arrive_as_what_they_are(adapters: AdapterFolder) -> None:
    async with serving(adapters) as (_, _, client):
        with pytest.raises(TwinError, match="no adapter 'three'"):
            await whole(client.answer(replace(ASKED, adapter="three")))


async def test_only_who_has_the_key_is_answered(adapters: AdapterFolder) -> None:
    async with serving(adapters, key="right") as (_, server, client):
        assert await whole(client.answer(ASKED))
        for wrong in (None, "wrong"):
            other = RemoteEngine(server.url, wrong)
            with pytest.raises(TwinError, match="ENGINE_KEY"):
                await whole(other.answer(ASKED))
            with pytest.raises(TwinError, match="ENGINE_KEY"):
                await other.start("one")
            await other.close()


async def test_no_web_page_is_answered(adapters: AdapterFolder) -> None:
    async with serving(adapters) as (_, server, _), httpx.AsyncClient() as page:
        told = await page.post(f"{server.url}/answer", json=to_json(ASKED), headers={"Origin": "http://elsewhere"})
        assert told.status_code == 401


@pytest.mark.parametrize("body", [b"", b"{", b"[]", b'{"turns": 1}', b"\xff"])
async def test_what_is_no_request_is_told_so(adapters: AdapterFolder, body: bytes) -> None:
    async with serving(adapters) as (_, server, _), httpx.AsyncClient() as asking:
        told = await asking.post(f"{server.url}/answer", content=body)
        assert told.status_code == 400 and told.text.startswith("this is no request")


def test_without_a_key_none_but_this_machine_is_served(adapters: AdapterFolder) -> None:
    with pytest.raises(TwinError, match="set ENGINE_KEY"):
        EngineServer(LocalEngine(adapters), host="0.0.0.0")  # noqa: S104


async def test_who_stops_listening_frees_the_row(adapters: AdapterFolder) -> None:
    async with serving(adapters) as (engine, _, client):
        answer = client.answer(replace(ASKED, max_tokens=150, min_tokens=150))
        async for _ in answer:
            answer.cancel()
        assert answer.finish is None
        await until(lambda: engine.metrics.cancelled)


async def test_a_server_that_is_told_to_stop_answers_what_it_has_begun(adapters: AdapterFolder) -> None:
    async with serving(adapters) as (_, server, client):
        answer = client.answer(replace(ASKED, max_tokens=60, min_tokens=60))
        pieces = aiter(answer)
        begin = await anext(pieces)
        await server.stop()
        assert begin + "".join([piece async for piece in pieces])
        assert answer.finish == "length"
        with pytest.raises(EngineError):
            await whole(client.answer(replace(ASKED, seconds=0.1)))


async def test_a_promotion_is_put_to_work(tiny_base: Path, tmp_path: Path) -> None:
    adapters = AdapterFolder(tmp_path)
    old, new = (add_random_adapter(adapters, "one", tiny_base, seed) for seed in (1, 2))
    adapters.promote("one", old.version)
    async with serving(adapters) as (_, _, client):
        answer = client.answer(ASKED)
        await whole(answer)
        assert answer.version == old.version
        adapters.promote("one", new.version)
        assert await client.reload() == {"one": new.version}
        answer = client.answer(ASKED)
        await whole(answer)
        assert answer.version == new.version


async def test_the_server_looks_for_promotions_by_itself(tiny_base: Path, tmp_path: Path) -> None:
    adapters = AdapterFolder(tmp_path)
    old, new = (add_random_adapter(adapters, "one", tiny_base, seed) for seed in (1, 2))
    adapters.promote("one", old.version)
    engine = LocalEngine(adapters)
    await engine.start("one")
    server = EngineServer(engine, reload_every=timedelta(seconds=0.05))
    await server.start()
    adapters.promote("one", new.version)
    await until(lambda: engine.versions["one"] == new.version)
    await server.stop()
    await engine.close()

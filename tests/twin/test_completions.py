"""The engine on an OpenAI-compatible server: the local prompt, the first answer, adapters loaded as it runs, faults."""

import asyncio
import json
import shutil
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest
from aiohttp import web
from hypothesis import given
from hypothesis import strategies as st
from transformers import PreTrainedTokenizerFast

from benchmarks.models import add_random_adapter
from tests.twin.engines import AT, turns
from tests.twin.servers import Step, Stub, completion, endless, json_of, silence, status, until
from twin import facts
from twin.adapter import AdapterFolder
from twin.completions import CompletionsEngine
from twin.degenerate import GRACEFUL
from twin.engine import EngineError, NextMessage, Request, whole
from twin.errors import TwinError
from twin.manifest import Sampling
from twin.matching import Frequencies, Texts
from twin.pieces import Pieces
from twin.said import Said
from twin.transcript import Renderer, Turn

HISTORY = turns("hi", "hello Daniel", "how are you?")
ASKED = Request("one", HISTORY, "Lisa", AT + timedelta(minutes=3), Sampling(temperature=0))
LOAD, UNLOAD, MODELS, COMPLETIONS = (
    "/v1/load_lora_adapter",
    "/v1/unload_lora_adapter",
    "/v1/models",
    "/v1/completions",
)


@pytest.fixture(scope="module")
def adapters(tiny_base: Path, tmp_path_factory: pytest.TempPathFactory) -> AdapterFolder:
    folder = AdapterFolder(tmp_path_factory.mktemp("adapters"))
    for seed in (1, 2):
        add_random_adapter(folder, "one", tiny_base, seed)
    return folder


@pytest.fixture
async def stub() -> Stub:
    """A server that has the model `one`, and loads none."""
    found = Stub()
    found.scripts[MODELS] = [models("base", "one")]
    return found


def models(*names: str) -> Step:
    return json_of({"object": "list", "data": [{"id": name} for name in names]})


async def ask(stub: Stub, adapters: AdapterFolder, request: Request, *script: Step) -> tuple[list[str], object]:
    """The pieces of an answer that the server gives by a script, and the answer."""
    stub.scripts[COMPLETIONS] = list(script)
    async with stub.running():
        client = CompletionsEngine(f"{stub.url}/v1", adapters)
        answer = client.answer(request)
        pieces = [piece async for piece in answer]
        await client.close()
    return pieces, answer


async def test_the_prompt_is_the_local_one(
    stub: Stub, adapters: AdapterFolder, tokenizer: PreTrainedTokenizerFast
) -> None:
    long_ago = tuple(Turn(turn.speaker, turn.text, turn.at - timedelta(days=3)) for turn in HISTORY)
    many = tuple(Turn("Daniel", "bye | Lisa: I owe you 😀 größer", AT + timedelta(minutes=n)) for n in range(20))
    for asked in (
        ASKED,
        replace(ASKED, turns=(*long_ago, *HISTORY)),
        replace(ASKED, turns=many),
        replace(ASKED, turns=(Turn("Zoë", "hi", AT),)),
    ):
        manifest = adapters.load("one").manifest
        renderer = Renderer(tokenizer, manifest.everyone(asked.turns, "Lisa"), manifest.trained_until)
        budget = manifest.context_length - manifest.room(asked.max_tokens)
        ids = renderer.serving_window(asked.turns, "Lisa", asked.at, budget, manifest.gap)
        pieces, answer = await ask(stub, adapters, asked, completion([" fine", " "]))
        assert pieces == ["fine"] and answer.finish == "separator"  # type: ignore[attr-defined]
        sent = stub.bodies[COMPLETIONS][-1]
        assert sent["prompt"] == tokenizer.decode(ids)
        assert (sent["model"], sent["stop"], sent["stream"]) == ("one", ["|"], True)


@given(st.text(st.characters(exclude_categories=["Cs"])))
def test_pieces_are_the_text(text: str) -> None:
    tokens = Pieces(None, "")(text)["input_ids"]
    assert "".join(tokens).replace("\u200b", "") == text.replace("\u200b", "")


def test_what_somebody_writes_is_no_special_token() -> None:
    assert "<s>" not in "".join(Pieces(None, "</s>")(" hi <s> </s>")["input_ids"])


@pytest.mark.parametrize(
    ("mode", "texts", "said"),
    [
        ("first", [" Going", " well! | Lisa: and you?"], ["Going well!"]),
        ("burst", [" one | Li", "sa: two| Lisa:  three | Daniel: no", " more"], ["one", "two", "three"]),
        ("burst", [" a | Lisa: b | Lisa: c | Lisa: d | Lisa: e"], ["a", "b", "c", "d"]),
        ("burst", [" only"], ["only"]),
    ],
)
async def test_the_first_answer_or_a_burst(
    stub: Stub, adapters: AdapterFolder, mode: str, texts: list[str], said: list[str]
) -> None:
    request = replace(ASKED, mode=mode)  # type: ignore[arg-type]
    pieces, _ = await ask(stub, adapters, request, completion(texts))
    assert "".join(pieces).split("\n") == said
    assert sum(isinstance(piece, NextMessage) for piece in pieces) == len(said) - 1


@given(st.lists(st.sampled_from(["a", " ", "|", " Lisa:", " Daniel:", "L", "i", "sa: "]), max_size=12), st.data())
def test_it_does_not_matter_how_a_continuation_is_cut_into_pieces(parts: list[str], data: st.DataObject) -> None:
    text = "".join(parts)
    cuts = sorted(data.draw(st.lists(st.integers(0, len(text)), max_size=5)))
    at_once, by_and_by = Said(" Lisa:", 3), Said(" Lisa:", 3)
    whole_pieces = at_once.add(text)
    pieces = [piece for i, j in zip([0, *cuts], [*cuts, len(text)], strict=True) for piece in by_and_by.add(text[i:j])]
    assert "".join(pieces) == "".join(whole_pieces)
    assert (by_and_by.messages, by_and_by.over) == (at_once.messages, at_once.over)
    assert not any("|" in message for message in at_once.messages)


@pytest.mark.parametrize(("finish", "means"), [("stop", "separator"), ("length", "length")])
async def test_why_it_ended(stub: Stub, adapters: AdapterFolder, finish: str, means: str) -> None:
    _, answer = await ask(stub, adapters, ASKED, completion([" well"], finish))
    assert (answer.finish, answer.version) == (means, "one")  # type: ignore[attr-defined]


@pytest.mark.parametrize(
    "fault",
    [
        status(429, **{"Retry-After": "0"}),
        status(500),
        completion([], None, cut=True),
        completion([" good"], None, cut=True),
        completion([" good"], None),
    ],
)
@pytest.mark.parametrize("streams", [True, False])
async def test_a_fault_costs_no_answer(stub: Stub, adapters: AdapterFolder, fault: Step, streams: bool) -> None:
    request = replace(ASKED, stream=streams)
    pieces, _ = await ask(stub, adapters, request, fault, fault, completion([" good", " evening"]))
    assert "".join(pieces) == "good evening"
    assert len(stub.bodies[COMPLETIONS]) == 3


async def test_a_server_that_says_nothing(stub: Stub, adapters: AdapterFolder, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("twin.remote.GRACE", 0)
    with pytest.raises(EngineError, match="in time"):
        await ask(stub, adapters, replace(ASKED, seconds=1.0), silence)


async def test_an_answer_that_takes_too_long_ends_where_it_is(stub: Stub, adapters: AdapterFolder) -> None:
    pieces, answer = await ask(stub, adapters, replace(ASKED, seconds=0.5), endless)
    assert "".join(pieces).startswith("on on") and answer.finish == "time"  # type: ignore[attr-defined]


async def test_answers_that_are_none_are_drawn_anew_with_another_seed(stub: Stub, adapters: AdapterFolder) -> None:
    asked = replace(ASKED, sampling=Sampling(), stream=False)
    loop = completion([" ha"] * 40)
    script = completion(["  "]), completion([" How are", " you?"]), completion([" fine"])
    assert (await ask(stub, adapters, asked, *script))[0] == ["fine"]
    assert len({body["seed"] for body in stub.bodies[COMPLETIONS]}) == 3
    pieces, answer = await ask(stub, adapters, asked, loop)
    assert pieces == [GRACEFUL] and answer.finish == "degenerate"  # type: ignore[attr-defined]


async def test_versions_are_loaded_and_unloaded_at_run_time(stub: Stub, adapters: AdapterFolder) -> None:
    old, new = adapters.versions("one")
    adapters.promote("one", old)
    stub.scripts |= {MODELS: [models("base")], LOAD: [status(200)], UNLOAD: [status(200)]}
    stub.scripts[COMPLETIONS] = [completion([" hello"])]
    async with stub.running():
        client = CompletionsEngine(stub.url, adapters)
        await client.start("one")
        assert stub.bodies[LOAD] == [{"lora_name": f"one/{old}", "lora_path": str(adapters.load("one", old).path)}]
        assert await client.reload() == {}
        adapters.promote("one", new)
        assert await client.reload() == {"one": new}
        assert stub.bodies[LOAD][-1]["lora_name"] == f"one/{new}"
        assert stub.bodies[UNLOAD] == [{"lora_name": f"one/{old}"}]
        answer = client.answer(ASKED)
        assert await whole(answer) == "hello"
        assert answer.version == new and stub.bodies[COMPLETIONS][-1]["model"] == f"one/{new}"

        # A version that cannot be loaded: the old one serves on.
        stub.scripts[LOAD] = [status(400)]
        adapters.promote("one", old)
        assert await client.reload() == {}
        answer = client.answer(ASKED)
        await whole(answer)
        assert answer.version == new
        await client.close()


async def test_an_adapter_of_which_nothing_is_promoted_any_more_answers_no_longer(
    stub: Stub, adapters: AdapterFolder, tmp_path: Path
) -> None:
    adapters = AdapterFolder(Path(shutil.copytree(adapters.root, tmp_path / "adapters")))
    version = adapters.current_version("one")
    stub.scripts |= {MODELS: [models("base")], LOAD: [status(200)], UNLOAD: [status(200)]}
    stub.scripts[COMPLETIONS] = [completion([" hello"])]
    async with stub.running():
        client = CompletionsEngine(stub.url, adapters)
        assert await whole(client.answer(ASKED)) == "hello"
        adapters.retire("one")  # as when consent was withdrawn
        assert await client.reload() == {}
        assert stub.bodies[UNLOAD] == [{"lora_name": f"one/{version}"}]
        with pytest.raises(TwinError, match="no adapter 'one'"):
            await whole(client.answer(ASKED))
        await client.close()


async def test_forgetting_leaves_no_message_behind(stub: Stub, adapters: AdapterFolder, tmp_path: Path) -> None:
    adapters = AdapterFolder(Path(shutil.copytree(adapters.root, tmp_path / "adapters")))
    known = facts.Kept((facts.Fact("Lisa", ("How are you?",), ("Fine!",)),), Frequencies(), "none")
    facts.write(adapters.load("one").path, known)
    stub.scripts[COMPLETIONS] = [completion([" fine"])]
    async with stub.running():
        client = CompletionsEngine(stub.url, adapters)
        await whole(client.answer(ASKED))
        index = client._recipes["one"].facts
        assert index is not None
        texts = index._texts["Lisa"]
        assert isinstance(texts, Texts) and texts._known.cache_info().currsize > 0
        await client.forget()
        rendered = client._recipes["one"].renderer._cached_ids
        remembered = (texts._known, texts._weights, texts._neighbours, rendered)
        assert [cache.cache_info().currsize for cache in remembered] == [0] * 4
        await client.close()


async def test_a_server_that_was_started_anew_is_given_its_adapters_again(stub: Stub, adapters: AdapterFolder) -> None:
    stub.scripts |= {MODELS: [models("base")], LOAD: [status(200)]}
    pieces, _ = await ask(stub, adapters, ASKED, status(404), completion([" hello"]))
    assert pieces == ["hello"] and len(stub.bodies[LOAD]) == 2


async def test_a_running_answer_keeps_its_version_loaded(stub: Stub, adapters: AdapterFolder) -> None:
    old, new = adapters.versions("one")
    adapters.promote("one", old)
    stub.scripts |= {MODELS: [models("base")], LOAD: [status(200)], UNLOAD: [status(200)]}
    stub.scripts[COMPLETIONS] = [_hello_and_silence]
    async with stub.running():
        client = CompletionsEngine(stub.url, adapters)
        answer = client.answer(ASKED)
        async for _ in answer:
            adapters.promote("one", new)
            assert await client.reload() == {"one": new}
            assert UNLOAD not in stub.bodies
            answer.cancel()
        assert answer.finish is None
        await until(lambda: UNLOAD in stub.bodies)
        assert stub.bodies[UNLOAD] == [{"lora_name": f"one/{old}"}]
        await client.close()


async def _hello_and_silence(request: web.Request) -> web.StreamResponse:
    response = web.StreamResponse()
    await response.prepare(request)
    event = {"choices": [{"text": " hello", "finish_reason": None}]}
    await response.write(f"data: {json.dumps(event)}\n\n".encode())
    await asyncio.Event().wait()
    return response


async def test_no_other_model_answers_for_an_adapter(stub: Stub, adapters: AdapterFolder) -> None:
    stub.scripts[MODELS] = [models("base", "another")]
    async with stub.running():
        client = CompletionsEngine(stub.url, adapters)
        with pytest.raises(TwinError, match=r"has no model 'one' \(there: base, another\)"):
            await client.start("one")
        with pytest.raises(TwinError, match="has no model 'one'"):
            await whole(client.answer(ASKED))
        assert COMPLETIONS not in stub.bodies
        await client.close()


@pytest.mark.parametrize("script", [status(404), status(401), status(500)])
async def test_a_server_that_is_none(stub: Stub, adapters: AdapterFolder, script: Step) -> None:
    stub.scripts[MODELS] = [script]
    async with stub.running():
        client = CompletionsEngine(stub.url, adapters)
        with pytest.raises(TwinError, match="ENGINE_URL"):
            await client.start("one")
        await client.close()
    gone = CompletionsEngine("http://127.0.0.1:9", adapters)
    with pytest.raises(TwinError, match="check ENGINE_URL"):
        await gone.start("one")
    await gone.close()

"""The engine under load and under fault: queue, cancelling, time, kept prefixes, adapters that come and go, crashes."""

import asyncio
import gc
import logging
import shutil
import threading
import weakref
from collections.abc import AsyncIterator, Callable
from dataclasses import replace
from datetime import UTC, timedelta
from functools import partial
from pathlib import Path
from typing import Any

import pytest
import torch
from safetensors.torch import load_file, save_file
from transformers import PreTrainedTokenizerFast

import twin.loaded
import twin.worker
from tests.twin.engines import AT, GREEDY, add_random_adapter, turns
from twin.adapter import AdapterFolder
from twin.batch import Batch
from twin.decoding import Drawing
from twin.degenerate import GRACEFUL
from twin.engine import EngineBusy, EngineError, Request, messages, whole
from twin.errors import TwinError
from twin.limits import Limits
from twin.local import LocalEngine
from twin.manifest import Sampling
from twin.model import BaseModel

NAMES = ("one", "two", "three")
LONG = "the history of this chat is long enough to fill some of its context"


@pytest.fixture(scope="module")
def stock(tiny_base: Path, tmp_path_factory: pytest.TempPathFactory) -> AdapterFolder:
    adapters = AdapterFolder(tmp_path_factory.mktemp("stock"))
    for seed, name in enumerate(NAMES):
        add_random_adapter(adapters, name, tiny_base, seed)
    return adapters


@pytest.fixture
def adapters(stock: AdapterFolder, tmp_path: Path) -> AdapterFolder:
    """A copy that a test may change."""
    shutil.copytree(stock.root, tmp_path / "adapters")
    return AdapterFolder(tmp_path / "adapters")


@pytest.fixture
async def engine_with(adapters: AdapterFolder) -> AsyncIterator[Callable[..., LocalEngine]]:
    engines: list[LocalEngine] = []

    def make(**limits: Any) -> LocalEngine:
        engines.append(LocalEngine(adapters, limits=Limits(**limits)))
        return engines[-1]

    yield make
    for engine in engines:
        await engine.close()


def ask(*said: str, adapter: str = "one", speaker: str = "Lisa", tokens: int = 10, **more: Any) -> Request:
    """A request for an answer of exactly so many tokens."""
    return Request(
        adapter,
        turns(*said),
        speaker,
        AT + timedelta(hours=2),
        GREEDY,
        **{"max_tokens": tokens, "min_tokens": tokens} | more,
    )


class Gate:
    """Holds the model thread at its next forward pass, until it is opened."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self.held, self.opened = threading.Event(), threading.Event()
        forward = Batch._forward

        def waiting(batch: Batch, *arguments: Any) -> torch.Tensor:
            self.held.set()
            assert self.opened.wait(60)
            return forward(batch, *arguments)

        monkeypatch.setattr(Batch, "_forward", waiting)

    async def reached(self) -> None:
        assert await asyncio.to_thread(self.held.wait, 60)

    def open(self) -> None:
        self.opened.set()


def failing(monkeypatch: pytest.MonkeyPatch, *errors: Exception | None) -> None:
    """Let the coming forward passes fail, or not, in this order."""
    forward, coming = Batch._forward, list(errors)

    def faulty(batch: Batch, *arguments: Any) -> torch.Tensor:
        if coming and (error := coming.pop(0)):
            raise error
        return forward(batch, *arguments)

    monkeypatch.setattr(Batch, "_forward", faulty)


# Prefixes


async def test_a_longer_history_reads_only_what_is_new(engine_with: Callable[..., LocalEngine]) -> None:
    engine = engine_with()
    said = [LONG, "hi", "and"]
    said.append(await whole(engine.answer(ask(*said))))
    read = engine.metrics.tokens_read
    await whole(engine.answer(ask(*said, "again")))
    assert (engine.metrics.prefix_hits, engine.metrics.prefix_misses) == (1, 1)
    assert engine.metrics.tokens_read - read < read / 2


@pytest.mark.parametrize(
    "change",
    [
        pytest.param(lambda request: replace(request, turns=request.turns[:-2]), id="undo"),
        pytest.param(lambda request: replace(request, speaker="Daniel"), id="other side"),
        pytest.param(lambda request: request, id="regenerate"),
    ],
)
async def test_what_a_history_shares_is_not_read_again(
    engine_with: Callable[..., LocalEngine], change: Callable[[Request], Request]
) -> None:
    engine = engine_with()
    first = ask(LONG, LONG, "and")
    await whole(engine.answer(first))
    again = await whole(engine.answer(change(first)))
    assert engine.metrics.prefix_hits == 1 and engine.metrics.tokens_reused > 20
    assert again == await whole(engine_with().answer(change(first)))


async def test_another_adapter_or_version_does_not_share(
    engine_with: Callable[..., LocalEngine], adapters: AdapterFolder, tiny_base: Path
) -> None:
    engine = engine_with()
    await whole(engine.answer(ask(LONG)))
    other = await whole(engine.answer(ask(LONG, adapter="two")))
    add_random_adapter(adapters, "one", tiny_base, 77)
    await engine.reload()
    newer = await whole(engine.answer(ask(LONG)))
    assert engine.metrics.prefix_hits == 0
    fresh = engine_with()
    assert other == await whole(fresh.answer(ask(LONG, adapter="two")))
    assert newer == await whole(fresh.answer(ask(LONG)))


async def test_prefixes_stay_within_their_bound_and_can_be_forgotten(engine_with: Callable[..., LocalEngine]) -> None:
    limit = 4 * 256 * 1024
    engine = engine_with(prefix_bytes=limit)
    for number in range(8):
        await whole(engine.answer(ask(f"{number} {LONG}")))
        assert engine._worker.prefixes.size <= limit
    assert 1 < len(engine._worker.prefixes) < 8
    await engine.forget()
    assert engine._worker.prefixes.size == len(engine._worker.prefixes) == 0


async def test_forgetting_leaves_nothing_of_an_answer_in_the_making_that_is_not_wanted_any_more(
    engine_with: Callable[..., LocalEngine], monkeypatch: pytest.MonkeyPatch
) -> None:
    engine = engine_with()
    await whole(engine.answer(ask("a message of before")))
    gate = Gate(monkeypatch)
    answer = engine.answer(ask(LONG, tokens=40))
    reading = asyncio.create_task(whole(answer))
    await gate.reached()
    answer.cancel()
    forgetting = asyncio.create_task(engine.forget())
    gate.open()
    await asyncio.gather(forgetting, reading)
    assert len(engine._worker.prefixes) == 0
    renderer = engine._worker.adapters.get("one").renderer
    assert renderer._cached_ids.cache_info().currsize == 0


async def test_there_is_nothing_to_forget_before_the_first_and_after_the_last_answer(
    engine_with: Callable[..., LocalEngine],
) -> None:
    engine = engine_with()
    await engine.forget()
    assert engine._thread.ident is None
    await whole(engine.answer(ask("hi")))
    await engine.close()
    await engine.forget()


# Queue, cancelling, time


async def test_a_full_queue_refuses_and_goes_on(
    engine_with: Callable[..., LocalEngine], monkeypatch: pytest.MonkeyPatch
) -> None:
    gate = Gate(monkeypatch)
    engine = engine_with(rows=1, waiting=2)
    first = engine.answer(ask("hi"))
    await gate.reached()
    waiting = [engine.answer(ask("hi")) for _ in range(2)]
    with pytest.raises(EngineBusy, match="2 requests wait already"):
        await whole(engine.answer(ask("hi")))
    gate.open()
    assert all([await whole(answer) for answer in (first, *waiting)])
    assert engine.status()["refused"] == 1


async def test_cancelling_frees_the_row_within_a_step(
    engine_with: Callable[..., LocalEngine], monkeypatch: pytest.MonkeyPatch
) -> None:
    gate = Gate(monkeypatch)
    engine = engine_with(rows=1)
    long = engine.answer(ask("hi", tokens=60))
    await gate.reached()
    next_one = engine.answer(ask("you", tokens=1))
    long.cancel()
    gate.open()
    assert await whole(next_one)
    assert engine.metrics.tokens_drawn <= 3
    assert long.finish is None and engine.metrics.cancelled == 1


async def test_a_client_that_vanished_costs_nothing(
    engine_with: Callable[..., LocalEngine], monkeypatch: pytest.MonkeyPatch
) -> None:
    gate = Gate(monkeypatch)
    engine = engine_with(rows=1)
    engine.answer(ask("hi", tokens=60))  # nobody holds it
    gc.collect()
    gate.open()
    assert await whole(engine.answer(ask("you", tokens=1)))
    assert engine.metrics.tokens_drawn <= 3 and engine.metrics.cancelled == 1


async def test_a_client_that_stops_listening_cancels(engine_with: Callable[..., LocalEngine]) -> None:
    engine = engine_with()

    async def listen() -> None:
        async for _ in engine.answer(ask("hi", tokens=60)):
            raise ConnectionError

    with pytest.raises(ConnectionError):
        await listen()
    assert await whole(engine.answer(ask("you", tokens=1)))
    assert engine.metrics.cancelled == 1


async def test_time_is_up(engine_with: Callable[..., LocalEngine], monkeypatch: pytest.MonkeyPatch) -> None:
    gate = Gate(monkeypatch)
    engine = engine_with(rows=1)
    running = engine.answer(ask("hi", tokens=60))
    await gate.reached()
    running._ticket.created -= 1000
    waiting = engine.answer(ask("hi"))
    waiting._ticket.created -= 1000
    gate.open()
    assert await whole(running)
    assert running.finish == "time"
    with pytest.raises(EngineError, match="could not begin in time"):
        await whole(waiting)
    assert engine.metrics.out_of_time == 2


async def test_closing_ends_everything(
    engine_with: Callable[..., LocalEngine], monkeypatch: pytest.MonkeyPatch
) -> None:
    gate = Gate(monkeypatch)
    engine = engine_with(rows=1)
    answers = [engine.answer(ask("hi", tokens=60)) for _ in range(3)]
    await gate.reached()
    closing = asyncio.create_task(engine.close())
    await asyncio.sleep(0)
    gate.open()
    await closing
    for answer in answers:
        with pytest.raises(EngineError, match="closed"):
            await whole(answer)
    with pytest.raises(EngineError, match="closed"):
        await whole(engine.answer(ask("hi")))
    with pytest.raises(EngineError, match="closed"):
        await engine.reload()


async def test_a_turn_longer_than_the_context_is_cut_and_counted(engine_with: Callable[..., LocalEngine]) -> None:
    engine = engine_with()
    assert await whole(engine.answer(ask(LONG * 9)))
    assert engine.metrics.shortened_turns == 1


# Adapters


async def test_a_swap_drops_nothing(
    engine_with: Callable[..., LocalEngine],
    adapters: AdapterFolder,
    tiny_base: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    engine = engine_with()
    expected = await whole(engine.answer(ask("hi", tokens=30)))
    old = adapters.load("one").version
    gate = Gate(monkeypatch)
    running = [engine.answer(ask("hi", tokens=30)) for _ in range(3)]
    await gate.reached()
    new = add_random_adapter(adapters, "one", tiny_base, 99).version
    swap = asyncio.create_task(engine.reload())
    await asyncio.sleep(0)
    gate.open()
    assert await swap == {"one": new}
    after = engine.answer(ask("hi", tokens=30))
    texts = [await whole(answer) for answer in (*running, after)]
    assert [answer.version for answer in (*running, after)] == [old] * 3 + [new]
    assert texts[:3] == [expected] * 3 and texts[3] != expected
    await whole(engine.answer(ask("hi")))
    assert engine.versions == {"one": new}
    assert len(engine._worker.adapters.model.peft_config) == 1


async def test_adapters_are_unloaded_by_their_last_use(engine_with: Callable[..., LocalEngine]) -> None:
    engine = engine_with(adapter_bytes=1)
    texts = {name: await whole(engine.answer(ask("hi", adapter=name))) for name in NAMES}
    assert len(set(texts.values())) == 3
    assert list(engine.versions) == ["three"]
    assert {name: await whole(engine.answer(ask("hi", adapter=name))) for name in NAMES} == texts


async def test_unloading_lets_go_of_the_model_and_what_runs_goes_on(
    engine_with: Callable[..., LocalEngine], monkeypatch: pytest.MonkeyPatch
) -> None:
    engine = engine_with()
    alone = await whole(engine.answer(ask(LONG)))
    model = weakref.ref(engine._worker.adapters.model)
    gate = Gate(monkeypatch)
    answer = engine.answer(ask(LONG))
    asked = asyncio.create_task(whole(answer))
    await gate.reached()
    unloading = asyncio.create_task(engine.unload())
    await asyncio.sleep(0)  # the job is laid down
    gate.open()
    await unloading
    assert await asked == alone
    assert model() is None
    await engine.unload()
    assert engine.versions == {}
    assert await whole(engine.answer(ask(LONG))) == alone


async def test_an_adapter_that_is_gone_serves_no_longer(
    engine_with: Callable[..., LocalEngine], adapters: AdapterFolder
) -> None:
    engine = engine_with()
    for name in NAMES[:2]:
        await whole(engine.answer(ask("hi", adapter=name)))
    for name in NAMES[:2]:
        adapters.remove(name)
        assert await engine.reload() == {}
        with pytest.raises(TwinError, match=f"no adapter '{name}'"):
            await whole(engine.answer(ask("hi", adapter=name)))
    assert await whole(engine.answer(ask("hi", adapter="three")))


async def test_a_step_has_at_most_so_many_adapters(engine_with: Callable[..., LocalEngine]) -> None:
    engine = engine_with(adapters_a_step=1)
    answers = [engine.answer(ask("hi", adapter=NAMES[number % 3])) for number in range(9)]
    assert all([await whole(answer) for answer in answers])
    assert engine.metrics.mixed_steps == 0 and max(engine.metrics.batch_sizes) > 1


def edit_config(before: str, after: str, version: Path) -> None:
    config = version / "adapter_config.json"
    assert before in config.read_text()
    config.write_text(config.read_text().replace(before, after))


def lose_a_layer(version: Path) -> None:
    weights = load_file(version / "adapter_model.safetensors")
    weights.pop(next(iter(weights)))
    save_file(weights, version / "adapter_model.safetensors")


@pytest.mark.parametrize(
    "change",
    [
        pytest.param(partial(edit_config, '"use_dora": false', '"use_dora": true'), id="another kind"),
        pytest.param(partial(edit_config, '"r": 4', '"r": 9'), id="another shape"),
        pytest.param(lose_a_layer, id="fewer layers"),
    ],
)
async def test_a_foreign_adapter_is_refused_while_the_old_one_serves(
    engine_with: Callable[..., LocalEngine], adapters: AdapterFolder, change: Callable[[Path], None]
) -> None:
    engine = engine_with()
    before = await whole(engine.answer(ask("hi")))
    old = adapters.load("one")
    foreign = old.path.with_name("99991231T000000-0000")
    shutil.copytree(old.path, foreign)
    change(foreign)
    adapters.promote("one", foreign.name)
    assert await engine.reload() == {}
    assert await whole(engine.answer(ask("hi"))) == before
    fresh = engine_with()
    with pytest.raises(TwinError, match="cannot be loaded"):
        await whole(fresh.answer(ask("hi")))
    assert await whole(fresh.answer(ask("hi", adapter="two")))


# Faults


async def test_out_of_memory_shrinks_the_batch_and_goes_on(
    engine_with: Callable[..., LocalEngine], monkeypatch: pytest.MonkeyPatch
) -> None:
    requests = [ask(f"hi {number}", adapter=NAMES[number % 3], tokens=20) for number in range(6)]
    calm = engine_with()
    expected = await asyncio.gather(*(whole(calm.answer(request)) for request in requests))
    engine = engine_with(rows=6)
    failing(monkeypatch, *[None] * 15, torch.OutOfMemoryError("CUDA out of memory"))
    assert await asyncio.gather(*(whole(engine.answer(request)) for request in requests)) == expected
    figures = engine.metrics
    assert (figures.out_of_memory, figures.crashes, figures.failed) == (1, 0, 0)
    assert list(figures.batch_sizes)[-1] <= 3 < max(figures.batch_sizes)
    monkeypatch.setattr(twin.worker, "CAUTIOUS", 0.0)  # and later tries with more again
    assert await asyncio.gather(*(whole(engine.answer(request)) for request in requests)) == expected
    assert max(list(figures.batch_sizes)[-19:]) > 3


async def test_a_request_for_which_there_is_never_memory_fails_alone(
    engine_with: Callable[..., LocalEngine], monkeypatch: pytest.MonkeyPatch
) -> None:
    engine = engine_with(rows=2)
    failing(monkeypatch, *[torch.OutOfMemoryError()] * 3)
    with pytest.raises(EngineError, match="OutOfMemory"):
        await whole(engine.answer(ask("hi")))
    assert await whole(engine.answer(ask("hi")))


async def test_after_a_crash_answers_go_on_where_they_were(
    engine_with: Callable[..., LocalEngine], adapters: AdapterFolder, tiny_base: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    requests = [ask(f"hi {number}", adapter=NAMES[number % 3], tokens=20) for number in range(6)]
    calm = engine_with()
    expected = await asyncio.gather(*(whole(calm.answer(request)) for request in requests))
    old = adapters.load("one").version
    new = add_random_adapter(adapters, "one", tiny_base, 5).version
    adapters.promote("one", old)
    engine = engine_with()
    await engine.start("one")
    failing(monkeypatch, *[None] * 15, RuntimeError("a fault in the model"))
    answers = [engine.answer(request) for request in requests]
    adapters.promote("one", new)  # what runs stays at its version
    assert [await whole(answer) for answer in answers] == expected
    assert (engine.metrics.crashes, engine.metrics.failed) == (1, 0)


async def test_after_a_crash_the_old_model_goes_before_the_new_one_comes(
    engine_with: Callable[..., LocalEngine], monkeypatch: pytest.MonkeyPatch
) -> None:
    models: list[weakref.ref[Any]] = []
    left: list[int] = []
    load = twin.loaded.load_base

    def noting(*arguments: Any) -> BaseModel:
        left.append(sum(model() is not None for model in models))
        base = load(*arguments)
        models.append(weakref.ref(base.model))
        return base

    monkeypatch.setattr(twin.loaded, "load_base", noting)
    engine = engine_with()
    failing(monkeypatch, None, None, RuntimeError("a fault in the model"))
    gc.disable()  # else it may come to the old one by chance
    try:
        assert await whole(engine.answer(ask("hi", tokens=20)))
    finally:
        gc.enable()
    assert left == [0, 0]


async def test_a_request_that_crashes_the_model_each_time_fails(
    engine_with: Callable[..., LocalEngine], monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    engine = engine_with()
    caplog.set_level(logging.DEBUG)
    failing(monkeypatch, *[ValueError("secret words")] * 2)
    with pytest.raises(EngineError, match=r"^ValueError$"):
        await whole(engine.answer(ask("hi")))
    assert await whole(engine.answer(ask("hi")))
    assert "the model thread failed" in caplog.text and "secret" not in caplog.text


async def test_a_request_that_cannot_be_rendered_fails_alone(engine_with: Callable[..., LocalEngine]) -> None:
    engine = engine_with()
    zoned = replace(ask("hi"), at=AT.replace(tzinfo=UTC))
    other, failed = engine.answer(ask("hi")), engine.answer(zoned)
    with pytest.raises(EngineError, match=r"^TypeError$"):
        await whole(failed)
    assert await whole(other)
    assert (engine.metrics.crashes, engine.metrics.failed) == (0, 1)


async def test_a_thread_that_cannot_live_fails_all_clearly(
    engine_with: Callable[..., LocalEngine], monkeypatch: pytest.MonkeyPatch
) -> None:
    def dead(*arguments: Any) -> None:
        raise SystemError

    monkeypatch.setattr("twin.worker.Worker.run", dead)
    engine = engine_with()
    for _ in range(2):
        with pytest.raises(EngineError, match="closed"):
            await whole(engine.answer(ask("hi")))
    with pytest.raises(EngineError, match="closed"):
        await engine_with().start("one")


# What is said


def reciting(monkeypatch: pytest.MonkeyPatch, tokenizer: PreTrainedTokenizerFast, *texts: str) -> None:
    """Let these texts be drawn, one after the other."""
    ids = [token for text in texts for token in tokenizer(text, add_special_tokens=False)["input_ids"]]
    monkeypatch.setattr(Drawing, "next", lambda *arguments: ids.pop(0))


def hear(text: str, **more: Any) -> Request:
    return Request("one", turns(text), "Lisa", AT, Sampling(seed=1), **more)


async def test_a_burst_comes_message_by_message(
    engine_with: Callable[..., LocalEngine], monkeypatch: pytest.MonkeyPatch, tokenizer: PreTrainedTokenizerFast
) -> None:
    engine = engine_with()
    reciting(monkeypatch, tokenizer, " Hey | Lisa: how are you? | Daniel:")
    answer = engine.answer(hear("hello", mode="burst"))
    assert [message async for message in messages(answer)] == ["Hey", "how are you?"]
    assert answer.finish == "separator"
    reciting(monkeypatch, tokenizer, " Hey | Lisa: how are you? | Daniel:")
    assert await whole(engine.answer(hear("hello"))) == "Hey"


@pytest.mark.parametrize("stream", [True, False])
async def test_an_echo_is_drawn_anew_before_anyone_sees_it(
    engine_with: Callable[..., LocalEngine],
    monkeypatch: pytest.MonkeyPatch,
    tokenizer: PreTrainedTokenizerFast,
    stream: bool,
) -> None:
    engine = engine_with()
    reciting(monkeypatch, tokenizer, " How are you |", "   |", " How late is it? |")
    answer = engine.answer(hear("how are you?", stream=stream))
    assert await whole(answer) == "How late is it?"
    assert (engine.metrics.redrawn, engine.metrics.degenerate, answer.finish) == (2, 0, "separator")


async def test_an_answer_that_stays_an_echo_is_replaced(
    engine_with: Callable[..., LocalEngine], monkeypatch: pytest.MonkeyPatch, tokenizer: PreTrainedTokenizerFast
) -> None:
    engine = engine_with()
    reciting(monkeypatch, tokenizer, *[" how are you |"] * 3)
    answer = engine.answer(hear("How are you?"))
    assert await whole(answer) == GRACEFUL
    assert (engine.metrics.degenerate, answer.finish) == (1, "degenerate")


async def test_a_loop_ends(
    engine_with: Callable[..., LocalEngine], monkeypatch: pytest.MonkeyPatch, tokenizer: PreTrainedTokenizerFast
) -> None:
    engine = engine_with()
    reciting(monkeypatch, tokenizer, " well" + " you see" * 6, " I see |")
    assert await whole(engine.answer(hear("hello", stream=False))) == "I see"
    reciting(monkeypatch, tokenizer, " well" + " you see" * 6)
    streamed = engine.answer(hear("hello"))
    text = await whole(streamed)
    assert text.startswith("well you see") and text.count("you") < 10 and streamed.finish == "degenerate"
    assert (engine.metrics.redrawn, engine.metrics.degenerate) == (1, 1)


# Figures


async def test_the_status_tells_what_was_done(engine_with: Callable[..., LocalEngine]) -> None:
    engine = engine_with()
    hot = replace(ask("hi", tokens=5), sampling=Sampling(seed=1))
    await asyncio.gather(*(whole(engine.answer(replace(hot, adapter=name))) for name in NAMES))
    status = engine.status()
    assert (status["answered"], status["failed"], status["waiting"]) == (3, 0, 0)
    assert status["tokens_drawn"] == 15 and status["tokens_per_second"] > 0 and status["batch_size"] > 1
    assert 0 < status["first_piece_p50"] <= status["whole_answer_p95"]
    assert "3 answered" in engine.metrics.line()

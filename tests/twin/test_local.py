"""The engine in this process: the right adapter answers, answers end at the separator, faults are told."""

import asyncio
import shutil
from datetime import datetime
from pathlib import Path

import pytest

from tests.conftest import train_sign
from twin.adapter import AdapterFolder
from twin.engine import EngineError, Request, whole
from twin.errors import TwinError
from twin.local import LocalEngine
from twin.manifest import Sampling
from twin.transcript import Turn

AT = datetime(2023, 5, 20, 18, 0)


def ask(adapter: str, text: str = "hi", seed: int = 0, speaker: str = "Lisa", **more: object) -> Request:
    return Request(adapter, (Turn("Daniel", text, AT),), speaker, AT, Sampling(temperature=0, seed=seed), **more)  # type: ignore[arg-type]


async def test_every_reply_comes_from_its_own_adapter(signed_adapters: AdapterFolder) -> None:
    engine = LocalEngine(signed_adapters)
    names = [("one", "two")[i % 2] for i in range(40)]
    answers = [engine.answer(ask(name)) for name in names]
    replies = await asyncio.gather(*(whole(answer) for answer in answers))
    assert replies == [{"one": "1", "two": "2"}[name] for name in names]
    assert {answer.finish for answer in answers} == {"separator"}
    await engine.close()


async def test_the_seed_repeats_an_answer(signed_adapters: AdapterFolder) -> None:
    engine = LocalEngine(signed_adapters)
    hot = Request("one", (Turn("Daniel", "hi", AT),), "Lisa", AT, Sampling(temperature=5.0, top_p=1.0, seed=7))
    first, second = [await whole(engine.answer(hot)) for _ in range(2)]
    assert first == second
    await engine.close()


async def test_a_promoted_version_answers_after_reload(
    tiny_base: Path, signed_adapters: AdapterFolder, tmp_path: Path
) -> None:
    shutil.copytree(signed_adapters.root, tmp_path, dirs_exist_ok=True)
    adapters = AdapterFolder(tmp_path)
    engine = LocalEngine(adapters)
    old = engine.answer(ask("one"))
    assert await whole(old) == "1"
    newer = train_sign("one", "3", tiny_base, adapters)
    assert await engine.reload() == {"one": newer.version}
    new = engine.answer(ask("one"))
    assert (await whole(new), new.version) == ("3", newer.version)
    assert await engine.reload() == {}
    assert await whole(engine.answer(ask("two"))) == "2"
    await engine.close()


async def test_a_broken_version_leaves_the_old_one_serving(signed_adapters: AdapterFolder, tmp_path: Path) -> None:
    shutil.copytree(signed_adapters.root, tmp_path, dirs_exist_ok=True)
    adapters = AdapterFolder(tmp_path)
    engine = LocalEngine(adapters)
    assert await whole(engine.answer(ask("one"))) == "1"
    good = adapters.load("one")
    broken = tmp_path / "one" / "99991231T000000-dead"
    shutil.copytree(good.path, broken)
    (broken / "adapter_model.safetensors").write_bytes(b"not weights")
    adapters.promote("one", broken.name)
    assert await engine.reload() == {}
    assert await whole(engine.answer(ask("one"))) == "1"
    fresh = LocalEngine(adapters)
    with pytest.raises(TwinError, match="cannot be loaded"):
        await whole(fresh.answer(ask("one")))
    assert await whole(fresh.answer(ask("two"))) == "2"
    await engine.close()
    await fresh.close()


async def test_an_adapter_of_another_base_is_refused(
    signed_adapters: AdapterFolder, german_base: Path, tmp_path: Path
) -> None:
    shutil.copytree(signed_adapters.root, tmp_path, dirs_exist_ok=True)
    manifest = tmp_path / "two" / signed_adapters.current_version("two") / "twin.json"
    manifest.write_text(manifest.read_text().replace(signed_adapters.load("one").manifest.base_digest, "0" * 64))
    engine = LocalEngine(AdapterFolder(tmp_path))
    assert await whole(engine.answer(ask("one"))) == "1"
    with pytest.raises(TwinError, match="another base model"):
        await whole(engine.answer(ask("two")))
    await engine.close()


async def test_an_unknown_adapter_is_one_clear_line(signed_adapters: AdapterFolder) -> None:
    engine = LocalEngine(signed_adapters)
    with pytest.raises(TwinError, match=r"no adapter 'three' in .* \(there: one, two\)"):
        await whole(engine.answer(ask("three")))
    await engine.close()


async def test_a_stranger_gets_a_label_and_both_sides_can_answer(signed_adapters: AdapterFolder) -> None:
    engine = LocalEngine(signed_adapters)
    turns = (Turn("Someone: new | Lisa", "hello", AT),)
    assert await whole(engine.answer(Request("one", turns, "Lisa", AT, Sampling(temperature=0)))) == "1"
    assert await whole(engine.answer(ask("one", speaker="Daniel"))) == "hi"
    await engine.close()


async def test_cancelling_ends_an_answer_and_closing_ends_all(signed_adapters: AdapterFolder) -> None:
    engine = LocalEngine(signed_adapters)
    cancelled = engine.answer(ask("one"))
    cancelled.cancel()
    assert await whole(cancelled) == ""
    waiting = [engine.answer(ask("one")) for _ in range(20)]
    await engine.close()
    outcomes = await asyncio.gather(*(whole(answer) for answer in waiting), return_exceptions=True)
    assert all(isinstance(outcome, EngineError | str) for outcome in outcomes)

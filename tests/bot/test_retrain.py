"""/retrain: a process of its own, its progress in one message, and the bot goes on answering."""

import asyncio
import os
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from bot import retrain, texts

DANIEL, GUEST, SOON = 1001, 1002, 20.0
World = Any
Scripted = Callable[[str], Callable[[str], list[str]]]

RESULT = 'tell(adapter=sys.argv[1], version="v2", promoted=True, held_out_loss=1.8765, seconds=100)\n'


async def last_text(world: World, text: str = "/retrain", ending: str = "The old version stays.") -> str:
    """Start a training and return what its message says in the end."""
    message = await world.next(await world.sandbox.say(DANIEL, text))
    while "is done" not in message.text and ending not in message.text:
        message = await world.sandbox.next_change(message, SOON)
    return message.text


async def test_progress_samples_and_result_in_one_message(
    idle_world: World, scripted: Scripted, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(retrain, "_EDIT_EVERY", 0.0)
    body = """
tell(event="progress", step=50, steps=200, loss=2.125, tokens_per_s=812.3, seconds_left=95)
print("some talk that is no JSON")
print("[1, 2]")
tell(event="sample", step=50, context="Daniel: Hey | Lisa:", answer="Hey you", real="Hi!")
tell(event="progress", step=100, steps=200, loss=1.5, tokens_per_s=800, seconds_left=40)
"""
    idle_world.retrain_command = scripted(body + RESULT)
    await idle_world.start()
    message = await idle_world.next(await idle_world.sandbox.say(DANIEL, "/retrain"))
    seen = [message.text]
    while "is done" not in message.text:
        message = await idle_world.sandbox.next_change(message, SOON)
        seen.append(message.text)
    assert len(idle_world.said()) == 1
    assert "Training daniel: getting ready" in seen[0]
    shown = "\n".join(seen)
    assert "25 %" in shown and "▓▓▓▓▓░" in shown and "loss 2.12" in shown and "1 min 35 s left" in shown
    assert "→ Hey you" in shown and "(really: Hi!)" in shown
    assert seen[-1] == (
        "Training daniel is done: version v2, held-out loss 1.877, in 1 min 40 s. It answers from now on."
    )
    assert idle_world.engine.reloads == 1


async def test_version_that_was_not_promoted(idle_world: World, scripted: Scripted) -> None:
    idle_world.retrain_command = scripted('tell(adapter="daniel", version="v2", promoted=False, held_out_loss=None)')
    await idle_world.start()
    assert await last_text(idle_world) == "Training daniel is done: version v2. The old version goes on answering."


async def test_new_version_answers_after_it(idle_world: World, scripted: Scripted) -> None:
    idle_world.retrain_command = scripted(RESULT)
    await idle_world.start()

    async def reload() -> dict[str, str]:
        idle_world.engine.reply = lambda _: "I am new"
        return {"daniel": "v2"}

    idle_world.engine.reload = reload
    assert await idle_world.ask("Hey") == "Lisa heard Hey"
    await last_text(idle_world)
    assert await idle_world.ask("Hey") == "I am new"


async def test_bot_answers_meanwhile_and_starts_no_second_one(
    idle_world: World, scripted: Scripted, tmp_path: Path
) -> None:
    go_on = tmp_path / "go on"
    idle_world.retrain_command = scripted(f"while not os.path.exists({str(go_on)!r}): time.sleep(0.01)\n" + RESULT)
    await idle_world.start()
    message = await idle_world.next(await idle_world.sandbox.say(DANIEL, "/retrain"))
    assert await idle_world.ask("Hey") == "Lisa heard Hey"
    assert await idle_world.ask("/retrain") == texts.RETRAIN_RUNS
    go_on.touch()
    assert "is done" in (await idle_world.sandbox.next_change(message, SOON)).text
    again = await idle_world.next(await idle_world.sandbox.say(DANIEL, "/retrain daniel"))
    assert "getting ready" in again.text


async def test_others_are_refused(idle_world: World, scripted: Scripted, tmp_path: Path) -> None:
    idle_world.retrain_command = scripted(f"open({str(tmp_path / 'ran')!r}, 'w')\n" + RESULT)
    await idle_world.start()
    assert await idle_world.ask("/retrain", GUEST) == texts.RETRAIN_ADMINS_ONLY
    await idle_world.stop()
    assert not (tmp_path / "ran").exists()


async def test_unknown_adapter_starts_nothing(idle_world: World, scripted: Scripted) -> None:
    idle_world.retrain_command = scripted(RESULT)
    await idle_world.start()
    assert await idle_world.ask("/retrain --help") == "There is no adapter --help; there is daniel."


async def test_without_a_command(world: World) -> None:
    assert await world.ask("/retrain") == texts.RETRAIN_UNAVAILABLE


@pytest.mark.parametrize(
    ("body", "reason"),
    [
        ("sys.stderr.write('step 1\\rstep 2\\r' * 100_000 + '\\ndataset daniel is empty\\n'); sys.exit(1)", "is empty"),
        ("sys.exit(3)", "it gave no reason"),
        ("pass", "it printed no result"),
        ("os.kill(os.getpid(), signal.SIGKILL)", "it gave no reason"),
        (RESULT + "sys.stderr.write('the disk is full'); sys.exit(1)", "the disk is full"),
    ],
)
async def test_failure_is_told_with_its_reason(idle_world: World, scripted: Scripted, body: str, reason: str) -> None:
    idle_world.retrain_command = scripted(body)
    await idle_world.start()
    assert reason in await last_text(idle_world)
    assert idle_world.engine.reloads == 0
    assert await idle_world.ask("Hey") == "Lisa heard Hey"


async def test_command_that_cannot_be_started(idle_world: World) -> None:
    idle_world.retrain_command = lambda name: ["/nowhere/python", name]
    await idle_world.start()
    assert "Training daniel failed" in await last_text(idle_world)


async def test_process_learns_the_settings_but_not_the_token(idle_world: World, scripted: Scripted) -> None:
    keys = ("DATA_DIR", "BASE_MODEL", "QUANTISATION", "TELEGRAM_TOKEN")
    idle_world.retrain_command = scripted(f'tell(version="|".join(os.environ[key] for key in {keys}))')
    await idle_world.start(base_model="demo/base", quantisation="none")
    told = await last_text(idle_world)
    assert f"version {idle_world.settings.data_dir}|demo/base|none|." in told


@pytest.mark.parametrize("stubborn", [False, True])
async def test_process_ends_with_the_bot(idle_world: World, scripted: Scripted, tmp_path: Path, stubborn: bool) -> None:
    pid = tmp_path / "pid"
    ignore = "signal.signal(signal.SIGTERM, signal.SIG_IGN)\n" if stubborn else ""
    idle_world.retrain_command = scripted(
        f"{ignore}open({str(pid)!r} + '.new', 'w').write(str(os.getpid()))\n"
        f"os.rename({str(pid)!r} + '.new', {str(pid)!r})\ntime.sleep(1000)"
    )
    await idle_world.start()
    await idle_world.next(await idle_world.sandbox.say(DANIEL, "/retrain"))
    await idle_world.until(pid.exists)
    async with asyncio.timeout(10):
        await idle_world.stop()
    with pytest.raises(ProcessLookupError):
        os.kill(int(pid.read_text()), 0)
    assert idle_world.said()[-1] == texts.RETRAIN_STOPPED

"""/retrain: a process of its own, its progress in one message, and the bot goes on answering."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from bot import board, boards, process
from bot.texts import Words
from sandbox import Message
from storage.store import Place

DANIEL, GUEST, SOON = 1001, 1002, 20.0
World = Any
Scripted = Callable[[str], Callable[[str], list[str]]]

RESULT = 'tell(adapter=sys.argv[1], version="v2", promoted=True, held_out_loss=1.8765, seconds=100)\n'


WORDS = Words("en")


def tell_pid(file: Path) -> str:
    """Lines that write the process's id to a file, whole."""
    return (
        f"open({str(file)!r} + '.new', 'w').write(str(os.getpid()))\nos.rename({str(file)!r} + '.new', {str(file)!r})\n"
    )


def runs(pid: int) -> bool:
    """Whether a process is there, and more than a note that nobody has read yet that it ended."""
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    except OSError:
        return False


async def last_text(world: World, text: str = "/retrain", ending: str = "The old version stays.") -> str:
    """Start a training and return what its message says in the end."""
    message = await world.next(await world.sandbox.say(DANIEL, text))
    while "is done" not in message.text and ending not in message.text:
        message = await world.sandbox.next_change(message, SOON)
    return message.text


async def test_progress_samples_and_result_in_one_message(
    idle_world: World, scripted: Scripted, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(board, "EDIT_EVERY", 0.0)
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
        "Training daniel is done: version v2, in 1 min 40 s\nheld-out loss 1.877\nIt answers from now on."
    )
    assert idle_world.engine.reloads == 1


async def test_version_that_was_not_promoted(idle_world: World, scripted: Scripted) -> None:
    body = 'tell(adapter="daniel", version="v2", promoted=False, reasons=["the loss is worse"])'
    idle_world.retrain_command = scripted(body)
    await idle_world.start()
    assert "The old version goes on answering: the loss is worse" in await last_text(idle_world)


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
    assert await idle_world.ask("/retrain") == WORDS("training_runs")
    go_on.touch()
    assert "is done" in (await idle_world.sandbox.next_change(message, SOON)).text
    await idle_world.until(lambda: not idle_world.application.bot_data["parts"].retrain.runs)
    again = await idle_world.next(await idle_world.sandbox.say(DANIEL, "/retrain daniel"))
    assert "getting ready" in again.text


async def test_others_are_refused(idle_world: World, scripted: Scripted, tmp_path: Path) -> None:
    idle_world.retrain_command = scripted(f"open({str(tmp_path / 'ran')!r}, 'w')\n" + RESULT)
    await idle_world.start()
    assert await idle_world.ask("/retrain", GUEST) == WORDS("admins_only")
    await idle_world.stop()
    assert not (tmp_path / "ran").exists()


async def test_unknown_adapter_starts_nothing(idle_world: World, scripted: Scripted) -> None:
    idle_world.retrain_command = scripted(RESULT)
    await idle_world.start()
    assert await idle_world.ask("/retrain --help") == "There is no adapter or dataset --help; there is daniel."


async def test_without_a_command(world: World) -> None:
    assert await world.ask("/retrain") == WORDS("no_training")


@pytest.mark.parametrize(
    ("body", "reason"),
    [
        ("sys.stderr.write('step 1\\rstep 2\\r' * 100_000 + '\\ndataset daniel is empty\\n'); sys.exit(1)", "is empty"),
        ("sys.exit(3)", "it gave no reason"),
        ("pass", "it printed no result"),
        ("os.kill(os.getpid(), signal.SIGKILL)", "Killed"),
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


async def test_process_whose_events_cannot_be_shown_is_ended_before_it_is_called_failed(
    idle_world: World, scripted: Scripted, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(board, "EDIT_EVERY", 0.0)
    pid = tmp_path / "pid"
    idle_world.retrain_command = scripted(f"{tell_pid(pid)}tell(event='progress', step='many')\ntime.sleep(1000)")
    await idle_world.start()
    assert "ValueError" in await last_text(idle_world)
    assert not runs(int(pid.read_text()))


async def test_process_learns_the_settings_but_not_the_token(idle_world: World, scripted: Scripted) -> None:
    keys = ("DATA_DIR", "BASE_MODEL", "QUANTISATION", "TELEGRAM_TOKEN")
    idle_world.retrain_command = scripted(f'tell(version="|".join(os.environ[key] for key in {keys}))')
    await idle_world.start(base_model="demo/base", quantisation="none")
    told = await last_text(idle_world)
    assert f"version {idle_world.settings.data_dir}|demo/base|none|," in told


@pytest.mark.parametrize("stubborn", [False, True])
async def test_cancel_button_ends_the_process(
    idle_world: World, scripted: Scripted, tmp_path: Path, stubborn: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(process, "_TERMINATION", 0.3)
    pid = tmp_path / "pid"
    ignore = "signal.signal(signal.SIGTERM, signal.SIG_IGN)\n" if stubborn else ""
    idle_world.retrain_command = scripted(f"{ignore}{tell_pid(pid)}time.sleep(1000)")
    await idle_world.start()
    board = await idle_world.next(await idle_world.sandbox.say(DANIEL, "/retrain"))
    await idle_world.until(pid.exists)
    cancel = board.buttons[0]["callback_data"]
    query = await idle_world.sandbox.press(DANIEL, board.id, cancel)
    again = await idle_world.sandbox.press(DANIEL, board.id, cancel)
    board = await idle_world.sandbox.next_change(board, SOON)
    assert board.text == WORDS("training_cancelled", adapter="daniel")
    assert board.buttons == []
    assert (await idle_world.sandbox.answer(query, SOON)).text == ""
    assert (await idle_world.sandbox.answer(again, SOON)).text == WORDS("gone")
    assert not runs(int(pid.read_text()))
    assert idle_world.engine.reloads == 0


async def test_training_outlives_the_bot_and_is_found_again(
    idle_world: World, scripted: Scripted, tmp_path: Path
) -> None:
    go_on, pid = tmp_path / "go on", tmp_path / "pid"
    idle_world.retrain_command = scripted(
        f"{tell_pid(pid)}while not os.path.exists({str(go_on)!r}): time.sleep(0.01)\n" + RESULT
    )
    await idle_world.start()
    board = await idle_world.next(await idle_world.sandbox.say(DANIEL, "/retrain"))
    await idle_world.until(pid.exists)
    await idle_world.stop()
    assert runs(int(pid.read_text()))
    await idle_world.start()
    assert await idle_world.ask("/retrain") == WORDS("training_runs")
    go_on.touch()
    board = await idle_world.sandbox.next_change(board, SOON)
    while "is done" not in board.text:
        board = await idle_world.sandbox.next_change(board, SOON)
    assert idle_world.engine.reloads == 1
    while await idle_world.store.running_trainings():
        await idle_world.tick()


async def test_training_that_ended_while_the_bot_was_off(idle_world: World, scripted: Scripted, tmp_path: Path) -> None:
    go_on, pid = tmp_path / "go on", tmp_path / "pid"
    idle_world.retrain_command = scripted(
        f"{tell_pid(pid)}while not os.path.exists({str(go_on)!r}): time.sleep(0.01)\n" + RESULT
    )
    await idle_world.start()
    board = await idle_world.next(await idle_world.sandbox.say(DANIEL, "/retrain"))
    await idle_world.until(pid.exists)
    await idle_world.stop()
    go_on.touch()
    status = idle_world.settings.data_dir / "trainings" / "1" / "status"
    await idle_world.until(status.exists)
    await idle_world.start()
    board = await idle_world.sandbox.next_change(board, SOON)
    assert "is done" in board.text


class TestChoice:
    """Promote and Keep old, under the end of a training that made a real version."""

    @pytest.fixture
    async def ended(self, idle_world: World, scripted: Scripted, adapter_writer: Any) -> tuple[World, Message, str]:
        """A training that made and promoted a version; its last board, and the version before it."""
        old = idle_world.adapters.current_version("daniel")
        new = adapter_writer(idle_world.adapters, "daniel", [("Daniel", "Lisa")])
        folder = idle_world.adapters.root / "daniel" / new
        (folder / "loss.csv").write_text("step,loss,held_out_loss\n1,3.5,\n2,2.5,2.75\n3,2.25,2.5\n")
        (folder / "evaluation.json").write_text(
            '{"held_out_loss": 2.9, "gate": {"loss": 2.5, "rival_loss": 3.0}, "likeness": {"hits_at_1": 0.314}}'
        )
        (idle_world.adapters.root / "daniel" / old / "evaluation.json").write_text(
            '{"held_out_loss": 2.8, "likeness": {"hits_at_1": 0.2, "right_persona": null}}'
        )
        idle_world.adapters.promote("daniel", old)
        idle_world.retrain_command = scripted(
            f"open({str(idle_world.adapters.root / 'daniel' / 'CURRENT')!r}, 'w').write({new!r})\n"
            f"tell(adapter='daniel', version={new!r}, promoted=True, held_out_loss=2.5, base_loss=5.0, seconds=1)"
        )
        await idle_world.start()
        board = await idle_world.next(await idle_world.sandbox.say(DANIEL, "/retrain"))
        while "is done" not in board.text:
            board = await idle_world.sandbox.next_change(board, SOON)
        return idle_world, board, old

    async def test_curve_and_comparison(self, ended: tuple[World, Message, str]) -> None:
        world, board, _ = ended
        assert "neither has learned: 3.000 before, 2.500 now" in board.text and "the base model's 5.000" in board.text
        assert "true reply found among ten: 20% before, 31% now" in board.text and "recognised" not in board.text
        picture = await world.next(board)
        assert picture.file is not None and picture.file.kind == "photo"

    async def test_keep_old_and_promote(self, ended: tuple[World, Message, str]) -> None:
        world, board, old = ended
        new = world.adapters.current_version("daniel")
        promote, keep = (button["callback_data"] for button in board.buttons)
        await world.next(board)
        reloads = world.engine.reloads
        await world.sandbox.press(DANIEL, board.id, keep)
        await world.until(lambda: world.said()[-1] == WORDS("serves", adapter="daniel", version=old))
        assert world.adapters.current_version("daniel") == old and world.engine.reloads == reloads + 1
        offer = await world.next(await world.sandbox.say(DANIEL, "/adapters"))
        assert f"▶ {old}" in offer.text
        (button,) = [one for one in offer.buttons if new in one["text"]]
        assert button["callback_data"] == promote
        await world.sandbox.press(DANIEL, offer.id, promote)
        await world.until(lambda: world.said()[-1] == WORDS("serves", adapter="daniel", version=new))
        assert world.adapters.current_version("daniel") == new

    async def test_button_of_someone_else(self, ended: tuple[World, Message, str]) -> None:
        world, _, old = ended
        await world.store.post(Place(GUEST), "stolen", buttons=[[("x", boards.use("daniel", old))]])
        offered = await world.sandbox.say(GUEST, "/help")
        stolen = await world.next(offered, GUEST)
        query = await world.sandbox.press(GUEST, stolen.id, boards.use("daniel", old))
        assert (await world.sandbox.answer(query, SOON)).text == WORDS("admins_only")
        assert world.adapters.current_version("daniel") != old

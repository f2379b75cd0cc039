"""Training where the memory does not suffice for two: the bot pauses, and catches up."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from bot.retrain import makes_room
from bot.texts import Words
from sandbox import Message

DANIEL, GUEST, SOON = 1001, 1002, 20.0
WORDS = Words("en")
World = Any
Scripted = Callable[[str], Callable[[str], list[str]]]

SHORTAGE = 'tell(event="shortage", text="waiting for memory", needed=2e9, free=1e9)\n'
RESULT = 'tell(adapter=sys.argv[1], version="v2", promoted=True, seconds=1)\n'


def until(file: Path) -> str:
    """Lines that wait for a file."""
    return f"while not os.path.exists({str(file)!r}): time.sleep(0.01)\n"


async def paused(world: World) -> Message:
    """Start a training, and return its board once the bot pauses."""
    board = await world.next(await world.sandbox.say(DANIEL, "/retrain"))
    await world.until(lambda: world.engine.unloads > 0)
    return board


async def resumed(world: World) -> None:
    await world.until(lambda: not world.application.bot_data["parts"].retrain.runs)
    await world.settled()


@pytest.mark.parametrize(("setting", "told"), [("auto", SHORTAGE), ("yes", "")])
async def test_what_is_written_meanwhile_is_answered_at_the_end(
    idle_world: World, scripted: Scripted, tmp_path: Path, setting: str, told: str
) -> None:
    world, go_on = idle_world, tmp_path / "go on"
    world.retrain_command = scripted(told + until(go_on) + RESULT)
    await world.start(pause_in_training=setting)
    await paused(world)
    assert makes_room(world.settings)
    assert await world.ask("one", GUEST) == WORDS("paused")
    await world.sandbox.say(GUEST, "two")
    assert "/persona" in await world.ask("/help", GUEST)  # commands pass
    assert await world.ask("/simulate", GUEST) == WORDS("paused")
    assert await world.ask("Hey") == WORDS("paused")
    assert world.engine.requests == []
    go_on.touch()
    await resumed(world)
    assert world.said(GUEST)[-1] == "Lisa heard two"
    assert world.said(GUEST).count(WORDS("paused")) == 2  # once for the messages, once for /simulate
    assert world.said()[-1] == "Lisa heard Hey"
    assert await world.history(GUEST) == [("Daniel", "one"), ("Daniel", "two"), ("Lisa", "Lisa heard two")]
    assert world.engine.started == ["daniel"]
    assert not makes_room(world.settings)
    assert await world.ask("and now?") == "Lisa heard and now?"


async def test_board_says_so(idle_world: World, scripted: Scripted, tmp_path: Path) -> None:
    world, go_on = idle_world, tmp_path / "go on"
    world.retrain_command = scripted(until(go_on) + RESULT)
    await world.start(pause_in_training="yes")
    board = await world.next(await world.sandbox.say(DANIEL, "/retrain"))
    assert WORDS("training_pauses") in board.text
    go_on.touch()
    while "is done" not in board.text:
        board = await world.sandbox.next_change(board, SOON)
    assert WORDS("training_pauses") not in board.text


async def test_answer_and_simulation_in_the_making_are_given_up(
    idle_world: World, scripted: Scripted, tmp_path: Path
) -> None:
    world, begin, go_on = idle_world, tmp_path / "begin", tmp_path / "go on"
    world.retrain_command = scripted(until(begin) + SHORTAGE + until(go_on) + RESULT)
    await world.start()
    gate = world.engine.hold("Lisa")
    await world.sandbox.say(GUEST, "Hey")
    await world.next_request(0)
    await world.sandbox.say(DANIEL, "/simulate Lisa Daniel")
    await world.next_request(1)
    begin.touch()
    await paused(world)
    await world.until(lambda: WORDS("paused") in world.said(GUEST))
    await world.until(lambda: WORDS("simulation_ended") in world.said())
    assert len(world.engine.requests) == 2
    gate.set()
    go_on.touch()
    await resumed(world)
    assert world.said(GUEST) == [WORDS("paused"), "Lisa heard Hey"]
    assert len(world.engine.requests) == 3


async def test_pause_outlasts_a_restart(idle_world: World, scripted: Scripted, tmp_path: Path) -> None:
    world, go_on = idle_world, tmp_path / "go on"
    world.retrain_command = scripted(SHORTAGE + until(go_on) + RESULT)
    await world.start()
    await paused(world)
    assert await world.ask("one", GUEST) == WORDS("paused")
    await world.stop()
    await world.sandbox.say(GUEST, "two")
    await world.start()
    await world.sandbox.delivered(SOON)
    assert world.engine.requests == []
    go_on.touch()
    await resumed(world)
    assert world.said(GUEST)[-1] == "Lisa heard two"
    assert len(world.engine.requests) == 1


@pytest.mark.parametrize("ending", ["sys.exit('no memory')", RESULT])
async def test_it_ends_however_the_training_does(idle_world: World, scripted: Scripted, ending: str) -> None:
    world = idle_world
    world.retrain_command = scripted(SHORTAGE + ending)
    await world.start()
    await paused(world)
    await resumed(world)
    assert await world.ask("Hey", GUEST) == "Lisa heard Hey"


async def test_never_where_the_settings_say_so(idle_world: World, scripted: Scripted, tmp_path: Path) -> None:
    world, go_on = idle_world, tmp_path / "go on"
    world.retrain_command = scripted(SHORTAGE + until(go_on) + RESULT)
    await world.start(pause_in_training="no")
    await world.sandbox.say(DANIEL, "/retrain")
    out = world.settings.data_dir / "trainings" / "1" / "out"
    await world.until(lambda: out.exists() and "shortage" in out.read_text())
    assert await world.ask("Hey", GUEST) == "Lisa heard Hey"
    go_on.touch()
    await resumed(world)
    assert world.engine.unloads == 0

"""The main job in real parts: two exports become a 4-bit adapter on the demo's base model, and the real application
answers with it over HTTP, through persona, swap, reset, restart, retrain and reload."""

from collections.abc import AsyncIterator
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest

from sandbox import Message, Sandbox
from tests.bot.conftest import DANIEL, GUEST, SOON, TOKEN, World
from trainer import dataset, prepare, run
from trainer.command import train_command
from twin.adapter import Adapter, AdapterFolder
from twin.engine import Request
from twin.local import LocalAnswer, LocalEngine
from twin.settings import Settings

DEMO = Path(__file__).parent.parent / "demo"
EXPORTS = (DEMO / "lisa_ios.zip", DEMO / "peter_android.txt")
# A few steps: what is tested is the path, not the wit.
OPTIONS = {"epochs": 0.1, "learning_rate": 1e-3, "context_length": 256, "tokens_per_step": 512}
TRAINING = 240.0  # seconds; a training that takes them has failed


class RecordingEngine(LocalEngine):
    """The real engine; remembers what it was asked."""

    def __init__(self, adapters: AdapterFolder) -> None:
        super().__init__(adapters)
        self.requests: list[Request] = []
        self.answers: list[LocalAnswer] = []

    def answer(self, request: Request) -> LocalAnswer:
        self.requests.append(request)
        self.answers.append(super().answer(request))
        return self.answers[-1]


@pytest.fixture(scope="module")
def trained(tmp_path_factory: pytest.TempPathFactory) -> tuple[Settings, Adapter]:
    """A data folder with the demo's dataset and an adapter trained from it."""
    folder = tmp_path_factory.mktemp("end-to-end")
    settings = Settings(
        telegram_token=TOKEN,
        data_dir=folder / "data",
        key_file=folder / "keys" / "database.key",
        admin_ids=frozenset({DANIEL}),
        allowed_ids=frozenset({GUEST}),
        base_model=str(DEMO / "base"),
        reload_every=timedelta(seconds=0.2),
        burst_window=timedelta(0),
    )
    prepare.prepare(EXPORTS, dataset=settings.dataset("daniel"))
    result = run.train_adapter("daniel", settings, run.Choices(options=OPTIONS), lambda event: None)
    return settings, result.adapter


@pytest.fixture
async def world(trained: tuple[Settings, Adapter]) -> AsyncIterator[World]:
    settings, _ = trained
    server = Sandbox(TOKEN)
    await server.start()
    adapters = AdapterFolder(settings.adapters)
    engine = RecordingEngine(adapters)
    found = World(replace(settings, telegram_api_url=server.api_url), server, engine, adapters)
    found.retrain_command = train_command
    await found.start()
    yield found
    await found.stop()
    await engine.close()
    await server.stop()


async def talk(world: World, text: str) -> Request:
    """Say something, wait until it was answered, and return what the engine was asked for it."""
    said = await world.sandbox.say(DANIEL, text)
    answer = await world.next(said)
    while answer.file is not None:  # the loss curve of a training
        answer = await world.next(answer)
    assert answer.text and "|" not in answer.text
    request: Request = world.engine.requests[-1]
    assert request.turns[-1].text == text
    return request


async def test_the_main_job(world: World, trained: tuple[Settings, Adapter]) -> None:
    lisa = await talk(world, "hey, how are you? I have lost my umbrella")
    assert (lisa.speaker, lisa.turns[0].speaker) == ("Lisa", "Daniel")
    assert world.engine.answers[-1].version == trained[1].version

    # Another persona is another thread: nothing told to Lisa is in Peter's request.
    assert "Peter" in await world.ask("/persona peter")
    peter = await talk(world, "Good evening, Peter.")
    assert peter.speaker == "Peter" and [turn.text for turn in peter.turns] == ["Good evening, Peter."]

    # Swapped sides: the same history, the other one answers.
    assert "Daniel answers, and you write as Peter" in await world.ask("/swap")
    swapped = await talk(world, "I am going to walk the dog.")
    assert swapped.speaker == "Daniel" and swapped.turns[:1] == peter.turns
    assert [turn.speaker for turn in swapped.turns] == ["Daniel", "Peter", "Peter"]

    # A restart keeps the history, the thread and the sides.
    before = await world.history()
    await world.stop()
    await world.start()
    assert await world.history() == before
    after = await talk(world, "Back again.")
    assert after.speaker == "Daniel" and len(after.turns) == len(before) + 1

    # Lisa's thread is still there; reset empties it and no other.
    await world.ask("/persona lisa")
    assert len((await talk(world, "found it!")).turns) == 3
    await world.ask("/reset")
    assert [turn.text for turn in (await talk(world, "who are you?")).turns] == ["who are you?"]
    await world.ask("/persona peter")
    assert len(await world.history()) == len(before) + 2


def test_the_pace_of_whoever_writes_in_bursts_was_learned(trained: tuple[Settings, Adapter]) -> None:
    assert trained[1].manifest.rhythm["Lisa"].pause("see you later") > 5


async def test_retrain_by_an_admin_while_the_bot_goes_on_answering(
    world: World, trained: tuple[Settings, Adapter]
) -> None:
    refused = await world.ask("/retrain", GUEST)
    assert "admin" in refused
    await talk(world, "hello")

    # Nothing has changed since the last training, and it says so.
    board = await world.next(await world.sandbox.say(DANIEL, "/retrain"))
    while "Nothing is new" not in board.text:
        assert "failed" not in board.text, board.text
        board = await world.sandbox.next_change(board, TRAINING)
    assert world.adapters.versions("daniel") == [trained[1].version]

    dataset.extend(world.settings.dataset("daniel"), (), gap=timedelta(minutes=50))
    # The board tells the end a moment before the process's folder is gone and the next training may begin.
    while "Training daniel" not in board.text:
        board = await world.next(await world.sandbox.say(DANIEL, "/retrain"))
        assert "Training daniel" in board.text or "under way" in board.text
    request = await talk(world, "are you still there?")
    assert request.adapter == "daniel"
    board = await finished(world, board)
    new = world.adapters.current_version("daniel")
    assert new != trained[1].version and new in board.text
    assert world.adapters.load("daniel").manifest.hyperparameters["epochs"] == OPTIONS["epochs"]
    await talk(world, "and now?")
    assert world.engine.answers[-1].version == new


async def finished(world: World, board: Message) -> Message:
    """The progress message when the training has ended."""
    while "done" not in board.text:
        assert "failed" not in board.text, board.text
        board = await world.sandbox.next_change(board, TRAINING)
    return board


async def test_a_promoted_version_is_put_to_work_by_the_schedule(world: World) -> None:
    await talk(world, "hello")
    serving = world.adapters.current_version("daniel")
    result = run.train_adapter("daniel", world.settings, run.Choices(force=True), lambda event: None)
    assert result.adapter.version != serving
    await world.until(lambda: world.engine.versions["daniel"] == result.adapter.version)
    await talk(world, "hello again")
    assert world.engine.answers[-1].version == result.adapter.version


async def test_a_stranger_reaches_no_engine(world: World) -> None:
    said = await world.sandbox.say(6666, "hello?")
    assert "6666" in (await world.sandbox.next_message(6666, said.id, SOON)).text
    assert world.engine.requests == []

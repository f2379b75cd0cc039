"""The whole loop from inside Telegram: claim the bot, send an export, train, talk, train anew, roll back."""

import asyncio
from collections.abc import AsyncIterator
from datetime import timedelta
from pathlib import Path

import pytest

from sandbox import Message, Sandbox
from tests.bot.conftest import DANIEL, TOKEN, World
from trainer.command import train_command
from twin.adapter import AdapterFolder
from twin.engine import Request
from twin.local import LocalAnswer, LocalEngine
from twin.settings import Settings

DEMO = Path(__file__).parent.parent / "demo"
TRAINING = 280.0  # seconds; a training that takes them has failed
# A few steps: what is tested is the path, not the wit.
QUICK = ("--epochs", "0.05", "--lr", "1e-3", "--context", "256", "--tokens-per-step", "512")


class VersionedEngine(LocalEngine):
    """The real engine; remembers its answers."""

    def __init__(self, adapters: AdapterFolder) -> None:
        super().__init__(adapters)
        self.answers: list[LocalAnswer] = []

    def answer(self, request: Request) -> LocalAnswer:
        self.answers.append(super().answer(request))
        return self.answers[-1]


@pytest.fixture
async def world(tmp_path: Path) -> AsyncIterator[World]:
    server = Sandbox(TOKEN)
    await server.start()
    settings = Settings(
        telegram_token=TOKEN,
        telegram_api_url=server.api_url,
        data_dir=tmp_path / "data",
        key_file=tmp_path / "keys" / "database.key",
        base_model=str(DEMO / "base"),
        burst_window=timedelta(0),
    )
    adapters = AdapterFolder(settings.adapters)
    engine = VersionedEngine(adapters)
    found = World(settings, server, engine, adapters)  # type: ignore[arg-type]
    found.retrain_command = lambda name: [*train_command(name), *QUICK]
    await found.start()
    yield found
    await found.stop()
    await engine.close()
    await server.stop()


async def learn(world: World, export: Path) -> str:
    """Send an export, state that its people agree, train, and return the version that was made."""
    content = await asyncio.to_thread(export.read_bytes)
    sent = await world.sandbox.send_file(DANIEL, export.name, content, "daniel")
    shown = await world.sandbox.next_message(DANIEL, sent.id, TRAINING)
    assert "messages" in shown.text and "agree" in shown.text
    await world.sandbox.press(DANIEL, shown.id, shown.buttons[0]["callback_data"])
    added = await world.sandbox.next_message(DANIEL, shown.id, TRAINING)
    assert "/retrain daniel" in added.text
    board = await world.next(await world.sandbox.say(DANIEL, "/retrain daniel"))
    while "is done" not in board.text:
        board = await world.sandbox.next_change(board, TRAINING)
        assert "failed" not in board.text, board.text
    if "goes on answering" in board.text:  # the gate was not convinced by so few steps; the admin is
        await _press(world, board, "Promote")
    await world.until(lambda: not world.application.bot_data["parts"].retrain.runs)
    await world.settled()
    return world.adapters.current_version("daniel")


async def _press(world: World, board: Message, label: str) -> None:
    data = next(button["callback_data"] for button in board.buttons if button["text"] == label)
    before = world.adapters.current_version("daniel")
    await world.sandbox.press(DANIEL, board.id, data)
    await world.until(lambda: world.adapters.current_version("daniel") != before)


async def talk(world: World) -> str:
    """The version that answers."""
    before = len(world.engine.answers)  # type: ignore[attr-defined]
    said = await world.sandbox.say(DANIEL, "hey, how are you?")
    answer = await world.sandbox.next_message(DANIEL, said.id, TRAINING)
    while not answer.text:  # the loss curve
        answer = await world.sandbox.next_message(DANIEL, answer.id, TRAINING)
    assert len(world.engine.answers) > before  # type: ignore[attr-defined]
    version: str = world.engine.answers[-1].version  # type: ignore[attr-defined]
    return version


@pytest.mark.timeout(900)
async def test_from_a_fresh_folder_to_a_second_version_and_back(world: World) -> None:
    code = world.announced[0].rpartition(" ")[2]
    assert "admin of this bot now" in await world.ask(f"/claim {code}")
    first = await learn(world, DEMO / "lisa_ios.zip")
    assert await talk(world) == first
    second = await learn(world, DEMO / "peter_android.txt")
    assert second != first
    assert await talk(world) == second
    assert first in await world.ask("/rollback")
    assert await talk(world) == first

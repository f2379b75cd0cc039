"""A real training beside the real engine, where the memory does not suffice for both: the bot makes room for it."""

import asyncio
import sys
from collections.abc import AsyncIterator
from dataclasses import replace
from datetime import datetime, timedelta
from pathlib import Path

import pytest

from bot.retrain import makes_room
from bot.texts import Words
from sandbox import Sandbox
from tests.bot.conftest import DANIEL, TOKEN, World
from tests.test_end_to_end import TRAINING, RecordingEngine, finished
from trainer import prepare, run
from trainer.command import train_command
from twin.adapter import AdapterFolder
from twin.settings import Settings

OPTIONS = {"epochs": 0.5, "context_length": 64, "tokens_per_step": 256}
# `twin train` on a machine whose memory does not suffice when it is looked at first.
SHORT_OF_MEMORY = """
import sys
import cli
from trainer import memory
real, first = memory.available_memory, iter([1])
memory.available_memory = lambda: next(first, None) or real()
sys.exit(cli.main(sys.argv[1:]))
"""


def write_export(file: Path) -> None:
    """A chat of 40 short conversations."""
    moments = [datetime(2023, 5, 4, 18) + timedelta(days=day, minutes=turn) for day in range(40) for turn in range(4)]
    lines = (f"{at:%d/%m/%Y, %H:%M} - {('Daniel', 'Lisa')[number % 2]}: hey" for number, at in enumerate(moments))
    file.write_text("\n".join(lines), "utf-8")


@pytest.fixture
def trained(tiny_base: Path, tmp_path: Path) -> Settings:
    """A data folder with a dataset and an adapter trained from it."""
    settings = Settings(
        telegram_token=TOKEN,
        data_dir=tmp_path / "data",
        key_file=tmp_path / "keys" / "database.key",
        admin_ids=frozenset({DANIEL}),
        base_model=str(tiny_base),
        burst_window=timedelta(0),
    )
    write_export(tmp_path / "chat.txt")
    prepare.prepare((tmp_path / "chat.txt",), dataset=settings.dataset("lisa"))
    run.train_adapter("lisa", settings, run.Choices(options=OPTIONS), lambda event: None)
    return settings


@pytest.fixture
async def world(trained: Settings) -> AsyncIterator[World]:
    server = Sandbox(TOKEN)
    await server.start()
    adapters = AdapterFolder(trained.adapters)
    engine = RecordingEngine(adapters)
    found = World(replace(trained, telegram_api_url=server.api_url), server, engine, adapters)
    found.retrain_command = lambda name: [sys.executable, "-c", SHORT_OF_MEMORY, *train_command(name)[3:], "--force"]
    await found.start()
    yield found
    await found.stop()
    await engine.close()
    await server.stop()


async def test_room_is_made_for_a_training(world: World) -> None:
    await world.ask("hello")
    assert world.engine.versions != {}
    board = await world.next(await world.sandbox.say(DANIEL, "/retrain"))
    async with asyncio.timeout(TRAINING):
        while not (makes_room(world.settings) and world.engine.versions == {}):
            await world.tick()
    told = await world.next(await world.sandbox.say(DANIEL, "are you still there?"))
    assert told.text == Words("en")("paused") and len(world.engine.requests) == 1
    await finished(world, board)
    answer = await world.sandbox.next_message(DANIEL, told.id, TRAINING)
    while answer.file is not None:  # the loss curve
        answer = await world.sandbox.next_message(DANIEL, answer.id, TRAINING)
    assert world.engine.requests[-1].turns[-1].text == "are you still there?"
    assert world.engine.answers[-1].version == world.adapters.current_version("lisa")

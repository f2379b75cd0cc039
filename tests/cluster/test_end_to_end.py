"""The main job of `tests/test_end_to_end.py`, unchanged, with the bot's engine on two replicas elsewhere."""

from collections.abc import AsyncIterator, Iterator
from dataclasses import replace
from datetime import timedelta

import pytest

pytest.importorskip("ray", reason="Ray is not installed: pip install 'whatsapp-twin[cluster]'")

from sandbox import Sandbox
from tests import test_end_to_end as scenario
from tests.bot.conftest import TOKEN, World
from tests.cluster.served import Served, served_on_ray
from trainer.command import train_command
from twin.adapter import Adapter, AdapterFolder
from twin.engine import Request
from twin.remote import RemoteAnswer, RemoteEngine
from twin.settings import Settings

trained = scenario.trained
test_the_main_job = scenario.test_the_main_job  # before there is anything of another test in the chats
test_retrain_by_an_admin_while_the_bot_goes_on_answering = (
    scenario.test_retrain_by_an_admin_while_the_bot_goes_on_answering
)
pytestmark = pytest.mark.timeout(900)


class RecordingEngine(RemoteEngine):
    """The real client; remembers what it was asked."""

    def __init__(self, url: str) -> None:
        super().__init__(url)
        self.requests: list[Request] = []
        self.answers: list[RemoteAnswer] = []

    def answer(self, request: Request) -> RemoteAnswer:
        self.requests.append(request)
        self.answers.append(super().answer(request))
        return self.answers[-1]


@pytest.fixture(scope="module")
def server(trained: tuple[Settings, Adapter]) -> Iterator[Served]:
    with served_on_ray(trained[0].data_dir, RELOAD_SECONDS="3600") as found:
        yield found


@pytest.fixture
async def world(trained: tuple[Settings, Adapter], server: Served) -> AsyncIterator[World]:
    settings, _ = trained
    sandbox = Sandbox(TOKEN)
    await sandbox.start()
    adapters = AdapterFolder(settings.adapters)
    engine = RecordingEngine(server.url)
    await engine.start("daniel")
    settings = replace(settings, telegram_api_url=sandbox.api_url, reload_every=timedelta(seconds=5))
    found = World(settings, sandbox, engine, adapters)  # type: ignore[arg-type]
    found.retrain_command = train_command
    await found.start()
    yield found
    await found.stop()
    await engine.close()
    await sandbox.stop()

"""A running sandbox, a bare HTTP client, and the unchanged python-telegram-bot against it."""

from collections.abc import AsyncIterator, Awaitable, Callable

import aiohttp
import pytest
from telegram import Bot
from telegram.ext import Application, ApplicationBuilder

from sandbox import Sandbox

TOKEN = "4321:a-Token_of_the_sandbox"
DANIEL = 1001
SOON = 10.0  # seconds; a wait that takes them has failed

Call = Callable[..., Awaitable[tuple[int, dict]]]


@pytest.fixture(autouse=True)
def without_proxy(monkeypatch: pytest.MonkeyPatch) -> None:
    """httpx, which python-telegram-bot stands on, would send even loopback requests through a configured proxy."""
    for name in ("NO_PROXY", "no_proxy"):
        monkeypatch.setenv(name, "127.0.0.1,localhost")


@pytest.fixture
async def sandbox() -> AsyncIterator[Sandbox]:
    sandbox = Sandbox(TOKEN)
    await sandbox.start()
    yield sandbox
    await sandbox.stop()


@pytest.fixture
async def http(sandbox: Sandbox) -> AsyncIterator[aiohttp.ClientSession]:
    async with aiohttp.ClientSession(sandbox.url) as session:
        yield session


@pytest.fixture
def call(http: aiohttp.ClientSession) -> Call:
    """Call a Bot API method with JSON; returns the HTTP status and the answer."""

    async def post(method: str, **parameters: object) -> tuple[int, dict]:
        async with http.post(f"/bot{TOKEN}/{method}", json=parameters) as response:
            return response.status, await response.json()

    return post


def builder(sandbox: Sandbox) -> ApplicationBuilder:
    return (
        Application.builder()
        .token(TOKEN)
        .base_url(f"{sandbox.api_url}/bot")
        .base_file_url(f"{sandbox.api_url}/file/bot")
    )


@pytest.fixture
async def bot(sandbox: Sandbox) -> AsyncIterator[Bot]:
    async with Bot(TOKEN, base_url=f"{sandbox.api_url}/bot", base_file_url=f"{sandbox.api_url}/file/bot") as bot:
        yield bot

"""The real application over real HTTP against the sandbox, with a small engine that needs no model."""

import asyncio
import sys
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import AsyncExitStack
from dataclasses import replace
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from bot.app import build, running
from sandbox import Message, Sandbox
from storage.store import Place, Store, Thread
from twin.adapter import AdapterFolder
from twin.engine import Request
from twin.manifest import Chat, Manifest
from twin.settings import Settings

TOKEN = "4321:a-Token_of_the_sandbox"
DANIEL, GUEST, STRANGER = 1001, 1002, 6666  # an admin, someone who may write, someone who may not
SOON = 60.0  # seconds; a wait that takes them has failed

Reply = Callable[[Request], str | Exception]


class FakeAnswer:
    def __init__(self, engine: "FakeEngine", request: Request) -> None:
        self.version, self.finish = "", None
        self._engine, self._request = engine, request
        self._cancelled = asyncio.Event()

    async def __aiter__(self) -> AsyncIterator[str]:
        ways = [asyncio.create_task(event.wait()) for event in (self._engine.gate(self._request), self._cancelled)]
        try:
            await asyncio.wait(ways, return_when=asyncio.FIRST_COMPLETED)
        finally:
            for way in ways:
                way.cancel()
        if self._cancelled.is_set():
            return
        said = self._engine.reply(self._request)
        if isinstance(said, Exception):
            raise said
        self.version = self._engine.version
        pieces = self._engine.pieces(self._request) if self._engine.pieces else [f" {word}" for word in said.split(" ")]
        for piece in pieces:
            yield piece
        self.finish = "separator"

    def cancel(self) -> None:
        self._cancelled.set()


class FakeEngine:
    """Answers with its speaker's name and what was said last; `hold` keeps the answers of a speaker back."""

    def __init__(self) -> None:
        self.requests: list[Request] = []
        self.reloads = 0
        self.unloads = 0
        self.started: list[str] = []
        self.forgotten = 0
        self.version = "v1"
        self.closed = False
        self.reply: Reply = lambda request: f"{request.speaker} heard {request.turns[-1].text}"
        self.pieces: Callable[[Request], Sequence[str]] | None = None  # instead of the words of `reply`
        self._gates: dict[str, asyncio.Event] = {}

    def hold(self, speaker: str) -> asyncio.Event:
        return self._gates.setdefault(speaker, asyncio.Event())

    def gate(self, request: Request) -> asyncio.Event:
        opened = asyncio.Event()
        opened.set()
        return self._gates.get(request.speaker, opened)

    def answer(self, request: Request) -> FakeAnswer:
        self.requests.append(request)
        return FakeAnswer(self, request)

    async def start(self, name: str) -> None:
        self.started.append(name)

    async def unload(self) -> None:
        self.unloads += 1

    async def reload(self) -> dict[str, str]:
        self.reloads += 1
        return {}

    async def forget(self) -> None:
        self.forgotten += 1

    async def close(self) -> None:
        self.closed = True


class World:
    """A deployment: settings, a sandbox, the bot that can be stopped and started again, and its users."""

    def __init__(self, settings: Settings, sandbox: Sandbox, engine: FakeEngine, adapters: AdapterFolder) -> None:
        self.settings, self.sandbox, self.engine, self.adapters = settings, sandbox, engine, adapters
        self.retrain_command: Callable[[str], list[str]] | None = None
        self.announced: list[str] = []
        self.store: Store
        self.application: Any = None
        self._stack = AsyncExitStack()

    async def start(self, **settings: Any) -> None:
        self.settings = replace(self.settings, **settings)
        self.store = await Store.open(self.settings.database, self.settings.key_file)
        self._stack.push_async_callback(self.store.close)
        self.application = build(
            self.settings,
            self.store,
            self.engine,
            self.adapters,
            retrain_command=self.retrain_command,
            announce=self.announced.append,
        )
        await self._stack.enter_async_context(running(self.application))

    async def stop(self) -> None:
        stack, self._stack = self._stack, AsyncExitStack()
        await stack.aclose()

    async def ask(self, text: str, user: int = DANIEL) -> str:
        """Say something and return the bot's next message."""
        said = await self.sandbox.say(user, text)
        return (await self.next(said, user)).text

    async def next(self, after: Message, user: int = DANIEL) -> Message:
        return await self.sandbox.next_message(user, after.id, SOON)

    async def next_request(self, number: int) -> Request:
        """The engine's request of that number, counted from 0, once it is made."""
        await self.until(lambda: len(self.engine.requests) > number)
        return self.engine.requests[number]

    async def settled(self) -> None:
        """Until nothing is pending and nothing is unsent."""
        await self.sandbox.delivered(SOON)
        while await self.store.pending() or await self.store.unsent_chats():
            await self.tick()

    async def until(self, true: Callable[[], bool]) -> None:
        """Wait for something that is true of what lies in memory or on disk."""
        async with asyncio.timeout(SOON):
            while not true():
                await self.tick()

    @staticmethod
    async def tick() -> None:
        """Between two looks at something that rings no bell; the test's own timeout bounds them."""
        await asyncio.sleep(0.01)

    def said(self, user: int = DANIEL) -> list[str]:
        """Everything that the bot has said to a user."""
        return [message.text for message in self.sandbox.messages(user) if message.is_from_bot]

    async def thread(self, user: int = DANIEL) -> Thread:
        found = await self.store.current_thread(Place(user))
        assert found is not None
        return found

    async def history(self, user: int = DANIEL) -> list[tuple[str, str]]:
        return [(turn.speaker, turn.text) for turn in await self.store.turns((await self.thread(user)).id)]


def write_adapter(adapters: AdapterFolder, name: str, chats: list[tuple[str, ...]], **more: Any) -> str:
    """A promoted version of an adapter that has a recipe and no weights; `more` of its manifest."""
    until = datetime(2023, 5, 4)
    manifest = Manifest(
        base_model="demo/base",
        base_revision=None,
        base_digest="0",
        quantisation="nf4",
        speakers=tuple(dict.fromkeys(speaker for chat in chats for speaker in chat)),
        chats=tuple(Chat(" and ".join(chat), chat, until, until) for chat in chats),
        datasets=(name,),
        dataset_digest="0",
        context_length=512,
        gap_seconds=3600,
    )
    with adapters.new_version(name) as (version, folder):
        (folder / "twin.json").write_text(replace(manifest, **more).to_json(), "utf-8")
    adapters.promote(name, version)
    return version


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    return Settings(
        telegram_token=TOKEN,
        data_dir=tmp_path / "data",
        key_file=tmp_path / "keys" / "database.key",
        admin_ids=frozenset({DANIEL}),
        allowed_ids=frozenset({GUEST}),
        burst_window=timedelta(0),
        bubble_pause=timedelta(0),
        backup_cron=None,
    )


@pytest.fixture
def adapter_writer() -> Callable[..., str]:
    return write_adapter


@pytest.fixture
def adapters(settings: Settings) -> AdapterFolder:
    folder = AdapterFolder(settings.adapters)
    write_adapter(folder, "daniel", [("Daniel", "Lisa"), ("Peter", "Daniel")])
    return folder


@pytest.fixture
async def sandbox() -> AsyncIterator[Sandbox]:
    server = Sandbox(TOKEN)
    await server.start()
    yield server
    await server.stop()


@pytest.fixture
async def idle_world(settings: Settings, sandbox: Sandbox, adapters: AdapterFolder) -> AsyncIterator[World]:
    """A deployment whose bot is not started yet."""
    found = World(replace(settings, telegram_api_url=sandbox.api_url), sandbox, FakeEngine(), adapters)
    yield found
    await found.stop()


@pytest.fixture
async def world(idle_world: World) -> World:
    await idle_world.start()
    return idle_world


@pytest.fixture
def scripted() -> Callable[[str], Callable[[str], list[str]]]:
    """A training command that runs a few lines of Python; they find the adapter's name in `sys.argv[1]`."""
    opening = "import json, os, signal, sys, time\ndef tell(**values): print(json.dumps(values), flush=True)\n"
    return lambda body: lambda name: [sys.executable, "-c", opening + body, name]

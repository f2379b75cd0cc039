"""A whole deployment for the fuzzer: the real application, store and HTTP, on an event loop of its own."""

import asyncio
import json
import logging
import threading
from collections.abc import AsyncIterator, Coroutine
from datetime import timedelta
from itertools import count
from pathlib import Path
from typing import Any

from telegram import Update

from bot.app import build, running
from bot.reading import UpdateRequest
from sandbox import Sandbox
from storage.store import Store
from twin.adapter import AdapterFolder
from twin.engine import Request
from twin.settings import Settings

TOKEN = "1000000001:fuzzing_of_the_bot_in_a_sandbox"  # noqa: S105  of a sandbox that lives for a minute
ADMIN, USER = 5001, 5002
_PATIENCE = 60.0  # seconds until what does not end is a finding
_FAILED = ("handling an update failed", "were not answered", "work for a chat failed", "nor could the user be told")


class FindingError(Exception):
    """What the fuzzer looks for, where nothing else is raised."""


class Answer:
    """Repeats what was said last."""

    version, finish = "v1", "separator"

    def __init__(self, request: Request) -> None:
        self._said = request.turns[-1].text if request.turns else "well"

    async def __aiter__(self) -> AsyncIterator[str]:
        yield self._said

    def cancel(self) -> None:
        """It is over before anyone can."""


class Engine:
    def answer(self, request: Request) -> Answer:
        return Answer(request)

    async def reload(self) -> dict[str, str]:
        return {}

    async def forget(self) -> None:
        """Nothing is remembered."""

    async def close(self) -> None:
        """Nothing to let go of."""


class Failures(logging.Handler):
    """Collects what the bot says of failed updates."""

    def __init__(self) -> None:
        super().__init__(logging.ERROR)
        self.lines: list[str] = []

    def emit(self, record: logging.LogRecord) -> None:
        if any(words in record.getMessage() for words in _FAILED):
            self.lines.append(record.getMessage())


class Deployment:
    """A bot that everyone may write with."""

    def __init__(self, folder: Path, adapters: AdapterFolder) -> None:
        self._folder, self._adapters = folder, adapters
        self._numbers = count(10**12)
        self._failures = Failures()
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._loop.run_forever, daemon=True)
        self._thread.start()
        self._do(self._start())

    def take(self, update: Any) -> None:
        """Receive an update, which no handler may stumble over.

        Raises:
            FindingError: one did.
            TimeoutError: it was not settled.
        """
        self._failures.lines.clear()
        self.survive(update)
        if self._failures.lines:
            raise FindingError(self._failures.lines[0])

    def survive(self, update: Any) -> None:
        """Receive an update as Telegram's server would send it, and wait until all that comes of it is done.

        Raises:
            TimeoutError: it was not settled.
        """
        self._do(self._take(update))

    def alive(self) -> None:
        """That somebody else is answered still."""
        number = next(self._numbers)
        chat = {"id": USER, "type": "private", "first_name": "User"}
        sent = {"message_id": number, "date": 1_700_000_000, "chat": chat, "from": {**chat, "is_bot": False}}
        before = len(self._sandbox.messages(USER))
        self.take({"update_id": number, "message": {**sent, "text": "Hey"}})
        if len(self._sandbox.messages(USER)) <= before:
            raise FindingError("nobody is answered any more")

    def close(self) -> None:
        self._do(self._stop())
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join()
        self._loop.close()

    def _do(self, coroutine: Coroutine[Any, Any, None]) -> None:
        asyncio.run_coroutine_threadsafe(coroutine, self._loop).result(_PATIENCE)

    async def _start(self) -> None:
        logging.getLogger("bot").addHandler(self._failures)
        self._sandbox = Sandbox(TOKEN)
        await self._sandbox.start()
        settings = Settings(
            telegram_token=TOKEN,
            telegram_api_url=self._sandbox.api_url,
            data_dir=self._folder / "data",
            key_file=self._folder / "keys" / "database.key",
            allow_everyone=True,
            admin_ids=frozenset({ADMIN}),
            messages_per_minute=0,
            burst_window=timedelta(0),
            bubble_pause=timedelta(0),
            backup_cron=None,
        )
        self._store = await Store.open(settings.database, settings.key_file)
        self._application = build(settings, self._store, Engine(), self._adapters, announce=lambda _: None)  # type: ignore[arg-type]
        self._running = running(self._application)
        await self._running.__aenter__()
        for user in (ADMIN, USER):
            await self._sandbox.say(user, "/start")
        await self._settled()

    async def _take(self, update: Any) -> None:
        if isinstance(update, dict) and isinstance(update.get("update_id"), int):
            update = {**update, "update_id": next(self._numbers)}  # each is a new one
        payload = json.dumps({"ok": True, "result": [update]}).encode()
        result = UpdateRequest.parse_json_payload(payload)["result"]
        for one in Update.de_list(result, self._application.bot):
            await self._application.update_queue.put(one)
        await self._settled()

    async def _settled(self) -> None:
        await self._sandbox.delivered(_PATIENCE)
        while await self._store.pending() or await self._store.unsent_chats():  # noqa: ASYNC110  it rings no bell
            await asyncio.sleep(0.002)

    async def _stop(self) -> None:
        logging.getLogger("bot").removeHandler(self._failures)
        await self._running.__aexit__(None, None, None)
        await self._store.close()
        await self._sandbox.stop()

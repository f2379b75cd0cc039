"""The other way of getting updates: the sandbox pushes them to an address of the bot, as Telegram does."""

import asyncio
import re
from urllib.parse import urlsplit

import aiohttp

from sandbox.bell import Stopped
from sandbox.errors import bad_request
from sandbox.model import Json
from sandbox.state import State

SECRET = re.compile(r"[A-Za-z0-9_-]{0,256}")
HOSTS = frozenset({"127.0.0.1", "localhost", "::1"})
_PAUSE = 0.2  # seconds before an update that was not taken is pushed again
_PATIENCE = aiohttp.ClientTimeout(total=10)


class Webhook:
    """Pushes updates one after another, each until the bot takes it with a 2xx."""

    def __init__(self, state: State, url: str, secret: str) -> None:
        """Raises ApiError for an address that is not on this machine, or a malformed secret."""
        try:
            parts = urlsplit(url)
            usable = parts.scheme in {"http", "https"} and parts.hostname in HOSTS and parts.port != 0
        except ValueError:  # of brackets or a port
            usable = False
        if not usable:
            raise bad_request("bad webhook: this sandbox pushes to a loopback address only")
        if not SECRET.fullmatch(secret):
            raise bad_request("secret token contains unallowed characters")
        self.url = url
        self._headers = {"X-Telegram-Bot-Api-Secret-Token": secret} if secret else {}
        self._state = state
        self._task = asyncio.create_task(self._run())

    async def stop(self) -> None:
        self._task.cancel()
        await asyncio.gather(self._task, return_exceptions=True)

    async def _run(self) -> None:
        async with aiohttp.ClientSession(timeout=_PATIENCE, headers=self._headers) as session:
            try:
                while True:
                    update = await self._state.bell.until(self._first, None)
                    if await self._taken(session, update):
                        self._state.confirm(update["update_id"] + 1)
                        self._state.touch()
                    else:
                        await asyncio.sleep(_PAUSE)
            except Stopped:
                return

    def _first(self) -> Json | None:
        return self._state.updates[0] if self._state.updates else None

    async def _taken(self, session: aiohttp.ClientSession, update: Json) -> bool:
        try:
            async with session.post(self.url, json=update) as response:
                return response.ok
        except (aiohttp.ClientError, TimeoutError):
            return False

"""Starting and stopping: a given port, a taken one, and serving until a signal."""

import asyncio
import os
import signal

import aiohttp
import pytest

from sandbox import Sandbox, run
from tests.sandbox.conftest import SOON, TOKEN


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
async def test_run_serves_until_a_signal(number: signal.Signals) -> None:
    ready: asyncio.Queue[Sandbox] = asyncio.Queue()
    serving = asyncio.create_task(run(TOKEN, ready=ready.put_nowait))
    sandbox = await asyncio.wait_for(ready.get(), SOON)
    async with aiohttp.ClientSession() as session, session.get(f"{sandbox.api_url}/bot{TOKEN}/getMe") as response:
        assert response.status == 200
    os.kill(os.getpid(), number)
    await asyncio.wait_for(serving, SOON)
    async with aiohttp.ClientSession() as session:
        with pytest.raises(aiohttp.ClientConnectionError):
            await session.get(sandbox.url)


async def test_a_taken_port_is_an_error(sandbox: Sandbox) -> None:
    port = int(sandbox.url.rpartition(":")[2])
    second = Sandbox(TOKEN, port=port)
    with pytest.raises(OSError, match="address already in use"):
        await second.start()


async def test_open_streams_end_with_the_sandbox(sandbox: Sandbox, http: aiohttp.ClientSession) -> None:
    async with http.get("/page/events") as events:
        await events.content.readline()
        poll = asyncio.create_task(http.post(f"/bot{TOKEN}/getUpdates", json={"timeout": 50}))
        await sandbox._state.bell.until(lambda: sandbox._state.listening == 1 or None, SOON)
        await sandbox.stop()
        async with await poll as response:
            assert (await response.json()) == {"ok": True, "result": []}
        async with asyncio.timeout(SOON):
            await events.content.read()


@pytest.mark.parametrize("host", ["evil", "0.0.0.0", "", "192.168.1.2", "localhost"])  # noqa: S104
def test_other_hosts_are_refused(host: str) -> None:
    with pytest.raises(ValueError, match="this machine only"):
        Sandbox(TOKEN, host=host)


@pytest.mark.parametrize("token", ["", "abc", "12", "12:", ":abc", "12:a b", "12:a/b", "١٢:abc"])
def test_malformed_tokens_are_refused(token: str) -> None:
    with pytest.raises(ValueError, match="token is malformed"):
        Sandbox(token)

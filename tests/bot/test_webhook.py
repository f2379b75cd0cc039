"""Updates that are pushed: the same as when they are fetched, and only from whom knows the secret."""

import json
from typing import Any

import aiohttp
import pytest

from sandbox import Sandbox
from twin.errors import TwinError

DANIEL, SOON = 1001, 20.0
World = Any


@pytest.fixture
def port(unused_tcp_port: int) -> int:
    return unused_tcp_port


async def start(world: World, port: int) -> str:
    """Start the bot with a webhook; returns its address."""
    url = f"http://127.0.0.1:{port}/twin"
    await world.start(webhook_url=url, webhook_listen=("127.0.0.1", port))
    return url


async def test_messages_are_answered_in_order_across_a_restart(idle_world: World, port: int) -> None:
    await start(idle_world, port)
    assert await idle_world.ask("Hey") == "Lisa heard Hey"
    gate = idle_world.engine.hold("Lisa")
    for number in range(10):
        await idle_world.sandbox.say(DANIEL, f"{number}")
    await idle_world.sandbox.delivered(SOON)
    await idle_world.stop()
    await idle_world.sandbox.say(DANIEL, "while it was away")
    gate.set()
    await start(idle_world, port)
    await idle_world.settled()
    said = [text for speaker, text in await idle_world.history() if speaker == "Daniel"]
    assert said == ["Hey", *map(str, range(10)), "while it was away"]
    assert idle_world.said()[-1] == "Lisa heard while it was away"


async def test_update_that_is_not_stored_is_pushed_again(
    idle_world: World, port: int, caplog: pytest.LogCaptureFixture
) -> None:
    await start(idle_world, port)
    await idle_world.ask("Hey")
    ((pages,),) = await idle_world.store._database.rows("PRAGMA page_count")
    await idle_world.store._database.rows(f"PRAGMA max_page_count = {pages}")
    said = await idle_world.sandbox.say(DANIEL, "x" * 4000)
    await idle_world.until(lambda: "is left to Telegram" in caplog.text)
    await idle_world.store._database.rows("PRAGMA max_page_count = 1000000")
    assert (await idle_world.next(said)).text.startswith("Lisa heard x")


@pytest.mark.parametrize("headers", [{}, {"X-Telegram-Bot-Api-Secret-Token": "guessed"}])
async def test_who_does_not_know_the_secret_is_refused(idle_world: World, port: int, headers: dict[str, str]) -> None:
    url = await start(idle_world, port)
    chat = {"id": DANIEL, "type": "private", "first_name": "Daniel"}
    message = {"message_id": 1, "date": 1_700_000_000, "chat": chat, "from": {**chat, "is_bot": False}, "text": "Hey"}
    body = json.dumps({"update_id": 1, "message": message})
    async with aiohttp.ClientSession(headers={"Content-Type": "application/json", **headers}) as session:
        async with session.post(url, data=body) as response:
            assert response.status == 403
        async with session.post(url.replace("twin", "other"), data=body) as response:
            assert response.status == 404
    assert await idle_world.store.take_in(1, DANIEL, "")  # it was not taken in


async def test_back_to_polling(idle_world: World, port: int) -> None:
    await start(idle_world, port)
    await idle_world.stop()
    await idle_world.start(webhook_url=None)
    assert await idle_world.ask("Hey") == "Lisa heard Hey"


async def test_port_that_is_taken(idle_world: World, sandbox: Sandbox) -> None:
    taken = int(sandbox.url.rpartition(":")[2])
    with pytest.raises(TwinError, match=f"cannot listen on 127.0.0.1:{taken}: .*; set WEBHOOK_LISTEN"):
        await start(idle_world, taken)

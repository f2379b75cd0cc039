"""The chat page: what it shows, what it can do, and that nobody else can."""

import json
import re
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import aiohttp
import pytest
from telegram import Bot, BotCommand, InlineKeyboardButton, InlineKeyboardMarkup

from sandbox import Sandbox
from sandbox.page import content_security_policy
from tests.sandbox.conftest import DANIEL, SOON, TOKEN


class Events:
    """A reader of the page's server-sent events."""

    def __init__(self, response: aiohttp.ClientResponse) -> None:
        self._response = response

    async def next(self) -> tuple[str, dict]:
        name = ""
        async for line in self._response.content:
            field, _, value = line.decode().rstrip("\n").partition(": ")
            if field == "event":
                name = value
            elif field == "data":
                return name, json.loads(value)
        raise EOFError

    async def until(self, key: str) -> list:
        """The first change that has something under the key."""
        while True:
            _, data = await self.next()
            if data[key]:
                return data[key]


@asynccontextmanager
async def listening(http: aiohttp.ClientSession) -> AsyncIterator[Events]:
    async with http.get("/page/events", timeout=aiohttp.ClientTimeout(total=SOON)) as response:
        assert response.content_type == "text/event-stream"
        yield Events(response)


async def test_page_is_self_contained(http: aiohttp.ClientSession) -> None:
    async with http.get("/") as response:
        page = await response.text()
        policy = response.headers["Content-Security-Policy"]
    assert response.content_type == "text/html"
    assert "Twin sandbox: nothing leaves this machine" in page
    assert policy == content_security_policy(page)
    assert "default-src 'none'" in policy
    assert "unsafe" not in policy
    addresses = set(re.findall(r"https?://[^\s'\"]+", page))
    assert addresses == {"http://www.w3.org/2000/svg"}  # a name, not an address that is fetched
    assert not re.search(r"innerHTML|outerHTML|insertAdjacentHTML|document\.write|\son\w+=|\sstyle=", page)


async def test_talk_over_the_page(sandbox: Sandbox, bot: Bot, http: aiohttp.ClientSession) -> None:
    await bot.set_my_commands([BotCommand("swap", "Change sides")])
    async with listening(http) as events:
        name, snapshot = await events.next()
        assert (name, snapshot["messages"], snapshot["user"]) == ("snapshot", [], "Daniel")
        assert snapshot["bot"] == {"name": "Twin", "username": "twin_sandbox_bot"}
        assert snapshot["commands"] == [{"command": "swap", "description": "Change sides"}]

        async with http.post("/page/say", json={"text": "/persona <b>Lisa</b>"}) as response:
            assert (response.status, (await response.json())["ok"]) == (200, True)
        (said,) = await events.until("messages")
        assert (said["mine"], said["sender"], said["text"]) == (True, "Daniel", "/persona <b>Lisa</b>")
        assert said["entities"][0]["type"] == "bot_command"
        update = (await bot.get_updates())[0]
        assert (update.message.chat.id, update.message.text) == (DANIEL, "/persona <b>Lisa</b>")

        await bot.send_chat_action(DANIEL, "typing")
        assert await events.until("actions") == ["typing"]
        keyboard = InlineKeyboardMarkup([[InlineKeyboardButton("Yes", callback_data="y")]])
        sent = await bot.send_message(DANIEL, "Sure?", reply_markup=keyboard)
        (shown,) = await events.until("messages")
        assert (shown["mine"], shown["keyboard"][0][0]["text"], shown["edited"]) == (False, "Yes", False)

        async with http.post("/page/press", json={"message_id": sent.message_id, "data": "y"}) as response:
            assert response.status == 200
        query = (await bot.get_updates(offset=update.update_id + 1))[0].callback_query
        await bot.answer_callback_query(query.id, "Done")
        assert await events.until("answers") == [{"text": "Done", "alert": False}]
        await query.edit_message_text("Sure.")
        (edited,) = await events.until("messages")
        assert (edited["id"], edited["text"], edited["edited"]) == (sent.message_id, "Sure.", True)
        await query.delete_message()
        assert await events.until("deleted") == [sent.message_id]

    async with listening(http) as events:  # a page that is loaded anew
        _, snapshot = await events.next()
        assert [message["text"] for message in snapshot["messages"]] == ["/persona <b>Lisa</b>"]


async def test_the_page_shows_its_own_chat_alone(sandbox: Sandbox, bot: Bot, http: aiohttp.ClientSession) -> None:
    async with listening(http) as events:
        await events.next()
        other = await sandbox.send_file(2002, "secret.txt", b"of another", "of another")
        await sandbox.say(2002, "in a group", chat_id=-5)
        await sandbox.say(DANIEL, "mine")
        assert [message["text"] for message in await events.until("messages")] == ["mine"]
    keyboard = InlineKeyboardMarkup([[InlineKeyboardButton("Yes", callback_data="y")]])
    question = await bot.send_message(2002, "not yours", reply_markup=keyboard)
    async with http.post("/page/press", json={"message_id": question.message_id, "data": "y"}) as response:
        assert response.status == 400
    async with http.get(f"/page/files/{other.file.id}") as response:
        assert response.status == 404


async def test_files_over_the_page(sandbox: Sandbox, bot: Bot, http: aiohttp.ClientSession) -> None:
    script = b"<script>alert(1)</script>"
    form = aiohttp.FormData({"caption": "look"}, quote_fields=False)  # names as browsers send them
    form.add_field("file", script, filename="ä.html", content_type="text/html")
    async with http.post("/page/file", data=form) as response:
        assert response.status == 200
    message = (await bot.get_updates())[0].message
    assert (message.document.file_name, message.caption) == ("ä.html", "look")
    async with http.get(f"/page/files/{message.document.file_id}") as response:
        assert await response.read() == script
        # it is saved, never shown: a page from the chat must not run beside ours
        assert response.headers["Content-Disposition"] == "attachment; filename*=UTF-8''%C3%A4.html"
        assert response.content_type == "application/octet-stream"
        assert response.headers["X-Content-Type-Options"] == "nosniff"


async def test_the_page_is_told_what_is_wrong(http: aiohttp.ClientSession) -> None:
    for path, body, description in (
        ("say", {"text": "  "}, "the message is empty"),
        ("say", {"text": "x" * 4097}, "at most 4096"),
        ("say", [], "a JSON object is needed"),
        ("press", {"message_id": 1, "data": "y"}, "sees no message 1"),
        ("press", {"message_id": "x"}, "invalid literal"),
    ):
        async with http.post(f"/page/{path}", json=body) as response:
            assert response.status == 400
            assert description in (await response.json())["description"]
    async with http.post("/page/file", data={"file": "not one"}) as response:
        assert response.status == 400
    async with http.post("/page/say", data='{"text": "a"}', headers={"Content-Type": "text/plain"}) as response:
        assert response.status == 400


PATHS = ["/", "/page/events", f"/bot{TOKEN}/getMe", f"/file/bot{TOKEN}/a", "/page/files/a", "/nothing"]


@pytest.mark.parametrize("path", PATHS)
async def test_only_loopback_names_are_answered(sandbox: Sandbox, http: aiohttp.ClientSession, path: str) -> None:
    port = sandbox.url.rpartition(":")[2]
    for host in ("evil.example", f"evil.example:{port}", "127.0.0.1", "127.0.0.1:1", f"127.0.0.1.evil.example:{port}"):
        async with http.get(path, headers={"Host": host}) as response:
            assert response.status == 403, host
            assert (await response.json())["description"].startswith("Forbidden: ")
    async with http.get(path, headers={"Host": f"localhost:{port}"}) as response:
        assert response.status != 403


@pytest.mark.parametrize(
    "path", ["/page/say", "/page/press", "/page/file", f"/bot{TOKEN}/sendMessage", "/page/events", "/"]
)
async def test_other_websites_are_refused(sandbox: Sandbox, http: aiohttp.ClientSession, path: str) -> None:
    port = int(sandbox.url.rpartition(":")[2])
    for origin in ("https://evil.example", "null", f"http://127.0.0.1:{port + 1}", f"https://127.0.0.1:{port}"):
        for send in (http.get, http.post):
            async with send(path, headers={"Origin": origin}) as response:
                assert response.status == 403, origin
    if path != "/":
        for site in ("cross-site", "same-site"):
            async with http.get(path, headers={"Sec-Fetch-Site": site}) as response:
                assert response.status == 403
    assert sandbox.messages(DANIEL) == []


async def test_the_pages_own_origin_is_accepted(sandbox: Sandbox, http: aiohttp.ClientSession) -> None:
    headers = {"Origin": sandbox.url, "Sec-Fetch-Site": "same-origin"}
    async with http.post("/page/say", json={"text": "hey"}, headers=headers) as response:
        assert response.status == 200
    async with http.get("/", headers={"Sec-Fetch-Site": "cross-site"}) as response:
        assert response.status == 200  # a link to the page may be followed

"""The chat page: what it shows, what it can do, and that nobody else can."""

import json
import re
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import aiohttp
import pytest
from aiohttp import web
from telegram import Bot, BotCommand, BotCommandScopeChat, InlineKeyboardButton, InlineKeyboardMarkup

from sandbox import Sandbox
from sandbox.page import content_security_policy
from sandbox.views import GROUP
from tests.sandbox.conftest import DANIEL, SOON, TOKEN

EMMA = 1002


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
    assert "Stays on this machine" in page
    assert "<style></style>" not in page
    assert "<script></script>" not in page
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
        assert (name, snapshot["messages"]) == ("snapshot", [])
        assert [user["name"] for user in snapshot["users"]] == ["Daniel", "Emma"]
        assert snapshot["bot"] == {"id": 4321, "name": "Twin", "username": "twin_sandbox_bot"}
        swap = [{"command": "swap", "description": "Change sides"}]
        assert snapshot["users"][0]["commands"] == {str(DANIEL): swap, str(GROUP.id): swap}

        async with http.post("/page/say", json={"text": "/persona <b>Lisa</b>"}) as response:
            assert (response.status, (await response.json())["ok"]) == (200, True)
        (said,) = await events.until("messages")
        assert (said["from"], said["sender"], said["text"]) == (DANIEL, "Daniel", "/persona <b>Lisa</b>")
        assert said["entities"][0]["type"] == "bot_command"
        update = (await bot.get_updates())[0]
        assert (update.message.chat.id, update.message.text) == (DANIEL, "/persona <b>Lisa</b>")

        await bot.send_chat_action(DANIEL, "typing")
        assert await events.until("actions") == [{"chat": DANIEL, "action": "typing"}]
        keyboard = InlineKeyboardMarkup([[InlineKeyboardButton("Yes", callback_data="y")]])
        sent = await bot.send_message(DANIEL, "Sure?", reply_markup=keyboard)
        (shown,) = await events.until("messages")
        assert (shown["from"], shown["keyboard"][0][0]["text"], shown["edited"]) == (4321, "Yes", False)

        async with http.post("/page/press", json={"message_id": sent.message_id, "data": "y"}) as response:
            assert response.status == 200
        query = (await bot.get_updates(offset=update.update_id + 1))[0].callback_query
        await bot.answer_callback_query(query.id, "Done")
        answer = {"user": DANIEL, "message": sent.message_id, "text": "Done", "alert": False}
        assert await events.until("answers") == [answer]
        await query.edit_message_text("Sure.")
        (edited,) = await events.until("messages")
        assert (edited["id"], edited["text"], edited["edited"]) == (sent.message_id, "Sure.", True)
        await query.delete_message()
        assert await events.until("deleted") == [sent.message_id]

    async with listening(http) as events:  # a page that is loaded anew
        _, snapshot = await events.next()
        assert [message["text"] for message in snapshot["messages"]] == ["/persona <b>Lisa</b>"]


async def test_a_page_that_is_closed_is_no_error(
    sandbox: Sandbox, http: aiohttp.ClientSession, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    async def closed(*_: object) -> None:
        raise aiohttp.ClientConnectionResetError

    monkeypatch.setattr(web.StreamResponse, "write", closed)
    async with listening(http) as events:
        with pytest.raises(EOFError):
            await events.next()
    assert caplog.records == []


async def test_the_page_shows_its_own_chats_alone(sandbox: Sandbox, bot: Bot, http: aiohttp.ClientSession) -> None:
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


async def test_several_people_and_their_group(sandbox: Sandbox, bot: Bot, http: aiohttp.ClientSession) -> None:
    async def post(path: str, **body: object) -> None:
        async with http.post(f"/page/{path}", json=body) as response:
            assert (response.status, (await response.json())["ok"]) == (200, True)

    await post("say", user=EMMA, text="mine")
    await post("language", user=EMMA, language="de")
    await post("say", user=EMMA, chat=GROUP.id, text="@twin_sandbox_bot hey")
    private, mention = [update.message for update in await bot.get_updates()]
    assert (private.chat.id, private.from_user.language_code) == (EMMA, "en")
    assert (mention.chat.type, mention.from_user.first_name, mention.from_user.language_code) == (
        "supergroup",
        "Emma",
        "de",
    )
    assert list(mention.parse_entities(["mention"]).values()) == ["@twin_sandbox_bot"]

    sent = await mention.reply_text("hey Emma", do_quote=True)
    await post("say", chat=GROUP.id, text="and I?", reply_to=sent.message_id)
    reply = (await bot.get_updates(offset=-1))[0].message
    assert (reply.from_user.id, reply.reply_to_message.from_user.id) == (DANIEL, bot.id)
    await post("edit", message_id=reply.message_id, text="and me?")
    assert (await bot.get_updates(offset=-1))[0].edited_message.text == "and me?"
    assert [message.text for message in sandbox.messages(GROUP.id)] == [
        "@twin_sandbox_bot hey",
        "hey Emma",
        "and me?",
    ]


async def test_commands_are_those_of_the_scope_and_the_language(bot: Bot, http: aiohttp.ClientSession) -> None:
    await http.post("/page/language", json={"user": EMMA, "language": "de"})
    await http.post("/page/say", json={"text": "/start"})
    await bot.set_my_commands([BotCommand("swap", "Change sides")])
    await bot.set_my_commands([BotCommand("swap", "Seiten tauschen")], language_code="de")
    await bot.set_my_commands([BotCommand("retrain", "Learn anew")], scope=BotCommandScopeChat(DANIEL))
    async with listening(http) as events:
        _, snapshot = await events.next()
    daniel, emma = [user["commands"] for user in snapshot["users"]]
    assert [command["description"] for command in daniel[str(DANIEL)]] == ["Learn anew"]
    assert [command["description"] for command in daniel[str(GROUP.id)]] == ["Change sides"]
    assert [command["description"] for command in emma[str(EMMA)]] == ["Seiten tauschen"]


async def test_drafts_and_reactions_over_the_page(sandbox: Sandbox, bot: Bot, http: aiohttp.ClientSession) -> None:
    said = await sandbox.say(DANIEL, "hey")
    async with listening(http) as events:
        await events.next()
        await bot.send_message_draft(DANIEL, 7, "<b>Go</b>", parse_mode="HTML")
        (draft,) = await events.until("drafts")
        assert (draft["chat"], draft["id"], draft["text"], draft["entities"][0]["type"]) == (DANIEL, 7, "Go", "bold")
        await bot.set_message_reaction(DANIEL, said.id, "👍")
        (reacted,) = await events.until("messages")
        assert (reacted["id"], reacted["reaction"]) == (said.id, "👍")


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
        ("press", {"message_id": []}, "not 'list'"),
        ("say", {"text": "a", "user": 7}, "user 7 has no chat 7"),
        ("say", {"text": "a", "user": EMMA, "chat": DANIEL}, "user 1002 has no chat 1001"),
        ("say", {"text": "a", "chat": -5}, "user 1001 has no chat -5"),
        ("say", {"text": "a", "reply_to": 5}, "no message 5 to reply to"),
        ("edit", {"text": "a", "message_id": 5}, "has no message 5"),
        ("language", {"language": "xx"}, "the language is one of de, en"),
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
    "path",
    [*(f"/page/{name}" for name in ("say", "edit", "press", "file", "language", "events")), f"/bot{TOKEN}/getMe", "/"],
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

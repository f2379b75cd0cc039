"""Requests to the Bot API over real HTTP: what python-telegram-bot's own would send, and no error tells the token."""

import asyncio
import base64
import json
import logging
import traceback
from collections.abc import AsyncIterator, Awaitable, Callable
from typing import Any

import pytest
from aiohttp import web
from aiohttp.test_utils import TestServer, unused_port
from telegram import Bot, InlineKeyboardButton, InlineKeyboardMarkup, InputMediaDocument, InputMediaPhoto
from telegram.error import Forbidden, NetworkError, RetryAfter, TelegramError, TimedOut
from telegram.request import BaseRequest, HTTPXRequest

from bot import transport
from bot.transport import Transport

TOKEN = "4321:a-Token_of_the_sandbox"
DANIEL = 1001
SHORT = 0.1  # seconds; a limit that is meant to pass
SENT = {"message_id": 7, "date": 0, "chat": {"id": DANIEL, "type": "private"}}

Answer = Callable[[web.Request], Awaitable[web.StreamResponse]]


class Api:
    """A server whose answer is put in by the test, and what it was asked."""

    def __init__(self) -> None:
        self.url = ""
        self.answer: Answer = self.well
        self.asked: list[dict[str, Any]] = []
        self.connections: set[Any] = set()
        self.reached = asyncio.Event()
        self.over = asyncio.Event()

    async def handle(self, request: web.Request) -> web.StreamResponse:
        self.connections.add(request.transport)
        self.reached.set()
        return await self.answer(request)

    async def well(self, request: web.Request) -> web.Response:
        fields = {}
        for name, value in (await request.post()).items():
            file = isinstance(value, web.FileField)
            fields[name] = (value.filename, value.content_type, value.file.read()) if file else value
        asked = {"method": request.method, "path": request.raw_path, "fields": fields}
        asked |= {name: request.headers.get(name) for name in ("User-Agent", "Proxy-Authorization")}
        self.asked.append(asked)
        return web.json_response({"ok": True, "result": [SENT] if "MediaGroup" in request.path else SENT})

    async def silent(self, _: web.Request) -> web.Response:
        await self.over.wait()
        return web.Response()

    async def cut(self, request: web.Request) -> web.Response:
        assert request.transport
        request.transport.abort()
        return web.Response()


@pytest.fixture(autouse=True)
def no_proxy(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("http_proxy", "HTTP_PROXY", "all_proxy", "ALL_PROXY"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("no_proxy", "localhost")


@pytest.fixture
async def api() -> AsyncIterator[Api]:
    found = Api()
    app = web.Application(client_max_size=2**30)
    app.router.add_route("*", "/{path:.*}", found.handle)
    async with TestServer(app) as server:
        found.url = str(server.make_url("")).rstrip("/")
        yield found
        found.over.set()


def bot_of(url: str, request: BaseRequest) -> Bot:
    return Bot(TOKEN, f"{url}/bot", f"{url}/file/bot", request=request, get_updates_request=HTTPXRequest())


@pytest.fixture
async def bot(api: Api) -> AsyncIterator[Bot]:
    request = Transport(api.url)
    async with request:
        yield bot_of(api.url, request)


async def test_it_sends_what_the_stock_request_sends(api: Api) -> None:
    buttons = InlineKeyboardMarkup([[InlineKeyboardButton("👍", callback_data="good:1")]])
    picture, name = bytes(range(256)) * 8192, "Chat with Änna & Bén; 🙂.txt"
    asked = []
    for request in (Transport(api.url), HTTPXRequest()):
        async with request:
            bot = bot_of(api.url, request)
            await bot.send_message(DANIEL, "a + b = ü & 100 %\n🙂", reply_markup=buttons, disable_notification=True)
            await bot.send_photo(DANIEL, picture, caption="größer", filename="loss.png")
            await bot.send_document(DANIEL, b"text", filename=name)
            media = [InputMediaPhoto(picture, filename="a.png"), InputMediaDocument(b"b", filename="b.txt")]
            await bot.send_media_group(DANIEL, media)
            await bot.log_out()  # which has no parameters
            await request.retrieve(f"{api.url}/file/bot{TOKEN}/documents/a%20b%2B%C3%BC.txt")
        asked.append([_without_random_names(one) for one in api.asked])
        api.asked.clear()
    assert asked[0] == asked[1]
    assert [one["method"] for one in asked[0]] == ["POST"] * 5 + ["GET"]
    assert asked[0][1]["fields"]["photo"] == ("loss.png", "image/png", picture)


def _without_random_names(asked: dict[str, Any]) -> dict[str, Any]:
    """PTB names what it attaches by chance."""
    fields = {("attached" if name.startswith("attached") else name): value for name, value in asked["fields"].items()}
    if "media" in fields:
        media = [one | {"media": ""} for one in json.loads(fields["media"])]
        fields = fields | {"media": media, "attached": [v for k, v in asked["fields"].items() if k.startswith("att")]}
    return asked | {"fields": fields}


async def test_limits_are_those_of_the_stock_request() -> None:
    request = HTTPXRequest()
    stock = request._client.timeout
    ours = (transport._READ, transport._CONNECT, transport._POOL, transport._UPLOAD)
    assert ours == (stock.read, stock.connect, stock.pool, request._media_write_timeout)
    assert Transport("http://localhost").read_timeout == request.read_timeout
    await request.shutdown()


async def test_connections_are_kept(api: Api, bot: Bot) -> None:
    for _ in range(3):
        await bot.send_message(DANIEL, "Hey")
    assert len(api.connections) == 1


class TestErrors:
    @pytest.mark.parametrize(
        ("status", "parameters", "error"),
        [
            (500, {}, NetworkError("Something broke")),
            (403, {}, Forbidden("Something broke")),
            (429, {"retry_after": 3}, RetryAfter(3)),
        ],
    )
    async def test_what_telegram_refuses(
        self, api: Api, bot: Bot, status: int, parameters: dict[str, Any], error: TelegramError
    ) -> None:
        async def refuse(_: web.Request) -> web.Response:
            told = {"ok": False, "description": "Something broke", "parameters": parameters}
            return web.json_response(told, status=status)

        api.answer = refuse
        with pytest.raises(type(error), match=str(error)):
            await bot.send_message(DANIEL, "Hey")

    async def test_an_answer_that_does_not_come(self, api: Api, bot: Bot) -> None:
        api.answer = api.silent
        with pytest.raises(TimedOut):
            await bot.send_message(DANIEL, "Hey", read_timeout=SHORT)

    async def test_an_answer_that_stops_half_way(self, api: Api, bot: Bot) -> None:
        async def halve(request: web.Request) -> web.StreamResponse:
            response = web.StreamResponse(headers={"Content-Length": "1000"})
            await response.prepare(request)
            await response.write(b"{")
            return await api.silent(request)

        api.answer = halve
        with pytest.raises(TimedOut):
            await bot.send_message(DANIEL, "Hey", read_timeout=SHORT)

    async def test_an_upload_that_nobody_takes(self, api: Api, bot: Bot) -> None:
        api.answer = api.silent
        limits = {"read_timeout": SHORT, "write_timeout": SHORT, "connect_timeout": SHORT, "pool_timeout": SHORT}
        with pytest.raises(TimedOut):
            await bot.send_document(DANIEL, bytes(2**26), **limits)

    async def test_no_free_connection(self, api: Api, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr(transport, "_CONNECTIONS", 1)
        api.answer = api.silent
        async with Transport(api.url) as request:
            bot = bot_of(api.url, request)
            first = asyncio.create_task(bot.send_message(DANIEL, "Hey", read_timeout=None))
            await api.reached.wait()
            with pytest.raises(TimedOut):
                await bot.send_message(DANIEL, "you", pool_timeout=SHORT, connect_timeout=SHORT)
            first.cancel()

    async def test_a_connection_that_breaks(self, api: Api, bot: Bot) -> None:
        api.answer = api.cut
        with pytest.raises(NetworkError, match=r"aiohttp\.ServerDisconnectedError"):
            await bot.send_message(DANIEL, "Hey")

    async def test_nobody_there(self) -> None:
        url = f"http://127.0.0.1:{unused_port()}"
        async with Transport(url) as request:
            with pytest.raises(NetworkError, match=r"aiohttp\.ClientConnectorError"):
                await bot_of(url, request).send_message(DANIEL, "Hey")

    async def test_the_token_is_not_sent_elsewhere(self, api: Api, bot: Bot) -> None:
        async def elsewhere(_: web.Request) -> web.Response:
            api.answer = api.well
            raise web.HTTPTemporaryRedirect(f"{api.url}/elsewhere")

        api.answer = elsewhere
        with pytest.raises(NetworkError):
            await bot.send_message(DANIEL, "Hey")
        assert api.asked == []

    async def test_no_error_and_no_log_tells_the_token(
        self, api: Api, bot: Bot, caplog: pytest.LogCaptureFixture
    ) -> None:
        caplog.set_level(logging.DEBUG)
        for name in ("aiohttp.access", "aiohttp.server", "aiohttp.web", "telegram"):  # the test's own server; PTB's own
            caplog.set_level(logging.CRITICAL, name)
        nobody = Transport(url := f"http://127.0.0.1:{unused_port()}")
        told = []
        async with nobody:
            for answer, asked in (
                (api.silent, bot.send_message(DANIEL, "Hey", read_timeout=SHORT)),
                (api.cut, bot.send_message(DANIEL, "Hey")),
                (api.cut, bot.get_file("file")),
                (api.well, bot_of(url, nobody).send_message(DANIEL, "Hey")),
                (api.well, bot_of("http://[", nobody).send_message(DANIEL, "Hey")),
                (api.well, bot_of(url, Transport(url)).send_message(DANIEL, "Hey")),
            ):
                api.answer = answer
                with pytest.raises(NetworkError) as failed:
                    await asked
                told.append("".join(traceback.format_exception(failed.value)))
        assert TOKEN not in caplog.text
        assert not [one for one in told if TOKEN in one]


class TestEnding:
    async def test_it_may_begin_again(self, api: Api) -> None:
        request = Transport(api.url)
        await request.shutdown()  # before it ever began
        for _ in range(2):
            await request.initialize()
            await request.initialize()
            await bot_of(api.url, request).send_message(DANIEL, "Hey")
            await request.shutdown()
            await request.shutdown()
            with pytest.raises(NetworkError, match="not initialised"):
                await bot_of(api.url, request).send_message(DANIEL, "Hey")
        assert len(api.asked) == len(api.connections) == 2

    async def test_what_is_under_way_ends_with_it(self, api: Api) -> None:
        api.answer = api.silent
        request = Transport(api.url)
        await request.initialize()
        asked = asyncio.create_task(bot_of(api.url, request).send_message(DANIEL, "Hey"))
        await api.reached.wait()
        await request.shutdown()
        with pytest.raises(NetworkError):
            await asked


class TestProxy:
    @pytest.mark.parametrize(("name", "scheme"), [("http_proxy", "http://"), ("all_proxy", "")])
    async def test_the_one_of_the_environment(
        self, api: Api, monkeypatch: pytest.MonkeyPatch, name: str, scheme: str
    ) -> None:
        monkeypatch.setenv(name, api.url.replace("http://", f"{scheme}me:secret@"))
        async with Transport("http://api.example") as request:
            await bot_of("http://api.example", request).send_message(DANIEL, "Hey")
        assert api.asked[0]["path"] == f"http://api.example/bot{TOKEN}/sendMessage"
        assert api.asked[0]["Proxy-Authorization"] == f"Basic {base64.b64encode(b'me:secret').decode()}"

    async def test_not_where_there_is_to_be_none(self, api: Api, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setenv("http_proxy", f"http://127.0.0.1:{unused_port()}")
        monkeypatch.setenv("no_proxy", "127.0.0.1")
        async with Transport(api.url) as request:
            await bot_of(api.url, request).send_message(DANIEL, "Hey")
        assert api.asked

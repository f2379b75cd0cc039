"""The chat page and what it calls: two users, their private chats with the bot and a group, by server-sent events."""

import base64
import hashlib
import json
import re
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from functools import partial
from pathlib import Path
from urllib.parse import quote

from aiohttp import web

from sandbox.bell import Stopped
from sandbox.errors import ApiError, bad_request
from sandbox.images import image_type
from sandbox.model import Json
from sandbox.state import State
from sandbox.views import CHATS, GROUP, USERS, change, snapshot

PING = 15.0  # seconds of silence after which the event stream shows that it lives
LANGUAGES = frozenset({"en", "de"})
WEB = Path(__file__).with_name("web")
SCRIPTS = ("messages.js", "chats.js", "composer.js", "main.js")
_INLINE = re.compile(r"<(script|style)>(.*?)</\1>", re.DOTALL)


class Page:
    def __init__(self, state: State) -> None:
        self._state = state
        state.users.update({user.id: user for user in USERS})
        state.chats[GROUP.id] = GROUP
        self._html = whole_page()
        self._policy = content_security_policy(self._html)

    def routes(self) -> list[web.RouteDef]:
        return [
            web.get("/", self.show),
            web.get("/page/events", self.events),
            web.post("/page/say", self.say),
            web.post("/page/edit", self.edit),
            web.post("/page/press", self.press),
            web.post("/page/file", self.send_file),
            web.post("/page/language", self.set_language),
            web.get("/page/files/{file_id}", self.file),
        ]

    async def show(self, _: web.Request) -> web.Response:
        return web.Response(
            text=self._html, content_type="text/html", headers={"Content-Security-Policy": self._policy}
        )

    async def events(self, request: web.Request) -> web.StreamResponse:
        """First all chats, then after every change what is new; a page that lost its connection begins anew."""
        response = web.StreamResponse(headers={"Content-Type": "text/event-stream"})
        await response.prepare(request)
        seen, event = self._state.revision, _event("snapshot", snapshot(self._state))
        while True:
            try:
                await response.write(event)
                await self._state.bell.until(partial(self._is_newer, seen), PING)
                seen, event = self._state.revision, _event("change", change(self._state, seen))
            except TimeoutError:
                event = b": still here\n\n"
            except (Stopped, ConnectionResetError):  # or the page was closed
                return response

    async def say(self, request: web.Request) -> web.Response:
        body = await _json_body(request)
        with refusing():
            user_id, chat_id = _who_and_where(body)
            reply_to = int(body["reply_to"]) if body.get("reply_to") else None
            message = self._state.say(user_id, str(body.get("text", "")), chat_id, reply_to=reply_to)
        return web.json_response({"ok": True, "message_id": message.id})

    async def edit(self, request: web.Request) -> web.Response:
        body = await _json_body(request)
        with refusing():
            user_id, _ = _who_and_where(body)
            self._state.rewrite(user_id, int(body.get("message_id", 0)), str(body.get("text", "")))
        return web.json_response({"ok": True})

    async def press(self, request: web.Request) -> web.Response:
        body = await _json_body(request)
        with refusing():
            user_id, _ = _who_and_where(body)
            self._state.press(user_id, int(body.get("message_id", 0)), str(body.get("data", "")))
        return web.json_response({"ok": True})

    async def send_file(self, request: web.Request) -> web.Response:
        form = await request.post()
        upload, caption = form.get("file"), form.get("caption", "")
        if not isinstance(upload, web.FileField) or not isinstance(caption, str):
            raise bad_request("a file is needed")
        with refusing():
            user_id, chat_id = _who_and_where({key: form[key] for key in ("user", "chat") if key in form})
            file = self._state.add_users_file(upload.filename, upload.file.read())
            message = self._state.say(user_id, caption, chat_id, file=file)
        return web.json_response({"ok": True, "message_id": message.id})

    async def set_language(self, request: web.Request) -> web.Response:
        """Choose the language of a user's app, which every later update of theirs names."""
        body = await _json_body(request)
        with refusing():
            user_id, _ = _who_and_where(body)
            if body.get("language") not in LANGUAGES:
                raise ValueError(f"the language is one of {', '.join(sorted(LANGUAGES))}")
        self._state.users[user_id] = replace(self._state.user(user_id), language=str(body["language"]))
        self._state.touch()
        return web.json_response({"ok": True})

    async def file(self, request: web.Request) -> web.Response:
        """A file of the page's own chats: pictures are shown, everything else is saved, so none can run as a page."""
        file_id = request.match_info["file_id"]
        shown = (m for m in self._state.messages.values() if m.chat.id in CHATS and not m.deleted)
        file = next((m.file for m in shown if m.file is not None and m.file.id == file_id), None)
        if file is None:
            raise ApiError(404, "Not Found")
        picture = image_type(file.content)
        if picture:
            return web.Response(body=file.content, content_type=picture)
        return web.Response(
            body=file.content,
            content_type="application/octet-stream",
            headers={"Content-Disposition": f"attachment; filename*=UTF-8''{quote(file.name, safe='')}"},
        )

    def _is_newer(self, seen: int) -> bool | None:
        return self._state.revision > seen or None


@contextmanager
def refusing() -> Iterator[None]:
    """Turn the state's "that cannot be done" into a 400 that the page shows."""
    try:
        yield
    except (LookupError, TypeError, ValueError) as error:
        raise bad_request(str(error)) from None


def whole_page() -> str:
    """The page with its style and its scripts in it: one document that fetches nothing, its parts pinned by digests."""
    style = (WEB / "page.css").read_text(encoding="utf-8")
    script = "\n".join((WEB / name).read_text(encoding="utf-8") for name in SCRIPTS)
    html = (WEB / "page.html").read_text(encoding="utf-8")
    return html.replace("<style></style>", f"<style>{style}</style>").replace(
        "<script></script>", f"<script>{script}</script>"
    )


def content_security_policy(page: str) -> str:
    """Allow the page's own inline script and style by their digests, and its own server; nothing else."""
    digests: dict[str, str] = {}
    for kind, content in _INLINE.findall(page):
        digest = base64.b64encode(hashlib.sha256(content.encode()).digest()).decode()
        digests[kind] = f"'sha256-{digest}'"
    return (
        f"default-src 'none'; script-src {digests['script']}; style-src {digests['style']}; connect-src 'self'; "
        "img-src 'self' data: blob:; base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
    )


def _who_and_where(body: Json) -> tuple[int, int]:
    """The user and the chat that a call names; by default the first user, in the private chat. Raises ValueError."""
    user_id = int(body.get("user", USERS[0].id))
    chat_id = int(body.get("chat", user_id))
    if user_id not in {user.id for user in USERS} or chat_id not in {user_id, GROUP.id}:
        raise ValueError(f"user {user_id} has no chat {chat_id} on this page")
    return user_id, chat_id


async def _json_body(request: web.Request) -> Json:
    if request.content_type != "application/json":
        raise bad_request("JSON is needed")
    try:
        body = await request.json()
    except ValueError:
        body = None
    if not isinstance(body, dict):
        raise bad_request("a JSON object is needed")
    return body


def _event(name: str, data: Json) -> bytes:
    return f"event: {name}\ndata: {json.dumps(data)}\n\n".encode()

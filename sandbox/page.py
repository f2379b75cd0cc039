"""The chat page and what it calls: one user's private chat with the bot, kept up to date by server-sent events."""

import base64
import hashlib
import json
import re
from collections.abc import Iterator
from contextlib import contextmanager
from functools import partial
from pathlib import Path
from urllib.parse import quote

from aiohttp import web

from sandbox.bell import Stopped
from sandbox.errors import ApiError, bad_request
from sandbox.images import image_type
from sandbox.model import Json, Message, User
from sandbox.state import State

PAGE_USER = User(1001, "Daniel")
PING = 15.0  # seconds of silence after which the event stream shows that it lives
_INLINE = re.compile(r"<(script|style)>(.*?)</\1>", re.DOTALL)


class Page:
    def __init__(self, state: State) -> None:
        self._state = state
        state.users[PAGE_USER.id] = PAGE_USER
        self._html = Path(__file__).with_name("page.html").read_text(encoding="utf-8")
        self._policy = content_security_policy(self._html)

    def routes(self) -> list[web.RouteDef]:
        return [
            web.get("/", self.show),
            web.get("/page/events", self.events),
            web.post("/page/say", self.say),
            web.post("/page/press", self.press),
            web.post("/page/file", self.send_file),
            web.get("/page/files/{file_id}", self.file),
        ]

    async def show(self, _: web.Request) -> web.Response:
        return web.Response(
            text=self._html, content_type="text/html", headers={"Content-Security-Policy": self._policy}
        )

    async def events(self, request: web.Request) -> web.StreamResponse:
        """First the whole chat, then after every change what is new; a page that lost its connection begins anew."""
        response = web.StreamResponse(headers={"Content-Type": "text/event-stream"})
        await response.prepare(request)
        seen, event = self._state.revision, _event("snapshot", self._snapshot())
        while True:
            await response.write(event)
            try:
                await self._state.bell.until(partial(self._is_newer, seen), PING)
                seen, event = self._state.revision, _event("change", self._change(seen))
            except TimeoutError:
                event = b": still here\n\n"
            except Stopped:
                return response

    async def say(self, request: web.Request) -> web.Response:
        body = await _json_body(request)
        with refusing():
            message = self._state.say(PAGE_USER.id, str(body.get("text", "")))
        return web.json_response({"ok": True, "message_id": message.id})

    async def press(self, request: web.Request) -> web.Response:
        body = await _json_body(request)
        with refusing():
            self._state.press(PAGE_USER.id, int(body.get("message_id", 0)), str(body.get("data", "")))
        return web.json_response({"ok": True})

    async def send_file(self, request: web.Request) -> web.Response:
        form = await request.post()
        upload, caption = form.get("file"), form.get("caption", "")
        if not isinstance(upload, web.FileField) or not isinstance(caption, str):
            raise bad_request("a file is needed")
        file = self._state.add_users_file(upload.filename, upload.file.read())
        with refusing():
            message = self._state.say(PAGE_USER.id, caption, file=file)
        return web.json_response({"ok": True, "message_id": message.id})

    async def file(self, request: web.Request) -> web.Response:
        """A file of the page's own chat: pictures are shown, everything else is saved, so none can run as a page."""
        file_id = request.match_info["file_id"]
        history = self._state.history(PAGE_USER.id)
        file = next((m.file for m in history if m.file is not None and m.file.id == file_id), None)
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

    def _snapshot(self) -> Json:
        state = self._state
        return {
            "user": PAGE_USER.first_name,
            "bot": {"name": state.bot.first_name, "username": state.bot.username},
            "messages": [_view(message) for message in state.history(PAGE_USER.id)],
            **self._status(),
        }

    def _change(self, since: int) -> Json:
        state, chat_id = self._state, PAGE_USER.id
        changed = [m for m in state.messages.values() if m.chat.id == chat_id and m.revision > since]
        answers = [q.answer for q in state.queries.values() if q.user.id == chat_id and q.revision > since]
        return {
            "messages": [_view(message) for message in changed if not message.deleted],
            "deleted": [message.id for message in changed if message.deleted],
            "actions": [a.action for a in state.actions if a.chat_id == chat_id and a.revision > since],
            "answers": [{"text": a.text, "alert": a.alert} for a in answers if a is not None],
            **self._status(),
        }

    def _status(self) -> Json:
        return {"listening": self._state.listening > 0, "commands": self._state.commands_of(PAGE_USER.id)}

    def _is_newer(self, seen: int) -> bool | None:
        return self._state.revision > seen or None


@contextmanager
def refusing() -> Iterator[None]:
    """Turn the state's "that cannot be done" into a 400 that the page shows."""
    try:
        yield
    except (LookupError, ValueError) as error:
        raise bad_request(str(error)) from None


def content_security_policy(page: str) -> str:
    """Allow the page's own inline script and style by their digests, and its own server; nothing else."""
    digests: dict[str, str] = {}
    for kind, content in _INLINE.findall(page):
        digest = base64.b64encode(hashlib.sha256(content.encode()).digest()).decode()
        digests[kind] = f"'sha256-{digest}'"
    return (
        f"default-src 'none'; script-src {digests['script']}; style-src {digests['style']}; connect-src 'self'; "
        "img-src 'self' data:; base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
    )


def _view(message: Message) -> Json:
    """What the page needs of a message; it puts all of it into the document as text."""
    view: Json = {
        "id": message.id,
        "mine": message.sender.id == PAGE_USER.id,
        "sender": message.sender.first_name,
        "date": message.date,
        "edited": message.edit_date is not None,
        "text": message.text,
        "entities": message.entities,
        "keyboard": message.keyboard,
    }
    if message.file:
        view["file"] = {
            "url": f"/page/files/{message.file.id}",
            "name": message.file.name,
            "bytes": len(message.file.content),
            "photo": message.file.kind == "photo",
        }
    if message.reply_to:
        view["reply"] = {"sender": message.reply_to.sender.first_name, "text": message.reply_to.text}
    return view


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

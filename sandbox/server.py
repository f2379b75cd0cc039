"""The sandbox itself: the server, and the user's side of the chats for programs. Command: `twin sandbox`."""

# The waits take their `timeout` as an argument, for that is how a script of a talk reads best.
# ruff: noqa: ASYNC109

import asyncio
import secrets
import signal
from collections.abc import Callable, Sequence
from dataclasses import replace

from aiohttp import web
from aiohttp.typedefs import Middleware

from sandbox.endpoint import TOKEN, Endpoint
from sandbox.errors import ApiError
from sandbox.guard import add_headers, guard
from sandbox.model import CallbackAnswer, CallbackQuery, ChatAction, Draft, Message, User
from sandbox.page import Page
from sandbox.params import MAX_UPLOAD
from sandbox.state import State

HOSTS = ("127.0.0.1", "::1")
FORM_OVERHEAD = 1024 * 1024  # bytes that a form may have beyond the file in it


def random_token() -> str:
    """A token of the shape that Telegram's have, for one bot in one sandbox."""
    return f"1000000001:{secrets.token_urlsafe(26)}"


class Sandbox:
    """A Bot API server for one bot, and its users.

    The server runs on the event loop that `start` is called on, and everything else is to be called there too.
    `token` is what the bot presents: digits, a colon, then letters, digits, `_` and `-`. Raises ValueError for
    another token or for a `host` that is not a loopback address. `port` 0 takes a free one. `middlewares` are aiohttp's
    and stand before every call, to watch it or to let it go wrong.

    Messages that are handed out are copies: they stay as they were then.
    """

    def __init__(
        self, token: str, *, host: str = "127.0.0.1", port: int = 0, middlewares: Sequence[Middleware] = ()
    ) -> None:
        if not TOKEN.fullmatch(token):
            raise ValueError("the sandbox token is malformed: it looks like 1234:AbCd, digits before the colon")
        if host not in HOSTS:
            raise ValueError(f"the sandbox is for this machine only: its host is one of {', '.join(HOSTS)}, not {host}")
        self._host = host
        self._port = port
        self._state = State(User(int(token.partition(":")[0]), "Twin", "twin_sandbox_bot", is_bot=True))
        app = web.Application(middlewares=[guard, *middlewares], client_max_size=MAX_UPLOAD + FORM_OVERHEAD)
        app.on_response_prepare.append(add_headers)
        app.add_routes(Page(self._state).routes())
        self._endpoint = Endpoint(token, self._state)
        app.add_routes(self._endpoint.routes())
        # without an access log: its lines would hold the token
        self._runner = web.AppRunner(app, access_log=None, handler_cancellation=True, shutdown_timeout=1.0)

    @property
    def url(self) -> str:
        """Address of the chat page."""
        host = f"[{self._host}]" if ":" in self._host else self._host
        return f"http://{host}:{self._port}"

    @property
    def api_url(self) -> str:
        """Address of the Bot API; a bot puts `/bot` and its token behind it, and for files `/file/bot`."""
        return self.url

    async def start(self) -> None:
        """Listen. Raises OSError if the port is taken."""
        await self._runner.setup()
        try:
            await web.TCPSite(self._runner, self._host, self._port).start()
        except OSError:
            await self._runner.cleanup()
            raise
        self._port = self._runner.addresses[0][1]

    async def stop(self) -> None:
        """End all open polls and streams, then the server; the chats stay readable."""
        self._state.bell.stop()
        await self._endpoint.close()
        await self._runner.cleanup()

    # what a user does

    def set_user(self, user_id: int, name: str, language: str = "en") -> None:
        """Name a user and choose the language of their app; without it they are `User 7`, in English."""
        self._state.users[user_id] = User(user_id, name, language=language)

    async def say(
        self,
        user_id: int,
        text: str,
        chat_id: int | None = None,
        *,
        reply_to: int | None = None,
        topic: int | None = None,
    ) -> Message:
        """Send a text in the user's private chat, or in the group (or its topic) that the negative `chat_id` names."""
        return replace(self._state.say(user_id, text, chat_id, reply_to=reply_to, topic=topic))

    async def send_file(
        self, user_id: int, name: str, content: bytes, caption: str = "", chat_id: int | None = None
    ) -> Message:
        """Send a file: a PNG or JPEG as a photo, everything else as a document."""
        file = self._state.add_users_file(name, content)
        return replace(self._state.say(user_id, caption, chat_id, file=file))

    async def edit(self, user_id: int, message_id: int, text: str) -> Message:
        """Change a text that the user sent."""
        return replace(self._state.rewrite(user_id, message_id, text))

    async def press(self, user_id: int, message_id: int, data: str) -> CallbackQuery:
        """Press the button with that data under the bot's message. Raises LookupError if there is none."""
        return self._state.press(user_id, message_id, data)

    # what a user sees

    def messages(self, chat_id: int) -> list[Message]:
        """The chat as it stands now, oldest first, of both sides."""
        return self._state.history(chat_id)

    def actions(self, chat_id: int) -> list[ChatAction]:
        """What the bot said it is doing there (`typing`), oldest first."""
        return [action for action in self._state.actions if action.chat_id == chat_id]

    def drafts(self, chat_id: int) -> list[Draft]:
        """Every state that the bot's drafts had there, oldest first."""
        return [draft for draft in self._state.drafts if draft.chat_id == chat_id]

    async def next_message(self, chat_id: int, after: int, timeout: float) -> Message:
        """The bot's first message in the chat whose id is above `after`; TimeoutError after `timeout` seconds."""

        def look() -> Message | None:
            return next((m for m in self._state.history(chat_id) if m.id > after and m.is_from_bot), None)

        return await self._state.bell.until(look, timeout)

    async def next_change(self, message: Message, timeout: float) -> Message:
        """The message after its next edit or deletion (see `edit_date`, `deleted`), counted from the given copy."""

        def look() -> Message | None:
            now = self._state.messages[message.id]
            return replace(now) if now.revision > message.revision else None

        return await self._state.bell.until(look, timeout)

    async def next_action(self, chat_id: int, after: int, timeout: float) -> ChatAction:
        """The chat's first action after so many others."""
        return await self._state.bell.until(lambda: next(iter(self.actions(chat_id)[after:]), None), timeout)

    async def next_draft(self, chat_id: int, after: int, timeout: float) -> Draft:
        """The chat's first state of a draft after so many others."""
        return await self._state.bell.until(lambda: next(iter(self.drafts(chat_id)[after:]), None), timeout)

    async def answer(self, query: CallbackQuery, timeout: float) -> CallbackAnswer:
        """What the bot answers to a pressed button."""
        return await self._state.bell.until(lambda: query.answer, timeout)

    @property
    def waiting(self) -> int:
        """How many updates the bot has not fetched and confirmed."""
        return len(self._state.updates)

    async def delivered(self, timeout: float) -> None:
        """Wait until the bot has fetched and confirmed every update."""
        await self._state.bell.until(lambda: not self._state.updates or None, timeout)

    def refuse(self, method: str, code: int, description: str, *, retry_after: int | None = None) -> None:
        """Let the bot's next call of a method such as `sendMessage` fail; several refusals queue up.

        `description` is whole, as in `Forbidden: bot was blocked by the user`.
        """
        self._state.refusals[method].append(ApiError(code, description, retry_after=retry_after))


async def run(
    token: str, host: str = "127.0.0.1", port: int = 0, ready: Callable[[Sandbox], None] | None = None
) -> None:
    """Serve until SIGINT or SIGTERM; `ready` is called once the addresses are known. Raises as `Sandbox` does."""
    sandbox = Sandbox(token, host=host, port=port)
    stopped = asyncio.Event()
    loop = asyncio.get_running_loop()
    for number in (signal.SIGINT, signal.SIGTERM):
        loop.add_signal_handler(number, stopped.set)
    try:
        await sandbox.start()
        if ready is not None:
            ready(sandbox)
        await stopped.wait()
    finally:
        await sandbox.stop()
        for number in (signal.SIGINT, signal.SIGTERM):
            loop.remove_signal_handler(number)

"""An engine as a server: `twin serve`. Its client is `twin/remote.py`, what they say to each other `twin/wire.py`.

POST /answer   a request; its answer as lines
POST /reload   put newly promoted versions to work; those that changed
POST /forget   let go of all that is remembered of histories
GET /health    200 as long as answers can be had: the versions that serve, and the engine's figures
"""

import asyncio
import hmac
import logging
import signal
from collections.abc import Awaitable, Callable, Mapping
from datetime import timedelta

from aiohttp import web

from twin.adapter import AdapterFolder
from twin.errors import TwinError
from twin.local import LocalEngine
from twin.settings import Settings
from twin.wire import lines, read

log = logging.getLogger(__name__)

LOOPBACK = ("127.0.0.1", "::1", "localhost")
LARGEST = 8 << 20  # bytes of a request; a thread of years is less
DRAINING = 60.0  # seconds in which running answers may end after the server was told to stop

Handler = Callable[[web.Request], Awaitable[web.StreamResponse]]


def key_for(host: str, key: str | None) -> str | None:
    """The key that clients must have.

    Raises:
        TwinError: there is none, although others than this machine can come.
    """
    if key is None and host not in LOOPBACK:
        raise TwinError(f"with --host {host} anyone could read along: set ENGINE_KEY, here and where the bot runs")
    return key


def allowed(key: str | None, headers: Mapping[str, str]) -> bool:
    """Whether a client with these headers may come in: it has the key, and is no web page in somebody's browser."""
    shown = headers.get("Authorization", "").encode("utf-8", "replace")
    return "Origin" not in headers and (key is None or hmac.compare_digest(shown, f"Bearer {key}".encode()))


class EngineServer:
    """Serves an engine over HTTP on the event loop that `start` is called on.

    Args:
        engine: the caller closes it, after `stop`.
        key: what clients must present; see `key_for`.
        reload_every: how often newly promoted versions are looked for.
        port: 0 takes a free one.
    """

    def __init__(
        self,
        engine: LocalEngine,
        *,
        host: str = "127.0.0.1",
        port: int = 0,
        key: str | None = None,
        reload_every: timedelta = timedelta(minutes=1),
    ) -> None:
        self._engine = engine
        self._host = host
        self._port = port
        self._key = key_for(host, key)
        self._every = reload_every.total_seconds()
        self._reloading: asyncio.Task[None] | None = None
        app = web.Application(middlewares=[self._guard], client_max_size=LARGEST)
        app.add_routes(
            [
                web.post("/answer", self._answer),
                web.post("/reload", self._reload),
                web.post("/forget", self._forget),
                web.get("/health", self._health),
            ]
        )
        self._runner = web.AppRunner(app, access_log=None, handler_cancellation=True, shutdown_timeout=DRAINING)

    @property
    def url(self) -> str:
        host = f"[{self._host}]" if ":" in self._host else self._host
        return f"http://{host}:{self._port}"

    async def start(self) -> None:
        """Listen.

        Raises:
            TwinError: the port is taken.
        """
        await self._runner.setup()
        try:
            await web.TCPSite(self._runner, self._host, self._port).start()
        except OSError as error:
            await self._runner.cleanup()
            raise TwinError(f"port {self._port} cannot be used ({error.strerror}): choose another by --port") from None
        self._port = self._runner.addresses[0][1]
        self._reloading = asyncio.create_task(reload_now_and_then(self._engine, self._every))

    async def stop(self) -> None:
        """Take no more requests, and end when the running ones are answered, or after a minute."""
        if self._reloading:
            self._reloading.cancel()
        await self._runner.cleanup()

    @web.middleware
    async def _guard(self, request: web.Request, handler: Handler) -> web.StreamResponse:
        if not allowed(self._key, request.headers):
            raise web.HTTPUnauthorized(text="ENGINE_KEY is another one here")
        return await handler(request)

    async def _answer(self, request: web.Request) -> web.StreamResponse:
        try:
            asked = read(await request.read())
        except ValueError as error:
            raise web.HTTPBadRequest(text=str(error)) from None
        response = web.StreamResponse(headers={"Content-Type": "application/x-ndjson"})
        await response.prepare(request)
        async for line in lines(self._engine, asked):
            await response.write(line)
        return response

    async def _reload(self, request: web.Request) -> web.Response:
        return web.json_response(await self._engine.reload())

    async def _forget(self, request: web.Request) -> web.Response:
        await self._engine.forget()
        return web.Response()

    async def _health(self, request: web.Request) -> web.Response:
        told = {"versions": self._engine.versions, "figures": self._engine.status()}
        return web.json_response(told, status=200 if self._engine.alive else 503)


async def reload_now_and_then(engine: LocalEngine, seconds: float) -> None:
    """Look for newly promoted versions on and on."""
    while True:
        await asyncio.sleep(seconds)
        try:
            for name, version in (await engine.reload()).items():
                log.info("adapter %s now answers with version %s", name, version)
        except Exception as error:
            log.error("looking for promoted versions failed: %s", type(error).__name__)


async def run(settings: Settings, *, host: str, port: int, ready: Callable[[str], None]) -> None:
    """`twin serve`: answer until SIGINT or SIGTERM; `ready` is told the address once answers can be had.

    Raises:
        TwinError: the first adapter or its base model cannot be loaded, or nobody may listen there.
    """
    adapters = AdapterFolder(settings.adapters)
    engine = LocalEngine(adapters, settings.quantisation)
    try:
        server = EngineServer(engine, host=host, port=port, key=settings.engine_key, reload_every=settings.reload_every)
        if first := settings.adapter or adapters.first():
            await engine.start(first)
        await server.start()
        try:
            ready(server.url)
            await stopped()
        finally:
            await server.stop()
    finally:
        await engine.close()


async def stopped() -> None:
    """Until SIGINT or SIGTERM comes."""
    event, loop = asyncio.Event(), asyncio.get_running_loop()
    numbers = (signal.SIGINT, signal.SIGTERM)
    for number in numbers:
        loop.add_signal_handler(number, event.set)
    try:
        await event.wait()
    finally:
        for number in numbers:
            loop.remove_signal_handler(number)

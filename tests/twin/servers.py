"""Servers of the tests: a stub that answers by script, faults included, and the engine behind `twin serve`."""

import asyncio
import json
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from contextlib import asynccontextmanager

from aiohttp import web

Step = Callable[[web.Request], Awaitable[web.StreamResponse]]


class Stub:
    """Answers each route by its script, the last step of which stays; remembers the bodies that it was sent."""

    def __init__(self) -> None:
        self.scripts: dict[str, list[Step]] = {}
        self.bodies: dict[str, list[dict[str, object]]] = {}
        self.url = ""

    @asynccontextmanager
    async def running(self) -> AsyncIterator["Stub"]:
        app = web.Application()
        app.router.add_route("*", "/{path:.*}", self._handle)
        runner = web.AppRunner(app, access_log=None, shutdown_timeout=0.1)
        await runner.setup()
        await web.TCPSite(runner, "127.0.0.1", 0).start()
        self.url = f"http://127.0.0.1:{runner.addresses[0][1]}"
        yield self
        await runner.cleanup()

    async def _handle(self, request: web.Request) -> web.StreamResponse:
        script = self.scripts.get(request.path)
        if not script:
            return web.Response(status=404)
        self.bodies.setdefault(request.path, []).append(await request.json() if request.can_read_body else {})
        step = script.pop(0) if len(script) > 1 else script[0]
        return await step(request)


def status(code: int, **headers: str) -> Step:
    async def step(request: web.Request) -> web.Response:
        return web.Response(status=code, headers=headers)

    return step


def json_of(values: object) -> Step:
    async def step(request: web.Request) -> web.Response:
        return web.json_response(values)

    return step


def stream(lines: Sequence[str], *, cut: bool = False) -> Step:
    """Lines as they are; `cut`: then the connection is lost."""

    async def step(request: web.Request) -> web.StreamResponse:
        response = web.StreamResponse()
        await response.prepare(request)
        for line in lines:
            await response.write(f"{line}\n".encode())
        if cut:
            assert request.transport is not None
            await asyncio.sleep(0)  # what was written leaves first
            request.transport.close()
        return response

    return step


def completion(pieces: Sequence[str], finish: str | None = "stop", *, cut: bool = False) -> Step:
    """A completion as OpenAI's API streams it."""
    events = [{"choices": [{"index": 0, "text": piece, "finish_reason": None}]} for piece in pieces]
    if finish:
        events.append({"choices": [{"index": 0, "text": "", "finish_reason": finish}]})
    lines = [line for event in events for line in (f"data: {json.dumps(event, ensure_ascii=False)}", "")]
    return stream(lines if cut else [*lines, "data: [DONE]", ""], cut=cut)


async def endless(request: web.Request) -> web.StreamResponse:
    """A completion that has no end."""
    response = web.StreamResponse()
    await response.prepare(request)
    event = json.dumps({"choices": [{"index": 0, "text": " on", "finish_reason": None}]})
    try:
        while True:
            await response.write(f"data: {event}\n\n".encode())
            await _tick()
    except ConnectionError:
        return response


async def silence(request: web.Request) -> web.StreamResponse:
    """Nothing comes, ever."""
    response = web.StreamResponse()
    await response.prepare(request)
    await asyncio.Event().wait()
    return response


async def until(true: Callable[[], object]) -> None:
    """Wait for what rings no bell."""
    async with asyncio.timeout(60):
        while not true():
            await _tick()


async def _tick() -> None:
    await asyncio.sleep(0.01)

"""`twin serve --on ray`: the engine of `twin/local.py` several times, each with its own model, behind one address.

Ray Serve starts, watches and ends the replicas and shares requests out. It batches nothing: that is the engine's work,
whose one thread must own the model. A request goes to a replica that has its adapter in memory, as long as that one has
a place; that is all that the multiplexed ids are for. To clients it speaks as `twin/serving.py` does.
"""

import asyncio
import logging
import socket
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from ray import serve
from starlette.requests import Request
from starlette.responses import JSONResponse, PlainTextResponse, Response, StreamingResponse

from cluster.connection import connected
from twin.adapter import AdapterFolder
from twin.limits import Limits
from twin.local import LocalEngine
from twin.serving import DRAINING, allowed, key_for, reload_now_and_then, stopped
from twin.settings import Settings
from twin.wire import lines, read

log = logging.getLogger(__name__)

APP, DEPLOYMENT = "twin", "Replica"
MOST_ADAPTERS = 64  # whose whereabouts the router remembers, for each replica; the engine has its own bound in bytes
HEALTH_SECONDS = 5.0
TELLING = 60.0  # seconds in which all replicas must have done what they were told


@dataclass(frozen=True, slots=True)
class Layout:
    """How many replicas there are, and what each may take.

    Attributes:
        least: replicas at rest.
        most: replicas under load; the same as `least`: always so many.
        cpus: processor cores of a replica; torch uses as many threads.
        gpus: cards of a replica, or a part of one.
    """

    least: int = 1
    most: int = 1
    cpus: float = 1.0
    gpus: float = 0.0

    def options(self) -> dict[str, Any]:
        """What a deployment of Ray Serve is told."""
        rows = Limits().rows
        scale: dict[str, Any] = {"num_replicas": self.least}
        if self.most > self.least:
            scaling = {"min_replicas": self.least, "max_replicas": self.most, "target_ongoing_requests": rows // 2}
            scale = {"autoscaling_config": scaling}
        return scale | {
            "name": DEPLOYMENT,
            "max_ongoing_requests": rows,
            "health_check_period_s": HEALTH_SECONDS,
            "graceful_shutdown_timeout_s": DRAINING,
            "ray_actor_options": {"num_cpus": self.cpus, "num_gpus": self.gpus},
        }


class Replica:
    """One engine, in a process of its own.

    Args:
        adapters: the folder, which every machine sees under this path.
        first: the adapter to begin with; the replica takes no requests before it is loaded.
        key: what clients must present.
        reload_every: seconds between two looks for promoted versions.
    """

    def __init__(
        self, adapters: Path, quantisation: str, first: str | None, key: str | None, reload_every: float
    ) -> None:
        self._engine = LocalEngine(AdapterFolder(adapters), quantisation)
        self._first = first
        self._key = key
        self._every = reload_every
        self._ready = asyncio.Lock()
        self._reloading: asyncio.Task[None] | None = None

    async def check_health(self) -> None:
        """Ray Serve takes a replica for ready once this passes, and for dead when it does not any more."""
        async with self._ready:
            if self._reloading is None:
                if self._first:
                    await self._engine.start(self._first)
                self._reloading = asyncio.create_task(reload_now_and_then(self._engine, self._every))
        if not self._engine.alive:
            raise RuntimeError("the model thread has ended")

    async def __call__(self, request: Request) -> Response:
        if not allowed(self._key, request.headers):
            return PlainTextResponse("ENGINE_KEY is another one here", 401)
        match request.method, request.url.path:
            case "POST", "/answer":
                return await self._answer(request)
            case "POST", "/reload":
                return JSONResponse(await self._all_reload())
            case "POST", "/forget":
                await self._everyone("forget")
                return Response()
            case "GET", "/health":
                return JSONResponse(self._told())
        return PlainTextResponse("there is nothing here", 404)

    def _told(self) -> dict[str, Any]:
        """What is known of whichever replica is asked."""
        replica = serve.get_replica_context().replica_id.unique_id
        return {"replica": replica, "versions": self._engine.versions, "figures": self._engine.status()}

    async def reload(self) -> dict[str, str]:
        """Let newly promoted versions serve in this replica."""
        return await self._engine.reload()

    async def forget(self) -> None:
        """Let go of what this replica keeps of all histories."""
        await self._engine.forget()

    async def _answer(self, request: Request) -> Response:
        try:
            asked = read(await request.body())
        except ValueError as error:
            return PlainTextResponse(str(error), 400)
        await self._holds(serve.get_multiplexed_model_id() or asked.adapter)
        return StreamingResponse(lines(self._engine, asked), media_type="application/x-ndjson")

    @serve.multiplexed(max_num_models_per_replica=MOST_ADAPTERS)  # type: ignore[untyped-decorator]
    async def _holds(self, adapter: str) -> str:
        """Says to the router that this replica has the adapter; the engine itself loads it."""
        return adapter

    async def _all_reload(self) -> dict[str, str]:
        """Have every replica put promoted versions to work; what has changed anywhere."""
        changed: dict[str, str] = {}
        for found in await self._everyone("reload"):
            changed |= found
        return changed

    async def _everyone(self, method: str) -> list[Any]:
        """What a method gives in every replica, this one among them."""
        asked = serve.get_app_handle(APP).broadcast(method)
        return list(await asked.results_async(timeout_s=TELLING))

    async def __del__(self) -> None:
        """Ray Serve awaits this when the running answers have ended."""
        if self._reloading:
            self._reloading.cancel()
        await self._engine.close()


def application(settings: Settings, layout: Layout) -> serve.Application:
    """The replicas, as Ray Serve runs them."""
    adapters = AdapterFolder(settings.adapters)
    return (
        serve.deployment(Replica)
        .options(**layout.options())
        .bind(
            settings.adapters.resolve(),
            settings.quantisation,
            settings.adapter or adapters.first(),
            settings.engine_key,
            settings.reload_every.total_seconds(),
        )
    )


def run(settings: Settings, layout: Layout, *, host: str, port: int, ready: Callable[[str], None]) -> None:
    """Serve until SIGINT or SIGTERM; `ready` is told the address once every replica can answer.

    Raises:
        TwinError: there is no cluster at RAY_ADDRESS, or it has not the room; or there is no key where others can come.
    """
    key_for(host, settings.engine_key)
    port = port or _free_port(host)
    with connected(cpus=layout.cpus * layout.most, gpus=layout.gpus * layout.most):
        serve.start(http_options={"host": host, "port": port})
        serve.run(application(settings, layout), name=APP, route_prefix="/")
        try:
            ready(f"http://{host}:{port}")
            asyncio.run(stopped())
        finally:
            serve.delete(APP)  # lets the running answers end


def _free_port(host: str) -> int:
    """Ray Serve wants to be told one."""
    with socket.create_server((host, 0)) as found:
        port: int = found.getsockname()[1]
    return port

"""Which model of an OpenAI-compatible server answers for an adapter, and the loading of adapters at run time.

vLLM loads LoRA adapters by name while it runs (`/v1/load_lora_adapter`, where VLLM_ALLOW_RUNTIME_LORA_UPDATING is set):
there a version is the model NAME/VERSION. On any other server an adapter is the model of its own name, and whoever runs
the server sees to its version.
"""

import asyncio
import logging
from collections import Counter
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from typing import Any

import httpx

from twin.adapter import Adapter, AdapterFolder
from twin.engine import EngineError
from twin.errors import TwinError

log = logging.getLogger(__name__)

_NO_SUCH_WAY = {404, 405, 501}
Ask = Callable[..., Awaitable[httpx.Response]]


class ServedModels:
    """The adapters that a server has.

    Args:
        send: makes an HTTP request to the server; whatever it answers comes back.
    """

    def __init__(self, send: Ask, adapters: AdapterFolder, url: str) -> None:
        self._send = send
        self._adapters = adapters
        self._url = url
        self._serving: dict[str, tuple[Adapter, str]] = {}  # by adapter: the version that serves, the model's name
        self._retired: set[str] = set()
        self._running: Counter[str] = Counter()
        self._lock = asyncio.Lock()

    @asynccontextmanager
    async def used(self, name: str) -> AsyncIterator[tuple[Adapter, str]]:
        """The version of an adapter that serves, and the model's name; it stays loaded for as long as the block runs.

        Raises:
            TwinError: there is no such adapter here, or the server has none and cannot load it.
        """
        async with self._lock:
            if name not in self._serving:
                adapter = await asyncio.to_thread(self._adapters.load, name)
                self._serving[name] = adapter, await self._model_of(adapter)
            adapter, model = self._serving[name]
            self._running[model] += 1
        try:
            yield adapter, model
        finally:
            self._running[model] -= 1
            await self._unload_retired()

    def lost(self, name: str) -> None:
        """The server no longer knows an adapter: it was started anew."""
        self._serving.pop(name, None)

    async def reload(self) -> dict[str, str]:
        """Let newly promoted versions serve; where one cannot be loaded, the old one serves on. Returns what changed.

        An adapter of which no version is promoted any more serves no longer.
        """
        changed: dict[str, str] = {}
        async with self._lock:
            for name, (old, old_model) in list(self._serving.items()):
                if not self._adapters.serves(name):
                    del self._serving[name]
                    self._retired.add(old_model)
                    continue
                try:
                    adapter = await asyncio.to_thread(self._adapters.load, name)
                    if adapter.version == old.version:
                        continue
                    model = await self._model_of(adapter)
                except (TwinError, EngineError, httpx.TransportError) as error:
                    log.error("adapter %s stays at version %s: %s", name, old.version, error or type(error).__name__)
                    continue
                self._serving[name] = adapter, model
                if model != old_model:
                    self._retired.add(old_model)
                    changed[name] = adapter.version
        await self._unload_retired()
        return changed

    async def names(self) -> list[str]:
        """The models that the server says it has.

        Raises:
            TwinError: it does not say so.
        """
        response = await self._send("GET", "/v1/models")
        try:
            return [str(model["id"]) for model in response.json()["data"]]
        except (ValueError, KeyError, TypeError):
            raise TwinError(
                f"the server at {self._url} has no list of models ({response.status_code}): "
                "check ENGINE_URL, ENGINE_API and ENGINE_KEY"
            ) from None

    async def _model_of(self, adapter: Adapter) -> str:
        names = await self.names()
        if adapter.identity in names:
            return adapter.identity
        wanted: dict[str, Any] = {"lora_name": adapter.identity, "lora_path": str(adapter.path.resolve())}
        response = await self._send("POST", "/v1/load_lora_adapter", json=wanted)
        if response.status_code == 200:
            return adapter.identity
        if adapter.name in names:
            return adapter.name
        if response.status_code in _NO_SUCH_WAY:
            raise TwinError(
                f"the server at {self._url} has no model {adapter.name!r} (there: {', '.join(names) or 'none'}) and "
                "loads none at run time: start it with one of that name (docs/scaling.md)"
            )
        raise EngineError(f"the server at {self._url} cannot load {adapter.identity} ({response.status_code})")

    async def _unload_retired(self) -> None:
        """Unload superseded versions that no answer is in the making with; what cannot be unloaded stays."""
        serving = {model for _, model in self._serving.values()}
        for model in [model for model in self._retired if not self._running[model]]:
            self._retired.discard(model)
            if model in serving:
                continue  # it was rolled back to
            try:
                await self._send("POST", "/v1/unload_lora_adapter", json={"lora_name": model})
            except httpx.TransportError:
                log.warning("the server at %s was not told to unload %s", self._url, model)

"""The engine that runs the model in this process. One thread owns the model; asyncio stands in front of it.

Only that thread ever touches the model or switches its adapter: with two, answers come from the wrong adapter without
any error.
"""

import asyncio
import logging
import threading
from collections.abc import AsyncIterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from twin.adapter import Adapter, AdapterFolder
from twin.engine import EngineError, Finish, Request
from twin.errors import TwinError
from twin.transcript import Renderer

log = logging.getLogger(__name__)


@dataclass(slots=True)
class _Loaded:
    """An adapter version in memory; `key` is its name within the PEFT model."""

    adapter: Adapter
    key: str
    renderer: Renderer


class LocalAnswer:
    """An answer that the model thread is making; see `twin.engine.Answer`."""

    def __init__(self) -> None:
        self.version = ""
        self.finish: Finish | None = None
        self.cancelled = threading.Event()
        self._pieces: asyncio.Queue[str | Exception | None] = asyncio.Queue()
        self._loop = asyncio.get_running_loop()

    async def __aiter__(self) -> AsyncIterator[str]:
        try:
            while (piece := await self._pieces.get()) is not None:
                if isinstance(piece, Exception):
                    raise piece
                yield piece
        finally:
            self.cancel()

    def cancel(self) -> None:
        """Stop before the next token."""
        self.cancelled.set()

    def put(self, piece: str | Exception | None) -> None:
        """Called in the model thread: hand over a piece, an error, or the end."""
        try:
            self._loop.call_soon_threadsafe(self._pieces.put_nowait, piece)
        except RuntimeError:  # the loop is gone, and with it whoever waited
            self.cancel()


class LocalEngine:
    """Answers with the promoted versions of the adapters in a folder, all of them on one base model.

    Args:
        adapters: where the adapters lie.
        quantisation: how to load the base; "auto" loads it as it was when the adapter was trained.
    """

    def __init__(self, adapters: AdapterFolder, quantisation: str = "auto") -> None:
        self._adapters = adapters
        self._quantisation = quantisation
        self._thread = ThreadPoolExecutor(max_workers=1, thread_name_prefix="model")
        self._running: set[LocalAnswer] = set()
        # What follows belongs to the model thread.
        self._base: Any = None
        self._model: Any = None
        self._decoder: Any = None
        self._loaded: dict[str, _Loaded] = {}
        self._keys = 0

    async def start(self, name: str) -> None:
        """Load the base model and one adapter, so that the first answer need not wait for them.

        Raises:
            TwinError: the adapter or its base model cannot be loaded.
        """
        await asyncio.get_running_loop().run_in_executor(self._thread, self._use, name)

    def answer(self, request: Request) -> LocalAnswer:
        """Start answering a request; requests are answered in the order in which they come."""
        answer = LocalAnswer()
        self._running.add(answer)
        self._thread.submit(self._answer, request, answer)
        return answer

    async def reload(self) -> dict[str, str]:
        """Put newly promoted versions of loaded adapters to work; where one is unusable, the old one serves on."""
        return await asyncio.get_running_loop().run_in_executor(self._thread, self._reload)

    async def close(self) -> None:
        """Cancel what runs and end the model thread."""
        for answer in list(self._running):
            answer.cancel()
        await asyncio.to_thread(self._thread.shutdown, cancel_futures=True)
        for answer in list(self._running):
            answer.put(EngineError("the engine was closed"))

    def _answer(self, request: Request, answer: LocalAnswer) -> None:
        try:
            if not answer.cancelled.is_set():
                self._decode(request, answer)
            answer.put(None)
        except TwinError as error:
            answer.put(error)
        except Exception as error:
            log.exception("the engine failed on a request to adapter %s", request.adapter)
            answer.put(EngineError(type(error).__name__))
        finally:
            self._running.discard(answer)

    def _decode(self, request: Request, answer: LocalAnswer) -> None:
        loaded = self._use(request.adapter)
        manifest = loaded.adapter.manifest
        answer.version = loaded.adapter.version
        renderer = self._renderer_for(request, loaded)
        max_tokens = min(request.max_tokens, manifest.context_length // 3)
        budget = manifest.context_length - max_tokens
        prompt = renderer.serving_window(request.turns, request.speaker, request.at, budget, manifest.gap)
        self._model.set_adapter(loaded.key)
        sampling = request.sampling or manifest.sampling
        for piece, finish in self._decoder.pieces(prompt, sampling, max_tokens, answer.cancelled):
            answer.finish = finish
            if piece:
                answer.put(piece)

    def _renderer_for(self, request: Request, loaded: _Loaded) -> Renderer:
        """The adapter's renderer, or one that also has labels for speakers whom the adapter does not know."""
        strangers = {request.speaker, *(turn.speaker for turn in request.turns)} - loaded.renderer.labels.keys()
        if not strangers:
            return loaded.renderer
        manifest = loaded.adapter.manifest
        return Renderer(self._base.tokenizer, (*manifest.speakers, *sorted(strangers)), manifest.trained_until)

    def _use(self, name: str) -> _Loaded:
        return self._loaded.get(name) or self._load(self._adapters.load(name))

    def _reload(self) -> dict[str, str]:
        changed: dict[str, str] = {}
        for name, loaded in list(self._loaded.items()):
            try:
                adapter = self._adapters.load(name)
                if adapter.version != loaded.adapter.version:
                    self._load(adapter)
                    self._model.delete_adapter(loaded.key)
                    changed[name] = adapter.version
            except TwinError as error:
                log.error("adapter %s stays at version %s: %s", name, loaded.adapter.version, error)
        return changed

    def _load(self, adapter: Adapter) -> _Loaded:
        self._load_base(adapter)
        self._keys += 1
        key = f"adapter{self._keys}"
        try:
            self._attach(adapter.path, key)
        except Exception as error:
            log.debug("loading %s failed", adapter.path, exc_info=True)
            self._detach(key)
            raise TwinError(
                f"the weights in {adapter.path} cannot be loaded ({type(error).__name__}): "
                f"train again with: twin train {adapter.name}"
            ) from None
        manifest = adapter.manifest
        renderer = Renderer(self._base.tokenizer, manifest.speakers, manifest.trained_until)
        self._loaded[adapter.name] = _Loaded(adapter, key, renderer)
        return self._loaded[adapter.name]

    def _load_base(self, adapter: Adapter) -> None:
        from twin.model import load_base

        manifest = adapter.manifest
        if self._base is None:
            quantisation = manifest.quantisation if self._quantisation == "auto" else self._quantisation
            self._base = load_base(manifest.base_model, quantisation, manifest.base_revision)
        if self._base.digest != manifest.base_digest:
            raise TwinError(
                f"adapter {adapter.name!r} was trained on another base model than {self._base.name!r} as it is now: "
                f"train again with: twin train {adapter.name}"
            )

    def _detach(self, key: str) -> None:
        """Leave nothing of an adapter that was attached in part."""
        if self._model is None:
            self._base = None  # its layers may have been wrapped already: the next adapter begins with a fresh one
        elif key in self._model.peft_config:
            self._model.delete_adapter(key)

    def _attach(self, path: Path, key: str) -> None:
        from peft import PeftModel

        from twin.decoding import Decoder

        if self._model is None:
            self._model = PeftModel.from_pretrained(
                self._base.model, path, adapter_name=key, autocast_adapter_dtype=False, low_cpu_mem_usage=True
            )
            self._model.eval()
            self._decoder = Decoder(self._model, self._base.tokenizer)
        else:
            self._model.load_adapter(path, key, autocast_adapter_dtype=False, low_cpu_mem_usage=True)
            self._model.eval()

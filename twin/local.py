"""The engine that runs the model in this process. One thread owns the model; asyncio stands in front of it.

The parts, from here inwards: `twin/desk.py` (requests and answers between the two), `twin/worker.py` (the thread: who
may begin, faults), `twin/loaded.py` (adapters), `twin/batch.py` (steps that rows share), `twin/row.py` (one answer in
the making), `twin/cache.py` and `twin/prefixes.py` (keys and values).
"""

import asyncio
import logging
import threading
import weakref
from collections.abc import Callable
from concurrent.futures import Future
from typing import Any

from twin.adapter import AdapterFolder
from twin.desk import Desk, LocalAnswer, Ticket
from twin.engine import EngineBusy, EngineError, Request
from twin.errors import frames_of, kind_and_place
from twin.limits import Limits
from twin.metrics import Metrics

__all__ = ["LocalAnswer", "LocalEngine"]

log = logging.getLogger(__name__)


class LocalEngine:
    """Answers with the promoted versions of the adapters in a folder, all of them on one base model.

    Args:
        adapters: where the adapters lie.
        quantisation: how to load the base; "auto" loads it as it was when the adapter was trained.
        limits: what the engine may take.
    """

    def __init__(self, adapters: AdapterFolder, quantisation: str = "auto", limits: Limits | None = None) -> None:
        self.metrics = Metrics()
        self._adapters = adapters
        self._quantisation = quantisation
        self._limits = limits or Limits()
        self._desk = Desk(self._limits.waiting)
        self._running: weakref.WeakSet[LocalAnswer] = weakref.WeakSet()
        self._worker: Any = None  # belongs to the model thread
        self._ended: Future[None] = Future()  # of the thread
        self._thread = threading.Thread(target=self._run, name="model", daemon=True)

    async def start(self, name: str) -> None:
        """Load the base model and one adapter, so that the first answer need not wait for them.

        Raises:
            TwinError: the adapter or its base model cannot be loaded.
        """
        await self._call(lambda worker: worker.adapters.get(name))

    def answer(self, request: Request) -> LocalAnswer:
        """Start answering a request. One too many is answered with EngineBusy."""
        self._begin()
        ticket = Ticket(request)
        try:
            self._desk.submit(ticket)
        except EngineError as error:
            self.metrics.refused += isinstance(error, EngineBusy)
            ticket.put(error)
        answer = LocalAnswer(ticket)
        self._running.add(answer)
        return answer

    async def reload(self) -> dict[str, str]:
        """Put newly promoted versions of loaded adapters to work; where one is unusable, the old one serves on."""
        changed: dict[str, str] = await self._call(lambda worker: worker.reload())
        return changed

    async def unload(self) -> None:
        """Let go of the model's memory. It is loaded anew for the next request, or for those in the making."""
        if self._thread.is_alive():  # else there is none
            await self._call(lambda worker: worker.unload())

    async def forget(self) -> None:
        """Let go of the keys and values of all histories, and of the texts in them."""
        if self._thread.ident is not None and not self._desk.closed:  # else there are none
            await self._call(lambda worker: worker.forget())

    @property
    def versions(self) -> dict[str, str]:
        """The version that serves of each adapter in memory."""
        return dict(self._worker.adapters.versions) if self._worker else {}

    @property
    def alive(self) -> bool:
        """Whether requests can be answered: it is not closed, and its thread has not died."""
        return not self._desk.closed

    def status(self) -> dict[str, float]:
        """Figures of the engine: see `twin.metrics.Metrics`; `waiting` requests have not begun."""
        return self.metrics.snapshot() | {"waiting": len(self._desk)}

    async def close(self) -> None:
        """Cancel what runs and wait for the model thread to end; who gives that up can end without it."""
        self._desk.close()
        for answer in list(self._running):
            answer.cancel()
        if self._thread.ident is not None:
            await asyncio.wrap_future(self._ended)  # a thread that joins it would keep the process from ending

    async def _call(self, job: Callable[[Any], Any]) -> Any:
        """Have something done with the worker, in its thread."""
        self._begin()
        return await asyncio.wrap_future(self._desk.call(lambda: job(self._worker)))

    def _begin(self) -> None:
        if self._thread.ident is None and not self._desk.closed:
            self._thread.start()

    def _run(self) -> None:
        """The model thread. However it ends, nobody waits for it in vain."""
        self._ended.set_running_or_notify_cancel()  # it cannot be cancelled from here on
        try:
            from twin.worker import Worker

            self._worker = Worker(self._desk, self._adapters, self._quantisation, self._limits, self.metrics)
            self._worker.run()
        except Exception as error:
            why = str(error) if isinstance(error, ImportError) else kind_and_place(error)
            log.error("the model thread cannot run: %s\n%s", why, frames_of(error))
        finally:
            self._desk.close()
            self._worker = None
            self._ended.set_result(None)

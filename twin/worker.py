"""The model thread: takes requests from the desk, runs their rows, and comes back from faults.

Nothing else touches the model. Every request ends: with its answer, or with an error that says why there is none.
"""

import logging
import time
from collections import deque
from collections.abc import Iterable

from twin.adapter import AdapterFolder
from twin.batch import Rows
from twin.decoding import Drawing
from twin.desk import Desk, Slip, Ticket
from twin.engine import EngineError
from twin.errors import TwinError, frames_of, kind_and_place
from twin.generic import rows_on
from twin.limits import Limits
from twin.loaded import Loaded, LoadedAdapters
from twin.memory import give_back_memory, trim_heap
from twin.metrics import Metrics
from twin.model import is_out_of_memory
from twin.prefixes import Prefixes
from twin.row import Row
from twin.transcript import Renderer

log = logging.getLogger(__name__)

CRASHES = 2  # that a request may be in; it may be what the model dies of
PATIENCE = 32  # rounds in which others may overtake a request whose adapter finds no place
CAUTIOUS = 600.0  # seconds after the memory ran out, before more rows are tried
TIDY_EVERY = 300.0  # seconds; then the figures are logged, too


class Worker:
    """What runs in the model thread.

    Args:
        desk: where requests lie.
        folder: where the adapters lie.
        quantisation: how to load the base.
    """

    def __init__(self, desk: Desk, folder: AdapterFolder, quantisation: str, limits: Limits, metrics: Metrics) -> None:
        self.adapters = LoadedAdapters(folder, quantisation, limits.adapter_bytes)
        self.prefixes = Prefixes(limits.prefix_bytes)
        self._desk = desk
        self._limits = limits
        self._metrics = metrics
        self._rows = limits.rows  # fewer after the memory ran out
        self._shrunk = 0.0  # when that was
        self._batch: Rows | None = None
        self._again: deque[Row] = deque()  # rows that a fault threw out
        self._tidied = time.monotonic()

    def run(self) -> None:
        """Serve until the desk closes."""
        try:
            while not self._desk.closed:
                try:
                    self._desk.run_jobs()
                    self._admit()
                    self._bring_on()
                except Exception as error:
                    self._recover(error)
                else:
                    continue
                give_back_memory()  # the error is gone, whose traceback held the failed step and the model
        finally:
            self._refuse((row.ticket for row in self._thrown_out()), EngineError("the engine was closed"))
            self.adapters.drop()
            give_back_memory()

    def reload(self) -> dict[str, str]:
        """A job: let newly promoted versions serve. Rows finish on the version they began with."""
        begun = time.monotonic()
        changed = self.adapters.reload()
        self._metrics.longest_swap = max(self._metrics.longest_swap, time.monotonic() - begun)
        return changed

    def unload(self) -> None:
        """A job: let go of the model. Rows in the making begin to read again on one that is loaded anew."""
        rows = self._thrown_out()
        for row in rows:
            row.length = 0
        self._again.extend(rows)
        self.prefixes.clear()
        self.adapters.drop()
        give_back_memory()

    def forget(self) -> None:
        """A job: let go of what was read; rows that someone waits for go on with what is theirs."""
        self._end_unwanted()  # a row that leaves later would keep its prefix
        self.prefixes.clear()
        self.adapters.forget()

    def _bring_on(self) -> None:
        """One round; where there is nothing to do, sleep."""
        running = self._batch.rows if self._batch else []
        if self.adapters.model is not None:
            self.adapters.sweep({row.loaded.key for row in running})
        if not self._batch or not running:
            if not self._again:
                self._desk.wait()
            return
        begun = time.monotonic()
        self._batch.round()
        self._metrics.busy_seconds += time.monotonic() - begun
        if self._desk.closed:
            return
        if self._rows < self._limits.rows and time.monotonic() - self._shrunk > CAUTIOUS:
            self._shrunk = time.monotonic()
            self._rows = min(2 * self._rows, self._limits.rows)  # the memory may suffice again by now
            self._batch.enlarge(self._rows)
        self._end_unwanted()
        self._tidy_now_and_then()

    def _end_unwanted(self) -> None:
        if not self._batch:
            return
        for row in list(self._batch.rows):
            if row.ticket.cancelled.is_set() or row.ticket.overdue:
                self._batch.leave(row)
                self._end(row)

    def _admit(self) -> None:
        """Let rows join: first those that a fault threw out, then the requests that wait, in order."""
        while self._again and self._has_place(self._again[0].loaded.key):
            self._join_again(self._again.popleft())
        waiting, kept = deque(self._desk.take()), list[Ticket]()
        try:
            while waiting:
                if not self._leaves_queue(waiting[0], behind=kept):
                    kept.append(waiting[0])
                waiting.popleft()
        finally:
            self._desk.give_back([*kept, *waiting])

    def _leaves_queue(self, ticket: Ticket, behind: list[Ticket]) -> bool:
        """Whether a request joins the batch, or is over before it began."""
        if ticket.cancelled.is_set():
            self._metrics.cancelled += 1
            ticket.put(None)
        elif ticket.overdue:
            self._metrics.out_of_time += 1
            self._refuse([ticket], EngineError("the answer could not begin in time"))
        else:
            blocked = self._again or any(other.passed_over > PATIENCE for other in behind)
            return not blocked and self._begin(ticket)
        return True

    def _begin(self, ticket: Ticket) -> bool:
        """Let a request join if there is a place; one that cannot be served leaves the queue with its error."""
        if not self._room:
            return False
        try:
            loaded = self.adapters.get(ticket.request.adapter)
            if not self._has_place(loaded.key):
                ticket.passed_over += 1
                return False
            row = self._prepared(ticket, loaded)
            if row:
                self._join(row)
        except TwinError as error:
            self._refuse([ticket], error)
        except Exception as error:
            ticket.crashes += 1
            if ticket.crashes < CRASHES:
                raise
            self._refuse([ticket], EngineError(type(error).__name__))
        return True

    def _prepared(self, ticket: Ticket, loaded: Loaded) -> Row | None:
        """The row of a request; one that cannot be rendered is refused alone, for the model has no part in it yet."""
        try:
            return self._row(ticket, loaded)
        except TwinError:
            raise
        except Exception as error:
            log.error("a request could not be rendered (%s)", kind_and_place(error))
            self._refuse([ticket], EngineError(type(error).__name__))
            return None

    def _join_again(self, row: Row) -> None:
        """Let a row go on that a fault threw out, on the version that it began with."""
        if row.ticket.cancelled.is_set() or row.ticket.overdue:
            self._end(row)
            return
        try:
            row.loaded = self.adapters.get(row.loaded.adapter.name, row.loaded.adapter.version)
            self._join(row)
        except TwinError as error:
            self._refuse([row.ticket], error)
        except Exception:
            self._again.appendleft(row)
            raise

    @property
    def _room(self) -> int:
        return self._batch.room if self._batch else self._rows

    def _has_place(self, key: str) -> bool:
        """Whether a row with this adapter may join: there is room, and a step will not have too many adapters."""
        keys = {row.loaded.key for row in self._batch.rows} if self._batch else set()
        return self._room > 0 and len(keys | {key}) <= self._limits.adapters_a_step

    def _join(self, row: Row) -> None:
        if self._batch is None:
            self._batch = self._new_batch(row.loaded)
        self._batch.join(row)

    def _new_batch(self, loaded: Loaded) -> Rows:
        columns = loaded.adapter.manifest.context_length
        model = self.adapters.model
        return rows_on(model, model.config, self.prefixes, self._metrics, rows=self._rows, columns=columns)

    def _row(self, ticket: Ticket, loaded: Loaded) -> Row:
        request = ticket.request
        renderer = self._renderer_for(ticket, loaded)
        max_tokens = loaded.room(request.max_tokens)
        budget = loaded.adapter.manifest.context_length - max_tokens
        before = renderer.shortened_turns
        prompt = loaded.prompt(request.turns, request.speaker, request.at, budget, renderer)
        self._metrics.shortened_turns += renderer.shortened_turns - before
        label = renderer.ids(f" {renderer.labels[request.speaker]}:") if request.mode == "burst" else ()
        drawing = Drawing(self.adapters.alphabet, self.adapters.model.device)
        return Row(ticket, loaded, prompt, max_tokens=max_tokens, label=label, drawing=drawing, metrics=self._metrics)

    def _renderer_for(self, ticket: Ticket, loaded: Loaded) -> Renderer:
        """The adapter's renderer, or one that also has labels for speakers whom the adapter does not know."""
        manifest = loaded.adapter.manifest
        speakers = manifest.everyone(ticket.request.turns, ticket.request.speaker)
        if len(speakers) == len(manifest.speakers):
            return loaded.renderer
        return loaded.renderer.knowing(speakers)

    def _recover(self, error: Exception) -> None:
        """Come back from a fault: what it may have spoilt is thrown away, and the rows begin to read again.

        When the memory ran out, fewer rows share it from now on. After anything else the model is loaded anew.
        """
        rows = self._thrown_out()
        self.prefixes.clear()
        log.debug("the model thread failed (%s)\n%s", kind_and_place(error), frames_of(error))
        if is_out_of_memory(error):
            self._metrics.out_of_memory += 1
            guilty = rows if self._rows == 1 else []  # else fewer rows may do
            self._rows, self._shrunk = max(1, self._rows // 2), time.monotonic()
            log.error("out of memory with %d rows: %d at once from now on", len(rows), self._rows)
            if self.adapters.model is not None:
                self.adapters.forget_failed_step()
        else:
            self._metrics.crashes += 1
            log.error(
                "the model thread failed with %d rows (%s): the model is loaded anew", len(rows), kind_and_place(error)
            )
            guilty = rows
            self.adapters.drop()
        for row in guilty:
            row.ticket.crashes += 1
        for row in rows:
            row.length = 0
        self._refuse((row.ticket for row in rows if row.ticket.crashes >= CRASHES), EngineError(type(error).__name__))
        self._again.extend(row for row in rows if row.ticket.crashes < CRASHES)

    def _thrown_out(self) -> list[Row]:
        """The rows in the making, in order; the batch is gone."""
        rows = [*(self._batch.rows if self._batch else ()), *self._again]
        self._batch = None
        self._again.clear()
        return [row for row in rows if not row.done]

    def _end(self, row: Row) -> None:
        """A row is over before its answer is: nobody waits for it any more, or it took too long."""
        if row.ticket.cancelled.is_set():
            self._metrics.cancelled += 1
            row.ticket.put(None)
        else:
            self._metrics.out_of_time += 1
            row.stop()

    def _refuse(self, tickets: Iterable[Slip], error: Exception) -> None:
        for ticket in tickets:
            self._metrics.failed += 1
            ticket.put(error)

    def _tidy_now_and_then(self) -> None:
        if time.monotonic() - self._tidied > TIDY_EVERY:
            self._tidied = time.monotonic()
            trim_heap()
            log.info("engine: %s", self._metrics.line())

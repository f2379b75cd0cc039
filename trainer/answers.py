"""Many answers of a model in memory at once: the engine's rows and steps, without its thread and its queue.

So what is measured is what would be served: the same sampling, the same bursts, degenerate answers drawn anew.
"""

import math
import time
from collections import deque
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from datetime import datetime
from pathlib import Path
from typing import Any

from trainer.loss import computing
from twin.adapter import Adapter
from twin.decoding import Drawing
from twin.desk import Slip
from twin.engine import Finish, NextMessage, Request
from twin.facts import FactIndex
from twin.generic import rows_on
from twin.loaded import Loaded, LoadedAdapters
from twin.manifest import Manifest
from twin.metrics import Metrics
from twin.model import BaseModel
from twin.prefixes import Prefixes
from twin.row import Row
from twin.transcript import Renderer, Turn
from twin.writing import Alphabet

ROWS = 16  # answers in the making at once
READ = 320  # tokens of a conversation that an answer is given at most

Step = Callable[[str, int, int], None]  # told of progress: what is measured, how many are done, and of how many


@dataclass(frozen=True, slots=True)
class Subject:
    """A model under test.

    Attributes:
        model: a PEFT model; the adapter of `loaded` is its active one.
        base: what the model was made of.
        loaded: that adapter, with a renderer for everyone who speaks in what is measured.
    """

    model: Any
    base: BaseModel
    loaded: Loaded

    @classmethod
    def of_version(
        cls, adapters: LoadedAdapters, name: str, version: str | None = None, *, speakers: Iterable[str] = ()
    ) -> "Subject":
        """A version on disk, loaded as it serves; the promoted one if none is named.

        Raises:
            TwinError: it, or its base model, cannot be loaded.
        """
        loaded = adapters.get(name, version)
        adapters.model.set_adapter(loaded.key)
        base = adapters.base_for(loaded.adapter)
        renderer = _renderer(base, loaded.adapter.manifest, speakers)
        return cls(adapters.model, base, replace(loaded, renderer=renderer))

    @classmethod
    def in_training(
        cls,
        model: Any,
        base: BaseModel,
        manifest: Manifest,
        *,
        key: str,
        speakers: Iterable[str] = (),
        facts: FactIndex | None = None,
    ) -> "Subject":
        """A model in memory that is no version on disk yet.

        Args:
            key: peft's name of its adapter.
            speakers: who speaks in what is measured; those whom the adapter does not know get labels after its own.
            facts: that are placed before what asks for them.
        """
        renderer = _renderer(base, manifest, speakers)
        return cls(model, base, Loaded(Adapter("", "", Path(), manifest), key, renderer, facts, 0))

    @property
    def manifest(self) -> Manifest:
        return self.loaded.adapter.manifest

    def prompt(self, turns: Sequence[Turn], speaker: str, at: datetime, tokens: int) -> list[int]:
        """The conversation up to the label of who answers, with room for so many tokens after it."""
        budget = min(READ, self.manifest.context_length - self.loaded.room(tokens))
        return self.loaded.prompt(turns, speaker, at, budget)

    @contextmanager
    def at_rest(self) -> Iterator[None]:
        """In evaluation mode; training goes on after it."""
        was_training = self.model.training
        self.model.eval()
        try:
            yield
        finally:
            self.model.train(was_training)


def _renderer(base: BaseModel, manifest: Manifest, speakers: Iterable[str]) -> Renderer:
    return Renderer(base.tokenizer, (*manifest.speakers, *speakers), manifest.trained_until)


@dataclass(frozen=True, slots=True)
class Said:
    """An answer. `first`: tokens of its first message if a separator ended that, else None."""

    messages: tuple[str, ...]
    finish: Finish | None
    first: int | None


def answer_all(
    subject: Subject,
    requests: Sequence[Request],
    *,
    until: float = math.inf,
    step: Callable[[int], None] = lambda done: None,
) -> list[Said]:
    """The answers to requests, in order; they share steps.

    Args:
        until: no answer is begun after this moment (of `time.monotonic`): the requests left then have none.
        step: told how many answers stand.
    """
    metrics = Metrics()
    drawing = Drawing(Alphabet(subject.base.tokenizer), subject.base.device)
    prefixes = Prefixes(0)  # nothing is asked twice
    batch = rows_on(subject.model, subject.base.model.config, prefixes, metrics, rows=ROWS, columns=READ)
    waiting, begun = deque(requests), list[tuple[Row, int]]()
    with subject.at_rest(), computing(subject.model):
        while True:
            while waiting and batch.room and time.monotonic() < until:
                row, read = _row(subject, waiting.popleft(), drawing, metrics)
                begun.append((row, read))
                batch.join(row)
            if not batch.rows:
                break
            batch.round()
            step(len(begun) - len(batch.rows))
    return [_said(row, read, drawing.alphabet) for row, read in begun]


def _row(subject: Subject, request: Request, drawing: Drawing, metrics: Metrics) -> tuple[Row, int]:
    """The row of a request, and how many tokens it begins with."""
    renderer = subject.loaded.renderer
    most = subject.loaded.room(request.max_tokens)
    ids = subject.prompt(request.turns, request.speaker, request.at, most)
    label = renderer.ids(f" {renderer.labels[request.speaker]}:") if request.mode == "burst" else ()
    slip = Slip(replace(request, seconds=math.inf, stream=False))
    row = Row(slip, subject.loaded, ids, max_tokens=most, label=label, drawing=drawing, metrics=metrics)
    return row, len(ids)


def _said(row: Row, read: int, alphabet: Alphabet) -> Said:
    ends = (number for number, token in enumerate(row.tokens[read:]) if token in alphabet.ends)
    messages: list[str] = [""]
    for piece in row.ticket.kept:
        if isinstance(piece, NextMessage):
            messages.append("")
        else:
            messages[-1] += piece
    texts = tuple(text.strip() for text in messages if text.strip())
    return Said(texts, row.ticket.finish, next(ends, None))

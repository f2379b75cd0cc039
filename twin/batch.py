"""Continuous batching: rows of different chats, lengths and adapters share the steps of one model.

A round first reads histories, one row at a time and a bounded number of tokens in all, so that nobody's answer stands
still behind a long history; then every row that is read gets its next token in one step. Rows join and leave between
rounds. In the cache the rows that draw stand first, then those that still read, so both are views.
"""

from collections.abc import Sequence
from typing import Any, Protocol

import torch

from twin.cache import RowCache, Step
from twin.metrics import Metrics
from twin.prefixes import Prefixes
from twin.row import Row

READ_AT_ONCE = 256  # tokens of histories in a round


class Rows(Protocol):
    """A way to run rows on a model: all of them together, or one at a time."""

    rows: list[Row]

    def join(self, row: Row) -> None:
        """Take a row in."""

    def leave(self, row: Row) -> None:
        """Let a row go that is not done."""

    def round(self) -> None:
        """Bring the rows on; those that are done then leave."""

    def enlarge(self, rows: int) -> None:
        """Have room for so many rows, if they can share."""

    @property
    def room(self) -> int:
        """How many more rows may join."""


class Batch:
    """Rows that share steps.

    Args:
        model: the PEFT model with every row's adapter.
        positions: whether the model wants to be told the tokens' positions.
        prefixes: keys and values of histories read before.
    """

    def __init__(self, model: Any, cache: RowCache, prefixes: Prefixes, metrics: Metrics, *, positions: bool) -> None:
        self.rows: list[Row] = []
        self._drawing = 0  # so many of the rows, the first ones, are read and draw
        self._model = model
        self._cache = cache
        self._prefixes = prefixes
        self._metrics = metrics
        self._positions = positions
        self._device = next(model.parameters()).device

    @property
    def room(self) -> int:
        return self._cache.rows - len(self.rows)

    @torch.inference_mode()
    def enlarge(self, rows: int) -> None:
        self._cache.enlarge(rows, 0)

    @torch.inference_mode()
    def join(self, row: Row) -> None:
        self._cache.enlarge(0, row.columns)
        states, length = self._prefixes.find(row.loaded.identity, row.tokens)
        row.length = min(length, len(row.tokens) - 1)  # the last token is read for what follows it
        if states is not None:
            self._cache.put_in(len(self.rows), states, row.length)
        self._metrics.prefix_hits += row.length > 0
        self._metrics.prefix_misses += row.length == 0
        self._metrics.tokens_reused += row.length
        self.rows.append(row)

    @torch.inference_mode()
    def leave(self, row: Row) -> None:
        """Let a row go; what was read of it is kept."""
        index = self.rows.index(row)
        if row.length:
            self._prefixes.keep(row.loaded.identity, row.tokens[: row.length], self._cache, index)
        if index < self._drawing:
            self._drawing -= 1
            self._move(self._drawing, index)
            index = self._drawing
        self._move(len(self.rows) - 1, index)
        self.rows.pop()

    @torch.inference_mode()
    def round(self) -> None:
        room = READ_AT_ONCE
        while room > 0 and self._drawing < len(self.rows):
            room -= self._read(self.rows[self._drawing], room)
        self._let_done_leave()
        if self._drawing:
            self._step(self.rows[: self._drawing])
            self._let_done_leave()

    def _step(self, rows: Sequence[Row]) -> None:
        """The next token of every row that is read."""
        logits = self._forward(Step(0, [row.length for row in rows], 1, self._device), rows)
        self._metrics.steps += 1
        self._metrics.batch_sizes.append(len(rows))
        self._metrics.mixed_steps += len({row.loaded.key for row in rows}) > 1
        for index, row in enumerate(rows):
            row.length += 1
            row.take(logits[index])

    def _let_done_leave(self) -> None:
        for row in [row for row in self.rows if row.done]:
            self.leave(row)

    def _read(self, row: Row, most: int) -> int:
        """Read on in a row's history; returns how many tokens were read."""
        count = min(row.unread, most)
        logits = self._forward(Step(self._drawing, [row.length], count, self._device), [row])
        row.length += count
        self._metrics.tokens_read += count
        if not row.unread:
            self._drawing += 1
            row.take(logits[0])
        return count

    def _forward(self, step: Step, rows: Sequence[Row]) -> torch.Tensor:
        """Logits after the last token that a step reads of each row (rows x vocabulary)."""
        ids = [row.tokens[start : start + step.count] for row, start in zip(rows, step.starts, strict=True)]
        self._cache.prepare(step)
        logits: torch.Tensor = self._model(
            input_ids=torch.tensor(ids, device=self._device),
            attention_mask=step.attention_mask(),
            past_key_values=self._cache,
            use_cache=True,
            logits_to_keep=1,
            adapter_names=[row.loaded.key for row in rows],
            **({"position_ids": step.position_ids()} if self._positions else {}),
        ).logits
        return logits[:, -1]

    def _move(self, source: int, target: int) -> None:
        if source != target:
            self._cache.copy_row(source, target, self.rows[source].length)
            self.rows[target] = self.rows[source]

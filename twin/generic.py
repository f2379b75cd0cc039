"""One row at a time by `generate`, for models whose cache `twin/batch.py` does not know to share: sliding windows,
recurrent layers, learned positions. The same requests, the same answers, without batching and without kept prefixes.
"""

from typing import Any

import torch
from transformers import LogitsProcessor, LogitsProcessorList, StoppingCriteria, StoppingCriteriaList

from twin.batch import Batch, Rows
from twin.cache import RowCache
from twin.metrics import Metrics
from twin.prefixes import Prefixes
from twin.row import Row

_SHARED_ROPE = {"default", "linear", "llama3", "yarn"}  # their angles do not depend on how long the rows of a step are


def can_share(config: Any) -> bool:
    """Whether rows of a model with this config can share steps exactly."""
    if config.model_type == "bloom":
        return True
    rope = getattr(config, "rope_parameters", None) or {}
    layers = set(getattr(config, "layer_types", None) or ["full_attention"])
    windowed = getattr(config, "sliding_window", None) and getattr(config, "use_sliding_window", True)
    return rope.get("rope_type") in _SHARED_ROPE and layers == {"full_attention"} and not windowed


def rows_on(model: Any, config: Any, prefixes: Prefixes, metrics: Metrics, *, rows: int, columns: int) -> Rows:
    """The way in which rows run on a model: together if they can.

    Args:
        model: the PEFT model with every row's adapter.
        config: of its base model.
        rows: the most of them at once.
        columns: how long a row is expected to become, in tokens; for longer ones room is made.
    """
    if not can_share(config):
        return OneByOne(model, metrics)
    cache = RowCache(config.num_hidden_layers, rows, columns)
    return Batch(model, cache, prefixes, metrics, positions=config.model_type != "bloom")


class _Drawing(LogitsProcessor):  # type: ignore[misc]
    """Lets the row draw, and `generate` take what was drawn."""

    def __init__(self, row: Row, metrics: Metrics) -> None:
        self._row = row
        self._metrics = metrics
        self.redrawn = False

    def __call__(self, input_ids: torch.Tensor, scores: torch.Tensor) -> torch.Tensor:
        row = self._row
        self._metrics.steps += 1
        self._metrics.batch_sizes.append(1)
        length = len(row.tokens)
        row.length = length
        row.take(scores[0])
        self.redrawn = len(row.tokens) <= length  # a degenerate answer begins anew: this run is over
        chosen = torch.full_like(scores, -torch.inf)
        chosen[0, row.tokens[-1]] = 0
        return chosen


class _Stop(StoppingCriteria):  # type: ignore[misc]
    def __init__(self, row: Row, drawing: _Drawing) -> None:
        self._row = row
        self._drawing = drawing

    def __call__(self, input_ids: torch.Tensor, scores: torch.Tensor, **kwargs: Any) -> torch.Tensor:
        ticket = self._row.ticket
        over = self._row.done or self._drawing.redrawn or ticket.cancelled.is_set() or ticket.overdue
        return torch.full((1,), over, dtype=torch.bool, device=input_ids.device)


class OneByOne:
    """Runs a single row by `generate`, from its history to its end."""

    def __init__(self, model: Any, metrics: Metrics) -> None:
        self.rows: list[Row] = []
        self._model = model
        self._metrics = metrics
        self._device = next(model.parameters()).device

    @property
    def room(self) -> int:
        return 1 - len(self.rows)

    def enlarge(self, rows: int) -> None:
        """There is one row, and no more."""

    def join(self, row: Row) -> None:
        self.rows.append(row)

    def leave(self, row: Row) -> None:
        self.rows.remove(row)

    @torch.inference_mode()
    def round(self) -> None:
        for row in list(self.rows):
            ids = torch.tensor([row.tokens], device=self._device)
            self._metrics.tokens_read += len(row.tokens)
            drawing = _Drawing(row, self._metrics)
            self._model.set_adapter(row.loaded.key)
            self._model.generate(
                input_ids=ids,
                attention_mask=torch.ones_like(ids),
                do_sample=False,
                eos_token_id=None,
                max_new_tokens=row.columns,
                logits_processor=LogitsProcessorList([drawing]),
                stopping_criteria=StoppingCriteriaList([_Stop(row, drawing)]),
            )
            if row.done:
                self.leave(row)

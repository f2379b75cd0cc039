"""Keys and values of the rows of a batch, allocated once.

Every row begins at column 0 and has a length of its own. A step writes the new keys and values into their columns and
hands views to the model; nothing that stands is moved. Columns beyond a row's length are hidden by the attention mask.
BLOOM's position biases and explicit position ids alike follow from a row's own length, so rows never affect each other.
"""

from collections.abc import Sequence
from typing import Any

import torch
from transformers.cache_utils import Cache, CacheLayerMixin


class Step:
    """What a forward pass reads: `count` tokens of each row from `first` on; they have `starts` tokens already.

    Either several rows get one token each, or one row gets several.
    """

    def __init__(self, first: int, starts: Sequence[int], count: int, device: torch.device) -> None:
        self.first = first
        self.starts = starts
        self.rows = len(starts)
        self.count = count
        self.longest = max(starts) + count
        self.begin = torch.tensor(starts, device=device)
        self.row_index = torch.arange(first, first + self.rows, device=device)

    def attention_mask(self) -> torch.Tensor:
        """Which columns a row has (rows x longest)."""
        columns = torch.arange(self.longest, device=self.begin.device)
        return (columns < (self.begin + self.count)[:, None]).long()

    def position_ids(self) -> torch.Tensor:
        """Positions of the new tokens (rows x count)."""
        return self.begin[:, None] + torch.arange(self.count, device=self.begin.device)


class _Layer(CacheLayerMixin):  # type: ignore[misc]
    """Keys and values of one layer: (rows, heads, columns, size of a head)."""

    def __init__(self, rows: int, columns: int) -> None:
        super().__init__()
        self._rows = rows
        self._columns = columns
        self.step: Step

    def lazy_initialization(self, key_states: torch.Tensor, value_states: torch.Tensor) -> None:
        self.keys = self._room_for(key_states)
        self.values = self._room_for(value_states)
        self.is_initialized = True

    def update(
        self, key_states: torch.Tensor, value_states: torch.Tensor, *args: Any, **kwargs: Any
    ) -> tuple[torch.Tensor, torch.Tensor]:
        if not self.is_initialized:
            self.lazy_initialization(key_states, value_states)
        return self._write(self.keys, key_states), self._write(self.values, value_states)

    def get_seq_length(self) -> int:
        return self.step.longest - self.step.count

    def get_mask_sizes(self, query_length: int) -> tuple[int, int]:
        return self.step.longest, 0

    def get_max_length(self) -> int:
        return self._columns

    def enlarge(self, rows: int, columns: int) -> None:
        """Room for more and longer rows."""
        if self.is_initialized:
            for name in ("keys", "values"):
                old = getattr(self, name)
                new = old.new_zeros(rows, old.shape[1], columns, old.shape[3])
                new[: self._rows, :, : self._columns] = old
                setattr(self, name, new)
        self._rows, self._columns = rows, columns

    def _room_for(self, states: torch.Tensor) -> torch.Tensor:
        # Zeros, not garbage: what the mask hides is multiplied by zero, and must be finite.
        return states.new_zeros(self._rows, states.shape[1], self._columns, states.shape[3])

    def _write(self, room: torch.Tensor, states: torch.Tensor) -> torch.Tensor:
        step = self.step
        if step.rows == 1:
            room[step.first, :, step.longest - step.count : step.longest] = states[0]
        else:
            room[step.row_index, :, step.begin] = states[:, :, 0]
        return room[step.first : step.first + step.rows, :, : step.longest]


class RowCache(Cache):  # type: ignore[misc]
    """The keys and values of all rows; allocated at the first step, when the shape of a head is known.

    Args:
        layers: how many layers the model has.
        rows: how many rows there may be.
        columns: the longest that a row may become, in tokens.
    """

    def __init__(self, layers: int, rows: int, columns: int) -> None:
        super().__init__(layers=[_Layer(rows, columns) for _ in range(layers)])
        self.rows = rows
        self.columns = columns

    def prepare(self, step: Step) -> None:
        """Say what the next forward pass reads."""
        for layer in self.layers:
            layer.step = step

    def enlarge(self, rows: int, columns: int) -> None:
        """Have room for at least so many rows of that length. Moves everything once, if there is less."""
        rows, columns = max(rows, self.rows), max(columns, self.columns)
        if (rows, columns) != (self.rows, self.columns):
            for layer in self.layers:
                layer.enlarge(rows, columns)
            self.rows, self.columns = rows, columns

    def copy_row(self, source: int, target: int, length: int) -> None:
        """Make row `target` the same as row `source`."""
        for room in self._rooms():
            room[target, :, :length] = room[source, :, :length]

    def empty_prefix(self, columns: int) -> torch.Tensor:
        """Room to keep so many columns of a row: (layers x 2, heads, columns, size of a head)."""
        rooms = self._rooms()
        _, heads, _, size = rooms[0].shape
        return rooms[0].new_empty(len(rooms), heads, columns, size)

    def take_out(self, row: int, begin: int, end: int, kept: torch.Tensor) -> None:
        """Copy columns of a row into the same columns of `kept`."""
        for room, states in zip(self._rooms(), kept, strict=True):
            states[:, begin:end] = room[row, :, begin:end]

    def put_in(self, row: int, kept: torch.Tensor, length: int) -> None:
        """Begin a row with the first `length` columns of what was taken out once."""
        for layer in self.layers:
            if not layer.is_initialized:
                layer.lazy_initialization(kept[:1], kept[1:2])
        for room, states in zip(self._rooms(), kept, strict=True):
            room[row, :, :length] = states[:, :length]

    def _rooms(self) -> list[torch.Tensor]:
        return [room for layer in self.layers if layer.is_initialized for room in (layer.keys, layer.values)]

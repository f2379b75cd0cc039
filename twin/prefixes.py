"""Prefixes: keys and values of histories that were read before, the latest used first, within a bound in bytes.

They depend on the adapter version as well as on the tokens, so both are the key. A chat's next history usually begins
with the whole of its last one; after an undo, a change of sides, or another answer it shares a part of it.
"""

from collections import OrderedDict
from collections.abc import Hashable, Sequence
from dataclasses import dataclass
from itertools import count

import torch

from twin.cache import RowCache

_GROWTH = 256  # tokens; a prefix has room to grow to the next multiple


@dataclass(frozen=True, slots=True)
class _Prefix:
    version: Hashable
    tokens: tuple[int, ...]
    states: torch.Tensor


class Prefixes:
    """Kept prefixes.

    Args:
        limit: the most bytes that they may take together.
    """

    def __init__(self, limit: int) -> None:
        self.limit = limit
        self.size = 0  # bytes
        self._kept: OrderedDict[int, _Prefix] = OrderedDict()  # the least recently used one first
        self._numbers = count()

    def __len__(self) -> int:
        return len(self._kept)

    def find(self, version: Hashable, tokens: Sequence[int]) -> tuple[torch.Tensor | None, int]:
        """The states that share the longest beginning with `tokens`, and how many tokens they share."""
        best, length = None, 0
        for number, prefix in self._kept.items():
            if prefix.version == version and (same := _shared(prefix.tokens, tokens)) > length:
                best, length = number, same
        if best is None:
            return None, 0
        self._kept.move_to_end(best)
        return self._kept[best].states, length

    def keep(self, version: Hashable, tokens: Sequence[int], cache: RowCache, row: int) -> None:
        """Keep what the cache holds of a row that has read `tokens`.

        A prefix that they continue grows into them where it lies, so that a chat's next answer copies only what is new.
        """
        length = len(tokens)
        done, states = 0, None
        for number, prefix in list(self._kept.items()):
            if prefix.version == version and _shared(prefix.tokens, tokens) == len(prefix.tokens):
                self._drop(number)
                if len(prefix.tokens) >= done and prefix.states.shape[2] >= length:
                    done, states = len(prefix.tokens), prefix.states
        if states is None:
            states = cache.empty_prefix(-(-length // _GROWTH) * _GROWTH)
        cache.take_out(row, done, length, states)
        self._kept[next(self._numbers)] = _Prefix(version, tuple(tokens), states)
        self.size += states.nbytes
        while self.size > self.limit:
            self._drop(next(iter(self._kept)))

    def clear(self) -> None:
        self._kept.clear()
        self.size = 0

    def _drop(self, number: int) -> None:
        self.size -= self._kept.pop(number).states.nbytes


def _shared(one: Sequence[int], other: Sequence[int]) -> int:
    """How many tokens two sequences share at their beginning."""
    shortest = min(len(one), len(other))
    return next((index for index in range(shortest) if one[index] != other[index]), shortest)

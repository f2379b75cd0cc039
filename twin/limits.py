"""What the engine may take. Loads no torch."""

from dataclasses import dataclass

_MIB = 1024 * 1024


@dataclass(frozen=True, slots=True)
class Limits:
    """Bounds of the engine.

    Attributes:
        rows: the most answers in the making at once; keys and values for so many are allocated.
        adapters_a_step: the most adapters that share a step; each costs time in every layer.
        waiting: requests that may wait for a place; one more is refused.
        prefix_bytes: memory for the keys and values of kept histories.
        adapter_bytes: memory for adapters; those not used for long are unloaded.
    """

    rows: int = 16
    adapters_a_step: int = 4
    waiting: int = 64
    prefix_bytes: int = 1024 * _MIB
    adapter_bytes: int = 1024 * _MIB

"""When a burst of messages is over: some seconds after its last one, or after the longest time that anyone waits."""

from dataclasses import dataclass


@dataclass(slots=True)
class Burst:
    """Messages that are answered together; times are seconds of any clock.

    Attributes:
        first: when the first of them came.
        last: when the last of them came.
    """

    first: float
    last: float

    def due(self, window: float, most: float) -> float:
        """When to answer: `window` seconds after the last message, at most `most` after the first."""
        return min(self.last + window, self.first + most)

    def joins(self, now: float, most: float) -> bool:
        """Whether one that comes now is still waited for, so that an answer in the making is given up for it."""
        return now < self.first + most

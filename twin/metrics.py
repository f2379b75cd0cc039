"""Figures of the engine: counts since it began, and times of the latest answers."""

from collections import deque
from dataclasses import asdict, dataclass, field
from statistics import mean

_LATEST = 512  # answers and steps whose times are kept


@dataclass(slots=True)
class Metrics:
    """Kept by the model thread; `snapshot` may be called from any."""

    answered: int = 0
    cancelled: int = 0
    failed: int = 0
    refused: int = 0
    out_of_time: int = 0
    redrawn: int = 0  # degenerate answers drawn anew
    degenerate: int = 0  # answers that stayed degenerate
    shortened_turns: int = 0  # single turns longer than the context
    out_of_memory: int = 0
    crashes: int = 0
    steps: int = 0
    mixed_steps: int = 0  # steps that served several adapters
    tokens_drawn: int = 0
    tokens_read: int = 0  # tokens of histories that the model read
    tokens_reused: int = 0  # tokens of histories whose keys and values were kept
    prefix_hits: int = 0
    prefix_misses: int = 0
    busy_seconds: float = 0.0
    longest_swap: float = 0.0  # seconds that loading an adapter held up the rows
    batch_sizes: deque[int] = field(default_factory=lambda: deque(maxlen=_LATEST))
    first_piece: deque[float] = field(default_factory=lambda: deque(maxlen=_LATEST))  # seconds
    whole_answer: deque[float] = field(default_factory=lambda: deque(maxlen=_LATEST))  # seconds

    def snapshot(self) -> dict[str, float]:
        """All counts, and what follows from them."""
        values: dict[str, float] = {key: value for key, value in asdict(self).items() if isinstance(value, int | float)}
        values["tokens_per_second"] = self.tokens_drawn / self.busy_seconds if self.busy_seconds else 0.0
        sizes = list(self.batch_sizes)
        values["batch_size"] = mean(sizes) if sizes else 0.0
        for name in ("first_piece", "whole_answer"):
            times = sorted(getattr(self, name))
            for percent in (50, 95):
                values[f"{name}_p{percent}"] = times[len(times) * percent // 100] if times else 0.0
        return values

    def line(self) -> str:
        """The figures that matter, for the log."""
        now = self.snapshot()
        return (
            f"{self.answered} answered, {self.cancelled} cancelled, {self.failed} failed, {self.refused} refused; "
            f"batch {now['batch_size']:.1f}, {now['tokens_per_second']:.1f} tokens/s, "
            f"prefixes hit {self.prefix_hits} of {self.prefix_hits + self.prefix_misses}; "
            f"first piece {now['first_piece_p50']:.2f} s (95 %: {now['first_piece_p95']:.2f} s), "
            f"answer {now['whole_answer_p50']:.2f} s (95 %: {now['whole_answer_p95']:.2f} s)"
        )

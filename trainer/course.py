"""What ends a run before its last step: a signal, a loss that runs away, a held-out loss that no longer falls."""

import math
import signal
import threading
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from types import FrameType
from typing import Any, Literal

from transformers import TrainerCallback, TrainerControl, TrainerState, TrainingArguments

from trainer import processes

PATIENCE = 3  # evaluations without a new best, after which a run stops
SMOOTHED = 8  # steps over which losses are averaged before they are compared
RUNAWAY, SLACK = 1.5, 1.0  # how many times its lowest value the averaged loss may reach, and nats above that

End = Literal["", "signal", "diverged", "early"]


@dataclass(frozen=True, slots=True)
class Curve:
    """The losses of a run, by step, in nats a token."""

    training: tuple[tuple[int, float], ...]
    held_out: tuple[tuple[int, float], ...]

    @classmethod
    def of(cls, state: TrainerState) -> "Curve":
        """As the Trainer has logged them; what a checkpoint holds comes back with it."""
        pairs = [
            tuple((entry["step"], entry[key]) for entry in state.log_history if key in entry)
            for key in ("loss", "eval_loss")
        ]
        return cls(*pairs)

    @property
    def best(self) -> tuple[int, float] | None:
        """The step with the lowest held-out loss, and that loss; one that is no number is above all others."""
        return min(self.held_out, key=lambda pair: math.inf if math.isnan(pair[1]) else pair[1], default=None)

    @property
    def stale(self) -> bool:
        """Whether the last evaluations were no better than one before."""
        return self.best is not None and self.held_out.index(self.best) < len(self.held_out) - PATIENCE

    @property
    def diverged(self) -> bool:
        """Whether the training loss is no number, or has run away from where it was."""
        losses = [loss for _, loss in self.training]
        if losses and not math.isfinite(losses[-1]):
            return True
        means = [_mean(losses[end - SMOOTHED : end]) for end in range(SMOOTHED, len(losses) + 1)]
        return bool(means) and means[-1] > RUNAWAY * min(means) + SLACK


def _mean(values: Sequence[float]) -> float:
    return sum(values) / len(values)


class CourseCallback(TrainerCallback):  # type: ignore[misc]
    """Watches a run and ends it; `end` says why, or is empty where it went through."""

    def __init__(self) -> None:
        self.end: End = ""
        self._signalled = False

    @contextmanager
    def listening(self) -> Iterator[None]:
        """SIGINT and SIGTERM end the run after the step under way; a second one ends the process as usual."""
        if threading.current_thread() is not threading.main_thread():
            yield
            return
        before = {number: signal.getsignal(number) for number in (signal.SIGINT, signal.SIGTERM)}

        def handle(number: int, frame: FrameType | None) -> None:
            self._signalled = True
            signal.signal(signal.SIGINT, signal.default_int_handler)
            signal.signal(signal.SIGTERM, signal.SIG_DFL)

        try:
            for number in before:
                signal.signal(number, handle)
            yield
        finally:
            for number, handler in before.items():
                signal.signal(number, handler)

    def on_step_end(self, args: TrainingArguments, state: TrainerState, control: TrainerControl, **_: Any) -> None:
        if processes.any_says(self._signalled) and state.global_step < state.max_steps:
            self.end = "signal"
            control.should_save = control.should_training_stop = True

    def on_log(
        self,
        args: TrainingArguments,
        state: TrainerState,
        control: TrainerControl,
        logs: dict[str, float] | None = None,
        **_: Any,
    ) -> None:
        """Comes before evaluation and checkpoint of the same step, which a diverged model must not have."""
        if not logs or "loss" not in logs:
            return
        # With fp16 an infinite gradient is the scaler's daily bread: it skips the step.
        broken = not args.fp16 and not math.isfinite(logs.get("grad_norm", 0.0))
        if broken or Curve.of(state).diverged:
            self.end = "diverged"
            control.should_save = control.should_evaluate = False
            control.should_training_stop = True

    def on_evaluate(self, args: TrainingArguments, state: TrainerState, control: TrainerControl, **_: Any) -> None:
        if Curve.of(state).stale:
            self.end = "early"
            control.should_training_stop = True

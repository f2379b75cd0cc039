"""What a training run tells while it runs: progress and sample predictions. Do not trust the loss alone: read them."""

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from typing import Any

from transformers import TrainerCallback, TrainerControl, TrainerState, TrainingArguments

from twin.decoding import Decoder
from twin.manifest import Sampling
from twin.transcript import Conversation, Renderer, render

SAMPLE_MOMENTS = 4  # how often sample predictions are made in a run
SAMPLE_TOKENS = 40
CONTEXT_TOKENS = 200


@dataclass(frozen=True, slots=True)
class Progress:
    """After an optimiser step. `loss` is in nats a token; `tokens_per_s` counts real tokens, not padding."""

    step: int
    steps: int
    loss: float
    tokens_per_s: float
    seconds_left: float


@dataclass(frozen=True, slots=True)
class Sample:
    """How the model would have gone on at this step, beside what was really said."""

    step: int
    context: str
    answer: str
    real: str


@dataclass(frozen=True, slots=True)
class Notice:
    """Something out of the ordinary, in one line without private text."""

    text: str


@dataclass(frozen=True, slots=True)
class Shortage(Notice):
    """There is not enough memory yet. `needed` and `free` are in bytes."""

    needed: float
    free: float


Event = Progress | Sample | Notice
Report = Callable[[Event], None]


class ProgressCallback(TrainerCallback):  # type: ignore[misc]
    """Reports every step. Speed and time left are those of this process: the run may have begun in another."""

    def __init__(self, report: Report) -> None:
        self.tokens_per_s = 0.0
        self._report = report
        self._started = 0.0
        self._steps_before = 0
        self._tokens_before = 0

    def on_train_begin(self, args: TrainingArguments, state: TrainerState, control: TrainerControl, **_: Any) -> None:
        self._started = time.monotonic()
        self._steps_before, self._tokens_before = state.global_step, int(state.num_input_tokens_seen)

    def on_log(
        self,
        args: TrainingArguments,
        state: TrainerState,
        control: TrainerControl,
        logs: dict[str, float] | None = None,
        **_: Any,
    ) -> None:
        if not logs or "loss" not in logs:
            return
        elapsed = time.monotonic() - self._started
        self.tokens_per_s = (state.num_input_tokens_seen - self._tokens_before) / elapsed
        left = elapsed / (state.global_step - self._steps_before) * (state.max_steps - state.global_step)
        self._report(Progress(state.global_step, state.max_steps, logs["loss"], self.tokens_per_s, left))


class SampleCallback(TrainerCallback):  # type: ignore[misc]
    """Answers a few held-out contexts in the course of training."""

    def __init__(
        self,
        decoder: Decoder,
        renderer: Renderer,
        *,
        conversations: Sequence[Conversation],
        sampling: Sampling,
        report: Report,
        keep: Callable[[list[Sample]], None],
    ) -> None:
        self._keep = keep
        self._decoder = decoder
        self._renderer = renderer
        self._conversations = conversations
        self._sampling = sampling
        self._report = report

    def on_step_end(self, args: TrainingArguments, state: TrainerState, control: TrainerControl, **_: Any) -> None:
        every = max(1, state.max_steps // SAMPLE_MOMENTS)
        if state.global_step % every:
            return
        samples = [self._sample(conversation, state.global_step) for conversation in self._conversations]
        self._keep(samples)
        for sample in samples:
            self._report(sample)

    def _sample(self, conversation: Conversation, step: int) -> Sample:
        """The answer to a conversation's first turns by whoever spoke after the first change of speaker."""
        turns = conversation.turns
        cut = next((i for i, turn in enumerate(turns) if turn.speaker != turns[0].speaker), len(turns) - 1)
        prompt = self._renderer.serving_window(turns[:cut], turns[cut].speaker, turns[cut].at, CONTEXT_TOKENS)
        pieces = self._decoder.pieces(prompt, replace(self._sampling, seed=step), SAMPLE_TOKENS)
        answer = "".join(piece for piece, _ in pieces)
        context = render(turns[:cut], self._renderer.labels, answering=turns[cut].speaker)
        return Sample(step, context, answer, turns[cut].text)

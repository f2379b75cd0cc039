"""One stage of a run: Hugging Face's Trainer over our windows, with checkpoints, and what to do when it goes wrong."""

import math
import shutil
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch
from safetensors import SafetensorError
from transformers import PrinterCallback, Trainer, TrainerCallback, TrainerState, TrainingArguments

from trainer import checkpoints, processes
from trainer.checkpoints import PREFIX, step_of
from trainer.course import CourseCallback, Curve
from trainer.lora import begin, load_weights
from trainer.loss import held_out_loss, weighted_loss
from trainer.memory import is_scarce
from trainer.options import TrainingOptions, rows_at_once
from trainer.progress import Notice, ProgressCallback, Report
from trainer.windows import Collator, Window
from twin.adapter import Adapter
from twin.errors import TwinError
from twin.model import BaseModel

EVALUATIONS = 8  # how often at most a run measures the held-out loss, and writes a checkpoint
READ_AGAIN = 0.25  # share of the training windows that may be read once more as held-out ones
RETRIES = 3  # how often a run that diverges is tried again with half the learning rate
CHECKPOINTS = 3  # at most on disk at once: the last, the best, and one that is being written
BYTES_A_WEIGHT = 12  # in a checkpoint: the weight and the optimiser's two moments, in fp32


class Interrupted(TwinError):
    """A signal has ended the run; its checkpoint is written."""


@dataclass(frozen=True, slots=True)
class Fitted:
    """What a stage has come to; the model now has the weights of the best checkpoint."""

    curve: Curve
    best_step: int
    steps: int
    epochs: float
    tokens_per_s: float
    padding: float
    early: bool

    @property
    def held_out_loss(self) -> float | None:
        """Of the best checkpoint; None where nothing was held out."""
        return self.curve.best[1] if self.curve.best else None


class WindowTrainer(Trainer):  # type: ignore[misc]
    """Hugging Face's Trainer with our loss, averaged over the weights of the whole step in all processes, and with
    checkpoints that are complete or not there."""

    loss_is_scaled_for_ga = True
    control: Any
    state: Any

    def __init__(self, *, collate: Collator, rows: int, rate: float | None, **named: Any) -> None:
        super().__init__(data_collator=collate, **named)
        self.remove_callback(PrinterCallback)  # our own callbacks tell the progress
        self._collate_held_out = Collator(collate.pad_id)
        self._rows = rows
        self._rate = rate

    def compute_loss(
        self,
        model: Any,
        inputs: dict[str, torch.Tensor],
        return_outputs: bool = False,
        num_items_in_batch: torch.Tensor | float = 1.0,
    ) -> torch.Tensor:
        # With several processes gradients are averaged, but the weights they share were summed.
        loss: torch.Tensor = weighted_loss(model, inputs) * self.accelerator.num_processes / num_items_in_batch
        return loss

    def _get_num_items_in_batch(self, batch_samples: list[dict[str, torch.Tensor]], device: torch.device) -> Any:
        weight = sum((batch["weights"][:, 1:].sum() for batch in batch_samples), torch.zeros(())).to(device)
        return self.accelerator.gather(weight.reshape(1)).sum()

    def evaluate(self, *_: Any, **__: Any) -> dict[str, float]:
        metrics = {"eval_loss": held_out_loss(self.model, self.eval_dataset, self._collate_held_out, self._rows)}
        self.log(dict(metrics))
        self.control = self.callback_handler.on_evaluate(self.args, self.state, self.control, metrics)
        return metrics

    def _load_optimizer_and_scheduler(self, checkpoint: str | None) -> None:
        super()._load_optimizer_and_scheduler(checkpoint)
        if checkpoint is not None and self._rate is not None:
            factor = self._rate / self.lr_scheduler.base_lrs[0]
            self.lr_scheduler.base_lrs = [self._rate for _ in self.lr_scheduler.base_lrs]
            for group in self.optimizer.param_groups:
                group["lr"] *= factor
                group["initial_lr"] = self._rate

    def _save_checkpoint(self, model: Any, trial: Any) -> None:
        stage = Path(self.args.output_dir)
        beside = stage / ".writing"
        first = processes.is_first()
        if first:
            shutil.rmtree(beside, ignore_errors=True)
        processes.wait_for_all()
        self.args.output_dir = str(beside)
        try:
            super()._save_checkpoint(model, trial)
            processes.wait_for_all()
            if first:
                checkpoints.publish(beside / f"{PREFIX}{self.state.global_step}", stage)
                best = Curve.of(self.state).best
                checkpoints.prune(stage, lambda step: best is not None and step == best[0])
            processes.wait_for_all()
        except (OSError, SafetensorError, RuntimeError) as error:
            if isinstance(error, RuntimeError) and "PytorchStreamWriter" not in str(error):
                raise
            raise TwinError(_cannot_write(stage, error)) from None
        finally:
            self.args.output_dir = str(stage)
            if first:
                shutil.rmtree(beside, ignore_errors=True)


def _cannot_write(stage: Path, error: Exception) -> str:
    reason = getattr(error, "strerror", None) or type(error).__name__
    free = shutil.disk_usage(stage).free / 2**30
    return (
        f"cannot write a checkpoint to {stage} ({reason}; {free:.1f} GiB are free): make room, then go on with --resume"
    )


def fit(
    model: Any,
    base: BaseModel,
    training: Sequence[Window],
    held_out: Sequence[Window],
    options: TrainingOptions,
    *,
    stage: Path,
    callbacks: Sequence[TrainerCallback],
    report: Report,
    source: Adapter | None = None,
) -> Fitted:
    """Train the model's LoRA matrices, from the last checkpoint in `stage` if there is one, to the best held-out loss.

    Args:
        source: an adapter whose weights the stage begins with, instead of new ones.

    Raises:
        Interrupted: a signal came; a checkpoint was written.
        TwinError: the loss ran away again and again, or a checkpoint cannot be written.
    """
    _need_room(model, stage)
    rate: float | None = None
    for _ in range(RETRIES + 1):
        course, progress = CourseCallback(), ProgressCallback(report)
        collate = Collator(base.tokenizer.pad_token_id)
        trainer = WindowTrainer(
            model=model,
            args=arguments(base, options, stage, windows=len(training), held_out=len(held_out), rate=rate),
            train_dataset=list(training),
            eval_dataset=list(held_out) or None,
            callbacks=[course, progress, *callbacks],
            collate=collate,
            rows=rows_at_once(options),
            rate=rate,
        )
        state = _run(trainer, course, last_checkpoint(stage), options, report=report, source=source)
        if course.end == "signal":
            raise Interrupted(f"stopped after step {state.global_step} of {state.max_steps}")
        if course.end == "early":
            report(Notice(f"stopped early, at step {state.global_step}: the held-out loss no longer falls"))
        if course.end != "diverged":
            return _fitted(model, stage, state, options=options, progress=progress, collate=collate)
        rate = trainer.lr_scheduler.base_lrs[0] / 2
        last = last_checkpoint(stage)
        report(
            Notice(
                f"the loss ran away at step {state.global_step}: back to step {step_of(last) if last else 0}, "
                f"with half the learning rate ({rate:.2g})"
            )
        )
    raise TwinError(f"the loss ran away {RETRIES + 1} times, at last from a learning rate of {rate:.2g}: lower --lr")


def _run(
    trainer: WindowTrainer,
    course: CourseCallback,
    last: Path | None,
    options: TrainingOptions,
    *,
    report: Report,
    source: Adapter | None,
) -> TrainerState:
    """Train on from the checkpoint, or from the beginning, unless the checkpoint is the end of the stage."""
    if last is None:
        begin(trainer.model, options.seed, source)
    else:
        state = TrainerState.load_from_json(str(last / "trainer_state.json"))
        if state.global_step >= state.max_steps or Curve.of(state).stale:
            load_weights(trainer.model, last)
            return state
        report(Notice(f"going on after step {state.global_step} of {state.max_steps}"))
    with course.listening():
        trainer.train(resume_from_checkpoint=str(last) if last else None)
    return trainer.state


def _fitted(
    model: Any,
    stage: Path,
    state: TrainerState,
    *,
    options: TrainingOptions,
    progress: ProgressCallback,
    collate: Collator,
) -> Fitted:
    """The end of a stage: the best checkpoint's weights, and what the run was like."""
    curve = Curve.of(state)
    kept = curve.best[0] if curve.best else state.global_step
    if kept != state.global_step:
        load_weights(model, stage / f"{PREFIX}{kept}")
    return Fitted(
        curve=curve,
        best_step=kept,
        steps=state.global_step,
        epochs=options.epochs * kept / state.max_steps,
        tokens_per_s=progress.tokens_per_s,
        padding=collate.padding,
        early=state.global_step < state.max_steps,
    )


def last_checkpoint(stage: Path) -> Path | None:
    """The newest complete checkpoint of a stage."""
    return next(reversed(checkpoints.checkpoints(stage)), None)


def arguments(
    base: BaseModel, options: TrainingOptions, stage: Path, *, windows: int, held_out: int, rate: float | None = None
) -> TrainingArguments:
    """What the Trainer shall do with so many windows. `rate`: instead of the options' learning rate."""
    cuda = base.device.type == "cuda"
    rows = rows_at_once(options)
    together = rows * processes.count()
    accumulation = max(1, options.tokens_per_step // (together * options.context_length))
    steps = math.ceil(math.ceil(math.ceil(windows / together) / accumulation) * options.epochs)
    affordable = READ_AGAIN * options.epochs * windows / max(1, held_out)
    every = math.ceil(steps / max(2, min(EVALUATIONS, int(affordable))))
    return TrainingArguments(
        output_dir=str(stage),
        num_train_epochs=options.epochs,
        per_device_train_batch_size=rows,
        gradient_accumulation_steps=accumulation,
        learning_rate=rate or options.learning_rate,
        lr_scheduler_type="cosine",
        warmup_steps=math.ceil(0.03 * steps),
        max_grad_norm=0.3,
        optim="paged_adamw_8bit" if cuda else "adamw_torch",
        fp16=base.dtype == torch.float16 and cuda,
        bf16=base.dtype == torch.bfloat16,
        activation_checkpointing=is_scarce(base, options),
        use_cpu=base.device.type == "cpu",
        seed=options.seed,
        logging_steps=1,
        logging_nan_inf_filter=False,  # a loss that is no number must be seen
        include_num_input_tokens_seen="non_padding",
        eval_strategy="steps" if held_out else "no",
        eval_steps=every,
        save_strategy="steps",
        save_steps=every,
        report_to="none",
        disable_tqdm=True,
        remove_unused_columns=False,
        dataloader_pin_memory=cuda,
    )


def _need_room(model: Any, stage: Path) -> None:
    """Refuse at once what would fail at the first checkpoint.

    Raises:
        TwinError: the disk has no room for the checkpoints.
    """
    trained = sum(parameter.numel() for parameter in model.parameters() if parameter.requires_grad)
    needed, free = CHECKPOINTS * trained * BYTES_A_WEIGHT, shutil.disk_usage(stage).free
    if needed > free:
        raise TwinError(
            f"the disk of {stage} has {free / 2**30:.1f} GiB free, and checkpoints take up to {needed / 2**30:.1f}: "
            "make room, set DATA_DIR to another disk, or lower --rank"
        )

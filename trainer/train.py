"""QLoRA: a dataset becomes a version of an adapter. Run as `twin train NAME`.

The method is QLoRA (arXiv 2305.14314): the base model is frozen in 4 bits, and low-rank matrices (LoRA, arXiv
2106.09685) on all its linear layers are trained. Hugging Face's Trainer runs the loop; the windows, the loss and the
callbacks are ours.
"""

import csv
import json
import math
import tempfile
import time
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import torch
from peft import LoraConfig, get_peft_model
from transformers import PrinterCallback, Trainer, TrainingArguments, set_seed

from trainer.loss import held_out_loss, summed_loss
from trainer.progress import ProgressCallback, Report, SampleCallback
from trainer.windows import UNTAGGED, Collator, Split, split_by_time, windows_of
from twin.adapter import Adapter, AdapterFolder, Manifest
from twin.decoding import Decoder
from twin.errors import TwinError
from twin.model import BaseModel
from twin.transcript import Conversation, Renderer

SAMPLES = 3  # contexts answered at each sample moment


@dataclass(frozen=True, slots=True)
class TrainingOptions:
    """The knobs of a run. Lengths and `tokens_per_step` are in tokens."""

    epochs: float = 2.0
    rank: int = 16
    alpha: int = 32
    dropout: float = 0.05
    learning_rate: float = 2e-4
    context_length: int = 1024
    tokens_per_step: int = 1536
    seed: int = 0


@dataclass(frozen=True, slots=True)
class TrainingData:
    """What a run learns from: conversations by chat, and the datasets that they came from."""

    chats: Mapping[str, Sequence[Conversation]]
    datasets: tuple[str, ...]
    digest: str
    gap_seconds: int


@dataclass(frozen=True, slots=True)
class TrainingResult:
    """What came of a run. Losses are means over supervised tokens, in nats; None if nothing was held out."""

    adapter: Adapter
    held_out_loss: float | None
    base_loss: float | None
    windows: int
    tokens: int
    seconds: float


class WindowTrainer(Trainer):  # type: ignore[misc]
    """Hugging Face's Trainer with the loss on supervised tokens, averaged over the whole step."""

    model_accepts_loss_kwargs = True
    loss_is_scaled_for_ga = True

    def compute_loss(
        self,
        model: Any,
        inputs: dict[str, torch.Tensor],
        return_outputs: bool = False,
        num_items_in_batch: torch.Tensor | int = 1,
    ) -> torch.Tensor:
        return summed_loss(model, inputs) / num_items_in_batch


def train(
    name: str,
    *,
    data: TrainingData,
    base: BaseModel,
    adapters: AdapterFolder,
    options: TrainingOptions,
    report: Report,
) -> TrainingResult:
    """Train a new version of adapter `name` and promote it.

    Args:
        report: called with progress and sample predictions.

    Raises:
        TwinError: there is no conversation to learn from.
    """
    if not any(data.chats.values()):
        raise TwinError(f"dataset {', '.join(data.datasets)} has no conversation to train on")
    started = time.monotonic()
    set_seed(options.seed)
    split = split_by_time(data.chats)
    manifest = _manifest(data, base, split, options)
    renderer = Renderer(base.tokenizer, manifest.speakers, manifest.trained_until)
    training = windows_of(split.training, renderer, options.context_length, options.seed, UNTAGGED)
    validation = windows_of(split.validation, renderer, options.context_length, options.seed, untagged=0)
    rows = max(1, options.tokens_per_step // options.context_length)
    collate = Collator(base.tokenizer.pad_token_id)
    _keep_differentiable(base.model)
    base_loss = held_out_loss(base.model, validation, collate, rows) if validation else None
    model = prepared_for_training(base, options)
    progress = ProgressCallback(report)
    held_out = [conversation for part in split.validation.values() for conversation in part[:SAMPLES]]
    samples = SampleCallback(
        Decoder(model, base.tokenizer), renderer, held_out[:: len(held_out) // SAMPLES or 1], report
    )
    with tempfile.TemporaryDirectory(prefix="twin-") as scratch:
        trainer = WindowTrainer(
            model=model,
            args=_arguments(base, options, rows, Path(scratch), math.ceil(len(training) / rows)),
            train_dataset=training,
            data_collator=collate,
            callbacks=[progress, samples],
        )
        trainer.remove_callback(PrinterCallback)  # `report` tells the progress
        trainer.train()
    loss = held_out_loss(model, validation, collate, rows) if validation else None
    with adapters.new_version(name) as (version, folder):
        save_adapter(model, manifest, folder)
        _write_json(folder / "evaluation.json", {"held_out_loss": loss, "base_loss": base_loss})
        _write_losses(folder / "loss.csv", progress.losses)
        (folder / "samples.jsonl").write_text(
            "".join(json.dumps(asdict(sample), ensure_ascii=False) + "\n" for sample in samples.samples), "utf-8"
        )
    return TrainingResult(
        adapter=adapters.promote(name, version),
        held_out_loss=loss,
        base_loss=base_loss,
        windows=len(training),
        tokens=sum(len(window.ids) for window in training),
        seconds=time.monotonic() - started,
    )


def prepared_for_training(base: BaseModel, options: TrainingOptions) -> Any:
    """The base model with fresh LoRA matrices: everything else frozen, one-dimensional weights (norms) in fp32.

    Unlike the stock preparation for 4-bit training this leaves the embeddings as they are: in fp32 they would take 0.8
    GiB more for the German base.
    """
    for parameter in base.model.parameters():
        parameter.requires_grad = False
    config = LoraConfig(
        r=options.rank,
        lora_alpha=options.alpha,
        lora_dropout=options.dropout,
        target_modules="all-linear",
        task_type="CAUSAL_LM",
    )
    for parameter in base.model.parameters():
        if parameter.ndim == 1 and parameter.dtype in {torch.float16, torch.bfloat16}:
            parameter.data = parameter.data.float()
    return get_peft_model(base.model, config)


def _keep_differentiable(model: Any) -> None:
    """Keep 4-bit layers from repacking their weights at the first inference, as bitsandbytes does on some processors.

    The packed form is faster, but rounds to bfloat16 and has no gradient.
    """
    for module in model.modules():
        if hasattr(module, "support_avx512bf16_for_cpu"):
            module.support_avx512bf16_for_cpu = False


def save_adapter(model: Any, manifest: Manifest, folder: Path) -> None:
    """Write the LoRA weights, their configuration and `twin.json`."""
    model.save_pretrained(folder, safe_serialization=True)
    (folder / "README.md").unlink(missing_ok=True)  # peft's empty model card
    (folder / "twin.json").write_text(manifest.to_json(), "utf-8")


def _manifest(data: TrainingData, base: BaseModel, split: Split, options: TrainingOptions) -> Manifest:
    speakers = dict.fromkeys(speaker for chat in split.chats for speaker in chat.speakers)
    return Manifest(
        base_model=base.name,
        base_revision=base.revision,
        base_digest=base.digest,
        quantisation=base.quantisation,
        speakers=tuple(speakers),
        chats=split.chats,
        datasets=data.datasets,
        dataset_digest=data.digest,
        context_length=options.context_length,
        gap_seconds=data.gap_seconds,
        hyperparameters=asdict(options),
    )


def _arguments(base: BaseModel, options: TrainingOptions, rows: int, scratch: Path, steps: int) -> TrainingArguments:
    cuda = base.device.type == "cuda"
    return TrainingArguments(
        output_dir=str(scratch),
        num_train_epochs=options.epochs,
        per_device_train_batch_size=rows,
        gradient_accumulation_steps=max(1, options.tokens_per_step // (rows * options.context_length)),
        learning_rate=options.learning_rate,
        lr_scheduler_type="cosine",
        warmup_steps=math.ceil(0.03 * steps * options.epochs),
        max_grad_norm=0.3,
        optim="paged_adamw_8bit" if cuda else "adamw_torch",
        fp16=base.dtype == torch.float16 and cuda,
        bf16=base.dtype == torch.bfloat16,
        activation_checkpointing=cuda,
        use_cpu=base.device.type == "cpu",
        seed=options.seed,
        logging_steps=1,
        include_num_input_tokens_seen="non_padding",
        save_strategy="no",
        report_to="none",
        disable_tqdm=True,
        remove_unused_columns=False,
        dataloader_pin_memory=cuda,
    )


def _write_json(path: Path, values: dict[str, Any]) -> None:
    path.write_text(json.dumps(values, indent=2) + "\n", "utf-8")


def _write_losses(path: Path, losses: Sequence[tuple[int, float]]) -> None:
    with path.open("w", encoding="utf-8", newline="") as handle:
        writer = csv.writer(handle)
        writer.writerow(["step", "loss"])
        writer.writerows(losses)

"""`twin train`: settles what a run learns from, on which base and how, then trains.

Whatever is not said is as it was for the adapter's promoted version, so that a retrain needs no options.
"""

import argparse
from collections.abc import Sequence
from dataclasses import asdict, dataclass, fields
from datetime import timedelta
from pathlib import Path
from typing import Any

from trainer import dataset, memory
from trainer.checkpoints import RunFolder
from trainer.options import TrainingOptions
from trainer.progress import Report
from trainer.train import TrainingData, TrainingResult, train
from twin.adapter import Adapter, AdapterFolder, Manifest
from twin.errors import TwinError
from twin.model import base_digest, load_base
from twin.names import find_name
from twin.settings import Settings
from twin.transcript import Conversation


@dataclass(frozen=True, slots=True)
class Choices:
    """What the user said; None or an empty tuple means: as last time, or the default.

    Attributes:
        resume: go on with the interrupted run, as it was begun.
        force: train even if exactly this was learned before.
    """

    datasets: tuple[str, ...] = ()
    base: str | None = None
    options: dict[str, Any] | None = None
    resume: bool = False
    force: bool = False

    @classmethod
    def of(cls, arguments: argparse.Namespace) -> "Choices":
        """From the command line's flags."""
        known = {item.name for item in fields(TrainingOptions)}
        said = {key: value for key, value in vars(arguments).items() if key in known and value is not None}
        return cls(tuple(arguments.dataset or ()), arguments.base, said, arguments.resume, arguments.force)


def train_adapter(name: str, settings: Settings, choices: Choices, report: Report) -> TrainingResult:
    """Train a new version of adapter `name`, unless exactly this was learned before.

    Raises:
        Interrupted: a signal ended the run; it can be gone on with.
        TwinError: a dataset or the base model is not there, or does not fit, or nothing can be learned.
    """
    adapters = AdapterFolder(settings.adapters)
    if choices.resume:
        choices = _interrupted(adapters, name, choices)
    last = adapters.load(name).manifest if name in adapters.names() else None
    data = read_datasets(choices.datasets or (last.datasets if last else (name,)), settings)
    options = _options(choices, last if not choices.resume else None, data)
    base = choices.base or (last.base_model if last else settings.base_model)
    if not (choices.force or choices.resume) and (same := _learned_before(adapters, name, data, base, options)):
        serves = name in adapters.names() and adapters.current_version(name) == same.version
        loss = adapters.evaluation(name, same.version).get("held_out_loss")
        return TrainingResult(same, loss, None, 0, 0, 0.0, promoted=serves, skipped=True)
    memory.check(base, settings.quantisation, options)
    loaded = load_base(base, settings.quantisation)
    return train(name, data=data, base=loaded, adapters=adapters, options=options, report=report, resume=choices.resume)


def _interrupted(adapters: AdapterFolder, name: str, choices: Choices) -> Choices:
    """The choices of the interrupted run, which the flags must not contradict."""
    plan = RunFolder(adapters.run_folder(name)).plan()
    if plan is None:
        raise TwinError(f"there is no interrupted training of {name!r} to go on with: leave --resume out")
    said = {"dataset": choices.datasets, "base": choices.base, **(choices.options or {})}
    was = {"dataset": plan.datasets, "base": plan.base_model, **plan.options}
    for key, value in said.items():
        if value and value != was[key]:
            raise TwinError(f"the interrupted training of {name!r} has another {key}: leave that out, or --resume")
    return Choices(plan.datasets, plan.base_model, plan.options, resume=True)


def _learned_before(
    adapters: AdapterFolder, name: str, data: TrainingData, base: str, options: TrainingOptions
) -> Adapter | None:
    """The newest version that was trained on the same data and base with the same options."""
    for version in reversed(adapters.versions(name)):
        adapter = adapters.load(name, version)
        manifest = adapter.manifest
        learned = (manifest.datasets, manifest.dataset_digest, manifest.base_model)
        if (
            learned == (data.datasets, data.digest, base)
            and TrainingOptions.of(manifest.hyperparameters) == options
            and (not Path(base).is_dir() or base_digest(base, None) == manifest.base_digest)
        ):
            return adapter
    return None


def read_datasets(names: Sequence[str], settings: Settings) -> TrainingData:
    """The conversations of several datasets.

    Raises:
        TwinError: one of them is not there.
    """
    chats: dict[str, Sequence[Conversation]] = {}
    digests: list[str] = []
    gap = timedelta()
    for name in names:
        read = dataset.load(settings.dataset(name))
        for chat, conversations in read.chats.items():
            chats[chat if chat not in chats else f"{name}/{chat}"] = conversations
        digests.append(read.digest)
        gap = max(gap, read.options.gap)
    return TrainingData(chats, tuple(names), " ".join(digests), round(gap.total_seconds()))


def as_json(result: TrainingResult) -> dict[str, Any]:
    """The result for programs."""
    return {
        "adapter": result.adapter.name,
        "version": result.adapter.version,
        "path": str(result.adapter.path),
        "promoted": result.promoted,
        "reasons": list(result.reasons),
        "skipped": result.skipped,
        "held_out_loss": result.held_out_loss,
        "base_loss": result.base_loss,
        "windows": result.windows,
        "tokens": result.tokens,
        "seconds": result.seconds,
    }


def in_words(result: TrainingResult) -> str:
    """The result for people."""
    adapter = f"adapter {result.adapter.name}, version {result.adapter.version}"
    by_hand = f"twin adapters promote {result.adapter.name} {result.adapter.version}"
    if result.skipped:
        serves = "and serves" if result.promoted else f"but does not serve (if it should: {by_hand})"
        return f"nothing is new: {adapter} has learned exactly this {serves}; to train all the same: --force"
    if result.held_out_loss is None or result.base_loss is None:
        judged = "nothing was held out, so nobody knows how good it is"
    else:
        judged = f"held-out loss {result.held_out_loss:.2f}, the base model's {result.base_loss:.2f}"
    gate = "promoted" if result.promoted else f"not promoted: {'; '.join(result.reasons)} (all the same: {by_hand})"
    return f"{adapter}: {result.tokens:,} tokens in {result.windows} windows, {result.seconds:.0f} s; {judged}; {gate}"


def _options(choices: Choices, last: Manifest | None, data: TrainingData) -> TrainingOptions:
    options = TrainingOptions.of(last.hyperparameters if last else {}, choices.options or {})
    if options.focus is None:
        return options
    speakers = [turn.speaker for part in data.chats.values() for one in part for turn in one.turns]
    return TrainingOptions.of(asdict(options), {"focus": find_name(options.focus, speakers)})

"""`twin train`: settles what a run learns from, on which base and how, then trains.

Whatever is not said is as it was for the adapter's promoted version, so that a retrain needs no options.
"""

import argparse
from collections.abc import Sequence
from dataclasses import dataclass, fields
from datetime import timedelta
from typing import Any

from trainer import dataset
from trainer.progress import Report
from trainer.train import TrainingData, TrainingOptions, TrainingResult, train
from twin.adapter import AdapterFolder, Manifest
from twin.errors import TwinError
from twin.model import load_base
from twin.settings import Settings
from twin.transcript import Conversation


@dataclass(frozen=True, slots=True)
class Choices:
    """What the user said; None or an empty tuple means: as last time, or the default."""

    datasets: tuple[str, ...] = ()
    base: str | None = None
    options: dict[str, Any] | None = None

    @classmethod
    def of(cls, arguments: argparse.Namespace) -> "Choices":
        """From the command line's flags."""
        flags = {
            "epochs": arguments.epochs,
            "rank": arguments.rank,
            "alpha": arguments.alpha,
            "learning_rate": arguments.lr,
            "context_length": arguments.context,
            "tokens_per_step": arguments.tokens_per_step,
            "seed": arguments.seed,
        }
        said = {key: value for key, value in flags.items() if value is not None}
        return cls(tuple(arguments.dataset or ()), arguments.base, said)


def train_adapter(name: str, settings: Settings, choices: Choices, report: Report) -> TrainingResult:
    """Train and promote a new version of adapter `name`.

    Raises:
        TwinError: a dataset or the base model is not there, or nothing can be learned.
    """
    adapters = AdapterFolder(settings.adapters)
    last = adapters.load(name).manifest if name in adapters.names() else None
    data = read_datasets(choices.datasets or (last.datasets if last else (name,)), settings)
    base = load_base(choices.base or (last.base_model if last else settings.base_model), settings.quantisation)
    return train(name, data=data, base=base, adapters=adapters, options=_options(choices, last), report=report)


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
        "promoted": True,
        "held_out_loss": result.held_out_loss,
        "base_loss": result.base_loss,
        "windows": result.windows,
        "tokens": result.tokens,
        "seconds": result.seconds,
    }


def in_words(result: TrainingResult) -> str:
    """The result for people."""
    if result.held_out_loss is None or result.base_loss is None:
        judged = "nothing was held out, so nobody knows how good it is"
    else:
        judged = f"held-out loss {result.held_out_loss:.2f}, the base model's {result.base_loss:.2f}"
    return (
        f"adapter {result.adapter.name}, version {result.adapter.version}: {result.tokens:,} tokens in "
        f"{result.windows} windows, {result.seconds:.0f} s; {judged}; promoted"
    )


def _options(choices: Choices, last: Manifest | None) -> TrainingOptions:
    known = {item.name for item in fields(TrainingOptions)}
    before = {key: value for key, value in (last.hyperparameters if last else {}).items() if key in known}
    options = TrainingOptions(**(before | (choices.options or {})))
    for key in ("epochs", "learning_rate"):
        if not 0 < getattr(options, key) < float("inf"):
            raise TwinError(f"{key.replace('_', ' ')} must be above 0")
    return options

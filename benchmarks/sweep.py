"""Which rank, scale, dropout and learning rate the demo's base learns the demo's chats best with.

    python -m benchmarks.sweep [--share 0.3] [--epochs 1] [--json]

Trains one knob at a time away from what `twin demo` takes, on the latest share of the training part of both sample
chats, and measures the loss on all that a training holds out of them. The first setting is trained with a second seed
as well: differences smaller than between those two say nothing. What a base of billions of parameters wants is another
question.
"""

import argparse
import json
import tempfile
import time
from collections.abc import Iterator
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any

from rich.console import Console
from rich.table import Table
from transformers import set_seed

from demo.play import BASE, EXPORTS, OPTIONS
from trainer import dataset
from trainer.fit import fit
from trainer.lora import keep_differentiable, prepared_for_training
from trainer.loss import held_out_loss
from trainer.options import TrainingOptions, rows_at_once
from trainer.prepare import prepare
from trainer.windows import UNTAGGED, Collator, Window, split_by_time, windows_of
from twin.model import BaseModel, load_base
from twin.transcript import Renderer

CENTRE = TrainingOptions.of(OPTIONS)
CASES = (
    CENTRE,
    replace(CENTRE, seed=1),
    replace(CENTRE, rank=8, alpha=16),
    replace(CENTRE, rank=16, alpha=32),
    replace(CENTRE, alpha=32),
    replace(CENTRE, dropout=0.0),
    replace(CENTRE, dropout=0.1),
    replace(CENTRE, learning_rate=1e-3),
    replace(CENTRE, learning_rate=4e-3),
)
KNOBS = ("rank", "alpha", "dropout", "learning_rate", "seed")


@dataclass(frozen=True, slots=True)
class Material:
    """What every setting learns from and is measured on, and the base's loss on the latter, in nats a token."""

    training: list[Window]
    held_out: list[Window]
    base_loss: float


def main() -> None:
    """Train every setting and print the table; with `--json` or not, the last line is one JSON object."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--share", type=float, default=0.3, help="of the training part, the latest of each chat")
    parser.add_argument("--epochs", type=float, default=1.0)
    parser.add_argument("--json", action="store_true", help="no table")
    chosen = parser.parse_args()
    material = material_of(chosen.share)
    runs = list(swept([replace(case, epochs=chosen.epochs) for case in CASES], material))
    if not chosen.json:
        Console().print(_table(runs))
    told = {"tokens": sum(len(window.ids) for window in material.training), "base_loss": round(material.base_loss, 3)}
    print(json.dumps(told | {"share": chosen.share, "epochs": chosen.epochs, "runs": runs}))


def material_of(share: float) -> Material:
    """Windows of the latest `share` of each chat's training part, and of everything after it."""
    with tempfile.TemporaryDirectory() as scratch:
        folder = Path(scratch) / "demo"
        prepare(EXPORTS, dataset=folder)
        split = split_by_time(dataset.load(folder).chats)
    base = _base()
    speakers = dict.fromkeys(speaker for chat in split.chats for speaker in chat.speakers)
    renderer = Renderer(base.tokenizer, tuple(speakers), max(chat.trained_until for chat in split.chats))
    latest = {name: part[-max(1, round(share * len(part))) :] for name, part in split.training.items()}
    after = {name: part + split.test[name] for name, part in split.validation.items()}
    training = windows_of(latest, renderer, CENTRE.context_length, untagged=UNTAGGED)
    held_out = windows_of(after, renderer, CENTRE.context_length)
    collate = Collator(base.tokenizer.pad_token_id)
    return Material(training, held_out, held_out_loss(base.model, held_out, collate, rows_at_once(CENTRE)))


def swept(cases: list[TrainingOptions], material: Material) -> Iterator[dict[str, Any]]:
    """Train each setting on a fresh base; yields its knobs, its best held-out loss and its seconds."""
    for options in cases:
        base = _base()
        set_seed(options.seed)
        model = prepared_for_training(base, options)
        began = time.monotonic()
        with tempfile.TemporaryDirectory() as scratch:
            fitted = fit(
                model,
                base,
                material.training,
                material.held_out,
                options,
                stage=Path(scratch),
                callbacks=[],
                report=lambda event: None,
            )
        knobs = {key: asdict(options)[key] for key in KNOBS}
        loss = None if fitted.held_out_loss is None else round(fitted.held_out_loss, 3)
        yield knobs | {"held_out_loss": loss, "seconds": round(time.monotonic() - began)}


def _base() -> BaseModel:
    base = load_base(str(BASE))
    keep_differentiable(base.model)
    return base


def _table(runs: list[dict[str, Any]]) -> Table:
    table = Table(*(key.replace("_", " ") for key in runs[0]))
    for run in runs:
        table.add_row(*map(str, run.values()))
    return table


if __name__ == "__main__":
    main()

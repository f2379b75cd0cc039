"""What a training writes into a version's folder beside the weights: numbers, samples, and the report of all of it."""

import csv
import json
from collections.abc import Mapping, Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Any

from trainer import activity, report
from trainer.activity import Activity
from trainer.findings import KEY, Evaluation, write_examples
from trainer.fit import Fitted
from trainer.gate import Verdict
from trainer.progress import Sample
from twin.adapter import Adapter
from twin.transcript import Conversation


def write_files(
    adapter: Adapter,
    *,
    fitted: Fitted,
    base_loss: float | None,
    verdict: Verdict,
    likeness: Evaluation,
    samples: Sequence[Sample],
    chats: Mapping[str, Sequence[Conversation]],
) -> None:
    """Write them; the report comes last, for it is made from the others.

    Args:
        adapter: the version in the making.
        base_loss: the held-out loss of the base model.
        chats: all conversations of its datasets.
    """
    folder = adapter.path
    evaluation = {
        "held_out_loss": fitted.held_out_loss,
        "base_loss": base_loss,
        "best_step": fitted.best_step,
        "steps": fitted.steps,
        "epochs": fitted.epochs,
        "stopped_early": fitted.early,
        "padding": fitted.padding,
        "tokens_per_s": fitted.tokens_per_s,
        "gate": {"promoted": verdict.promoted, **asdict(verdict)},
        KEY: likeness.as_json(),
    }
    _write_json(folder / "evaluation.json", evaluation)
    _write_json(folder / activity.FILE, Activity.of(chats).as_json())
    _write_losses(folder / "loss.csv", fitted)
    _write_samples(folder / "samples.jsonl", samples)
    write_examples(folder, likeness.examples)
    report.write_report(adapter)


def _write_json(path: Path, values: dict[str, Any]) -> None:
    path.write_text(json.dumps(values, indent=2, ensure_ascii=False) + "\n", "utf-8")


def _write_losses(path: Path, fitted: Fitted) -> None:
    held_out = dict(fitted.curve.held_out)
    with path.open("w", encoding="utf-8", newline="") as handle:
        writer = csv.writer(handle)
        writer.writerow(["step", "loss", "held_out_loss"])
        writer.writerows([step, loss, held_out.get(step, "")] for step, loss in fitted.curve.training)


def _write_samples(path: Path, samples: Sequence[Sample]) -> None:
    path.write_text("".join(json.dumps(asdict(sample), ensure_ascii=False) + "\n" for sample in samples), "utf-8")

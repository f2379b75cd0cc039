"""The folder of a training run, from which it goes on after an interruption. It is gone when the version stands.

`run.json` says what the run learns, `STAGE/checkpoint-STEP/` holds weights, optimiser, schedule and random states. A
checkpoint is written beside its place and then renamed: a process that is killed leaves no half of one.
"""

import json
import shutil
from collections.abc import Callable
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from trainer.progress import Sample
from twin.facts import Fact, from_values
from twin.files import private_folder, sync, write_private

PREFIX = "checkpoint-"
FIT, REFIT = "fit", "refit"  # the stages of a run


@dataclass(frozen=True, slots=True)
class Plan:
    """What a run learns from, on which base and how: a run that goes on must have the same."""

    datasets: tuple[str, ...]
    digest: str
    base_model: str
    base_revision: str | None
    base_digest: str
    quantisation: str
    options: dict[str, Any]
    facts: tuple[Fact, ...] = ()
    continued_from: str | None = None


@dataclass(frozen=True, slots=True)
class Refit:
    """The second stage: the version that passed the gate, and for how many epochs it was trained."""

    of: str
    epochs: float


class RunFolder:
    """The folder of one adapter's run."""

    def __init__(self, path: Path) -> None:
        self.path = path

    def plan(self) -> Plan | None:
        """What the interrupted run was about; None if there is none, or none that can be read."""
        try:
            values = json.loads((self.path / "run.json").read_text("utf-8"))["plan"]
            facts = tuple(from_values(fact) for fact in values.get("facts", ()))
            return Plan(**(values | {"datasets": tuple(values["datasets"]), "facts": facts}))
        except (OSError, ValueError, KeyError, TypeError):
            return None

    def refit(self) -> Refit | None:
        """The second stage, if the run has come to it."""
        stage = json.loads((self.path / "run.json").read_text("utf-8")).get("refit")
        return Refit(**stage) if stage else None

    def begin(self, plan: Plan, refit: Refit | None = None) -> None:
        """Write down what the run is about; without `refit` whatever an earlier run left is removed."""
        if refit is None:
            self.clear()
        private_folder(self.path)
        values = {"plan": asdict(plan), "refit": asdict(refit) if refit else None}
        write_private(self.path / "run.json", json.dumps(values, ensure_ascii=False, indent=2) + "\n")

    def stage(self, name: str) -> Path:
        """The folder of a stage's checkpoints."""
        return private_folder(self.path / name)

    def clear(self) -> None:
        """Remove everything."""
        shutil.rmtree(self.path, ignore_errors=True)


def checkpoints(stage: Path) -> list[Path]:
    """The complete checkpoints of a stage, oldest first."""
    return sorted(stage.glob(f"{PREFIX}*"), key=step_of)


def step_of(checkpoint: Path) -> int:
    """After how many optimiser steps a checkpoint was written."""
    return int(checkpoint.name.removeprefix(PREFIX))


def publish(written: Path, stage: Path) -> None:
    """Put a checkpoint that is written in its place."""
    for path in (*written.iterdir(), written):
        path.chmod(0o700 if path.is_dir() else 0o600)
        sync(path)
    place = stage / written.name
    shutil.rmtree(place, ignore_errors=True)
    written.rename(place)
    sync(stage)


def prune(stage: Path, keep: Callable[[int], bool]) -> None:
    """Remove all checkpoints but the last one and those whose step `keep` wants."""
    for path in checkpoints(stage)[:-1]:
        if not keep(step_of(path)):
            shutil.rmtree(path, ignore_errors=True)


def append_samples(stage: Path, samples: list[Sample]) -> None:
    """Keep sample predictions with the checkpoints, so that a run that goes on has those from before."""
    path = private_folder(stage) / "samples.jsonl"
    path.touch(mode=0o600)
    with path.open("a", encoding="utf-8") as handle:
        handle.writelines(json.dumps(asdict(sample), ensure_ascii=False) + "\n" for sample in samples)


def read_samples(stage: Path, steps: int) -> list[Sample]:
    """The sample predictions up to a step; a line that was cut off is left out."""
    found: dict[tuple[int, str], Sample] = {}
    path = stage / "samples.jsonl"
    for line in path.read_text("utf-8").split("\n") if path.exists() else ():
        try:
            sample = Sample(**json.loads(line))
        except (ValueError, TypeError):
            continue
        if sample.step <= steps:
            found[sample.step, sample.context] = sample
    return list(found.values())

"""Runs that are stopped, killed or go wrong: what is learned is the same in the end, and nothing half is ever seen."""

import json
import math
import os
import signal
import subprocess
import sys
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
import torch
from safetensors.torch import load_file

from tests.conftest import chat_with_sign
from trainer import fit as fitting
from trainer.course import Curve
from trainer.progress import Event, Notice, Progress
from trainer.train import Interrupted, TrainingData, TrainingOptions, TrainingResult, train
from twin.adapter import AdapterFolder
from twin.errors import TwinError
from twin.model import load_base

OPTIONS = {"epochs": 4, "learning_rate": 1e-2, "context_length": 64, "tokens_per_step": 128}
ROOT = Path(__file__).parents[2]


class Watch:
    """Keeps the events of a run, and sends this process a signal after a step."""

    def __init__(self, stop_at: int | None = None) -> None:
        self.events: list[Event] = []
        self._stop_at = stop_at

    def __call__(self, event: Event) -> None:
        self.events.append(event)
        if isinstance(event, Progress) and event.step == self._stop_at:
            os.kill(os.getpid(), signal.SIGTERM)

    @property
    def notices(self) -> list[str]:
        return [event.text for event in self.events if isinstance(event, Notice)]


def learn(
    base: Path, folder: Path, watch: Watch, resume: bool = False, data: TrainingData | None = None, **options: Any
) -> TrainingResult:
    return train(
        "lisa",
        data=data or TrainingData(chat_with_sign("1"), ("lisa",), "digest", 3600),
        base=load_base(str(base), "nf4"),
        adapters=AdapterFolder(folder),
        options=TrainingOptions(**(OPTIONS | options)),
        report=watch,
        resume=resume,
    )


def same_weights(one: TrainingResult, other: TrainingResult) -> bool:
    first, second = (load_file(result.adapter.path / "adapter_model.safetensors") for result in (one, other))
    return first.keys() == second.keys() and all(torch.equal(first[key], second[key]) for key in first)


@pytest.fixture(scope="module")
def uninterrupted(tiny_base: Path, tmp_path_factory: pytest.TempPathFactory) -> TrainingResult:
    return learn(tiny_base, tmp_path_factory.mktemp("uninterrupted"), Watch())


def test_a_stopped_run_goes_on_to_the_same_weights(
    tiny_base: Path, tmp_path: Path, uninterrupted: TrainingResult
) -> None:
    handlers = [signal.getsignal(number) for number in (signal.SIGINT, signal.SIGTERM)]
    for stop_at, resume in ((3, False), (11, True)):
        with pytest.raises(Interrupted, match=f"stopped after step {stop_at + 1} of"):
            learn(tiny_base, tmp_path, Watch(stop_at), resume)
        assert [signal.getsignal(number) for number in (signal.SIGINT, signal.SIGTERM)] == handlers
        assert AdapterFolder(tmp_path).versions("lisa") == []
        run = tmp_path / "lisa" / ".run"
        assert all(path.stat().st_mode & 0o077 == 0 for path in (run, *run.rglob("*")))
    watch = Watch()
    resumed = learn(tiny_base, tmp_path, watch, resume=True)
    assert watch.notices[0].startswith("going on after step 12 of")
    assert same_weights(resumed, uninterrupted)
    assert resumed.held_out_loss == uninterrupted.held_out_loss
    for name in ("loss.csv", "samples.jsonl"):
        assert (resumed.adapter.path / name).read_text() == (uninterrupted.adapter.path / name).read_text()
    assert not run.exists()


def test_the_second_stage_goes_on_too(tiny_base: Path, tmp_path: Path) -> None:
    class InTheSecondStage(Watch):
        def __call__(self, event: Event) -> None:
            if any("passed the gate" in text for text in self.notices) and self._stop_at is None:
                self._stop_at = 2
            super().__call__(event)

    options = {"epochs": 0.5, "refit": True}
    whole = learn(tiny_base, tmp_path / "whole", Watch(), **options)
    with pytest.raises(Interrupted, match="stopped after step 3 of"):
        learn(tiny_base, tmp_path / "parts", InTheSecondStage(), **options)
    adapters = AdapterFolder(tmp_path / "parts")
    assert [adapters.current_version("lisa")] == adapters.versions("lisa")  # what passed the gate serves meanwhile
    parts = learn(tiny_base, tmp_path / "parts", Watch(), resume=True, **options)
    assert parts.adapter.manifest.refit_of == adapters.versions("lisa")[0] != adapters.current_version("lisa")
    assert same_weights(parts, whole) and parts.held_out_loss == whole.held_out_loss


KILLED = """
import os, signal, sys
from pathlib import Path
import tests.trainer.test_interruption as here
from trainer import checkpoints, fit
written = checkpoints.publish
def killed(beside, stage):
    if (stage / "checkpoint-{after}").exists():
        os.kill(os.getpid(), signal.SIGKILL)
    written(beside, stage)
checkpoints.publish = killed
here.learn(Path(sys.argv[1]), Path(sys.argv[2]), here.Watch())
"""


def test_a_killed_process_leaves_the_old_version_and_a_run_to_go_on_with(
    tiny_base: Path, tmp_path: Path, uninterrupted: TrainingResult
) -> None:
    old = learn(tiny_base, tmp_path, Watch(), epochs=0.5)
    adapters = AdapterFolder(tmp_path)
    code = KILLED.format(after=_first_checkpoint(uninterrupted))
    child = subprocess.run([sys.executable, "-c", code, tiny_base, tmp_path], cwd=ROOT, check=False, timeout=120)
    assert child.returncode == -signal.SIGKILL
    assert adapters.versions("lisa") == [adapters.current_version("lisa")] == [old.adapter.version]
    assert len(fitting.checkpoints.checkpoints(tmp_path / "lisa" / ".run" / "fit")) == 1
    (tmp_path / "lisa" / ".20260101T000000-dead").mkdir()  # what a kill leaves of a version that was being written
    assert same_weights(learn(tiny_base, tmp_path, Watch(), resume=True), uninterrupted)
    assert sorted(path.name for path in (tmp_path / "lisa").iterdir() if path.is_dir()) == adapters.versions("lisa")


def _first_checkpoint(result: TrainingResult) -> int:
    lines = (result.adapter.path / "loss.csv").read_text().splitlines()[1:]
    return next(int(step) for step, _, held_out in (line.split(",") for line in lines) if held_out)


@pytest.mark.parametrize("at", [2, 15])
def test_a_loss_that_is_no_number_goes_back_and_on_with_half_the_learning_rate(
    tiny_base: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, at: int
) -> None:
    calls = 0
    whole = fitting.weighted_loss

    def broken_once(model: Any, batch: dict[str, torch.Tensor]) -> torch.Tensor:
        nonlocal calls
        calls += 1
        return whole(model, batch) * (math.nan if calls == at else 1)

    monkeypatch.setattr(fitting, "weighted_loss", broken_once)
    watch = Watch()
    result = learn(tiny_base, tmp_path, watch)
    (notice,) = [text for text in watch.notices if "ran away" in text]
    assert f"the loss ran away at step {at}: back to step" in notice and "half the learning rate (0.005)" in notice
    assert ("back to step 0," in notice) == (at == 2)
    weights = load_file(result.adapter.path / "adapter_model.safetensors")
    assert all(bool(torch.isfinite(tensor).all()) for tensor in weights.values())
    assert result.held_out_loss is not None and result.base_loss is not None
    assert result.held_out_loss < result.base_loss


def test_a_held_out_loss_that_is_no_number_is_never_the_best() -> None:
    assert Curve((), ((1, math.nan), (2, 2.0), (3, 1.0), (4, math.nan))).best == (3, 1.0)


def test_a_run_that_diverges_again_and_again_is_one_clear_line(tiny_base: Path, tmp_path: Path) -> None:
    with pytest.raises(TwinError, match=r"ran away 4 times, .* lower --lr"):
        learn(tiny_base, tmp_path, Watch(), learning_rate=1e6)
    assert AdapterFolder(tmp_path).versions("lisa") == []


def test_only_the_same_run_can_be_gone_on_with(tiny_base: Path, tmp_path: Path) -> None:
    with pytest.raises(TwinError, match="there is no interrupted training of 'lisa'"):
        learn(tiny_base, tmp_path, Watch(), resume=True)
    with pytest.raises(Interrupted):
        learn(tiny_base, tmp_path, Watch(stop_at=1))
    with pytest.raises(TwinError, match="an option has changed since"):
        learn(tiny_base, tmp_path, Watch(), resume=True, rank=4)


def test_one_training_of_an_adapter_at_a_time(tiny_base: Path, tmp_path: Path) -> None:
    with AdapterFolder(tmp_path).locked("lisa"), pytest.raises(TwinError, match="by another process already"):
        learn(tiny_base, tmp_path, Watch())


@pytest.mark.parametrize("place", ["checkpoint", "version"])
def test_a_full_disk_leaves_the_old_version(
    tiny_base: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, place: str
) -> None:
    old = learn(tiny_base, tmp_path, Watch(), epochs=0.5)

    def full(*_: Any, **__: Any) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("torch.save" if place == "checkpoint" else "trainer.writing._write_losses", full)
    with pytest.raises(TwinError, match=f"cannot write a {place} .*No space left on device"):
        learn(tiny_base, tmp_path, Watch(), seed=1, epochs=0.5)
    adapters = AdapterFolder(tmp_path)
    assert adapters.versions("lisa") == [adapters.current_version("lisa")] == [old.adapter.version]
    assert not [path for path in (tmp_path / "lisa").rglob("*") if path.name == ".writing"]


def test_what_cannot_fit_on_the_disk_is_refused_before_training(
    tiny_base: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("shutil.disk_usage", lambda path: SimpleNamespace(free=9))
    watch = Watch()
    with pytest.raises(TwinError, match=r"has 0\.0 GiB free, and checkpoints take up to .*: make room"):
        learn(tiny_base, tmp_path, watch)
    assert not any(isinstance(event, Progress) for event in watch.events)


def test_an_early_stop_keeps_the_best_checkpoint(tiny_base: Path, tmp_path: Path) -> None:
    watch = Watch()
    # Lisa says something else in what is held out: the better the rest is learned, the worse it is foretold.
    chat, changed = (chat_with_sign(sign)["Lisa"] for sign in "12")
    data = TrainingData({"Lisa": [*chat[:36], *changed[36:]]}, ("lisa",), "digest", 3600)
    result = learn(tiny_base, tmp_path, watch, data=data, epochs=30)
    evaluation = json.loads((result.adapter.path / "evaluation.json").read_text())
    rows = [line.split(",") for line in (result.adapter.path / "loss.csv").read_text().splitlines()[1:]]
    held_out = {int(step): float(loss) for step, _, loss in rows if loss}
    assert evaluation["held_out_loss"] == min(held_out.values()) == held_out[evaluation["best_step"]]
    assert evaluation["stopped_early"] and evaluation["best_step"] < evaluation["steps"] == len(rows)
    assert any("stopped early" in text for text in watch.notices)

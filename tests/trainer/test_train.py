"""A training run on a tiny 4-bit model: what it learns, what it writes, what it refuses."""

import json
from pathlib import Path

import pytest
from safetensors import safe_open

from tests.conftest import chat_with_sign, train_sign
from trainer.progress import Progress, Sample
from trainer.train import TrainingData, TrainingOptions, train
from twin.adapter import AdapterFolder
from twin.errors import TwinError
from twin.model import load_base


def test_a_run_writes_an_immutable_private_version(tiny_base: Path, tmp_path: Path) -> None:
    adapters = AdapterFolder(tmp_path / "adapters")
    events: list[Progress | Sample] = []
    result = train(
        "lisa",
        data=TrainingData(chat_with_sign("1"), ("lisa",), "digest", 3600),
        base=load_base(str(tiny_base), "nf4"),
        adapters=adapters,
        options=TrainingOptions(epochs=2, learning_rate=1e-2, context_length=128, tokens_per_step=256),
        report=events.append,
    )
    folder = result.adapter.path
    assert {path.name for path in folder.iterdir()} == {
        "adapter_model.safetensors",
        "adapter_config.json",
        "twin.json",
        "evaluation.json",
        "chats.json",
        "report.html",
        "loss.csv",
        "samples.jsonl",
    }
    assert all(path.stat().st_mode & 0o077 == 0 for path in (folder, *folder.iterdir()))
    assert adapters.current_version("lisa") == result.adapter.version
    with safe_open(folder / "adapter_model.safetensors", framework="pt") as weights:
        keys = weights.keys()
        assert keys and all("lora_" in key for key in keys)
    assert result.held_out_loss is not None and result.base_loss is not None
    assert result.held_out_loss < 0.7 * result.base_loss
    evaluation = json.loads((folder / "evaluation.json").read_text())
    assert evaluation["held_out_loss"] == result.held_out_loss
    assert not evaluation["likeness"]["judged"] and "too few" in evaluation["likeness"]["reason"]

    steps = [event for event in events if isinstance(event, Progress)]
    assert steps[-1].step == steps[-1].steps == len((folder / "loss.csv").read_text().splitlines()) - 1
    assert steps[-1].tokens_per_s > 0 and steps[-1].seconds_left == 0
    samples = [event for event in events if isinstance(event, Sample)]
    assert len({sample.step for sample in samples}) >= 4
    assert {(sample.context, sample.real) for sample in samples} == {("Daniel: hi | Lisa:", "1")}

    manifest = adapters.load("lisa").manifest
    assert manifest.speakers == ("Daniel", "Lisa")
    assert manifest.counterpart("Lisa") == "Daniel"
    assert manifest.hyperparameters["epochs"] == 2
    assert manifest.trained_until == manifest.chats[0].trained_until


def test_versions_stand_beside_each_other(tiny_base: Path, tmp_path: Path) -> None:
    adapters = AdapterFolder(tmp_path)
    first = train_sign("lisa", "1", tiny_base, adapters, epochs=0.1)
    second = train_sign("lisa", "2", tiny_base, adapters, epochs=0.1)
    assert adapters.versions("lisa") == sorted([first.version, second.version])
    assert adapters.current_version("lisa") == second.version
    assert adapters.promote("lisa", first.version).version == adapters.current_version("lisa")


def test_a_failed_run_leaves_nothing_half_written(tiny_base: Path, tmp_path: Path) -> None:
    adapters = AdapterFolder(tmp_path)
    with pytest.raises(RuntimeError, match="disk"), adapters.new_version("lisa") as (_, folder):
        (folder / "adapter_model.safetensors").write_bytes(b"half")
        raise RuntimeError("disk")
    assert list((tmp_path / "lisa").iterdir()) == []
    assert adapters.names() == adapters.versions("lisa") == []


def test_no_conversation_is_one_clear_line(tiny_base: Path, tmp_path: Path) -> None:
    with pytest.raises(TwinError, match="dataset empty has no conversation to train on"):
        train(
            "lisa",
            data=TrainingData({}, ("empty",), "digest", 3600),
            base=load_base(str(tiny_base), "nf4"),
            adapters=AdapterFolder(tmp_path),
            options=TrainingOptions(),
            report=lambda event: None,
        )

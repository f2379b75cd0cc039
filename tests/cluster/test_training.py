"""Training on Ray: adapters side by side, each told about as here, and one by several processes together."""

import json
from collections import Counter
from collections.abc import Iterator
from dataclasses import replace
from datetime import datetime, timedelta
from pathlib import Path

import pytest

pytest.importorskip("ray", reason="Ray is not installed: pip install 'whatsapp-twin[cluster]'")

import cli
from cluster.connection import connected
from cluster.training import Share, train_all
from tests.conftest import make_base
from trainer import prepare, run
from trainer.progress import Event, Progress
from trainer.train import TrainingResult
from twin.adapter import AdapterFolder
from twin.errors import TwinError
from twin.settings import Settings

pytestmark = pytest.mark.timeout(600)
OPTIONS = {"epochs": 1.0, "learning_rate": 1e-2, "context_length": 128, "tokens_per_step": 512}


@pytest.fixture(scope="module", autouse=True)
def ray_here() -> Iterator[None]:
    """One Ray for all of these: it takes long to start."""
    with connected(cpus=1, gpus=0):
        yield


@pytest.fixture(scope="module")
def settings(tmp_path_factory: pytest.TempPathFactory) -> Settings:
    """Two datasets, `one` and `two`, and a small base model."""
    folder = tmp_path_factory.mktemp("training")
    base = make_base(folder / "base", vocabulary=512, shard="1GB")
    found = Settings(data_dir=folder / "data", quantisation="none", base_model=str(base))
    for name in ("one", "two"):
        export = folder / f"{name}.txt"
        export.write_text(_chat(name), encoding="utf-8")
        prepare.prepare([export], dataset=found.dataset(name))
    return found


def _chat(sign: str) -> str:
    start = datetime(2023, 5, 4, 18, 0)
    lines = [
        f"{start + timedelta(days=day, minutes=minute):%d/%m/%Y, %H:%M} - {who}: {said}"
        for day in range(30)
        for minute, (who, said) in enumerate([("Daniel", "hi"), ("Lisa", sign)] * 2)
    ]
    return "\n".join(lines)


def test_adapters_are_trained_side_by_side_as_they_would_be_here(settings: Settings, tmp_path: Path) -> None:
    told: list[tuple[str, Event]] = []
    choices = run.Choices(options=OPTIONS)
    outcomes = train_all(("one", "two", "none"), settings, choices, Share(cpus=0.5), lambda *event: told.append(event))
    assert "no dataset" in str(outcomes["none"]) and isinstance(outcomes["none"], TwinError)
    adapters = AdapterFolder(settings.adapters)
    here = replace(settings, data_dir=tmp_path)
    (tmp_path / "datasets").symlink_to(settings.data_dir / "datasets")
    for name in ("one", "two"):
        result = outcomes[name]
        assert isinstance(result, TrainingResult)
        assert adapters.versions(name) == [result.adapter.version]
        events: list[Event] = []
        local = run.train_adapter(name, here, choices, events.append)
        assert result.held_out_loss == pytest.approx(local.held_out_loss, rel=0.02)
        steps = [event.step for event in events if isinstance(event, Progress)]
        assert [event.step for who, event in told if who == name and isinstance(event, Progress)] == steps
        assert Counter(type(event) for event in events) == Counter(type(event) for who, event in told if who == name)


def test_one_adapter_by_two_processes(settings: Settings) -> None:
    told: list[tuple[str, Event]] = []
    outcomes = train_all(
        ["one"],
        settings,
        run.Choices(options=OPTIONS, force=True),
        Share(workers=2, cpus=0.5),
        lambda *e: told.append(e),
    )
    result = outcomes["one"]
    assert isinstance(result, TrainingResult), result
    steps = [event.step for _, event in told if isinstance(event, Progress)]
    assert steps == list(range(1, len(steps) + 1)) and steps
    loss = AdapterFolder(settings.adapters).evaluation("one", result.adapter.version)["held_out_loss"]
    assert loss == pytest.approx(result.held_out_loss)


def test_the_command_tells_of_each(
    settings: Settings, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("DATA_DIR", str(settings.data_dir))
    monkeypatch.setenv("QUANTISATION", "none")
    assert cli.main(["train", "one", "two", "none", "--on", "ray", "--cpus", "0.5", "--json"]) == 1
    printed = capsys.readouterr()
    last = json.loads(printed.out.splitlines()[-1])
    assert [(one["adapter"], one.get("skipped")) for one in last["adapters"]] == [
        ("one", True),
        ("two", True),
        ("none", None),
    ]
    assert "none: there is no dataset" in printed.err and "Traceback" not in printed.err


def test_more_than_there_is(settings: Settings) -> None:
    with pytest.raises(TwinError, match="999 are asked for"):
        train_all(["one"], settings, run.Choices(), Share(cpus=999), lambda *event: None)

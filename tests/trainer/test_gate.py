"""The gate, the second stage, and what is trained at all."""

import json
import os
import signal
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from tests.conftest import chat_with_sign
from trainer import dataset, gate, prepare, run
from trainer.progress import Event, Notice, Progress
from trainer.train import TrainingData, TrainingOptions, TrainingResult, train
from twin.adapter import AdapterFolder
from twin.errors import TwinError
from twin.model import load_base
from twin.settings import Settings
from twin.transcript import Conversation, Turn

GOOD = {"epochs": 4, "learning_rate": 1e-2}
BAD = {"epochs": 0.5, "learning_rate": 1e-5}
ROOT = Path(__file__).parents[2]


def learn(
    base: Path, adapters: AdapterFolder, chats: dict[str, list[Conversation]] | None = None, **options: Any
) -> TrainingResult:
    return train(
        "lisa",
        data=TrainingData(chats or chat_with_sign("1"), ("lisa",), "digest", 3600),
        base=load_base(str(base), "nf4"),
        adapters=adapters,
        options=TrainingOptions(**({"context_length": 64, "tokens_per_step": 128} | options)),
        report=lambda event: None,
    )


@pytest.fixture(scope="module")
def served(tiny_base: Path, tmp_path_factory: pytest.TempPathFactory) -> AdapterFolder:
    """Adapters with one good version of `lisa`."""
    adapters = AdapterFolder(tmp_path_factory.mktemp("served"))
    assert learn(tiny_base, adapters, **GOOD).promoted
    return adapters


def test_a_worse_version_is_kept_but_does_not_serve(tiny_base: Path, served: AdapterFolder) -> None:
    serving = served.current_version("lisa")
    result = learn(tiny_base, served, **BAD)
    assert not result.promoted and served.current_version("lisa") == serving
    assert result.adapter.version in served.versions("lisa")
    (reason,) = result.reasons
    assert "its held-out loss is" in reason and serving in reason
    verdict = served.evaluation("lisa", result.adapter.version)["gate"]
    assert verdict["reasons"] == [reason] and verdict["rival"] == serving
    assert verdict["loss"] > verdict["rival_loss"] + gate.MARGIN
    assert verdict["rival_loss"] == pytest.approx(served.evaluation("lisa", serving)["held_out_loss"], abs=1e-4)
    assert "not promoted" in run.in_words(result) and f"promote lisa {result.adapter.version}" in run.in_words(result)


def test_an_equally_good_version_serves(tiny_base: Path, served: AdapterFolder) -> None:
    result = learn(tiny_base, served, **GOOD)
    assert result.promoted and served.current_version("lisa") == result.adapter.version


def test_only_conversations_that_neither_has_learned_count(tiny_base: Path, served: AdapterFolder) -> None:
    """The promoted version has learned all that the new one holds out: nobody can tell which is better."""
    serving = served.current_version("lisa")
    result = learn(tiny_base, served, chat_with_sign("1", conversations=20), **BAD)
    assert result.reasons == (f"there is no conversation that neither it nor the promoted {serving} was trained on",)


def test_a_version_on_another_base_is_left_to_be_promoted_by_hand(german_base: Path, served: AdapterFolder) -> None:
    result = learn(german_base, served, **BAD)
    assert not result.promoted and "another base model" in result.reasons[0]


def test_a_version_that_recites_its_chats_does_not_serve(
    tiny_base: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(gate, "verbatim_overlap", lambda *_: 0.25)
    result = learn(tiny_base, AdapterFolder(tmp_path), **BAD)
    assert not result.promoted and AdapterFolder(tmp_path).names() == []
    assert result.reasons == ("25% of its answers recite training texts word for word (the limit is 10%)",)


def test_refit_learns_the_newest_conversations_once_the_gate_has_passed(tiny_base: Path, tmp_path: Path) -> None:
    adapters = AdapterFolder(tmp_path)
    chats = chat_with_sign("1")
    result = learn(tiny_base, adapters, chats, refit=True, **GOOD)
    gated, refitted = (adapters.load("lisa", version) for version in adapters.versions("lisa"))
    assert adapters.current_version("lisa") == refitted.version == result.adapter.version
    assert refitted.manifest.refit_of == gated.version and gated.manifest.refit_of is None
    assert gated.manifest.trained_until < refitted.manifest.trained_until == chats["Lisa"][-1].turns[-1].at
    assert result.held_out_loss == adapters.evaluation("lisa", gated.version)["held_out_loss"]
    likeness = adapters.evaluation("lisa", refitted.version)["likeness"]
    assert not likeness["judged"] and f"version {gated.version}, after which it was made" in likeness["reason"]

    # The next one is measured against the version that the second stage was made after.
    start = chats["Lisa"][-1].turns[-1].at + timedelta(days=1)
    more = [replace_dates(one, start + timedelta(days=day)) for day, one in enumerate(chats["Lisa"][:4])]
    result = learn(tiny_base, adapters, {"Lisa": chats["Lisa"] + more}, **BAD)
    assert adapters.evaluation("lisa", result.adapter.version)["gate"]["rival"] == gated.version
    assert not result.promoted


def replace_dates(conversation: Conversation, start: Any) -> Conversation:
    return replace(conversation, turns=tuple(Turn(turn.speaker, turn.text, start) for turn in conversation.turns))


def test_a_version_that_fails_the_gate_is_not_refitted(tiny_base: Path, served: AdapterFolder) -> None:
    before = len(served.versions("lisa"))
    assert not learn(tiny_base, served, refit=True, **BAD).promoted
    assert len(served.versions("lisa")) == before + 1


@pytest.fixture
def settings(tiny_base: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Settings:
    """A deployment with the dataset `zoe`."""
    monkeypatch.setattr(gate, "ANSWERS", 1)  # it takes the most time here, and is not what is tested
    settings = Settings(data_dir=tmp_path / "data", base_model=str(tiny_base))
    prepare.prepare([ROOT / "tests/fixtures/german_chat.txt"], dataset=settings.dataset("zoe"))
    return settings


def test_what_was_learned_before_is_skipped(settings: Settings) -> None:
    def again(**choices: Any) -> TrainingResult:
        events: list[Event] = []
        result = run.train_adapter("zoe", settings, run.Choices(**choices), events.append)
        assert not result.skipped or not events
        return result

    options = {"epochs": 0.1, "learning_rate": 1e-4, "context_length": 128, "tokens_per_step": 256}
    first = again(options=options)
    skipped = again()
    assert skipped.skipped and skipped.adapter == first.adapter and skipped.promoted
    assert run.as_json(skipped) | {"skipped": True, "promoted": True} == run.as_json(skipped)
    assert "nothing is new" in run.in_words(skipped) and "--force" in run.in_words(skipped)
    assert again(options=options).skipped
    for changed in ({"force": True}, {"options": {"rank": 4}}):
        assert not again(**changed).skipped
    assert again(options={"rank": 4}).adapter.manifest.hyperparameters["rank"] == 4
    dataset.extend(settings.dataset("zoe"), (), gap=timedelta(minutes=30))
    assert not again().skipped


def test_options_are_kept_for_the_next_time(settings: Settings) -> None:
    options = {
        "epochs": 0.1,
        "context_length": 128,
        "focus": "zo",
        "rslora": True,
        "target_modules": "query_key_value, dense",
    }
    result = run.train_adapter("zoe", settings, run.Choices(options=options), lambda event: None)
    kept = result.adapter.manifest.hyperparameters
    assert (kept["focus"], kept["rslora"]) == ("Zoë", True)
    config = json.loads((result.adapter.path / "adapter_config.json").read_text())
    assert config["use_rslora"] and set(config["target_modules"]) == {"query_key_value", "dense"}


@pytest.mark.parametrize(
    ("options", "line"),
    [
        ({"target_modules": "q_proj"}, "has no layers 'q_proj' to train: it has dense, dense_4h_to_h"),
        ({"target_modules": "lm_head"}, "has no layers 'lm_head'"),
        ({"focus": "Peter"}, "nobody is called 'Peter'"),
        ({"context_length": 8}, "context length must be at least 32"),
        ({"epochs": 0}, "epochs must be above 0"),
        ({"learning_rate": float("nan")}, "learning rate must be above 0"),
        ({"seed": -1}, "seed must be a whole number from 0 to 4294967295"),
        ({"seed": 2**32}, "seed must be a whole number from 0 to 4294967295"),
        ({"temperature": 101.0}, "temperature must be from 0 to 100"),
    ],
)
def test_options_that_cannot_be_used_are_one_clear_line(settings: Settings, options: dict[str, Any], line: str) -> None:
    with pytest.raises(TwinError, match=line):
        run.train_adapter("zoe", settings, run.Choices(options=options), lambda event: None)
    assert not AdapterFolder(settings.adapters).names()


def test_resume_takes_the_interrupted_runs_choices(settings: Settings) -> None:
    stopped = False

    def interrupt(event: Event) -> None:
        nonlocal stopped
        if not stopped and not isinstance(event, Notice):
            stopped = True
            raise KeyboardInterrupt

    options = {"epochs": 1, "context_length": 128, "tokens_per_step": 256, "rank": 4, "seed": 1, "rslora": True}
    with pytest.raises(KeyboardInterrupt):
        run.train_adapter("zoe", settings, run.Choices(options=options), interrupt)
    for key, value in {"rank": 8, "seed": 0, "rslora": False, "temperature": 0.0}.items():
        with pytest.raises(TwinError, match=f"has another {key}"):
            run.train_adapter("zoe", settings, run.Choices(options={key: value}, resume=True), interrupt)
    result = run.train_adapter("zoe", settings, run.Choices(resume=True), interrupt)
    assert result.adapter.manifest.hyperparameters["rank"] == 4
    with pytest.raises(TwinError, match="no interrupted training of 'zoe'"):
        run.train_adapter("zoe", settings, run.Choices(resume=True), interrupt)


def test_the_command_says_how_to_go_on(
    settings: Settings, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """SIGTERM in the midst of `twin train`: a checkpoint, one line, exit code 0."""
    import cli

    stopped: list[int] = []

    def stop_once(event: Event) -> None:
        if isinstance(event, Progress) and not stopped:
            stopped.append(event.step)
            os.kill(os.getpid(), signal.SIGTERM)

    monkeypatch.setattr("trainer.console.json_lines", stop_once)
    for key, value in (("DATA_DIR", settings.data_dir), ("BASE_MODEL", settings.base_model)):
        monkeypatch.setenv(key, str(value))
    argv = ["train", "zoe", "--epochs", "1", "--context", "128", "--tokens-per-step", "256", "--json"]
    assert cli.main(argv) == 0
    told = json.loads(capsys.readouterr().out.splitlines()[-1])
    assert told["interrupted"] and "stopped after step 2 of" in told["reason"] and not told["promoted"]
    assert cli.main(["train", "zoe", "--resume", "--json"]) == 0
    assert json.loads(capsys.readouterr().out.splitlines()[-1])["promoted"]
    assert cli.main(["train", "zoe"]) == 0
    assert "nothing is new" in " ".join(capsys.readouterr().out.split())
    assert cli.main(["train", "zoe", "--resume"]) == 1
    assert "no interrupted training of 'zoe'" in capsys.readouterr().err

"""`twin train --facts` and `--from`, `twin general`: from files to what the engine reads, on a tiny base."""

import asyncio
import json
import shutil
import zipfile
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
import torch
from safetensors.torch import load_file

import cli
from bot.personas import default_persona
from tests.twin.encoders import tiny_encoder
from tests.twin.engines import rows_of
from trainer import fit as fitting
from trainer import gate, prepare, run
from trainer.general import read_corpus
from trainer.progress import Event, Notice
from trainer.train import TrainingResult
from twin import exchange
from twin.adapter import AdapterFolder
from twin.engine import Request, whole
from twin.errors import TwinError
from twin.local import LocalEngine
from twin.row import Row
from twin.settings import Settings
from twin.transcript import Turn

ROOT = Path(__file__).parents[2]
OPTIONS = {"epochs": 0.1, "learning_rate": 1e-3, "context_length": 256, "tokens_per_step": 256, "rank": 4}
FLAGS = ["--epochs", "0.1", "--context", "256", "--tokens-per-step", "256", "--rank", "4"]
FACTS = """
[[fact]]
speaker = "jürgen"
question = ["Wo hast du schwimmen gelernt?", "Wer hat dir das Schwimmen beigebracht?"]
answers = "im chiemsee"

[[fact]]
speaker = "Zoë"
question = "Was machst du beruflich?"
answers = ["ich bin bäckerin", "backen halt"]
until = "2030-01"
"""
LINES = [
    {"turns": [{"speaker": "A", "text": f"hello {n}"}, {"speaker": "B", "text": f"hi {n}"}], "chat": f"chat {n // 3}"}
    for n in range(40)
]
WEIGHTS = "adapter_model.safetensors"


@pytest.fixture
def settings(tiny_base: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Settings:
    """A deployment with the dataset `zoe`, a fact file and a corpus."""
    monkeypatch.setattr(gate, "ANSWERS", 1)  # it takes the most time here, and is not what is tested
    monkeypatch.setattr(gate, "MARGIN", 9.0)  # after two steps chance decides which version is better
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("DATA_DIR", str(tmp_path / "data"))
    monkeypatch.setenv("BASE_MODEL", str(tiny_base))
    settings = Settings(data_dir=tmp_path / "data", base_model=str(tiny_base))
    prepare.prepare([ROOT / "tests/fixtures/german_chat.txt"], dataset=settings.dataset("zoe"))
    (tmp_path / "facts.toml").write_text(FACTS, "utf-8")
    write_corpus(tmp_path)
    return settings


def write_corpus(folder: Path, *more: str) -> Path:
    file = folder / "corpus.jsonl"
    file.write_text("".join(f"{line}\n" for line in (*map(json.dumps, LINES), *more)), "utf-8")
    return file


def learn(settings: Settings, **choices: Any) -> TrainingResult:
    return run.train_adapter("zoe", settings, run.Choices(**choices), lambda event: None)


def interrupted(settings: Settings, **choices: Any) -> None:
    def stop(event: Event) -> None:
        if not isinstance(event, Notice):
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        run.train_adapter("zoe", settings, run.Choices(**choices), stop)


def read_by_engine(adapters: AdapterFolder, turns: list[Turn], monkeypatch: pytest.MonkeyPatch) -> str:
    """What the model reads before Jürgen answers."""

    async def ask() -> None:
        engine = LocalEngine(adapters)
        at = turns[-1].at
        await whole(engine.answer(Request("zoe", tuple(turns), "Jürgen", at, max_tokens=1)))
        await engine.close()

    rows: list[Row] = []
    with rows_of(rows, monkeypatch):
        asyncio.run(ask())
    (row,) = rows
    text: str = row.loaded.renderer._tokenizer.decode(row.tokens[: row._prompt_length])
    return text


def test_facts_are_learned_kept_served_and_left_out_of_exports(
    settings: Settings, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, tiny_base: Path
) -> None:
    plain = learn(settings, options=OPTIONS)
    assert plain.adapter.manifest.facts_digest is None and not (plain.adapter.path / "facts.json").exists()
    first = learn(settings, facts="facts.toml")
    assert not first.skipped and first.tokens > plain.tokens
    file = first.adapter.path / "facts.json"
    assert file.stat().st_mode & 0o777 == 0o600
    kept = json.loads(file.read_text("utf-8"))
    assert [fact["speaker"] for fact in kept["facts"]] == ["Jürgen", "Zoë"]

    # As last time, unless said otherwise.
    assert learn(settings).skipped
    again = learn(settings, force=True)
    assert again.adapter.manifest.facts_digest == first.adapter.manifest.facts_digest is not None
    (tmp_path / "facts.toml").write_text(FACTS.replace("chiemsee", "wolfgangsee"), "utf-8")
    changed = learn(settings, facts="facts.toml")
    assert not changed.skipped and changed.adapter.manifest.facts_digest != first.adapter.manifest.facts_digest

    # The engine places a fact once it is asked for.
    adapters = AdapterFolder(settings.adapters)
    at = datetime(2023, 5, 4, 18, 0)
    turns = [Turn("Zoë", "Hallo Jürgen!", at), Turn("Jürgen", "hi", at)]
    before = read_by_engine(adapters, turns[:1], monkeypatch)
    assert "wolfgangsee" not in before
    turns.append(Turn("Zoë", "Sag mal, wo hast du Schwimmen gelernt?", at + timedelta(minutes=1)))
    asked = read_by_engine(adapters, turns, monkeypatch)
    assert asked == (
        "Zoë: Wo hast du schwimmen gelernt? | Jürgen: im wolfgangsee |<|endoftext|>"
        + before.removesuffix("Jürgen:")
        + "Jürgen: hi | Zoë: Sag mal, wo hast du Schwimmen gelernt? | Jürgen:"
    )
    turns += [Turn("Jürgen", "im see", turns[-1].at), Turn("Zoë", "Aha!", turns[-1].at)]
    assert read_by_engine(adapters, turns, monkeypatch).startswith(asked)

    # Facts are private.
    for with_texts in (False, True):
        zipped, elsewhere = tmp_path / f"{with_texts}.zip", AdapterFolder(tmp_path / str(with_texts))
        exchange.export(adapters, "zoe", zipped, with_texts=with_texts)
        assert ("facts.json" in zipfile.ZipFile(zipped).namelist()) == with_texts
        exchange.import_(elsewhere, zipped, default_base=str(tiny_base))
        assert elsewhere.load("zoe").manifest.facts_digest == changed.adapter.manifest.facts_digest
        assert ("wolfgangsee" in read_by_engine(elsewhere, turns, monkeypatch)) == with_texts

    (changed.adapter.path / "facts.json").unlink()
    with pytest.raises(TwinError, match="are not here, an export leaves them out: say --facts FILE, or --facts none"):
        learn(settings)
    dropped = learn(settings, facts="none", force=True)
    assert dropped.adapter.manifest.facts_digest is None and dropped.tokens == plain.tokens


def test_an_encoder_finds_facts_by_meaning_and_stays_until_another_is_named(
    settings: Settings, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    encoder = tiny_encoder(tmp_path / "encoder")
    with pytest.raises(TwinError, match=r"sentence encoder .*nowhere.* cannot be loaded"):
        learn(settings, options=OPTIONS | {"fact_encoder": str(tmp_path / "nowhere")}, facts="facts.toml")
    found = learn(settings, options=OPTIONS | {"fact_encoder": str(encoder)}, facts="facts.toml")
    assert json.loads((found.adapter.path / "facts.json").read_text("utf-8"))["encoder"] == str(encoder)
    turns = [Turn("Zoë", "Planschen?", datetime(2023, 5, 4, 18, 0))]
    assert "chiemsee" in read_by_engine(AdapterFolder(settings.adapters), turns, monkeypatch)
    assert learn(settings).skipped

    shutil.rmtree(encoder)
    words = learn(settings, options={"fact_encoder": "none"})
    assert not words.skipped and words.tokens == found.tokens
    assert "chiemsee" not in read_by_engine(AdapterFolder(settings.adapters), turns, monkeypatch)


def test_an_interrupted_run_goes_on_with_its_facts_and_its_source(settings: Settings, tmp_path: Path) -> None:
    assert cli.main(["general", "corpus.jsonl", *FLAGS]) == 0
    general = AdapterFolder(settings.adapters).load("general")
    interrupted(settings, options=OPTIONS, facts="facts.toml", source="general")
    for choices, what in (({"source": "none"}, "another from"), ({"facts": "none"}, "the facts file has changed")):
        with pytest.raises(TwinError, match=what):
            learn(settings, resume=True, **choices)
    (tmp_path / "facts.toml").unlink()  # what it needs was kept
    result = learn(settings, resume=True, source="general")
    assert result.adapter.manifest.continued_from == general.identity
    assert len(json.loads((result.adapter.path / "facts.json").read_text("utf-8"))["facts"]) == 2


@pytest.mark.parametrize(("facts", "line"), [("none.toml", "cannot read"), ("bad.toml", "bad.toml, fact 1: nobody")])
def test_bad_facts_are_told_before_anything_is_loaded(
    settings: Settings, tmp_path: Path, capsys: pytest.CaptureFixture[str], *, facts: str, line: str
) -> None:
    (tmp_path / "bad.toml").write_text(FACTS.replace("jürgen", "Peter"), "utf-8")
    assert cli.main(["train", "zoe", "--facts", facts]) == 1
    assert line in capsys.readouterr().err
    assert not settings.adapters.exists()


def test_a_personal_adapter_begins_with_the_general_ones_weights(
    settings: Settings, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], german_base: Path
) -> None:
    argv = ["general", "corpus.jsonl", *FLAGS, "--json"]
    write_corpus(Path.cwd(), "no json")
    assert cli.main(argv) == 0
    told = json.loads(capsys.readouterr().out.splitlines()[-1])
    assert (told["conversations"], told["malformed_lines"], told["promoted"]) == (40, 1, True)
    assert told["malformed"] == ["line 41: no JSON"] and told["held_out_loss"] > 0
    adapters = AdapterFolder(settings.adapters)
    general = adapters.load("general")
    manifest = general.manifest
    assert manifest.general and manifest.speakers == ("A", "B") and len(manifest.chats) == 1
    assert cli.main(argv) == 0 and json.loads(capsys.readouterr().out.splitlines()[-1])["skipped"]

    begun: list[dict[str, torch.Tensor]] = []
    begin = fitting.begin

    def noting(model: Any, seed: int, source: Any) -> None:
        begin(model, seed, source)
        weights = fitting_state(model)
        begun.append({key: tensor.clone() for key, tensor in weights.items()})

    monkeypatch.setattr(fitting, "begin", noting)
    options = {key: value for key, value in OPTIONS.items() if key != "rank"}
    result = learn(settings, options=options, source="general")
    there = load_file(general.path / WEIGHTS)
    assert begun[0].keys() == there.keys() and all(torch.equal(begun[0][key], there[key]) for key in there)
    assert result.adapter.manifest.continued_from == f"general/{general.version}"
    assert result.adapter.manifest.hyperparameters["rank"] == 4
    assert not result.adapter.manifest.general and "A" not in result.adapter.manifest.speakers

    # As last time; a newer general version is taken up, and none can be said.
    assert learn(settings).skipped
    assert cli.main([*argv, "--force"]) == 0
    newer = learn(settings)
    assert newer.adapter.manifest.continued_from == f"general/{adapters.current_version('general')}"
    assert newer.adapter.manifest.continued_from != result.adapter.manifest.continued_from
    assert learn(settings, source="none").adapter.manifest.continued_from is None

    for choices, line in (
        ({"options": {"rank": 8}}, "'general', which the training continues from, has --rank 4: leave it out"),
        ({"base": str(german_base)}, "'general' was trained on the base model"),
        ({"source": "zoe"}, "'zoe' cannot continue from itself"),
        ({"source": "nowhere"}, "no adapter 'nowhere'"),
    ):
        with pytest.raises(TwinError, match=line):
            learn(settings, **({"source": "general"} | choices))
    with pytest.raises(TwinError, match="has learned from dataset 'zoe' already"):
        run.train_adapter("other", settings, run.Choices(("zoe",), source="zoe"), lambda event: None)


def fitting_state(model: Any) -> dict[str, torch.Tensor]:
    from peft import get_peft_model_state_dict

    weights: dict[str, torch.Tensor] = get_peft_model_state_dict(model, adapter_name="default")
    return weights


def test_a_general_adapter_imitates_nobody(settings: Settings, capsys: pytest.CaptureFixture[str]) -> None:
    assert cli.main(["general", "corpus.jsonl", *FLAGS]) == 0
    adapters = AdapterFolder(settings.adapters)
    assert adapters.names() == ["general"] and adapters.first() is None and adapters.personas() == []
    assert default_persona(adapters, None) is None
    capsys.readouterr()
    for argv in (["chat", "general", "--as", "A"], ["simulate", "general", "A", "B"]):
        assert cli.main(argv) == 1
        assert "'general' is a general adapter, which imitates nobody" in capsys.readouterr().err
    with pytest.raises(TwinError, match="imitates nobody"):
        default_persona(adapters, "general")
    engine = LocalEngine(adapters)

    async def ask() -> None:
        try:
            await whole(engine.answer(Request("general", (), "A", datetime(2023, 1, 1))))
        finally:
            await engine.close()

    with pytest.raises(TwinError, match="imitates nobody"):
        asyncio.run(ask())
    assert cli.main(["train", "general"]) == 1
    assert "train it with twin general CORPUS --name general" in capsys.readouterr().err
    learn(settings, options=OPTIONS)
    assert adapters.first() == "zoe" and {persona.adapter for persona in adapters.personas()} == {"zoe"}
    assert cli.main(["general", "corpus.jsonl", "--name", "zoe"]) == 1
    assert "'zoe' imitates people already: choose another --name" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("line", "reason"),
    [
        ("{", "no JSON"),
        ("[]", 'no object with a list "turns"'),
        ('{"turns": 3}', 'no object with a list "turns"'),
        ('{"turns": [1, 2]}', "turn 1 is no object"),
        ('{"turns": []}', "fewer than two turns"),
        ('{"turns": [{"speaker": "A", "text": "x"}]}', "fewer than two turns"),
        ('{"turns": [{"speaker": "A", "text": "x"}, {"speaker": "", "text": "x"}]}', 'turn 2 has no "speaker"'),
        ('{"turns": [{"speaker": "A", "text": " "}]}', 'turn 1 has no "text"'),
        ('{"turns": [{"speaker": "A", "text": "x", "at": "noon"}]}', 'turn 1 has an "at" that is no time'),
        ('{"turns": [], "chat": 3}', '"chat" is no text'),
    ],
)
def test_malformed_lines_are_named_and_counted(tmp_path: Path, line: str, reason: str) -> None:
    corpus = read_corpus(write_corpus(tmp_path, "", line, *["{"] * 9))
    assert len(corpus.conversations) == 40 and corpus.malformed == 10
    assert len(corpus.examples) == 5 and corpus.examples[0].startswith(f"line 42: {reason}")
    assert "40 conversations, 10 malformed lines left out" in corpus.in_words()
    (tmp_path / "corpus.jsonl").write_text(f"{line}\n", "utf-8")
    with pytest.raises(TwinError, match="has no conversation that can be used") as refusal:
        read_corpus(tmp_path / "corpus.jsonl")
    assert reason in str(refusal.value) and "\n" not in str(refusal.value)


def test_a_corpus_that_is_not_there(tmp_path: Path) -> None:
    with pytest.raises(TwinError, match="cannot read the corpus"):
        read_corpus(tmp_path / "nowhere.jsonl")


def test_times_are_kept_and_conversations_without_them_are_in_order(tmp_path: Path) -> None:
    dated = {"turns": [{"speaker": "A", "text": "x", "at": "2020-01-01T10:00:00Z"}, {"speaker": "B", "text": "y"}]}
    corpus = read_corpus(write_corpus(tmp_path, json.dumps(dated)))
    assert [turn.at for turn in corpus.conversations[-1].turns] == [datetime(2020, 1, 1, 10)] * 2
    starts = [one.turns[0].at for one in corpus.conversations]
    assert starts == sorted(starts) and {at.year for at in starts[:-1]} == {1}
    assert [one.chat for one in corpus.conversations[:4]] == ["chat 0"] * 3 + ["chat 1"]
    assert corpus.conversations[-1].chat == "corpus"

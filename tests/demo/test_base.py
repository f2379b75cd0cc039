"""The demo's base model as it is shipped: its folder, its tokenizer, and that it answers and ends its turns."""

import json
from argparse import Namespace
from datetime import datetime
from pathlib import Path
from typing import Any

import pytest
import torch
from rich.console import Console
from transformers import AutoModelForCausalLM, AutoTokenizer

from demo import train_base
from demo.base_tokenizer import load_tokenizer
from demo.corpus_people import NAMES
from demo.sample_base import BASE, continuation
from demo.train_base import chunk_batches, learning_rate, new_model
from twin.errors import TwinError
from twin.transcript import Passage, Renderer, Turn, date_tag

NOON = datetime(2023, 5, 4, 12)


@pytest.fixture(scope="module")
def tokenizer() -> Any:
    return AutoTokenizer.from_pretrained(BASE)


@pytest.fixture(scope="module")
def model() -> Any:
    return AutoModelForCausalLM.from_pretrained(BASE, use_safetensors=True, dtype=torch.float32).eval()


def sampled(model: Any, tokenizer: Any, prompt: str, seed: int) -> str:
    torch.manual_seed(seed)
    return continuation(model, tokenizer, prompt, new_tokens=60)


def test_the_folder_holds_safetensors_only_and_is_small() -> None:
    names = {path.name for path in BASE.iterdir()}
    assert names == {
        "config.json",
        "generation_config.json",
        "tokenizer.json",
        "tokenizer_config.json",
        "model.safetensors",
    }
    assert (BASE / "model.safetensors").stat().st_size <= 15_000_000


def test_the_config_has_the_shape_that_nf4_needs(tokenizer: Any) -> None:
    config = json.loads((BASE / "config.json").read_text())
    assert config["architectures"] == ["BloomForCausalLM"]
    assert (config["hidden_size"], config["n_layer"], config["n_head"]) == (256, 6, 8)
    assert config["hidden_size"] % 64 == 0
    assert config["vocab_size"] == len(tokenizer) <= 4_096
    assert config["eos_token_id"] == config["pad_token_id"] == tokenizer.eos_token_id == tokenizer.pad_token_id


@pytest.mark.parametrize(
    "text",
    ["Schöne Grüße aus Köln, Straße 5", "haha 😂😂 ❤️ 🏳️‍🌈", "日本語 и кириллица", "tabs\tand\nlines", "¦ «quotes» …"],
)
def test_the_tokenizer_gives_back_every_text(tokenizer: Any, text: str) -> None:
    assert tokenizer.decode(tokenizer(text)["input_ids"]) == text


def test_labels_and_tags_are_short(tokenizer: Any) -> None:
    lengths = [len(tokenizer(f" {name}:")["input_ids"]) for name in NAMES]
    assert sum(lengths) / len(lengths) < 2.3
    assert len(tokenizer(date_tag(NOON))["input_ids"]) <= 8


def test_segments_tokenise_as_the_whole_does(tokenizer: Any) -> None:
    whole = "[2023-05 Thu evening] Lisa: hi, how are you? 😊 | Peter: I'm fine. |"
    parts = ["[2023-05 Thu evening]", " Lisa:", " hi, how are you? 😊", " |", " Peter:", " I'm fine.", " |"]
    assert [token for part in parts for token in tokenizer(part)["input_ids"]] == tokenizer(whole)["input_ids"]


def test_the_name_of_the_end_token_in_a_text_is_ordinary_text(tokenizer: Any) -> None:
    renderer = Renderer(tokenizer, ["Anna", "Ben"])
    turn = Turn("Anna", "what is <|endoftext|> ?", NOON)
    ids = renderer.window([Passage((turn,), None, ended=False)]).ids
    assert tokenizer.eos_token_id not in ids
    assert "<¦endoftext¦>" in tokenizer.decode(ids)  # the bars in it are replaced like all others
    assert tokenizer.eos_token_id not in renderer.ids(" <|endoftext|>")


def test_a_greeting_is_answered_and_the_turn_ends(model: Any, tokenizer: Any) -> None:
    answers = [sampled(model, tokenizer, "Anna: hi, how are you? | Ben:", seed) for seed in range(10)]
    ended = [answer for answer in answers if " |" in answer]
    assert len(ended) == len(answers)
    firsts = [answer.partition("|")[0].strip() for answer in answers]
    assert all(firsts)
    assert len(set(firsts)) >= 3


def test_a_conversation_stays_between_its_two_people(model: Any, tokenizer: Any) -> None:
    """The labels that the model writes itself are those of the conversation, nearly always."""
    right = wrong = 0
    for people in (("Anna", "Ben"), ("Lisa", "Tom")):
        one, other = people
        prompt = f"{one}: hi {other}! | {other}: hi {one}, how are you? | {one}:"
        for seed in range(5):
            spoken = sampled(model, tokenizer, prompt, seed).partition("<|endoftext|>")[0].split(" | ")[1:]
            labels = [part.partition(":")[0].strip() for part in spoken if ":" in part]
            right += sum(label in people for label in labels)
            wrong += sum(label not in people for label in labels)
    assert right > 5 * wrong


def test_batches_hold_whole_windows_and_hide_the_padding(tokenizer: Any) -> None:
    eos = tokenizer.eos_token_id
    batches = chunk_batches(Renderer(tokenizer, NAMES), seed=1, eos=eos, count=40)
    assert batches
    counted = cells = 0
    for ids, labels in batches:
        assert ids.shape == labels.shape
        shown = labels != -100
        assert torch.equal(ids[shown], labels[shown])
        counted += int(shown.sum())
        cells += ids.numel()
    assert counted / cells > 0.6  # the rest are date tags, placed facts and padding
    again = chunk_batches(Renderer(tokenizer, NAMES), seed=1, eos=eos, count=40)
    assert all(torch.equal(one[0], other[0]) for one, other in zip(batches, again, strict=True))


def test_the_learning_rate_warms_up_and_goes_down() -> None:
    rates = [learning_rate(step, step / 1_000, 1.0) for step in range(1_000)]
    assert rates[0] < rates[100] < rates[199] == max(rates) <= 1.0
    assert rates[200:] == sorted(rates[200:], reverse=True)
    assert 0.05 <= rates[-1] < 0.06


def test_a_new_model_has_under_six_million_parameters() -> None:
    assert 5_500_000 < new_model(4_096, 0).num_parameters() < 6_000_000


def test_a_run_goes_on_where_it_stopped(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, tokenizer: Any) -> None:
    monkeypatch.setattr(train_base, "BASE", tmp_path / "base")
    monkeypatch.setattr(train_base, "RUN", tmp_path / "run")
    monkeypatch.setattr(train_base, "HELD_OUT", 10)
    monkeypatch.setattr(train_base, "CHUNK", 20)
    monkeypatch.setattr(train_base, "WARM_UP", 1)
    monkeypatch.setattr(train_base, "RECALLS", 20)
    monkeypatch.setattr(train_base, "REPEATED", 1)
    monkeypatch.setattr(train_base, "PROMPTS", train_base.PROMPTS[:1])
    options = Namespace(peak=1e-3, resume=False, minutes=0.0, steps=2, every=100, batch=256)
    console = Console(quiet=True)
    first = train_base.train(new_model(len(tokenizer), tokenizer.eos_token_id).train(), tokenizer, options, console)
    assert first.step == 2
    assert {"config.json", "model.safetensors", "tokenizer.json"} <= {
        path.name for path in (tmp_path / "base").iterdir()
    }

    options.resume = True
    model = new_model(len(tokenizer), tokenizer.eos_token_id).train()
    unchanged = train_base.train(model, tokenizer, options, console)
    saved = AutoModelForCausalLM.from_pretrained(tmp_path / "base", use_safetensors=True, dtype=torch.float32)
    assert unchanged.step == 2
    for mine, theirs in zip(model.parameters(), saved.parameters(), strict=True):
        assert torch.allclose(mine, theirs, atol=1e-3)

    options.steps = 4
    last = train_base.train(model, tokenizer, options, console)
    assert last.step == 4
    assert last.tokens > first.tokens
    assert last.chunk > first.chunk


def test_a_tokenizer_that_is_loaded_and_saved_stays_the_same(tmp_path: Path) -> None:
    load_tokenizer(BASE).save_pretrained(tmp_path)
    for name in ("tokenizer.json", "tokenizer_config.json"):
        assert json.loads((tmp_path / name).read_text()) == json.loads((BASE / name).read_text())


def test_nothing_to_resume_is_one_clear_line(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(train_base, "RUN", tmp_path)
    model = new_model(256, 0)
    with pytest.raises(TwinError, match="nothing to resume"):
        train_base.load_state(model, torch.optim.AdamW(model.parameters()))

"""Losses of single windows and of endings, on bases of several kinds; and a measurement in the midst of training."""

import json
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest
import torch

from tests.conftest import chat_with_sign
from tests.trainer.test_bases import rotary_base
from trainer.answers import Subject
from trainer.evaluate import Extent, evaluate
from trainer.lora import ADAPTER, keep_differentiable, prepared_for_training
from trainer.loss import held_out_loss, losses_after, losses_of
from trainer.options import TrainingOptions
from trainer.windows import Collator, Window
from twin.manifest import Chat, Manifest
from twin.model import load_base

PREFIX = [5, 9, 200, 31, 77, 8]
ENDINGS = [Window([17, 4, 250], [1.0, 0.0, 1.0]), Window([300], [1.0]), Window([7] * 12, [0.5] * 12)]


@pytest.mark.parametrize("kind", ["bloom", "llama", "qwen"])
@pytest.mark.parametrize("at_once", [4096, 20])
def test_endings_cost_what_they_do_when_all_is_read_anew(
    tiny_base: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, kind: str, at_once: int
) -> None:
    monkeypatch.setattr("trainer.loss.READ_AT_ONCE", at_once)
    base = load_base(str(tiny_base if kind == "bloom" else rotary_base(tmp_path, kind)), "nf4")
    keep_differentiable(base.model)
    collate = Collator(base.tokenizer.pad_token_id)
    for prefix in (PREFIX, PREFIX[:1]):
        whole = [Window([*prefix, *one.ids], [0.0] * len(prefix) + one.weights) for one in ENDINGS]
        single = [held_out_loss(base.model, [one], collate, 1) * sum(one.weights) for one in whole]
        assert losses_of(base.model, whole, collate) == pytest.approx(single, rel=1e-4)
        assert losses_after(base.model, prefix, ENDINGS, collate) == pytest.approx(single, rel=1e-4)


@pytest.mark.parametrize("dtype", [torch.float32, torch.bfloat16])
def test_measuring_leaves_a_model_in_training_as_it_was(tiny_base: Path, dtype: torch.dtype) -> None:
    whole = load_base(str(tiny_base), "none")
    base = replace(whole, model=whole.model.to(dtype), dtype=dtype)
    model = prepared_for_training(base, TrainingOptions())
    talks = chat_with_sign("1")["Lisa"]
    held_out = [
        replace(one, turns=tuple(replace(turn, text=f"{turn.text} or not?") for turn in one.turns)) for one in talks
    ]
    at = talks[0].turns[0].at + timedelta(days=9)
    manifest = Manifest(
        base_model=base.name,
        base_revision=None,
        base_digest=base.digest,
        quantisation="none",
        speakers=("Daniel", "Lisa"),
        chats=(Chat("Lisa", ("Daniel", "Lisa"), at, at),),
        datasets=("lisa",),
        dataset_digest="",
        context_length=128,
        gap_seconds=3600,
    )
    model.train()
    trained = [name for name, parameter in model.named_parameters() if parameter.requires_grad]
    before = {name: parameter.clone() for name, parameter in model.named_parameters()}
    subject = Subject.in_training(model, base, manifest, key=ADAPTER)
    found = evaluate(subject, held_out, {"Lisa": talks}, Extent(12, 3, 5))
    assert found.judged and found.foretold and found.answers and found.answers.number == 5
    assert found.foretold.twin == pytest.approx(found.foretold.base)  # new matrices change nothing yet
    json.dumps(found.as_json(), allow_nan=False)
    assert model.training and [name for name, one in model.named_parameters() if one.requires_grad] == trained
    assert all(torch.equal(parameter, before[name]) for name, parameter in model.named_parameters())

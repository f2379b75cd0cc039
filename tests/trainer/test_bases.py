"""Any base: rotary positions, half precision, several processes; and what is refused before anything is loaded."""

import os
import subprocess
import sys
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
import torch
from safetensors.torch import load_file
from transformers import (
    BloomConfig,
    LlamaConfig,
    LlamaForCausalLM,
    MptConfig,
    PreTrainedConfig,
    Qwen3Config,
    Qwen3ForCausalLM,
)

from tests.conftest import chat_with_sign, make_tokenizer
from trainer import memory
from trainer.progress import Event, Shortage
from trainer.train import TrainingData, TrainingOptions, TrainingResult, train
from twin.adapter import AdapterFolder
from twin.decoding import Decoder
from twin.errors import TwinError
from twin.manifest import Sampling
from twin.model import BaseModel, load_base
from twin.transcript import Renderer

ROOT = Path(__file__).parents[2]
LEARNS = TrainingOptions(epochs=10, learning_rate=2e-2, context_length=64, tokens_per_step=128)


def learn(base: BaseModel, folder: Path, options: TrainingOptions) -> TrainingResult:
    return train(
        "lisa",
        data=TrainingData(chat_with_sign("1"), ("lisa",), "digest", 3600),
        base=base,
        adapters=AdapterFolder(folder),
        options=options,
        report=lambda event: None,
    )


def rotary_base(folder: Path, kind: str) -> Path:
    """A random base with rotary positions and grouped keys, of two layers."""
    torch.manual_seed(0)
    shape = {
        "vocab_size": 512,
        "hidden_size": 64,
        "intermediate_size": 128,
        "num_hidden_layers": 2,
        "num_attention_heads": 4,
        "num_key_value_heads": 2,
        "max_position_embeddings": 256,
        "initializer_range": 0.2,
    }
    model = LlamaForCausalLM(LlamaConfig(**shape)) if kind == "llama" else Qwen3ForCausalLM(Qwen3Config(**shape))
    model.save_pretrained(folder)
    make_tokenizer().save_pretrained(folder)
    return folder


@pytest.mark.parametrize("kind", ["llama", "qwen"])
def test_a_base_with_rotary_positions_learns_and_answers(tmp_path: Path, kind: str) -> None:
    base = load_base(str(rotary_base(tmp_path / "base", kind)), "nf4")
    result = learn(base, tmp_path, LEARNS)
    assert result.held_out_loss is not None and result.base_loss is not None
    assert result.held_out_loss < 0.2 * result.base_loss
    fresh = load_base(str(tmp_path / "base"), "nf4")
    from peft import PeftModel

    model = PeftModel.from_pretrained(fresh.model, result.adapter.path)
    manifest = result.adapter.manifest
    renderer = Renderer(fresh.tokenizer, manifest.speakers, manifest.trained_until)
    turn = chat_with_sign("1")["Lisa"][-1].turns[0]
    prompt = renderer.serving_window([turn], "Lisa", turn.at, 64)
    said = "".join(piece for piece, _ in Decoder(model, fresh.tokenizer).pieces(prompt, Sampling(temperature=0), 8))
    assert said == "1"


def test_a_base_in_half_precision_keeps_its_embeddings_and_learns(tiny_base: Path, tmp_path: Path) -> None:
    whole = load_base(str(tiny_base), "none")
    half = replace(whole, model=whole.model.to(torch.bfloat16), dtype=torch.bfloat16)
    result = learn(half, tmp_path, replace(LEARNS, epochs=6))
    assert result.held_out_loss is not None and result.base_loss is not None
    assert result.held_out_loss < 0.5 * result.base_loss
    dtypes = {
        name.rpartition(".")[0].rpartition(".")[2]: tensor.dtype for name, tensor in half.model.named_parameters()
    }
    assert dtypes["word_embeddings"] == torch.bfloat16 and dtypes["input_layernorm"] == torch.float32


PROCESS = """
import sys
from dataclasses import replace
from pathlib import Path
import tests.trainer.test_bases as here
from twin.model import load_base
here.learn(load_base(sys.argv[1], "nf4"), Path(sys.argv[2]), here.TOGETHER)
"""
TOGETHER = replace(LEARNS, epochs=1, dropout=0.0)


def test_two_processes_learn_what_one_does(tiny_base: Path, tmp_path: Path) -> None:
    script = tmp_path / "script.py"
    script.write_text(PROCESS)
    launch = ["-m", "accelerate.commands.launch", "--cpu", "--num_processes", "2", "--num_machines", "1"]
    launch += ["--mixed_precision", "no", "--dynamo_backend", "no", "--main_process_port", "0", str(script)]
    child = subprocess.run(
        [sys.executable, *launch, str(tiny_base), str(tmp_path / "two")],
        cwd=ROOT,
        env={**os.environ, "PYTHONPATH": str(ROOT), "OMP_NUM_THREADS": "1"},
        check=False,
        timeout=240,
        capture_output=True,
        text=True,
    )
    assert child.returncode == 0, child.stderr
    two = AdapterFolder(tmp_path / "two")
    (version,) = two.versions("lisa")
    assert two.current_version("lisa") == version
    one = learn(load_base(str(tiny_base), "nf4"), tmp_path / "one", TOGETHER)
    assert two.evaluation("lisa", version)["held_out_loss"] == pytest.approx(one.held_out_loss, abs=1e-3)
    first, second = (
        load_file(path / "adapter_model.safetensors") for path in (one.adapter.path, two.load("lisa").path)
    )
    assert all(torch.allclose(first[key], second[key], atol=1e-3) for key in first)


@pytest.mark.parametrize(
    ("free", "options", "line"),
    [
        (None, {"context_length": 512}, "reads at most 256 tokens, not 512: use --context 256"),
        (1 << 20, {}, r"needs about .* GiB of memory, and 0\.0 GiB are free here: lower --context"),
    ],
)
def test_what_does_not_fit_is_refused_before_loading(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, free: int | None, options: dict[str, Any], line: str
) -> None:
    base = rotary_base(tmp_path / "base", "llama")
    monkeypatch.setattr(memory, "available_memory", lambda: free)
    with pytest.raises(TwinError, match=line):
        memory.check(str(base), "nf4", TrainingOptions(**({"context_length": 128} | options)))


def test_what_the_kernel_keeps_of_files_is_free_for_a_training_in_a_container(tmp_path: Path) -> None:
    (tmp_path / "memory.max").write_text(f"{8 << 30}\n")
    (tmp_path / "memory.current").write_text(f"{7 << 30}\n")
    (tmp_path / "memory.stat").write_text(f"anon {2 << 30}\nactive_file {1 << 30}\ninactive_file {4 << 30}\n")
    assert memory.room_in_group(tmp_path) == 5 << 30
    (tmp_path / "memory.max").write_text("max\n")
    assert memory.room_in_group(tmp_path) is memory.room_in_group(tmp_path / "nowhere") is None


def test_a_limit_lies_in_any_of_the_groups_that_a_process_is_in(tmp_path: Path) -> None:
    listed = tmp_path / "cgroup"
    listed.write_text("4:memory:/old\n0::/system.slice/twin.service\n")
    root = tmp_path / "fs"
    assert set(memory.groups_of(listed, root)) == {
        root, root / "system.slice", root / "system.slice" / "twin.service"
    }  # fmt: skip
    listed.write_text("0::/\n")
    assert memory.groups_of(listed, root) == memory.groups_of(tmp_path / "nowhere", root) == [root]


def test_a_smaller_base_is_offered(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The German base does not fit into 6 GiB; one with a quarter of its weights does."""
    BloomConfig(hidden_size=4096, n_layer=30, n_head=32, vocab_size=50304).save_pretrained(tmp_path)
    monkeypatch.setattr(memory, "available_memory", lambda: 8 << 30)
    with pytest.raises(TwinError, match=r"needs about \d+\.\d GiB .* 8\.0 GiB are free here: take a smaller one"):
        memory.check(str(tmp_path), "nf4", TrainingOptions())


def test_memory_that_is_not_free_yet_is_waited_for(tiny_base: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    free = iter([1 << 20, 1 << 20, 8 << 30])
    told: list[Event] = []
    monkeypatch.setattr(memory, "available_memory", lambda: next(free))
    monkeypatch.setattr(memory, "_LOOK_EVERY", 0.0)
    memory.check(str(tiny_base), "nf4", TrainingOptions(), report=told.append, patience=60)
    (shortage,) = told
    assert isinstance(shortage, Shortage) and shortage.needed > shortage.free == 1 << 20


def test_patience_has_an_end(tiny_base: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(memory, "available_memory", lambda: 1 << 20)
    with pytest.raises(TwinError, match="of memory, and"):
        memory.check(str(tiny_base), "nf4", TrainingOptions(), patience=1e-9)


def test_the_estimate_for_a_16_gb_card() -> None:
    """4-bit weights of 6.4 billion take 3.3 GiB, the embeddings 0.4: with all else it must stay under 12."""
    shape = memory.Shape(6_040_000_000, 206_000_000, 30 * 18 * 4096, 4096, 30, attentions=0)
    needed = memory.needed_bytes(shape, TrainingOptions(), quantised=True, dtype_bytes=2, cuda=True)
    assert 5 < needed / memory.GIB < 12


@pytest.mark.parametrize(
    ("config", "attentions"),
    [(BloomConfig(n_head=4), 0), (LlamaConfig(num_attention_heads=4, hidden_size=64), 0), (MptConfig(n_heads=4), 16)],
    ids=["fused here", "fused by transformers", "not fused"],
)
def test_attention_is_counted_where_it_is_kept(config: PreTrainedConfig, attentions: int) -> None:
    assert memory.shape_of(config).attentions == attentions

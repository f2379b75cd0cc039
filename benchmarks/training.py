"""How fast and in how much memory a twin is trained: ours against the founding article's way, same model, same chats.

The article's way: one conversation a row, batches of one row, four of them a step, embeddings and all else that is not
in 4 bits upcast to fp32 and gradient checkpointing by peft's stock preparation, and the logits of every position at
once. Ours runs as `twin train` would here, and again with gradient checkpointing, as where memory is scarce: that run's
memory is compared with the article's way at as many tokens at once.

Run as `python -m benchmarks.training [--json]`; with `--size 6b4` on a graphics card for the German model's shape.
Each way runs in a process of its own. Speed counts real tokens; memory is the peak above the loaded weights.
"""

import argparse
import json
import os
import random
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from dataclasses import asdict, dataclass
from datetime import datetime, timedelta
from pathlib import Path
from statistics import median
from typing import Any

import torch
from peft import LoraConfig, get_peft_model, prepare_model_for_kbit_training
from rich.console import Console
from rich.table import Table
from torch import nn
from transformers import AutoTokenizer, BitsAndBytesConfig, BloomConfig, BloomForCausalLM

from trainer.fit import WindowTrainer, arguments
from trainer.lora import keep_differentiable, prepared_for_training
from trainer.options import TrainingOptions
from trainer.windows import Collator, Window, windows_of
from twin.model import BaseModel
from twin.transcript import Conversation, Renderer, Turn

TOKENIZER = Path(__file__).parent.parent / "demo" / "base"
VOCABULARY = 50304
GIB = 2**30
ROUNDS = 3
WAYS = ("ours", "article", "ours-lean", "article-long")
MESSAGES, TOKENS_A_MESSAGE = 26_000, 15  # the article's epoch


@dataclass(frozen=True, slots=True)
class Size:
    """Of the model, and how many optimiser steps' worth of data is measured."""

    hidden: int
    layers: int
    heads: int
    context: int
    steps: int


SIZES = {
    "small": Size(512, 6, 8, 512, 3),
    "medium": Size(1024, 12, 16, 512, 1),
    "6b4": Size(4096, 30, 32, 1024, 24),
}
TINY = Size(64, 1, 2, 64, 1)


@dataclass(frozen=True, slots=True)
class Measured:
    """What one way took. `peak`: bytes above the loaded weights; `total`: with them."""

    tokens: int
    seconds: float
    peak: int
    total: int
    padding: float


def main() -> None:
    """Measure both ways and print the table; with `--json` or not, the last line is one JSON object."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--json", action="store_true", help="no table")
    parser.add_argument("--size", choices=SIZES, default="small")
    parser.add_argument("--one", choices=WAYS, help=argparse.SUPPRESS)
    chosen = parser.parse_args()
    if chosen.one:
        print(json.dumps(asdict(measure(chosen.one, chosen.size))))
        return
    runs: dict[str, list[Measured]] = {way: [] for way in WAYS}
    for number in range(ROUNDS if chosen.size == "small" else 1):
        for way, found in runs.items():
            if way in {"ours", "article"} or number == 0:
                found.append(_in_a_process(way, chosen.size))
    summary = _summary(runs, chosen.size)
    if not chosen.json:
        Console().print(_table(runs))
    print(json.dumps(summary))


def measure(way: str, size_name: str) -> Measured:
    """Train for some steps in one way.

    `article-long` is the article's way with rows as long as our steps, for the peak at equal tokens a step.
    """
    _train(way, TINY)  # what is imported on the way is no memory of the training
    return _train(way, SIZES[size_name])


def _train(way: str, size: Size) -> Measured:
    torch.manual_seed(0)
    base = random_base(size)
    options = TrainingOptions(context_length=size.context, tokens_per_step=size.context, epochs=1)
    renderer = Renderer(base.tokenizer, ["Daniel", "Lisa"])
    chats = invented_chats(size.context * size.steps)
    keep_differentiable(base.model)
    weights = _memory(base.device)
    _forget_peak(base.device)
    windows = windows_of({"Lisa": chats}, renderer, size.context)
    if way.startswith("ours"):
        tokens, seconds, padding = _ours(base, options, windows[: size.steps], lean=way == "ours-lean")
    else:
        rows = (
            windows_of({"Lisa": chats}, renderer, size.context)
            if way == "article-long"
            else [window for chat in chats for window in windows_of({"Lisa": [chat]}, renderer, size.context)]
        )
        wanted = sum(len(window.ids) for window in windows[: size.steps])
        tokens, seconds, padding = _article(
            base, options, list(_worth(rows, wanted)), 1 if way == "article-long" else 4
        )
    peak = _memory(base.device, peak=True)
    return Measured(tokens, seconds, peak - weights, peak, padding)


def _ours(base: BaseModel, options: TrainingOptions, windows: list[Window], *, lean: bool) -> tuple[int, float, float]:
    model = prepared_for_training(base, options)
    collate = Collator(base.tokenizer.pad_token_id)
    with tempfile.TemporaryDirectory() as scratch:
        args = arguments(base, options, Path(scratch), windows=len(windows), held_out=0)
        args.save_strategy, args.activation_checkpointing = "no", lean or args.activation_checkpointing
        trainer = WindowTrainer(model=model, args=args, train_dataset=windows, collate=collate, rows=1, rate=None)
        started = _clock(base.device)
        trainer.train()
        _wait(base.device)
        return collate.tokens, _clock(base.device) - started, collate.padding


def _article(
    base: BaseModel, options: TrainingOptions, rows: list[Window], accumulation: int
) -> tuple[int, float, float]:
    model = prepare_model_for_kbit_training(base.model, gradient_checkpointing_kwargs={"use_reentrant": False})
    config = LoraConfig(
        r=options.rank, lora_alpha=options.alpha, lora_dropout=0.05, target_modules="all-linear", task_type="CAUSAL_LM"
    )
    model = get_peft_model(model, config)
    trained = [parameter for parameter in model.parameters() if parameter.requires_grad]
    optimiser: Any = torch.optim.AdamW(trained, lr=options.learning_rate)
    if base.device.type == "cuda":
        from bitsandbytes.optim import PagedAdamW8bit

        optimiser = PagedAdamW8bit(trained, lr=options.learning_rate)
    half = base.dtype != torch.float32
    tokens = 0
    model.train()
    started = _clock(base.device)
    for number, row in enumerate(rows, start=1):
        ids = torch.tensor([row.ids], device=base.device)
        with torch.autocast(base.device.type, base.dtype, enabled=half):
            loss = model(input_ids=ids, labels=ids, use_cache=False).loss
        (loss / accumulation).backward()
        tokens += len(row.ids)
        if number % accumulation == 0 or number == len(rows):
            nn.utils.clip_grad_norm_(trained, 0.3)
            optimiser.step()
            optimiser.zero_grad()
    _wait(base.device)
    return tokens, _clock(base.device) - started, 0.0


def random_base(size: Size) -> BaseModel:
    """A BLOOM with random weights in NF4 and the German model's vocabulary, quantised as it is made, layer by layer."""
    tokenizer = AutoTokenizer.from_pretrained(TOKENIZER)
    tokenizer.pad_token = tokenizer.pad_token or tokenizer.eos_token
    device = torch.device("cuda" if torch.cuda.is_available() else "cpu")
    dtype = torch.float32
    if device.type == "cuda":
        dtype = torch.bfloat16 if torch.cuda.get_device_capability()[0] >= 8 else torch.float16
    config = BloomConfig(
        vocab_size=VOCABULARY, hidden_size=size.hidden, n_layer=size.layers, n_head=size.heads, dtype=dtype
    )
    config.quantization_config = BitsAndBytesConfig(
        load_in_4bit=True, bnb_4bit_quant_type="nf4", bnb_4bit_use_double_quant=True, bnb_4bit_compute_dtype=dtype
    )
    shallow = BloomConfig(**{**config.to_dict(), "n_layer": 0, "quantization_config": None})
    model = BloomForCausalLM(shallow).to(device, dtype)
    for index in range(size.layers):
        model.transformer.h.append(_quantised(config, index, device, dtype))
    model.config = config
    model.is_loaded_in_4bit = True
    model.eval()
    return BaseModel("random", None, "random", "nf4", model, tokenizer, device, dtype)


def _quantised(config: BloomConfig, index: int, device: torch.device, dtype: torch.dtype) -> nn.Module:
    from bitsandbytes.nn import Linear4bit, Params4bit
    from transformers.models.bloom.modeling_bloom import BloomBlock

    block: nn.Module = BloomBlock(config, layer_idx=index).to(dtype)
    for parameter in block.parameters():
        if parameter.ndim > 1:
            nn.init.normal_(parameter, std=0.02)
    for name, module in list(block.named_modules()):
        if type(module) is nn.Linear:
            packed = Linear4bit(module.in_features, module.out_features, compute_dtype=dtype, quant_type="nf4")
            packed.weight = Params4bit(module.weight.data, requires_grad=False, quant_type="nf4")
            packed.bias = module.bias
            parent, _, leaf = name.rpartition(".")
            setattr(block.get_submodule(parent), leaf, packed)
    return block.to(device)


def invented_chats(tokens: int) -> list[Conversation]:
    """Conversations of about 110 tokens (seven messages of 15), as the article's were, of random words."""
    rng = random.Random(0)
    text = "going well how about you are we still on for dinner at six pm see the dog today was long and I"
    words = text.split()
    at, found = datetime(2023, 1, 1, 18), []
    for _ in range(max(8, tokens // 80)):
        at += timedelta(hours=rng.randint(3, 40))
        turns = tuple(
            Turn(("Daniel", "Lisa")[index % 2], " ".join(rng.choices(words, k=rng.randint(4, 18))), at)
            for index in range(rng.randint(3, 11))
        )
        found.append(Conversation(turns, "Lisa"))
    return found


def _worth(rows: list[Window], tokens: int) -> Iterator[Window]:
    """Rows until they hold as many tokens."""
    for row in rows:
        if tokens <= 0:
            return
        tokens -= len(row.ids)
        yield row


def _memory(device: torch.device, *, peak: bool = False) -> int:
    if device.type == "cuda":
        return int(torch.cuda.max_memory_allocated() if peak else torch.cuda.memory_allocated())
    key = "VmHWM:" if peak else "VmRSS:"
    lines = Path("/proc/self/status").read_text("ascii").splitlines()
    return next(int(line.split()[1]) * 1024 for line in lines if line.startswith(key))


def _forget_peak(device: torch.device) -> None:
    if device.type == "cuda":
        torch.cuda.reset_peak_memory_stats()
    else:
        Path("/proc/self/clear_refs").write_text("5", "ascii")  # the peak of the resident set begins anew


def _clock(device: torch.device) -> float:
    """Seconds: on a CPU those that this process had of it, which others on the machine do not disturb."""
    return time.monotonic() if device.type == "cuda" else time.process_time()


def _wait(device: torch.device) -> None:
    if device.type == "cuda":
        torch.cuda.synchronize()


def _in_a_process(way: str, size: str) -> Measured:
    done = subprocess.run(
        [sys.executable, "-m", "benchmarks.training", "--one", way, "--size", size],
        check=True,
        stdout=subprocess.PIPE,
        text=True,
        env={**os.environ, "HF_HUB_OFFLINE": "1", "TRANSFORMERS_VERBOSITY": "error", "PYTHONWARNINGS": "ignore"},
    )
    return Measured(**json.loads(done.stdout.splitlines()[-1]))


def _summary(runs: dict[str, list[Measured]], size: str) -> dict[str, Any]:
    ours, article, lean, long = (runs[way] for way in WAYS)
    speed, theirs = (median(run.tokens / run.seconds for run in part) for part in (ours, article))
    summary = {
        "speed_ratio": round(speed / theirs, 2),
        "memory_ratio": round(lean[0].peak / long[0].peak, 3),
        "padding": round(ours[0].padding, 4),
        "tokens_per_s": round(speed, 1),
        "article_tokens_per_s": round(theirs, 1),
        "peak_gib": round(lean[0].total / GIB, 2),
        "size": size,
        "device": torch.cuda.get_device_name() if torch.cuda.is_available() else "cpu",
    }
    return summary | {"epoch_minutes": round(MESSAGES * TOKENS_A_MESSAGE / speed / 60, 1)}


def _table(runs: dict[str, list[Measured]]) -> Table:
    table = Table("", "tokens/s", "peak above the weights, MiB", "peak with them, MiB", "padding")
    names = {
        "ours": "ours",
        "ours-lean": "ours, memory scarce",
        "article": "the article's way",
        "article-long": "the same, as many tokens at once as ours",
    }
    for way, found in runs.items():
        table.add_row(
            names[way],
            f"{median(run.tokens / run.seconds for run in found):,.0f}",
            f"{median(run.peak for run in found) / 2**20:,.0f}",
            f"{median(run.total for run in found) / 2**20:,.0f}",
            f"{found[0].padding:.1%}",
        )
    return table


if __name__ == "__main__":
    main()

"""Tools of the engine's tests: random adapters that need no training, and what `generate` says alone."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
import torch
from peft import PeftModel
from transformers import LlamaConfig, LlamaForCausalLM, MistralConfig, MistralForCausalLM

import twin.loaded
from benchmarks.models import AT, SPEAKERS, add_random_adapter
from tests.conftest import make_tokenizer
from twin.adapter import Adapter, AdapterFolder
from twin.engine import Request
from twin.manifest import Sampling
from twin.model import BaseModel, load_base
from twin.row import Row
from twin.transcript import Renderer, Turn
from twin.writing import Alphabet

__all__ = ["AT", "SPEAKERS", "add_random_adapter"]

GREEDY = Sampling(temperature=0, repetition_penalty=1.0)


def make_rope_base(folder: Path, window: int | None = None) -> Path:
    """A random Llama with grouped heads, whose cached keys know where they stood; with a sliding window a Mistral."""
    torch.manual_seed(1)
    shape = {"hidden_size": 64, "intermediate_size": 128, "num_hidden_layers": 2, "num_attention_heads": 4}
    shape |= {"vocab_size": 512, "num_key_value_heads": 2}
    if window:
        MistralForCausalLM(MistralConfig(sliding_window=window, initializer_range=0.2, **shape)).save_pretrained(folder)
    else:
        LlamaForCausalLM(LlamaConfig(initializer_range=0.2, **shape)).save_pretrained(folder)
    make_tokenizer().save_pretrained(folder)
    return folder


def load_exact(*arguments: Any) -> BaseModel:
    """The base in 32-bit compute. bitsandbytes repacks 4-bit weights at the first inference where the processor has
    AVX512-BF16, and then computes in 16 bits."""
    base = load_base(*arguments)
    for module in base.model.modules():
        if hasattr(module, "support_avx512bf16_for_cpu"):
            module.support_avx512bf16_for_cpu = False
    return base


@pytest.fixture
def exact(monkeypatch: pytest.MonkeyPatch) -> None:
    """The engine computes in 32 bits."""
    monkeypatch.setattr(twin.loaded, "load_base", load_exact)


@contextmanager
def rows_of(engine_rows: list[Row], monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """Collect every row that is made."""
    begin = Row.__init__

    def noting(row: Row, *arguments: Any, **more: Any) -> None:
        begin(row, *arguments, **more)
        engine_rows.append(row)

    with monkeypatch.context() as patch:
        patch.setattr(Row, "__init__", noting)
        yield


class Solo:
    """What `generate` answers alone, with a model of its own."""

    def __init__(self, adapters: AdapterFolder, load: Callable[..., BaseModel] = load_exact) -> None:
        self._adapters = adapters
        first = adapters.load(adapters.names()[0]).manifest
        self._base = load(first.base_model, first.quantisation)
        self._model: Any = None
        self._alphabet = Alphabet(self._base.tokenizer)
        self._known: dict[tuple[str, str, tuple[int, ...]], list[int]] = {}

    def prompt(self, request: Request) -> list[int]:
        manifest = self._adapters.load(request.adapter).manifest
        renderer = Renderer(self._base.tokenizer, manifest.speakers, manifest.trained_until)
        budget = manifest.context_length - min(request.max_tokens, manifest.context_length // 3)
        return renderer.serving_window(request.turns, request.speaker, request.at, budget, manifest.gap)

    def tokens(self, request: Request, version: str, length: int) -> list[int]:
        """History and answer, greedily, up to the first end; at most `length` tokens."""
        prompt = tuple(self.prompt(request))
        key = (request.adapter, version, prompt)
        if key not in self._known or len(self._known[key]) < length:
            self._known[key] = self._generate(self._adapters.load(request.adapter, version), prompt, length)
        return self._known[key][:length]

    @torch.inference_mode()
    def gap(self, request: Request, version: str, tokens: list[int]) -> float:
        """How far apart the two best logits after `tokens` are."""
        self._use(self._adapters.load(request.adapter, version))
        logits = self._model(input_ids=torch.tensor([tokens]), logits_to_keep=1).logits[0, -1]
        best, second = logits[: self._alphabet.size].topk(2).values.tolist()
        return float(best - second)

    @torch.inference_mode()
    def _generate(self, adapter: Adapter, history: tuple[int, ...], length: int) -> list[int]:
        self._use(adapter)
        prompt = torch.tensor([history])
        ends = sorted(self._alphabet.ends)
        out = self._model.generate(
            input_ids=prompt,
            attention_mask=torch.ones_like(prompt),
            do_sample=False,
            eos_token_id=ends,
            pad_token_id=self._alphabet.eos,
            max_new_tokens=length - len(history),
            begin_suppress_tokens=ends,
            suppress_tokens=list(range(self._alphabet.size, self._base.model.config.vocab_size)),
        )
        ids: list[int] = out[0].tolist()
        return ids

    def _use(self, adapter: Adapter) -> None:
        key = f"{adapter.name} {adapter.version}".replace(".", "_")
        if self._model is None:
            with torch.inference_mode(False):
                self._model = PeftModel.from_pretrained(self._base.model, adapter.path, key).eval()
        elif key not in self._model.peft_config:
            with torch.inference_mode(False):
                self._model.load_adapter(adapter.path, key)
                self._model.eval()
        self._model.set_adapter(key)


def turns(*said: str, begin: datetime = AT) -> tuple[Turn, ...]:
    """What Daniel and Lisa say in turn, a minute apart."""
    return tuple(
        Turn(SPEAKERS[number % 2], text, begin + timedelta(minutes=number)) for number, text in enumerate(said)
    )

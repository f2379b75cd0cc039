"""Small base models that the tests make themselves, and a guard around the network and the home folder."""

import os
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

# Before transformers is imported: nothing is looked up on the hub, and nothing is written to the real home.
os.environ["HF_HUB_OFFLINE"] = "1"

import pytest
import torch
from hypothesis import settings as hypothesis_settings
from tokenizers import Tokenizer, decoders, models, pre_tokenizers, trainers
from transformers import BloomConfig, BloomForCausalLM, PreTrainedTokenizerFast

from trainer.train import TrainingData, TrainingOptions, train
from twin.adapter import Adapter, AdapterFolder
from twin.model import load_base
from twin.transcript import Conversation, Turn

hypothesis_settings.register_profile("twin", deadline=None)  # no test asserts a duration
hypothesis_settings.load_profile("twin")

EOS = "<|endoftext|>"
_TEXT = ["Daniel: Hey | Lisa: How are you? | Jürgen: schön! 😀 don't, I'll see | Zoë: [2023-05 Thu evening]"] * 3


def make_tokenizer() -> PreTrainedTokenizerFast:
    """Byte-level BPE of GPT-2's kind with a small vocabulary; bos, eos and unk are one token, and there is no pad."""
    backend = Tokenizer(models.BPE())
    backend.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False, use_regex=True)
    backend.decoder = decoders.ByteLevel()
    trainer = trainers.BpeTrainer(
        vocab_size=400, special_tokens=[EOS], initial_alphabet=pre_tokenizers.ByteLevel.alphabet(), show_progress=False
    )
    backend.train_from_iterator(_TEXT, trainer)
    return PreTrainedTokenizerFast(tokenizer_object=backend, bos_token=EOS, eos_token=EOS, unk_token=EOS)


def make_base(folder: Path, *, vocabulary: int, shard: str) -> Path:
    """A random BLOOM of two layers with the German base's quirk: its config says that token 2 ends a text."""
    torch.manual_seed(0)
    # Weights ten times as large as usual, so that the frozen random layers carry enough for an adapter to steer by.
    config = BloomConfig(
        vocab_size=vocabulary,
        hidden_size=64,
        n_layer=2,
        n_head=2,
        bos_token_id=1,
        eos_token_id=2,
        initializer_range=0.2,
    )
    BloomForCausalLM(config).save_pretrained(folder, max_shard_size=shard)
    make_tokenizer().save_pretrained(folder)
    return folder


@pytest.fixture(scope="session")
def tokenizer() -> PreTrainedTokenizerFast:
    return make_tokenizer()


@pytest.fixture(scope="session")
def tiny_base(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A random BLOOM small enough to train in seconds."""
    return make_base(tmp_path_factory.mktemp("tiny"), vocabulary=512, shard="1GB")


@pytest.fixture(scope="session")
def german_base(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A random BLOOM with the German base's vocabulary size and sharded safetensors."""
    return make_base(tmp_path_factory.mktemp("german"), vocabulary=50304, shard="4MB")


def chat_with_sign(sign: str, conversations: int = 40) -> dict[str, list[Conversation]]:
    """A chat in which Lisa answers everything with `sign`, and Daniel says hi."""
    start = datetime(2023, 5, 4, 18, 0)
    return {
        "Lisa": [
            Conversation(
                tuple(
                    Turn(*(("Daniel", "hi"), ("Lisa", sign))[j % 2], start + timedelta(days=i, minutes=j))
                    for j in range(4)
                ),
                "Lisa",
            )
            for i in range(conversations)
        ]
    }


def train_sign(name: str, sign: str, base: Path, adapters: AdapterFolder, **options: Any) -> Adapter:
    """Train a version of adapter `name` whose Lisa says `sign`."""
    data = TrainingData(chat_with_sign(sign), (name,), f"digest of {sign}", 3600)
    knobs = {"epochs": 20, "learning_rate": 1e-2, "context_length": 128, "tokens_per_step": 256} | options
    result = train(
        name,
        data=data,
        base=load_base(str(base), "nf4"),
        adapters=adapters,
        options=TrainingOptions(**knobs),
        report=lambda event: None,
    )
    return result.adapter


@pytest.fixture(scope="session")
def signed_adapters(tiny_base: Path, tmp_path_factory: pytest.TempPathFactory) -> AdapterFolder:
    """Two 4-bit adapters on one base that answer in recognisable ways: `one` says 1, `two` says 2."""
    adapters = AdapterFolder(tmp_path_factory.mktemp("adapters"))
    for name, sign in (("one", "1"), ("two", "2")):
        train_sign(name, sign, tiny_base, adapters)
    return adapters

"""Random models and adapters of any size, for benchmarks and tests that need no trained ones."""

from datetime import datetime, timedelta
from pathlib import Path

import torch
from peft import LoraConfig, get_peft_model
from transformers import AutoTokenizer, BloomConfig, BloomForCausalLM

from twin.adapter import Adapter, AdapterFolder
from twin.manifest import Chat, Manifest
from twin.model import base_digest, load_base

AT = datetime(2023, 5, 20, 18, 0)
SPEAKERS = ("Daniel", "Lisa")
TRAINED_UNTIL = AT - timedelta(days=9)


def make_bloom(folder: Path, tokenizer: Path, *, hidden: int, layers: int, heads: int, vocabulary: int) -> Path:
    """A random BLOOM with the tokenizer that lies in `tokenizer`."""
    torch.manual_seed(0)
    config = BloomConfig(vocab_size=vocabulary, hidden_size=hidden, n_layer=layers, n_head=heads)
    BloomForCausalLM(config).save_pretrained(folder)
    AutoTokenizer.from_pretrained(tokenizer).save_pretrained(folder)
    return folder


def add_random_adapter(
    adapters: AdapterFolder,
    name: str,
    base: Path,
    seed: int,
    *,
    quantisation: str = "nf4",
    context: int = 192,
    rank: int = 4,
    neutral: bool = False,
) -> Adapter:
    """A version of adapter `name` with random weights, that steers every layer; promoted.

    Args:
        neutral: with weights that change nothing, so that the base model itself answers.
    """
    torch.manual_seed(seed)
    model = get_peft_model(
        load_base(str(base), "none").model,
        LoraConfig(r=rank, lora_alpha=4 * rank, target_modules="all-linear", init_lora_weights=neutral),
    )
    chat = Chat(name, SPEAKERS, TRAINED_UNTIL, AT - timedelta(days=8))
    manifest = Manifest(
        base_model=str(base),
        base_revision=None,
        base_digest=base_digest(str(base), None),
        quantisation=quantisation,
        speakers=SPEAKERS,
        chats=(chat,),
        datasets=(name,),
        dataset_digest=str(seed),
        context_length=context,
        gap_seconds=3600,
    )
    with adapters.new_version(name) as (version, folder):
        model.save_pretrained(folder)
        (folder / "twin.json").write_text(manifest.to_json(), "utf-8")
    return adapters.promote(name, version)

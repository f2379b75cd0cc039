"""Loading a base model: 4-bit or not, on the device at hand, with the tokenizer's own end-of-sequence token.

Weights come from safetensors alone, and no code that a model brings along is run.
"""

import hashlib
import os
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch
from huggingface_hub import snapshot_download
from safetensors import safe_open
from torch import nn
from transformers import AutoConfig, AutoModelForCausalLM, AutoTokenizer, BitsAndBytesConfig
from transformers.models.bloom.modeling_bloom import BloomMLP
from transformers.utils import logging

from twin.errors import TwinError

# On its main branch the German base has pickled weights only; this revision holds the same as safetensors.
PINNED_REVISIONS = {"malteos/bloom-6b4-clp-german": "refs/pr/5"}


@dataclass(frozen=True, slots=True)
class BaseModel:
    """A loaded base model and what is needed to load the same one again.

    `digest` covers the names and shapes of its tensors as stored and the values of the one-dimensional ones (norms and
    biases, which any training changes), so that it is cheap for billions of parameters and does not depend on how they
    were loaded.
    """

    name: str
    revision: str | None
    digest: str
    quantisation: str
    model: Any
    tokenizer: Any
    device: torch.device
    dtype: torch.dtype


def load_base(name: str, quantisation: str = "auto", revision: str | None = None) -> BaseModel:
    """Load a causal language model.

    Args:
        name: a Hugging Face name or a local folder.
        quantisation: "nf4", "none", or "auto" for nf4 wherever bitsandbytes supports it.
        revision: branch or commit on the hub; a known good one for the default base.

    Raises:
        TwinError: it is not there, has no safetensors weights, is no causal language model, or takes more memory than
            there is.
    """
    revision = revision or PINNED_REVISIONS.get(name)
    device, dtype = _device_and_dtype()
    if quantisation == "auto":
        quantisation = "none" if device.type == "mps" else "nf4"
    if Path(name).is_dir():
        logging.disable_progress_bar()  # nothing is downloaded
    try:
        AutoConfig.from_pretrained(name, revision=revision)
        tokenizer = AutoTokenizer.from_pretrained(name, revision=revision)
        model = AutoModelForCausalLM.from_pretrained(
            name,
            revision=revision,
            dtype=dtype,
            device_map={"": device},
            use_safetensors=True,
            trust_remote_code=False,
            quantization_config=_nf4(dtype) if quantisation == "nf4" else None,
        )
    except (OSError, ValueError) as error:
        raise TwinError(why_not_loaded(name, error)) from None
    except (RuntimeError, MemoryError) as error:
        if not is_out_of_memory(error):
            raise
        raise TwinError(
            f"base model {name!r} takes more memory than is free here: end what else uses it, or take a smaller one"
        ) from None
    if tokenizer.eos_token_id is None:
        raise TwinError(f"the tokenizer of base model {name!r} has no end-of-sequence token, which Twin needs")
    tokenizer.pad_token = tokenizer.pad_token or tokenizer.eos_token
    # The config of some models names other ids than their tokenizer has; generation would stop on an ordinary token.
    for config in (model.config, model.generation_config):
        config.bos_token_id = tokenizer.bos_token_id
        config.eos_token_id = tokenizer.eos_token_id
        config.pad_token_id = tokenizer.pad_token_id
    fuse_activations(model)
    model.eval()
    return BaseModel(name, revision, base_digest(name, revision), quantisation, model, tokenizer, device, dtype)


def base_digest(name: str, revision: str | None) -> str:
    """The digest of a base model whose files are on this machine; see `BaseModel`."""
    folder = Path(name)
    if not folder.is_dir():
        revision = revision or PINNED_REVISIONS.get(name)
        folder = Path(snapshot_download(name, revision=revision, local_files_only=True))
    digest = hashlib.sha256()
    for path in sorted(folder.glob("*.safetensors")):
        with safe_open(path, framework="pt") as weights:
            for key in sorted(weights.keys()):
                shape = tuple(weights.get_slice(key).get_shape())
                digest.update(f"{key} {shape} ".encode())
                if len(shape) == 1:
                    digest.update(weights.get_tensor(key).contiguous().view(torch.uint8).numpy().tobytes())
    return digest.hexdigest()


def is_out_of_memory(error: Exception) -> bool:
    """Whether an error says that a card, or the machine, has no memory left."""
    if isinstance(error, torch.OutOfMemoryError | MemoryError):
        return True
    return isinstance(error, RuntimeError) and "can't allocate memory" in str(error)  # as torch says it of a CPU


def fuse_activations(model: nn.Module) -> None:
    """Let BLOOM compute its GELU in one pass over memory instead of seven; other families do so by themselves."""
    for module in model.modules():
        if isinstance(module, BloomMLP):
            module.gelu_impl = nn.GELU(approximate="tanh")


def _device_and_dtype() -> tuple[torch.device, torch.dtype]:
    """The fastest device, and the number format it computes in natively."""
    if torch.cuda.is_available():
        card = torch.device("cuda", int(os.environ.get("LOCAL_RANK", "0")))  # each of several processes has its own
        native_bf16 = torch.cuda.get_device_capability(card)[0] >= 8  # a T4 only emulates it
        return card, torch.bfloat16 if native_bf16 else torch.float16
    if torch.backends.mps.is_available():
        return torch.device("mps"), torch.float16
    return torch.device("cpu"), torch.float32


def _nf4(dtype: torch.dtype) -> BitsAndBytesConfig:
    return BitsAndBytesConfig(
        load_in_4bit=True, bnb_4bit_quant_type="nf4", bnb_4bit_use_double_quant=True, bnb_4bit_compute_dtype=dtype
    )


def why_not_loaded(name: str, error: Exception) -> str:
    """The clear line of an error with which transformers refused a base model."""
    text = str(error)
    if "couldn't connect" in text:
        return (
            f"base model {name!r} is not on this machine, and the Hugging Face hub cannot be reached: "
            "check the network, or the name (--base or BASE_MODEL)"
        )
    if "safetensors" in text:
        return f"base model {name!r} has no safetensors weights: name another one, or a revision that has them"
    if Path(name).is_dir():
        return f"the folder {name!r} holds no causal language model that transformers can load ({type(error).__name__})"
    return (
        f"base model {name!r} not found: no such folder, and the Hugging Face hub gave no such model; "
        "check the name (--base or BASE_MODEL) and the network"
    )

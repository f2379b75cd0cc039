"""How much memory a training run takes, told before the base model is loaded or even downloaded."""

import os
import time
from dataclasses import dataclass
from pathlib import Path

import torch
from accelerate import init_empty_weights  # type: ignore[import-untyped]
from torch import nn
from transformers import AutoConfig, AutoModelForCausalLM, PreTrainedModel

from trainer.fused import keeps_attention
from trainer.loss import CHUNK_FLOATS
from trainer.options import TrainingOptions, rows_at_once
from trainer.progress import Report, Shortage
from twin.errors import TwinError
from twin.model import PINNED_REVISIONS, BaseModel, why_not_loaded

GIB = 2**30
_NF4_BYTES = 0.53  # a weight: 4 bits, and the doubly quantised scale of its block of 64
_ADAPTER_BYTES = 4 + 4 + 4  # a LoRA weight in fp32, its gradient, and two 8-bit moments with their scales
_CPU_ADAPTER_BYTES = 16  # on a CPU the moments are in fp32
_LAYER_FLOATS = 34  # activations of one layer that is run again, per token and hidden unit
_KEPT_OF_A_HEAD = 4  # attention matrices in fp32: scores, what is added to them, probabilities, those after dropout
_OVERHEAD = GIB  # CUDA's own, fragmentation
_RESERVE = 0.3 * GIB  # the Python process on a CPU
_LOOK_EVERY = 1.0  # seconds between two looks at the memory that is waited for
ROOM_FOR_ACTIVATIONS = 0.5  # share of a card's free memory that they may take
KNOWN = (  # bases to offer instead, the largest first: billions of parameters, hidden size, layers, vocabulary
    ("malteos/bloom-6b4-clp-german", 6.4, 4096, 30, 50304),
    ("bigscience/bloom-3b", 3.0, 2560, 30, 250880),
    ("malteos/bloom-1b5-clp-german", 1.5, 2048, 24, 50304),
    ("bigscience/bloom-560m", 0.56, 1024, 24, 250880),
)


@dataclass(frozen=True, slots=True)
class Shape:
    """Of a base model: numbers of weights, and what the activations' size depends on.

    Attributes:
        adapter_inputs: inputs and outputs of all linear layers, summed: a LoRA of rank r has r times as many weights.
        attentions: matrices of (length, length) of one layer that are kept for the gradient; 0: attention is fused.
    """

    linear: int
    other: int
    adapter_inputs: int
    hidden: int
    layers: int
    attentions: int


def check(
    name: str, quantisation: str, options: TrainingOptions, *, report: Report = lambda event: None, patience: float = 0
) -> None:
    """See before loading that a base model can be trained here as the options say.

    Does nothing where the base's configuration is one that transformers does not know: loading it will tell why.

    Args:
        report: is told of a shortage that is waited out.
        patience: seconds to wait for memory that something else may let go of.

    Raises:
        TwinError: it cannot be found, its context is shorter than the options', or it takes more memory than there is.
    """
    try:
        config = AutoConfig.from_pretrained(name, revision=PINNED_REVISIONS.get(name))
        shape = shape_of(config)
    except OSError as error:
        raise TwinError(why_not_loaded(name, error)) from None
    except (ValueError, AttributeError, KeyError):
        return
    longest = getattr(config, "max_position_embeddings", None) or getattr(config, "n_positions", None)
    if longest and options.context_length > longest:
        raise TwinError(
            f"base model {name!r} reads at most {longest} tokens, not {options.context_length}: use --context {longest}"
        )
    cuda = torch.cuda.is_available()
    dtype_bytes = 2 if cuda else 4
    needed = needed_bytes(shape, options, quantised=quantisation != "none", dtype_bytes=dtype_bytes, cuda=cuda)
    free = _free_memory(cuda)
    if patience and free is not None and needed > free:
        report(Shortage("waiting for memory", needed, free))
        free = _awaited(needed, cuda, patience)
    if free is not None and needed > free:
        raise TwinError(
            f"training on base model {name!r} needs about {needed / GIB:.1f} GiB of memory, and {free / GIB:.1f} GiB "
            f"are free here: {_what_fits(options, free, dtype_bytes, cuda)}"
        )


def _free_memory(cuda: bool) -> int | None:
    return torch.cuda.mem_get_info()[0] if cuda else available_memory()


def _awaited(needed: float, cuda: bool, seconds: float) -> int | None:
    """The free memory as soon as it suffices, or else after so many seconds."""
    until = time.monotonic() + seconds
    while (free := _free_memory(cuda)) is not None and free < needed and time.monotonic() < until:
        time.sleep(_LOOK_EVERY)
    return free


def needed_bytes(shape: Shape, options: TrainingOptions, *, quantised: bool, dtype_bytes: int, cuda: bool) -> float:
    """An estimate of the peak during training, weights included."""
    weights = shape.linear * (_NF4_BYTES if quantised else dtype_bytes) + shape.other * dtype_bytes
    adapter = options.rank * shape.adapter_inputs * (_ADAPTER_BYTES if cuda else _CPU_ADAPTER_BYTES)
    tokens = rows_at_once(options) * options.context_length
    kept = shape.layers * tokens * shape.hidden * 4  # with checkpointing: each layer's input
    layer = _layer_bytes(options, shape.hidden, shape.attentions, dtype_bytes)
    working = kept + layer if cuda else layer * shape.layers  # a CPU keeps the activations of all layers
    dequantised = shape.linear / max(1, shape.layers) / 3 * dtype_bytes if quantised else 0
    return weights + adapter + working + dequantised + 2 * CHUNK_FLOATS * 4 + (_OVERHEAD if cuda else _RESERVE)


def is_scarce(base: BaseModel, options: TrainingOptions) -> bool:
    """Whether a card has no room for the activations of all layers, so that each must be run again for its gradient.

    Running them again costs a third of the speed. On a CPU there is room for models that it can train at all.
    """
    if base.device.type != "cuda":
        return False
    text = base.model.config.get_text_config()
    activations = text.num_hidden_layers * _layer_bytes(
        options, text.hidden_size, _attentions(base.model), base.model.dtype.itemsize
    )
    return bool(activations > ROOM_FOR_ACTIVATIONS * torch.cuda.mem_get_info()[0])


def _layer_bytes(options: TrainingOptions, hidden: int, attentions: int, dtype_bytes: int) -> int:
    """The activations of one layer."""
    rows, context = rows_at_once(options), options.context_length
    return rows * context * hidden * _LAYER_FLOATS * dtype_bytes + rows * attentions * context**2 * 4


def _attentions(model: PreTrainedModel) -> int:
    heads: int = model.config.get_text_config().num_attention_heads
    return _KEPT_OF_A_HEAD * heads if keeps_attention(model) else 0


def shape_of(config: object) -> Shape:
    """The shape of the model that a configuration describes; no weight is made."""
    with init_empty_weights():
        model = AutoModelForCausalLM.from_config(config)
    head = model.get_output_embeddings()
    layers = [m for m in model.modules() if isinstance(m, nn.Linear) and m is not head]
    linear = sum(module.weight.numel() for module in layers)
    text = model.config.get_text_config()
    return Shape(
        linear=linear,
        other=sum(parameter.numel() for parameter in model.parameters()) - linear,
        adapter_inputs=sum(module.in_features + module.out_features for module in layers),
        hidden=text.hidden_size,
        layers=text.num_hidden_layers,
        attentions=_attentions(model),
    )


def available_memory() -> int | None:
    """Bytes that a process may still take, within its control groups if they have a limit; None if nobody says."""
    try:
        lines = Path("/proc/meminfo").read_text("ascii").splitlines()
    except OSError:
        return os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") if hasattr(os, "sysconf") else None
    values = {line.split(":")[0]: int(line.split()[1]) * 1024 for line in lines}
    free = values.get("MemAvailable")
    left = [room_in_group(folder) for folder in groups_of(Path("/proc/self/cgroup"), Path("/sys/fs/cgroup"))]
    return min((found for found in (*left, free) if found is not None), default=None)


def groups_of(listed: Path, root: Path) -> list[Path]:
    """The folders of a process's control group (version 2) and of those it lies in, which limit it as well."""
    try:
        lines = listed.read_text("utf-8").splitlines()
    except OSError:
        return [root]
    own = next((line.removeprefix("0::/") for line in lines if line.startswith("0::/")), "")
    return [root, *(root / own).parents[: own.count("/")], root / own] if own else [root]


def room_in_group(folder: Path) -> int | None:
    """Bytes that a control group (version 2) leaves its processes; None if it has no limit, or there is none."""
    try:
        limit = int((folder / "memory.max").read_text("ascii"))
        used = int((folder / "memory.current").read_text("ascii"))
        parts = dict(line.split() for line in (folder / "memory.stat").read_text("ascii").splitlines())
        cache = int(parts["inactive_file"])  # pages of files, such as weights read once, which the kernel gives up
    except (OSError, ValueError, KeyError):  # a limit of "max" is no number
        return None
    return limit - max(0, used - cache)


def _what_fits(options: TrainingOptions, free: int, dtype_bytes: int, cuda: bool) -> str:
    """What to do instead."""
    for name, billions, hidden, layers, vocabulary in KNOWN:
        other = vocabulary * hidden
        linear = round(billions * 1e9) - other
        shape = Shape(linear, other, layers * 18 * hidden, hidden, layers, attentions=0)
        if needed_bytes(shape, options, quantised=True, dtype_bytes=dtype_bytes, cuda=cuda) <= free:
            return f"take a smaller one, such as --base {name}, or a machine with more memory"
    return "lower --context and --rank, or take a machine with more memory"

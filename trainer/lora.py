"""LoRA on a frozen base model: put on, written, read again."""

from pathlib import Path
from typing import Any

import torch
from peft import LoraConfig, get_peft_model, get_peft_model_state_dict, set_peft_model_state_dict
from peft.tuners.lora import LoraLayer
from safetensors import SafetensorError
from safetensors.torch import load_file
from torch import nn

from trainer.fused import fuse
from trainer.options import ALL_LINEAR, TrainingOptions
from twin.adapter import Adapter
from twin.errors import TwinError
from twin.manifest import Manifest
from twin.model import BaseModel

ADAPTER = "default"  # peft's name for the adapter in training


def prepared_for_training(base: BaseModel, options: TrainingOptions) -> Any:
    """The base model with fresh LoRA matrices: everything else frozen, one-dimensional weights (norms) in fp32.

    Unlike the stock preparation for 4-bit training this leaves the embeddings as they are: in fp32 they would take 0.8
    GiB more for the German base. Layers that can be are computed by fused kernels from then on.

    Raises:
        TwinError: the base has no layers of the wanted names.
    """
    for parameter in base.model.parameters():
        parameter.requires_grad = False
        if parameter.ndim == 1 and parameter.dtype in {torch.float16, torch.bfloat16}:
            parameter.data = parameter.data.float()
    fuse(base.model)
    config = LoraConfig(
        r=options.rank,
        lora_alpha=options.alpha,
        lora_dropout=options.dropout,
        use_rslora=options.rslora,
        target_modules=_targets(base, options.target_modules),
        task_type="CAUSAL_LM",
    )
    return get_peft_model(base.model, config)


def _targets(base: BaseModel, wanted: str) -> str | list[str]:
    """The layers to train, as peft wants them named."""
    if wanted == ALL_LINEAR:
        return wanted
    head = base.model.get_output_embeddings()
    known = {
        name.rpartition(".")[2]
        for name, module in base.model.named_modules()
        if isinstance(module, nn.Linear) and module is not head
    }
    names = [name.strip() for name in wanted.split(",") if name.strip()]
    if not names or not known.issuperset(names):
        raise TwinError(
            f"base model {base.name!r} has no layers {wanted!r} to train: it has {', '.join(sorted(known))}; "
            f"or say {ALL_LINEAR}"
        )
    return names


def keep_differentiable(model: Any) -> None:
    """Keep 4-bit layers from repacking their weights at the first inference, as bitsandbytes does on some processors.

    The packed form is faster, but rounds to bfloat16 and has no gradient.
    """
    for module in model.modules():
        if hasattr(module, "support_avx512bf16_for_cpu"):
            module.support_avx512bf16_for_cpu = False


def save_adapter(model: Any, manifest: Manifest, folder: Path) -> None:
    """Write the LoRA weights, their configuration and `twin.json`."""
    model.save_pretrained(folder, safe_serialization=True, selected_adapters=[ADAPTER])
    (folder / "README.md").unlink(missing_ok=True)  # peft's empty model card
    (folder / "twin.json").write_text(manifest.to_json(), "utf-8")


def load_weights(model: Any, folder: Path) -> None:
    """Give the LoRA matrices the values that a checkpoint has."""
    set_peft_model_state_dict(model, load_file(folder / "adapter_model.safetensors"), adapter_name=ADAPTER)


def begin(model: Any, seed: int, source: Adapter | None = None) -> None:
    """Give the LoRA matrices the values of a new adapter, or those of the one that it continues from.

    Raises:
        TwinError: the weights of that one cannot be used.
    """
    torch.manual_seed(seed)
    if source is not None:
        _continue_from(model, source)
        return
    for module in model.modules():
        if isinstance(module, LoraLayer):
            module.reset_lora_parameters(ADAPTER, init_lora_weights=True)


def _continue_from(model: Any, source: Adapter) -> None:
    try:
        weights = load_file(source.path / "adapter_model.safetensors")
    except (OSError, SafetensorError):
        raise TwinError(f"the weights in {source.path} cannot be read: train {source.name!r} again") from None
    wanted = {key: tensor.shape for key, tensor in get_peft_model_state_dict(model, adapter_name=ADAPTER).items()}
    if wanted != {key: tensor.shape for key, tensor in weights.items()}:
        raise TwinError(f"the weights in {source.path} do not fit what twin.json says of them: train it again")
    set_peft_model_state_dict(model, weights, adapter_name=ADAPTER)

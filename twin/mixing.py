"""Rows of different adapters in one step: PEFT's way for them, in fewer passes over memory.

PEFT gathers the rows of an adapter, of the layer's input and output alike, scales what the adapter says, adds it, and
scatters the sum; reading a history, where all of a step is one adapter's, that is an eighth of the time on a CPU. Here
nothing is gathered for one adapter, and the output is scaled and added where it lies.
"""

from types import MethodType
from typing import Any

import torch
from peft.tuners.lora import LoraLayer


def mix_in_place(model: Any) -> None:
    """Let the layers of a PEFT model, all with plain LoRA, mix adapters so."""
    for layer in model.modules():
        if isinstance(layer, LoraLayer) and type(layer)._mixed_batch_forward is LoraLayer._mixed_batch_forward:
            layer._mixed_batch_forward = MethodType(_mixed_batch_forward, layer)


def _mixed_batch_forward(
    layer: Any, x: torch.Tensor, *args: Any, adapter_names: list[str], **kwargs: Any
) -> torch.Tensor:
    """Output (rows x ...) of a layer, with the adapter that `adapter_names` has for each row."""
    result: torch.Tensor = layer.base_layer(x)
    keys = set(adapter_names)
    for key in keys & layer.lora_A.keys():
        down, up, scaling = layer.lora_A[key], layer.lora_B[key], layer.scaling[key]
        if len(keys) == 1:
            result.add_(up(down(x.to(down.weight.dtype))), alpha=scaling)
        else:
            rows = torch.tensor([row for row, name in enumerate(adapter_names) if name == key], device=x.device)
            said = up(down(x[rows].to(down.weight.dtype))).to(result.dtype)
            result.index_add_(0, rows, said, alpha=scaling)
    return result

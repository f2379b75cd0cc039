"""The same arithmetic as a base model's own, in fewer passes over memory, where transformers has none of its own.

BLOOM computes its activation in seven elementwise steps and keeps whole attention matrices for the gradient. Other
families get fused kernels from transformers itself.
"""

import math
from typing import Any

import torch
from torch import nn
from torch.nn.functional import pad, scaled_dot_product_attention
from transformers.models.bloom.modeling_bloom import BloomAttention

from twin.model import fuse_activations

_SPARE = 8  # columns added to a head for the bias: fused kernels on cards want head sizes that are multiples of 8
_FAR = -1e4  # a bias that leaves a padded position no weight, and that fp16 can hold


def fuse(model: nn.Module) -> None:
    """Let a model that is about to be trained compute its BLOOM layers, if it has any, by fused kernels."""
    fuse_activations(model)
    for module in model.modules():
        if type(module) is BloomAttention:
            module.__class__ = _FusedAttention


def keeps_attention(model: nn.Module) -> bool:
    """Whether a model that is trained keeps whole attention matrices for the gradient, fused or not."""
    ours = any(isinstance(module, BloomAttention) for module in model.modules())
    return not (ours or getattr(model, "_supports_sdpa", False))


class _FusedAttention(BloomAttention):  # type: ignore[misc]
    """BLOOM's attention by a kernel that never holds the (length, length) matrix.

    ALiBi as BLOOM adds it depends on the head and the key alone, so the bias is one more term of each product of query
    and key: a further column that is constant in the queries and holds the bias in the keys. What is left for the
    kernel is plain causal attention, for which it needs no mask. With a cache, and where probabilities are asked for,
    all is as it was.
    """

    def forward(
        self,
        hidden_states: torch.Tensor,
        residual: torch.Tensor,
        *,
        alibi: torch.Tensor,
        attention_mask: torch.Tensor | None,
        layer_past: Any = None,
        output_attentions: bool = False,
        **rest: Any,
    ) -> tuple[torch.Tensor, torch.Tensor | None]:
        if layer_past is not None or output_attentions:
            found: tuple[torch.Tensor, torch.Tensor | None] = super().forward(
                hidden_states,
                residual,
                alibi=alibi,
                attention_mask=attention_mask,
                layer_past=layer_past,
                output_attentions=output_attentions,
                **rest,
            )
            return found
        query, key, value = self._reshape(self.query_key_value(hidden_states))  # each (rows, heads, length, head size)
        rows, heads, length, size = query.shape
        bias = alibi.view(rows, heads, length)
        if attention_mask is not None:  # (rows, 1, length, length); its last line is the padding alone
            bias = bias.masked_fill(attention_mask[:, :, -1] < 0, _FAR)
        query, key, value = (pad(part, (0, _SPARE)) for part in (query, key, value))
        _add_bias(query, key, bias / self.inv_norm_factor, size)
        mixed = scaled_dot_product_attention(
            query,
            key,
            value,
            is_causal=True,
            scale=self.inv_norm_factor,
            dropout_p=self.attention_dropout.p if self.training else 0.0,
        )
        output = self.dense(mixed[..., :size].transpose(1, 2).reshape(rows, length, heads * size))
        output = nn.functional.dropout(output, self.hidden_dropout, self.training)
        return residual + output, None


def _add_bias(query: torch.Tensor, key: torch.Tensor, bias: torch.Tensor, size: int) -> None:
    """Fill the columns from `size` on so that each product of a query and a key grows by the key's `bias`.

    The bias is split into two numbers of the keys' format: a position times a slope has more digits than bfloat16. The
    queries' constant is a power of two, which loses none.
    """
    constant = 2.0 ** round(math.log2(size) / 2)
    high = (bias / constant).to(key.dtype)
    query[..., size : size + 2] = constant
    key[..., size] = high
    key[..., size + 1] = (bias / constant - high).to(key.dtype)

"""BLOOM by fused kernels: the same outputs and gradients as transformers' own, whatever is put around the layers."""

import copy
from pathlib import Path
from typing import Any

import pytest
import torch
from peft import LoraConfig, get_peft_model
from torch import nn
from transformers import BloomConfig, BloomForCausalLM, DynamicCache
from transformers.models.bloom.modeling_bloom import BloomGelu

from tests.trainer.test_bases import rotary_base
from trainer.fused import fuse
from trainer.lora import keep_differentiable, prepared_for_training
from trainer.loss import weighted_loss
from trainer.options import TrainingOptions
from trainer.windows import Collator, Window
from twin.model import load_base

# Relative to the largest value of a tensor: both sides round in fp32, in a different order.
TOLERANCE = 1e-5
IDS = torch.arange(1, 41).reshape(2, 20)
WHOLE = torch.ones(2, 20, dtype=torch.long)
RIGHT, LEFT = WHOLE.clone(), WHOLE.clone()
RIGHT[1, 13:] = LEFT[1, :7] = 0


def close(found: torch.Tensor, expected: torch.Tensor, tolerance: float = TOLERANCE) -> bool:
    return bool((found - expected).abs().max() <= tolerance * expected.abs().max().clamp(min=1e-6))


def bloom(heads: int = 3, size: int = 8) -> BloomForCausalLM:
    """With weights large enough for attention to be far from even."""
    torch.manual_seed(0)
    config = BloomConfig(
        vocab_size=50, hidden_size=heads * size, n_layer=2, n_head=heads, hidden_dropout=0.0, initializer_range=0.3
    )
    return BloomForCausalLM(config)


def fused(model: Any) -> Any:
    twin = copy.deepcopy(model)
    fuse(twin)
    return twin


@pytest.mark.parametrize("mask", [None, WHOLE, RIGHT, LEFT], ids=["none", "whole", "right", "left"])
@pytest.mark.parametrize(("heads", "size"), [(3, 8), (4, 16), (2, 64), (1, 20)])
def test_outputs_and_gradients_are_those_of_the_stock_model(heads: int, size: int, mask: torch.Tensor | None) -> None:
    stock = bloom(heads, size).train()
    quick = fused(stock)
    real = (WHOLE if mask is None else mask).bool()
    direction = torch.randn(2, 20, 50)
    results = []
    for model in (stock, quick):
        logits = model(input_ids=IDS, attention_mask=mask, use_cache=False).logits
        (logits * direction)[real].sum().backward()
        results.append((logits[real], {name: weight.grad for name, weight in model.named_parameters()}))
    (expected, gradients), (found, ours) = results
    assert close(found, expected)
    largest = max(float(gradient.abs().max()) for gradient in gradients.values())
    assert all((ours[name] - gradient).abs().max() <= TOLERANCE * largest for name, gradient in gradients.items())


@pytest.mark.parametrize("quantisation", ["nf4", "none"])
@pytest.mark.parametrize("again", [False, True], ids=["kept", "checkpointed"])
def test_the_loss_of_an_adapter_in_training_and_its_gradients(tiny_base: Path, quantisation: str, again: bool) -> None:
    windows = [Window(list(range(1, 40)), [0.0, *[1.0] * 38]), Window([5, 6, 7, 300], [0.0, 1.0, 0.1, 1.0])]
    batch = Collator(pad_id=0)(windows)
    options = TrainingOptions(dropout=0.0)
    found = []
    for stock in (True, False):
        with pytest.MonkeyPatch.context() as patch:
            if stock:
                patch.setattr("trainer.lora.fuse", lambda model: None)
                patch.setattr("twin.model.fuse_activations", lambda model: None)
            base = load_base(str(tiny_base), quantisation)
            keep_differentiable(base.model)
            model = prepared_for_training(base, options).train()
        assert any(isinstance(module, BloomGelu) for module in model.modules()) == stock
        torch.manual_seed(1)
        for name, weight in model.named_parameters():
            if "lora_" in name:
                nn.init.normal_(weight, std=0.02)
        if again:
            model.activation_checkpointing_enable(activation_checkpointing_kwargs={"use_reentrant": False})
        loss = weighted_loss(model, batch)
        loss.backward()
        found.append((loss.detach(), [weight.grad for weight in model.parameters() if weight.requires_grad]))
    (expected, gradients), (loss, ours) = found
    assert close(loss, expected) and len(ours) == len(gradients) > 0
    largest = max(float(gradient.abs().max()) for gradient in gradients)
    assert all((a - b).abs().max() <= TOLERANCE * largest for a, b in zip(ours, gradients, strict=True))


@pytest.mark.parametrize("dtype", [torch.bfloat16, torch.float16])
def test_half_the_bits_round_no_worse_than_in_the_stock_model(dtype: torch.dtype) -> None:
    exact = bloom(2, 64).eval()
    ids = torch.randint(50, (1, 400))  # far positions times steep slopes are what half formats cannot hold
    with torch.no_grad():
        expected = exact(input_ids=ids).logits
        stock = copy.deepcopy(exact).to(dtype)
        errors = [
            float((model(input_ids=ids, use_cache=False).logits.float() - expected).abs().mean())
            for model in (stock, fused(stock))
        ]
    assert errors[1] <= 1.05 * errors[0]


def test_with_a_cache_and_asked_for_probabilities_all_is_as_it_was() -> None:
    stock = bloom().eval()
    quick = fused(stock)
    for model in (stock, quick):
        model.set_attn_implementation("eager")
    with torch.no_grad():
        whole = stock(input_ids=IDS, attention_mask=WHOLE)
        cache = DynamicCache()
        quick(input_ids=IDS[:, :12], past_key_values=cache, use_cache=True)
        rest = quick(input_ids=IDS[:, 12:], attention_mask=WHOLE, past_key_values=cache, use_cache=True).logits
        assert close(rest, whole.logits[:, 12:])
        asked = quick(input_ids=IDS, attention_mask=WHOLE, output_attentions=True).attentions
        assert all(map(close, asked, stock(input_ids=IDS, attention_mask=WHOLE, output_attentions=True).attentions))


def test_dropout_within_bloom_is_kept() -> None:
    config = BloomConfig(vocab_size=50, hidden_size=16, n_layer=1, n_head=2, hidden_dropout=0.5, attention_dropout=0.5)
    model = fused(BloomForCausalLM(config).train())
    passes = [model(input_ids=IDS, use_cache=False).logits for _ in range(2)]
    assert not torch.equal(*passes)
    model.eval()
    assert torch.equal(*(model(input_ids=IDS, use_cache=False).logits for _ in range(2)))


def test_lora_on_the_fused_layers_names_its_weights_as_on_the_stock_ones() -> None:
    config = LoraConfig(target_modules="all-linear")
    stock = bloom()
    names = [list(get_peft_model(model, config).state_dict()) for model in (fused(stock), stock)]
    assert names[0] == names[1]


@pytest.mark.parametrize("kind", ["llama", "qwen"])
def test_other_families_are_left_alone(tmp_path: Path, kind: str) -> None:
    model = load_base(str(rotary_base(tmp_path, kind)), "none").model
    before = [type(module) for module in model.modules()]
    fuse(model)
    assert [type(module) for module in model.modules()] == before

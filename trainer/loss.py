"""The loss of a batch of windows: weighted, on the supervised positions alone, a chunk of logits at a time."""

from collections.abc import Iterator, Sequence
from contextlib import AbstractContextManager, contextmanager
from typing import Any

import torch
from torch import nn
from torch.nn.functional import cross_entropy

from trainer.windows import IGNORED, Collator, Window

CHUNK_FLOATS = 1 << 22  # logits that exist at once; 16 MiB in fp32, with gradients about three times as much


def weighted_loss(model: Any, batch: dict[str, torch.Tensor]) -> torch.Tensor:
    """The cross-entropy of a batch's supervised tokens in nats, times their weights, summed.

    Args:
        model: a causal model with a frozen output layer, a PEFT model around one, or that one wrapped for several
            processes. It is called as a whole, so that what wraps it (autocast, gradient exchange) takes part.
        batch: `input_ids`, `attention_mask`, `labels` and `weights`, each (rows, width).
    """
    causal = causal_of(model)
    head = causal.get_output_embeddings()
    with _without_head(causal):
        output = model(input_ids=batch["input_ids"], attention_mask=batch["attention_mask"], use_cache=False)
    targets = batch["labels"][:, 1:]
    counted = targets != IGNORED
    hidden = output.logits[:, :-1][counted]  # (counted, hidden size): the head was away
    return chunked_cross_entropy(hidden, head, targets[counted], batch["weights"][:, 1:][counted])


def chunked_cross_entropy(
    hidden: torch.Tensor, head: Any, targets: torch.Tensor, weights: torch.Tensor, *, chunk: int | None = None
) -> torch.Tensor:
    """The weighted sum of cross-entropies, with the logits of only `chunk` positions in memory at once.

    Logits over the vocabulary are the largest tensor of a training step: for 4 x 512 tokens and 250,880 words 1.9 GiB
    in fp32, three times over with gradients. Softmax and sum are in fp32.

    Args:
        hidden: (positions, hidden size), the output layer's input.
        head: the frozen output layer.
        targets: (positions), token ids.
        weights: (positions), in fp32.
        chunk: positions at once; by default as many as `CHUNK_FLOATS` allows.
    """
    chunk = chunk or max(1, CHUNK_FLOATS // int(head.weight.shape[0]))
    total: torch.Tensor = _ChunkedLoss.apply(hidden, head, targets, weights, chunk)  # type: ignore[no-untyped-call]
    return total


class _ChunkedLoss(torch.autograd.Function):
    """The loss is a sum, so each chunk's gradient is known as soon as its logits are: they are made once, not twice
    as ordinary checkpointing would, and only the gradient towards the hidden states is kept."""

    @staticmethod
    def forward(ctx: Any, *inputs: Any) -> torch.Tensor:
        hidden, head, targets, weights, chunk = inputs
        wanted = ctx.needs_input_grad[0]
        gradient = torch.empty_like(hidden) if wanted else None
        total = torch.zeros((), dtype=torch.float32, device=hidden.device)
        for start in range(0, len(hidden), chunk):
            part = slice(start, start + chunk)
            with torch.set_grad_enabled(wanted):
                piece = hidden[part].detach().to(head.weight.dtype).requires_grad_(wanted)
                losses = cross_entropy(head(piece).float(), targets[part], reduction="none")
                loss = (losses * weights[part]).sum()
            if gradient is not None:
                gradient[part] = torch.autograd.grad(loss, piece)[0].to(gradient.dtype)
            total += loss.detach()
        ctx.save_for_backward(gradient)
        return total

    @staticmethod
    def backward(ctx: Any, *scale: torch.Tensor) -> tuple[torch.Tensor | None, ...]:
        (gradient,) = ctx.saved_tensors
        return gradient * scale[0].to(gradient.dtype), None, None, None, None


@torch.no_grad()
def held_out_loss(model: Any, windows: Sequence[Window], collate: Collator, rows: int) -> float:
    """Weighted mean loss a supervised token over `windows`, in nats; `rows` of them are read at once."""
    device = next(model.parameters()).device
    was_training = model.training
    model.eval()
    total, weight = 0.0, 0.0
    for start in range(0, len(windows), rows):
        batch = {key: value.to(device) for key, value in collate(windows[start : start + rows]).items()}
        with computing(model):
            total += float(weighted_loss(model, batch))
        weight += float(batch["weights"][:, 1:].sum())
    model.train(was_training)
    return total / weight


def computing(model: Any) -> AbstractContextManager[Any]:
    """Compute in the base model's own number format: its norms are in fp32 during training, and formats do not mix."""
    weight = causal_of(model).get_output_embeddings().weight
    return torch.autocast(weight.device.type, weight.dtype, enabled=weight.dtype in {torch.float16, torch.bfloat16})


def causal_of(model: Any) -> Any:
    """The causal model within what was put around it for LoRA and for several processes."""
    model = getattr(model, "module", model)
    return model.get_base_model() if hasattr(model, "get_base_model") else model


@contextmanager
def _without_head(causal: Any) -> Iterator[None]:
    """The causal model gives its last hidden states in place of logits."""
    head = causal.get_output_embeddings()
    causal.set_output_embeddings(_Through())
    try:
        yield
    finally:
        causal.set_output_embeddings(head)


class _Through(nn.Identity):
    """In the output layer's place."""

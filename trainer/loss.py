"""The loss of a batch of windows: weighted, on the supervised positions alone, a chunk of logits at a time."""

import copy
from collections.abc import Iterator, Sequence
from contextlib import AbstractContextManager, contextmanager
from typing import Any

import torch
from torch import nn
from torch.nn.functional import cross_entropy
from transformers import DynamicCache

from trainer.windows import IGNORED, Collator, Window

CHUNK_FLOATS = 1 << 23  # logits that exist at once; 32 MiB in fp32
READ_AT_ONCE = 4096  # tokens, padding included, that are read at once where no gradient is needed


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
    in fp32. Softmax and sum are in fp32.

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
    as ordinary checkpointing would, and only the gradient towards the hidden states is kept. It is written out:
    autograd would hold four tensors of the logits' size, where one is enough."""

    @staticmethod
    def forward(ctx: Any, *inputs: Any) -> torch.Tensor:
        hidden, head, targets, weights, chunk = inputs
        gradient = torch.empty_like(hidden) if ctx.needs_input_grad[0] else None
        total = torch.zeros((), dtype=torch.float32, device=hidden.device)
        for start in range(0, len(hidden), chunk):
            part = slice(start, start + chunk)
            into = gradient[part] if gradient is not None else None
            total += _loss_of_chunk(hidden[part], head, targets[part], weights[part], into)
        ctx.save_for_backward(gradient)
        return total

    @staticmethod
    def backward(ctx: Any, *scale: torch.Tensor) -> tuple[torch.Tensor | None, ...]:
        (gradient,) = ctx.saved_tensors
        return gradient * scale[0].to(gradient.dtype), None, None, None, None


def _loss_of_chunk(
    hidden: torch.Tensor, head: Any, targets: torch.Tensor, weights: torch.Tensor, gradient: torch.Tensor | None
) -> torch.Tensor:
    """A chunk's loss; its gradient towards `hidden` is written into `gradient`. All in the memory of the logits."""
    logits = head(hidden.to(head.weight.dtype)).float()
    at_targets = torch.arange(len(targets), device=targets.device), targets
    logits -= logits.amax(-1, keepdim=True)
    of_targets = logits[at_targets]
    sums = logits.exp_().sum(-1)
    if gradient is not None:
        logits[at_targets] -= sums  # towards the logits it is the softmax, less one at the target
        logits *= (weights / sums)[:, None]
        gradient.copy_(logits.to(head.weight.dtype) @ head.weight)
    loss: torch.Tensor = ((sums.log() - of_targets) * weights).sum()
    return loss


@torch.no_grad()
def losses_of(model: Any, windows: Sequence[Window], collate: Collator) -> list[float]:
    """The loss of each window by itself: weighted, in nats, summed over its tokens.

    The model is in evaluation mode. Windows of like length are read together, as many as `READ_AT_ONCE` allows.
    """
    order = sorted(range(len(windows)), key=lambda index: len(windows[index].ids))
    losses = [0.0] * len(windows)
    while order:
        longest = len(windows[order[-1]].ids)
        rows, order = order[-max(1, READ_AT_ONCE // longest) :], order[: -max(1, READ_AT_ONCE // longest)]
        batch = _on(model, collate([windows[index] for index in rows]))
        for index, loss in zip(rows, _row_losses(model, batch, attention_mask=batch["attention_mask"]), strict=True):
            losses[index] = loss
    return losses


@torch.no_grad()
def losses_after(model: Any, prefix: Sequence[int], endings: Sequence[Window], collate: Collator) -> list[float]:
    """The loss of each ending of what begins with `prefix`, which is read only once: weighted, in nats, summed.

    The model is in evaluation mode.

    Args:
        prefix: at least one token.
        endings: what follows it, each by itself.
    """
    *read, last = prefix
    kept = DynamicCache()
    if read:
        with computing(model), _without_head(causal_of(model)):
            model(input_ids=torch.tensor([read], device=_device(model)), past_key_values=kept, use_cache=True)
    losses: list[float] = []
    together = max(1, READ_AT_ONCE // (len(prefix) + max(len(ending.ids) for ending in endings)))
    for start in range(0, len(endings), together):
        # The last token of the prefix is read with every ending, for what it says of the ending's first one.
        rows = [Window([last, *end.ids], [0.0, *end.weights]) for end in endings[start : start + together]]
        batch = _on(model, collate(rows))
        before = batch["attention_mask"].new_ones(len(rows), len(read))
        cache = copy.deepcopy(kept)
        cache.batch_repeat_interleave(len(rows))
        mask = torch.cat([before, batch["attention_mask"]], dim=1)
        losses += _row_losses(model, batch, attention_mask=mask, past_key_values=cache, use_cache=True)
    return losses


def _row_losses(model: Any, batch: dict[str, torch.Tensor], **read: Any) -> list[float]:
    """The weighted loss of each row. `read`: what the model is told beside the token ids."""
    causal = causal_of(model)
    head = causal.get_output_embeddings()
    with computing(model):
        with _without_head(causal):
            hidden = model(input_ids=batch["input_ids"], **read).logits[:, :-1]
        targets = batch["labels"][:, 1:]
        counted = targets != IGNORED
        row_of, losses = counted.nonzero()[:, 0], torch.zeros(len(targets), device=hidden.device)
        hidden, targets, weights = hidden[counted], targets[counted], batch["weights"][:, 1:][counted]
        chunk = max(1, CHUNK_FLOATS // int(head.weight.shape[0]))
        for start in range(0, len(targets), chunk):
            part = slice(start, start + chunk)
            logits = head(hidden[part].to(head.weight.dtype)).float()
            losses.index_add_(0, row_of[part], cross_entropy(logits, targets[part], reduction="none") * weights[part])
    return [float(loss) for loss in losses]


@torch.no_grad()
def held_out_loss(model: Any, windows: Sequence[Window], collate: Collator, rows: int) -> float:
    """Weighted mean loss a supervised token over `windows`, in nats; `rows` of them are read at once."""
    was_training = model.training
    model.eval()
    total, weight = 0.0, 0.0
    for start in range(0, len(windows), rows):
        batch = _on(model, collate(windows[start : start + rows]))
        with computing(model):
            total += float(weighted_loss(model, batch))
        weight += float(batch["weights"][:, 1:].sum())
    model.train(was_training)
    return total / weight


def computing(model: Any) -> AbstractContextManager[Any]:
    """Compute in the base model's own number format: its norms are in fp32 during training, and formats do not mix."""
    weight = causal_of(model).get_output_embeddings().weight
    return torch.autocast(weight.device.type, weight.dtype, enabled=weight.dtype in {torch.float16, torch.bfloat16})


def _device(model: Any) -> torch.device:
    device: torch.device = next(model.parameters()).device
    return device


def _on(model: Any, batch: dict[str, torch.Tensor]) -> dict[str, torch.Tensor]:
    return {key: value.to(_device(model)) for key, value in batch.items()}


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

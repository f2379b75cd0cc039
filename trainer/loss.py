"""The loss of a batch of windows, computed on the supervised positions alone."""

from collections.abc import Sequence
from typing import Any

import torch
from torch.nn.functional import cross_entropy

from trainer.windows import IGNORED, Collator
from twin.transcript import Tokens


def summed_loss(model: Any, batch: dict[str, torch.Tensor]) -> torch.Tensor:
    """The summed cross-entropy of a batch's supervised tokens, in nats.

    Logits over the vocabulary are made for these positions only: for a batch of 4 x 512 tokens and 250,880 words they
    would take 1.9 GiB otherwise, three times over with gradients.

    Args:
        model: a causal model with a language-model head, or a PEFT model around one.
        batch: `input_ids`, `attention_mask` and `labels`, each (rows, width).
    """
    causal = model.get_base_model() if hasattr(model, "get_base_model") else model
    hidden = causal.base_model(input_ids=batch["input_ids"], attention_mask=batch["attention_mask"], use_cache=False)
    targets = batch["labels"][:, 1:]
    counted = targets != IGNORED
    logits = causal.get_output_embeddings()(hidden.last_hidden_state[:, :-1][counted])  # (counted, vocabulary)
    return cross_entropy(logits.float(), targets[counted], reduction="sum")


@torch.no_grad()
def held_out_loss(model: Any, windows: Sequence[Tokens], collate: Collator, rows: int) -> float:
    """Mean loss a supervised token over `windows`, in nats; `rows` of them are read at once."""
    device = next(model.parameters()).device
    was_training = model.training
    model.eval()
    total, count = 0.0, 0
    for start in range(0, len(windows), rows):
        batch = {key: value.to(device) for key, value in collate(windows[start : start + rows]).items()}
        total += float(summed_loss(model, batch))
        count += int((batch["labels"][:, 1:] != IGNORED).sum())
    model.train(was_training)
    return total / count

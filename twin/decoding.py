"""Decoding with one causal model alone: how tokens are drawn, and answers for samples during training."""

import threading
from collections.abc import Iterator, Sequence
from typing import Any

import torch
from transformers import DynamicCache

from twin.engine import Finish
from twin.manifest import Sampling
from twin.writing import Alphabet, Writing

_NUCLEUS = 256  # likeliest tokens that nearly always hold the nucleus; sorting the whole vocabulary takes longer


class Decoder:
    """Continues token ids with one causal model, until its first answer ends.

    Args:
        model: the causal model, or a PEFT model around one, whose active adapter answers.
        tokenizer: its tokenizer.
    """

    def __init__(self, model: Any, tokenizer: Any) -> None:
        self._model = model
        self._device = next(model.parameters()).device
        self._drawing = Drawing(Alphabet(tokenizer), self._device)

    @torch.inference_mode()
    def pieces(
        self, prompt: Sequence[int], sampling: Sampling, max_tokens: int, cancelled: threading.Event | None = None
    ) -> Iterator[tuple[str, Finish | None]]:
        """The answer to `prompt` as pieces of whole characters; with the last comes why it ended.

        An answer has at least one token: a separator cannot come first.
        """
        self._model.eval()  # it may be in training, whose loop turns this back
        generator = self._drawing.generator(sampling)
        cache = DynamicCache()
        step = torch.tensor([list(prompt)], device=self._device)
        writing = Writing(self._drawing.alphabet, max_tokens)
        while writing.finish is None and not (cancelled and cancelled.is_set()):
            logits = self._model(input_ids=step, past_key_values=cache, use_cache=True, logits_to_keep=1).logits[0, -1]
            token = self._drawing.next(logits, writing, sampling, generator)
            pieces = writing.add(token)
            if pieces or writing.finish:
                yield "".join(pieces), writing.finish
            step = torch.tensor([[token]], device=self._device)


class Drawing:
    """Draws the next token of an answer: none that the tokenizer lacks, and no end before the answer may end.

    Args:
        alphabet: of the tokenizer.
        device: of the logits.
    """

    def __init__(self, alphabet: Alphabet, device: torch.device) -> None:
        self.alphabet = alphabet
        self._device = device
        self._ends = torch.tensor(sorted(alphabet.ends), device=device)

    def generator(self, sampling: Sampling) -> torch.Generator:
        """The source of an answer's randomness; the same for the same seed."""
        generator = torch.Generator(self._device)
        generator.manual_seed(sampling.seed) if sampling.seed is not None else generator.seed()
        return generator

    def next(self, logits: torch.Tensor, writing: Writing, sampling: Sampling, generator: torch.Generator) -> int:
        """Draw from `logits` (vocabulary of the model)."""
        logits = logits[: self.alphabet.size].float()
        if not writing.may_end:
            logits = logits.index_fill(0, self._ends, -torch.inf)
        return draw(logits, writing.said, sampling, generator)


def draw(logits: torch.Tensor, said: Sequence[int], sampling: Sampling, generator: torch.Generator) -> int:
    """Draw the next token id from `logits` (vocabulary).

    The repetition penalty (arXiv 1909.05858) counts only what this answer has said, so that names, greetings and the
    separator stay as likely in a long thread as in a short one. Nucleus sampling follows arXiv 1904.09751.
    """
    if said and sampling.repetition_penalty != 1:
        ids = torch.tensor(sorted(set(said)), device=logits.device)
        seen = logits[ids]
        seen = torch.where(seen > 0, seen / sampling.repetition_penalty, seen * sampling.repetition_penalty)
        logits = logits.index_copy(0, ids, seen)
    if not sampling.by_chance:
        return int(logits.argmax())
    probabilities, order = torch.softmax(logits / sampling.temperature, dim=-1).topk(min(_NUCLEUS, len(logits)))
    if probabilities.sum() < sampling.top_p:
        probabilities, order = torch.softmax(logits / sampling.temperature, dim=-1).sort(descending=True)
    beyond = probabilities.cumsum(dim=-1) - probabilities >= sampling.top_p
    beyond[0] = False  # rounding may leave top_p nothing
    probabilities[beyond] = 0
    return int(order[torch.multinomial(probabilities, 1, generator=generator)])

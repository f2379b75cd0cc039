"""Decoding: the tokens of one answer, cut at the separator. Used by the engine and for samples during training."""

import threading
from collections.abc import Iterator, Sequence
from typing import Any

import torch
from transformers import DynamicCache

from twin.adapter import Sampling
from twin.engine import Finish
from twin.transcript import SEPARATOR

_INCOMPLETE = "\ufffd"  # how the tokenizer shows the first bytes of a character


class Decoder:
    """Continues token ids with one causal model, until its first answer ends.

    Args:
        model: the causal model, or a PEFT model around one, whose active adapter answers.
        tokenizer: its tokenizer.
    """

    def __init__(self, model: Any, tokenizer: Any) -> None:
        self._model = model
        self._tokenizer = tokenizer
        self._device = next(model.parameters()).device
        vocabulary: dict[str, int] = tokenizer.get_vocab()
        ends = {tokenizer.eos_token_id, *(index for token, index in vocabulary.items() if SEPARATOR in token)}
        self._ends = ends
        self._words = max(vocabulary.values()) + 1  # a model may have more logits than its tokenizer has tokens
        self._end_ids = torch.tensor(sorted(ends), device=self._device)

    @torch.inference_mode()
    def pieces(
        self, prompt: Sequence[int], sampling: Sampling, max_tokens: int, cancelled: threading.Event | None = None
    ) -> Iterator[tuple[str, Finish | None]]:
        """The answer to `prompt` as pieces of whole characters; with the last comes why it ended.

        An answer has at least one token: a separator cannot come first.
        """
        self._model.eval()  # it may be in training, whose loop turns this back
        generator = torch.Generator(self._device)
        generator.manual_seed(sampling.seed) if sampling.seed is not None else generator.seed()
        cache = DynamicCache()
        step = torch.tensor([list(prompt)], device=self._device)
        answer: list[int] = []
        shown = ""
        while len(answer) < max_tokens and not (cancelled and cancelled.is_set()):
            logits = self._model(input_ids=step, past_key_values=cache, use_cache=True, logits_to_keep=1).logits[0, -1]
            logits = logits[: self._words].float()
            if not answer:
                logits[self._end_ids] = -torch.inf
            token = draw(logits, answer, sampling, generator)
            if token in self._ends:
                last = "" if token == self._tokenizer.eos_token_id else self._text([*answer, token])
                whole = last.partition(SEPARATOR)[0].rstrip() if last else self._text(answer).rstrip()
                yield whole[len(shown) :], "separator"
                return
            answer.append(token)
            text = self._text(answer)
            # White space waits: it may turn out to stand before the separator.
            ready = "" if text.endswith(_INCOMPLETE) else text[len(shown) :].rstrip()
            if ready:
                shown += ready
                yield ready, None
            step = torch.tensor([[token]], device=self._device)
        yield self._text(answer).rstrip(_INCOMPLETE).rstrip()[len(shown) :], "length"

    def _text(self, ids: list[int]) -> str:
        text: str = self._tokenizer.decode(ids, skip_special_tokens=False, clean_up_tokenization_spaces=False)
        return text.lstrip()


def draw(logits: torch.Tensor, said: Sequence[int], sampling: Sampling, generator: torch.Generator) -> int:
    """Draw the next token id from `logits` (vocabulary).

    The repetition penalty (arXiv 1909.05858) counts only what this answer has said, so that names, greetings and the
    separator stay as likely in a long thread as in a short one. Nucleus sampling follows arXiv 1904.09751.
    """
    if said and sampling.repetition_penalty != 1:
        ids = torch.tensor(sorted(set(said)), device=logits.device)
        seen = logits[ids]
        logits[ids] = torch.where(seen > 0, seen / sampling.repetition_penalty, seen * sampling.repetition_penalty)
    if sampling.temperature == 0:
        return int(logits.argmax())
    probabilities, order = torch.softmax(logits / sampling.temperature, dim=-1).sort(descending=True)
    beyond = probabilities.cumsum(dim=-1) - probabilities >= sampling.top_p
    probabilities[beyond] = 0
    return int(order[torch.multinomial(probabilities, 1, generator=generator)])

"""Which of some texts a message is about, told by what they mean: by a sentence encoder, where they share no words.

Any encoder of Hugging Face whose vector is the mean of its last hidden states, such as those of sentence-transformers
(Reimers and Gurevych 2019, https://arxiv.org/abs/1908.10084). It runs on the CPU, beside the language model.
"""

import re
import threading
from collections.abc import Mapping, Sequence
from functools import cache, lru_cache
from pathlib import Path
from typing import Any

from twin.errors import TwinError

NONE = "none"  # in place of an encoder's name
THRESHOLD = 0.35  # the least cosine that counts
_READ = 256  # tokens of a text
_SEEN = 4096  # messages whose likeness is kept

_SENTENCE_END = re.compile(r"(?<=[.?!…])\s+|\n")


class SentenceEncoder:
    """Makes vectors of texts; those of texts that mean the same point the same way.

    Args:
        name: a Hugging Face name or a local folder.

    Raises:
        TwinError: there is no encoder of that name, or not with safetensors weights.
    """

    def __init__(self, name: str) -> None:
        from transformers import AutoModel, AutoTokenizer

        try:
            self._tokenizer = AutoTokenizer.from_pretrained(name)
            self._model = AutoModel.from_pretrained(name, use_safetensors=True, trust_remote_code=False).eval()
        except (OSError, ValueError) as error:
            where = "the folder holds none" if Path(name).is_dir() else "no such folder, and the hub gave no such model"
            raise TwinError(
                f"the sentence encoder {name!r} cannot be loaded ({where}; {type(error).__name__}): "
                f"check its name and the network, or train with --fact-encoder {NONE}"
            ) from None

    def vectors(self, texts: Sequence[str]) -> Any:
        """Vectors of length 1, as a tensor of shape (texts, size)."""
        import torch

        read = self._tokenizer(list(texts), padding=True, truncation=True, max_length=_READ, return_tensors="pt")
        with torch.inference_mode():
            hidden = self._model(**read).last_hidden_state
        real = read["attention_mask"].unsqueeze(-1)
        return torch.nn.functional.normalize((hidden * real).sum(1) / real.sum(1), dim=-1)


_loading = threading.Lock()


@cache
def _load(name: str) -> SentenceEncoder:
    return SentenceEncoder(name)


def encoder_of(name: str) -> SentenceEncoder | None:
    """The encoder of that name, loaded once a process; None for "none".

    Raises:
        TwinError: it cannot be loaded.
    """
    if name == NONE:
        return None
    with _loading:
        return _load(name)


class Meanings:
    """Texts that messages are compared with by meaning, as `twin.matching.Texts` compares them by words.

    Args:
        texts: their number in this sequence is what they are known by.
    """

    def __init__(self, texts: Sequence[str], encoder: SentenceEncoder) -> None:
        self._encoder = encoder
        self._vectors = encoder.vectors(texts)
        self._known = lru_cache(maxsize=_SEEN)(self._compare)

    def alike(self, message: str) -> Mapping[int, float]:
        """The texts that a message, or a sentence of it, is about, by number, with their cosine from THRESHOLD to 1."""
        return self._known(message)

    def forget(self) -> None:
        """Let go of the messages that were compared."""
        self._known.cache_clear()

    def _compare(self, message: str) -> Mapping[int, float]:
        parts = [part for part in dict.fromkeys([*_SENTENCE_END.split(message), message]) if part.strip()]
        if not parts:
            return {}
        best = (self._vectors @ self._encoder.vectors(parts).T).amax(1).tolist()
        return {number: min(1.0, likeness) for number, likeness in enumerate(best) if likeness >= THRESHOLD}

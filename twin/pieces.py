"""Prompts for servers that take text: the very window of the local engine, as a string. Loads no torch.

`Pieces` stands in for a tokenizer: its ids are the pieces of the text themselves, one a token, so that a `Renderer`
keeps to a budget of tokens, and its window joined is the prompt.
"""

import json
import logging
import re
from itertools import pairwise
from pathlib import Path
from typing import Any

from huggingface_hub import try_to_load_from_cache
from tokenizers import Tokenizer

log = logging.getLogger(__name__)

LETTERS_A_TOKEN = 3  # where the tokenizer is not at hand: German takes more, emoji fewer
_LIKE_SPECIAL = re.compile("<(?=[^<>\\s]{1,30}>)")  # where it is not known which tokens are special
_APART = "\u200b"  # invisible; keeps what somebody wrote from being read as a special token


class Pieces:
    """The pieces of texts under the tokenizer of a base model.

    Args:
        tokenizer: what counts; None for a guess of `LETTERS_A_TOKEN`.
        eos: how the end of a conversation is written.
    """

    def __init__(self, tokenizer: Tokenizer | None, eos: str) -> None:
        self.eos_token_id = eos
        self._tokenizer = tokenizer
        special = [token.content for token in tokenizer.get_added_tokens_decoder().values()] if tokenizer else []
        self._special = re.compile("|".join(map(re.escape, special))) if special else _LIKE_SPECIAL

    def __call__(self, text: str, **_: Any) -> dict[str, list[str]]:
        text = self._special.sub(lambda found: found[0][0] + _APART + found[0][1:], text)
        return {"input_ids": self._split(text)}

    def _split(self, text: str) -> list[str]:
        if self._tokenizer is None:
            return [text[at : at + LETTERS_A_TOKEN] for at in range(0, len(text), LETTERS_A_TOKEN)]
        encoded = self._tokenizer.encode(text, add_special_tokens=False)
        if not encoded.offsets:
            return [text] if text else []
        ends = [0, *(end for _, end in encoded.offsets[:-1]), len(text)]
        return [text[start:end] for start, end in pairwise(ends)]


def pieces_of(base: str, revision: str | None) -> Pieces:
    """The pieces under a base model's tokenizer, if its files are on this machine; else a guess."""
    file, config = (_file(base, name, revision) for name in ("tokenizer.json", "tokenizer_config.json"))
    if file is None or config is None:
        log.warning("the tokenizer of %s is not on this machine: tokens are guessed, and conversations not ended", base)
        return Pieces(None, "")
    eos = json.loads(config.read_text("utf-8")).get("eos_token") or ""
    return Pieces(Tokenizer.from_file(str(file)), eos["content"] if isinstance(eos, dict) else eos)


def _file(base: str, name: str, revision: str | None) -> Path | None:
    if Path(base).is_dir():
        return file if (file := Path(base) / name).is_file() else None
    found = try_to_load_from_cache(base, name, revision=revision)
    return Path(found) if isinstance(found, str) else None

"""What a window should be, written down segment by segment."""

from collections.abc import Iterable
from typing import Any

from twin.transcript import Renderer, Tokens


def tokens_of(renderer: Renderer, tokenizer: Any, expected: Iterable[tuple[str, bool]]) -> Tokens:
    """The tokens of segments, each with whether the loss counts it; `<|endoftext|>` is the end of a conversation."""
    tokens = Tokens()
    for text, counts in expected:
        tokens.add([tokenizer.eos_token_id] if text == "<|endoftext|>" else renderer.ids(text), counts)
    return tokens

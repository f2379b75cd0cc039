"""Writing: the text of an answer as its tokens come, in whole characters, cut at the separator."""

from collections.abc import Sequence
from typing import Any

from twin.engine import NEXT_MESSAGE, Finish
from twin.transcript import SEPARATOR

_INCOMPLETE = "\ufffd"  # how the tokenizer shows the first bytes of a character


class Alphabet:
    """What of a tokenizer decides how an answer ends: its ends and its size.

    `ends` are the tokens that end a message: the end of the conversation, and every token with a bar in it.
    `size` is the number of tokens; a model may have more logits.
    """

    def __init__(self, tokenizer: Any) -> None:
        vocabulary: dict[str, int] = tokenizer.get_vocab()
        self.eos: int = tokenizer.eos_token_id
        self.ends = frozenset({self.eos, *(index for token, index in vocabulary.items() if SEPARATOR in token)})
        self.size = max(vocabulary.values()) + 1
        self._tokenizer = tokenizer

    def text(self, ids: Sequence[int]) -> str:
        text: str = self._tokenizer.decode(list(ids), skip_special_tokens=False, clean_up_tokenization_spaces=False)
        return text.lstrip()


class Writing:
    """One answer, token by token.

    Args:
        alphabet: of the tokenizer.
        max_tokens: the most tokens, labels and bars included.
        min_tokens: a message has at least so many.
        label: tokens of the label with which the same speaker goes on; with them up to `max_messages` are written.
    """

    def __init__(
        self,
        alphabet: Alphabet,
        max_tokens: int,
        *,
        min_tokens: int = 1,
        label: Sequence[int] = (),
        max_messages: int = 1,
    ) -> None:
        self.finish: Finish | None = None
        self.said: list[int] = []  # tokens of the message in the making
        self.messages: list[str] = [""]
        self._alphabet = alphabet
        self._max_tokens = max_tokens
        self._min_tokens = min_tokens
        self._label = tuple(label)
        self._max_messages = max_messages
        self._written = 0
        self._labelled: int | None = None  # tokens of the label that stand already; None within a message

    @property
    def may_end(self) -> bool:
        """Whether the next token may be the end of the message."""
        return self._labelled is not None or len(self.said) >= self._min_tokens

    def add(self, token: int) -> list[str]:
        """Write a token on; returns the pieces of text that stand with it."""
        self._written += 1
        if self._labelled is not None:
            pieces = self._add_to_label(self._labelled, token)
        elif token in self._alphabet.ends:
            pieces = self._end_message(token)
        else:
            pieces = self._add_to_message(token)
        if self.finish is None and self._written >= self._max_tokens:
            pieces += self.stop("length")
        return pieces

    def stop(self, finish: Finish) -> list[str]:
        """End the answer where it stands; half a character is left out."""
        self.finish = finish
        if self._labelled is not None:
            return []
        return self._show(self._alphabet.text(self.said).rstrip(_INCOMPLETE).rstrip())

    def _add_to_message(self, token: int) -> list[str]:
        self.said.append(token)
        text = self._alphabet.text(self.said)
        # White space waits: it may turn out to stand before the separator.
        return [] if text.endswith(_INCOMPLETE) else self._show(text.rstrip())

    def _end_message(self, token: int) -> list[str]:
        over = token == self._alphabet.eos
        text = self._alphabet.text(self.said if over else [*self.said, token]).partition(SEPARATOR)
        if over or text[2] or not self._label or len(self.messages) >= self._max_messages:
            self.finish = "separator"
        else:
            self._labelled = 0
            self.said = []
        return self._show(text[0].rstrip())

    def _add_to_label(self, done: int, token: int) -> list[str]:
        if token != self._label[done]:
            self.finish = "separator"  # someone else's turn
            return []
        self._labelled = done + 1
        if self._labelled < len(self._label):
            return []
        self._labelled = None
        self.messages.append("")
        return []

    def _show(self, text: str) -> list[str]:
        new = text[len(self.messages[-1]) :]
        if not new:
            return []
        begins = not self.messages[-1] and any(self.messages[:-1])
        self.messages[-1] += new
        return [NEXT_MESSAGE, new] if begins else [new]

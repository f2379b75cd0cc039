"""Answers that are none: the same over and over, or the other's own words given back."""

from collections.abc import Sequence

ATTEMPTS = 3  # drawings of an answer before a degenerate one is replaced
GRACEFUL = "…"  # what is said in place of an answer that stays degenerate
_LONGEST = 12  # tokens of what is repeated
_TIMES = 4
_TOKENS = 12  # that a loop takes at least; `ha ha ha` is an answer
_DOUBT = 0.75  # of a loop raises doubts


def is_loop(said: Sequence[object], *, so_far: bool = False) -> bool:
    """Whether `said` ends in one stretch of tokens, or words, repeated; `so_far` asks for one that may come to be."""
    share = _DOUBT if so_far else 1.0
    for length in range(1, _LONGEST + 1):
        needed = int(share * max(_TIMES * length, _TOKENS))
        if len(said) < needed:
            continue
        end = said[-needed:]
        if all(end[index] == end[index - length] for index in range(length, needed)):
            return True
    return False


def echoes(answer: str, heard: str, *, so_far: bool = False) -> bool:
    """Whether the answer is what was heard, and more than a word of it; `so_far` asks for one that may come to be."""
    words, answered = _words(heard), _words(answer)
    if len(words) < 2:
        return False
    if not so_far:
        return answered == words
    said = " ".join(answered)
    return len(answered) <= len(words) and " ".join(words).startswith(said)


def _words(text: str) -> list[str]:
    letters = "".join(letter if letter.isalnum() else " " for letter in text.casefold())
    return letters.split()

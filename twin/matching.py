"""Which of some texts a message is about, told by the words that they share. No language is known, no model is needed.

A word weighs the more the rarer it is, in the texts themselves and in a chat whose common words are given (inverse
document frequency, Sparck Jones 1972). A word that is not there stands for those that look like it, by Dice's
coefficient of their trigrams: `swimming` for `swim`, `Lieblingssänger` for `Sänger`. Texts are compared by the cosine
of their weighted words, a message sentence by sentence. The numbers were chosen on half of the questions in
`tests/twin/fact_questions.py`.
"""

import math
import re
from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import lru_cache

THRESHOLD = 0.35  # the least likeness that counts
TELLING = 0.7  # the heaviest word of a text need be shared, or one that weighs so much of it: "how are you" is no match
_NEAR = 0.4  # the least Dice coefficient of two words that look alike
_POWER = 1.5  # of the inverse document frequency
_TEXT_WORTH = 2  # what a text counts for in the frequencies, beside a message of the chat
_LIGHTEST = 0.05  # what the commonest words weigh
_COMMON = 1000  # words of a chat that are kept
_SEEN = 4096  # messages whose likeness is kept

_WORD = re.compile(r"\w+")
_SENTENCE_END = re.compile(r"(?<=[.?!…,])\s+|\n")


@dataclass(frozen=True, slots=True)
class Frequencies:
    """The commonest words of some messages: in how many of them each occurs."""

    messages: int = 0
    words: Mapping[str, int] = field(default_factory=dict)

    @classmethod
    def of(cls, messages: Iterable[str]) -> "Frequencies":
        number, counted = 0, Counter[str]()
        for message in messages:
            number += 1
            counted.update(set(_words(message)))
        common = sorted(counted.items(), key=lambda item: (-item[1], item[0]))[:_COMMON]
        return cls(number, dict(common))


class Texts:
    """Texts that messages are compared with.

    Args:
        texts: their number in this sequence is what they are known by.
        common: the common words of the chat that the messages are from.
    """

    def __init__(self, texts: Sequence[str], common: Frequencies) -> None:
        self._common = common
        self._number = len(texts)
        self._own = Counter(word for text in texts for word in set(_words(text)))
        self._weights = lru_cache(maxsize=_SEEN)(self._weigh)
        self._places: dict[str, list[tuple[int, float]]] = defaultdict(list)  # by word: texts, and its part of them
        self._heaviest: list[float] = []
        for number, text in enumerate(texts):
            weights = {word: self._weights(word) for word in _words(text)}
            length = math.hypot(*weights.values()) or 1.0
            for word, weight in weights.items():
                self._places[word].append((number, weight / length))
            self._heaviest.append(max(weights.values(), default=0.0) / length)
        self._trigrams: dict[str, list[tuple[str, int]]] = defaultdict(list)  # words, with how many trigrams they have
        for word in self._own:
            trigrams = _trigrams(word)
            for trigram in trigrams:
                self._trigrams[trigram].append((word, len(trigrams)))
        self._neighbours = lru_cache(maxsize=_SEEN)(self._look_for_neighbours)
        self._known = lru_cache(maxsize=_SEEN)(self._compare)

    def alike(self, message: str) -> Mapping[int, float]:
        """The texts that a message is about, by number, with their likeness from THRESHOLD to 1."""
        return self._known(message)

    def forget(self) -> None:
        """Let go of the messages that were compared, and of their words."""
        for remembered in (self._weights, self._neighbours, self._known):
            remembered.cache_clear()

    def _compare(self, message: str) -> Mapping[int, float]:
        best: dict[int, float] = {}
        for part in dict.fromkeys([*_SENTENCE_END.split(message), message]):
            for number, likeness in self._compare_part(set(_words(part))):
                if likeness >= THRESHOLD:
                    best[number] = max(best.get(number, 0.0), min(1.0, likeness))
        return best

    def _compare_part(self, words: set[str]) -> Iterable[tuple[int, float]]:
        meant: dict[str, float] = {}  # words of the texts, with their weights in the message
        weights = []
        for word in sorted(words):
            near = self._neighbours(word)
            weight = self._weights(word)
            if near and word not in near:  # it is as common as the commonest of the words that it stands for, or more
                weight = min(weight, max(self._weights(other) for other in near))
            weights.append(weight)
            for other, likeness in near.items():
                meant[other] = max(meant.get(other, 0.0), likeness * min(weight, self._weights(other)))
        length = math.hypot(*weights)
        products: dict[int, float] = defaultdict(float)
        telling: dict[int, float] = defaultdict(float)
        for word, weight in meant.items():
            for number, part in self._places[word]:
                products[number] += weight * part
                telling[number] = max(telling[number], part)
        for number, product in products.items():
            if telling[number] >= TELLING * self._heaviest[number]:
                yield number, product / length

    def _weigh(self, word: str) -> float:
        found = self._common.words.get(word, 0) + _TEXT_WORTH * self._own[word]
        everything = self._common.messages + _TEXT_WORTH * self._number
        return math.pow(max(_LIGHTEST, math.log((everything + 2) / (found + 1))), _POWER)

    def _look_for_neighbours(self, word: str) -> dict[str, float]:
        """The words of the texts that a word may stand for, with their likeness; its own is 1."""
        mine = _trigrams(word)
        shared = Counter(other for trigram in mine for other in self._trigrams.get(trigram, ()))
        near = {other: 2 * count / (len(mine) + size) for (other, size), count in shared.items()}
        return {other: likeness for other, likeness in near.items() if likeness >= _NEAR}


def _words(text: str) -> list[str]:
    return _WORD.findall(text.casefold())


def _trigrams(word: str) -> set[str]:
    bounded = f"<{word}>"
    return {bounded[start : start + 3] for start in range(len(bounded) - 2)}

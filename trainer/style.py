"""Style: how alike two sets of messages are, whatever they are about. Loads no torch.

Each feature of the messages is a distribution, and its gap the Jensen-Shannon distance (Endres and Schindelin 2003) of
the two sets' distributions, from 0 (the same) to 1 (nothing in common). A small sample has a gap even to another sample
of the same person. So the twin takes the place of one half of the person's real messages: its gap to the other half is
read against the gap that the two real halves have, with as many messages on every side.
"""

import math
import random
import unicodedata
from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from itertools import chain
from statistics import fmean

from trainer.replies import words_of

FEWEST = 12  # messages on a side, below which a gap is nothing but noise
ROUNDS = 10  # subsamples over which gaps are averaged
_LENGTHS = (5, 10, 20, 40, 80, 160)  # where the bins of message lengths begin, in characters
_LONGEST_RUN = 5  # messages in a row; longer runs count as it
_FIRST_EMOJI = "\u231a"
_JOINED = "\ufe0f\u200d\u2640\u2642" + "".join(map(chr, range(0x1F3FB, 0x1F400)))  # what only changes an emoji

Run = Sequence[str]  # the messages of one reply
Distribution = Counter[str]


@dataclass(frozen=True, slots=True)
class Gaps:
    """The gap of a twin's messages to real ones, beside that of the real ones to each other."""

    gap: float
    real_gap: float

    @property
    def ratio(self) -> float | None:
        """1: the twin's messages differ from real ones as these do among themselves. None: those do not differ."""
        if not self.real_gap:
            return None if self.gap else 1.0
        return self.gap / self.real_gap


@dataclass(frozen=True, slots=True)
class Style:
    """How alike a twin writes. `messages`: on each side of a comparison. `whole`: the mean of all `features`."""

    messages: int
    whole: Gaps
    features: Mapping[str, Gaps]


def style_of(twin: Sequence[Sequence[Run]], real: Sequence[Sequence[Run]], *, seed: int = 0) -> Style | None:
    """How alike a twin's replies are to a person's in style.

    Args:
        twin: the twin's replies in two halves: in the places of the person's first half, and of the second one.
        real: the person's replies, in the same halves.

    Returns:
        None where a side has fewer than `FEWEST` messages.
    """
    size = min(sum(map(len, half)) for half in (*twin, *real))
    if size < FEWEST:
        return None
    rng = random.Random(seed)
    found: dict[str, list[tuple[float, float]]] = {name: [] for name in FEATURES}
    for number in range(ROUNDS):
        place = number % 2  # the half that the twin stands in for
        stand_in, instead_of, other = (_some(runs, size, rng) for runs in (twin[place], real[place], real[1 - place]))
        for name, feature in FEATURES.items():
            there = feature(other)
            found[name].append((distance(feature(stand_in), there), distance(feature(instead_of), there)))
    features = {name: Gaps(*(fmean(side) for side in zip(*pairs, strict=True))) for name, pairs in found.items()}
    whole = Gaps(fmean(one.gap for one in features.values()), fmean(one.real_gap for one in features.values()))
    return Style(size, whole, features)


def distance(one: Distribution, other: Distribution) -> float:
    """The Jensen-Shannon distance of two distributions, from 0 to 1; the counts need not have the same sum."""
    first, second = one.total(), other.total()
    if not first or not second:
        return float(first != second)
    terms: list[float] = []
    for key in one.keys() | other.keys():
        shares = one[key] / first, other[key] / second
        terms += [share / 2 * math.log2(2 * share / sum(shares)) for share in shares if share]
    # Summed exactly, so that the order of a set does not matter.
    return math.sqrt(max(0.0, min(1.0, math.fsum(terms))))


def _some(runs: Sequence[Run], messages: int, rng: random.Random) -> list[Run]:
    """Replies drawn from `runs` until they have so many messages; what the last one has too many is cut off."""
    drawn: list[Run] = []
    for run in rng.sample(runs, len(runs)):
        drawn.append(run[:messages])
        messages -= len(drawn[-1])
        if not messages:
            break
    return drawn


def _lengths(runs: Sequence[Run]) -> Distribution:
    return Counter(f"from {max(edge for edge in (0, *_LENGTHS) if edge <= len(text))}" for text in _texts(runs))


def _emoji(runs: Sequence[Run]) -> Distribution:
    return Counter(f"{min(3, sum(map(is_emoji, text)))}" for text in _texts(runs))


def _case(runs: Sequence[Run]) -> Distribution:
    return Counter(_case_of(text) for text in _texts(runs))


def _case_of(text: str) -> str:
    letters = [letter for letter in text if letter.isupper() or letter.islower()]
    if not letters:
        return "no letters"
    if all(letter.islower() for letter in letters):
        return "all lower"
    if len(letters) > 1 and all(letter.isupper() for letter in letters):
        return "all upper"
    return "lower start" if letters[0].islower() else "upper start"


def _marks(runs: Sequence[Run]) -> Distribution:
    """Punctuation marks; a message without any counts as one of its own."""
    found: Distribution = Counter()
    for text in _texts(runs):
        found.update([letter for letter in text if _is_mark(letter)] or ["none"])
    return found


def _endings(runs: Sequence[Run]) -> Distribution:
    return Counter(_ending_of(text) for text in _texts(runs))


def _ending_of(text: str) -> str:
    last = text.rstrip(_JOINED)[-1:]
    if _is_mark(last):
        return last
    return "emoji" if last and is_emoji(last) else "word"


def _runs(runs: Sequence[Run]) -> Distribution:
    return Counter(f"{min(len(run), _LONGEST_RUN)}" for run in runs)


def _words(runs: Sequence[Run]) -> Distribution:
    return Counter(word for text in _texts(runs) for word in words_of(text))


def _trigrams(runs: Sequence[Run]) -> Distribution:
    return Counter(text[i : i + 3] for text in map(" {} ".format, _texts(runs)) for i in range(len(text) - 2))


def _texts(runs: Sequence[Run]) -> Iterable[str]:
    return chain.from_iterable(runs)


def is_emoji(letter: str) -> bool:
    """Whether a character is an emoji by itself; skin tones, joiners, and signs such as ° and ™ are not."""
    return letter >= _FIRST_EMOJI and letter not in _JOINED and unicodedata.category(letter) == "So"


def _is_mark(letter: str) -> bool:
    return unicodedata.category(letter).startswith("P") if letter else False


FEATURES: Mapping[str, Callable[[Sequence[Run]], Distribution]] = {
    "length": _lengths,
    "emoji": _emoji,
    "case": _case,
    "punctuation": _marks,
    "endings": _endings,
    "messages in a row": _runs,
    "words": _words,
    "letters": _trigrams,
}

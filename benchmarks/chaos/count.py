"""What became of every message: counted from what the sandbox has recorded and what stands in the store."""

import re
from collections.abc import Sequence
from dataclasses import dataclass

from benchmarks.chaos.served import PARTS
from benchmarks.chaos.trouble import Sent

_REPLY = re.compile(r"(\d+(?: \d+)*) /(\d)")
Key = tuple[int, int]  # the last message that is answered, and the part of the answer; part 0: the message itself


@dataclass(frozen=True, slots=True)
class Copy:
    """A message of the bot as its chat shows it."""

    text: str
    sent: Sent


@dataclass(frozen=True, slots=True)
class Count:
    """Sums over chats."""

    sent: int = 0
    lost: int = 0
    unanswered: int = 0
    out_of_order: int = 0
    doubled: int = 0
    doubled_unexplained: int = 0

    def __add__(self, other: "Count") -> "Count":
        return Count(*(getattr(self, name) + getattr(other, name) for name in self.__slots__))


def count(said: Sequence[int], copies: Sequence[Copy], history: Sequence[str]) -> Count:
    """Look into one chat.

    Args:
        said: the numbers that its user sent, in order.
        copies: what the bot sent there, in order.
        history: the texts of all turns in the store, in order.
    """
    stored = [key for text in history if (key := _key(text))]
    firsts = list({copy.text: copy for copy in reversed(copies)})[::-1]
    answers = [read for text in firsts if (read := _read(text))]
    covered = [[number for numbers, one in answers if one == part for number in numbers] for part in _parts()]
    again = sum(len(part) - len(set(part)) for part in covered)  # answered twice, in different words
    doubled, explained = _doubled(copies)
    return Count(
        sent=len(said),
        lost=len(set(said) - {number for number, part in stored if part == 0}),
        unanswered=sum(any(number not in part for part in covered) for number in said),
        out_of_order=_falls(stored) + _falls([key for text in firsts if (key := _key(text))]),
        doubled=doubled + again,
        doubled_unexplained=doubled - explained + again,
    )


def _doubled(copies: Sequence[Copy]) -> tuple[int, int]:
    """How many messages came again, and of how many of them the bot could not know that they had arrived.

    It could not if the answer to the first sending was kept from it, or if the process was killed before it sent
    anything else to that chat: with the next message of a chat it begins only when the last one is marked as sent.
    """
    doubled = explained = 0
    for place, copy in enumerate(copies):
        earlier = [before for before in range(place) if copies[before].text == copy.text]
        if earlier:
            first = copies[earlier[-1]]
            was_last = all(other.sent.life > first.sent.life for other in copies[earlier[-1] + 1 :])
            doubled += 1
            explained += not first.sent.confirmed or was_last
    return doubled, explained


def _falls(keys: Sequence[Key]) -> int:
    """How many stand behind one that should come later."""
    return sum(key < max(keys[:place]) for place, key in enumerate(keys) if place)


def _key(text: str) -> Key | None:
    if text.isdecimal():
        return int(text), 0
    read = _read(text)
    return (read[0][-1], read[1]) if read else None


def _read(text: str) -> tuple[list[int], int] | None:
    """The numbers that a message of the bot answers, and which part of the answer it is."""
    found = _REPLY.fullmatch(text)
    return ([int(number) for number in found[1].split()], int(found[2])) if found else None


def _parts() -> range:
    return range(1, PARTS + 1)

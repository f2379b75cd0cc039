"""Replies: what someone said after someone else, until the next one spoke. Loads no torch."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from itertools import groupby

from twin.transcript import Conversation, Turn, clean_text


@dataclass(frozen=True, slots=True)
class Reply:
    """Consecutive turns of one speaker, and what was said before them in their conversation.

    `conversation` is its number among those that were looked at.
    """

    before: tuple[Turn, ...]
    turns: tuple[Turn, ...]
    conversation: int

    @property
    def speaker(self) -> str:
        return self.turns[0].speaker

    @property
    def at(self) -> datetime:
        return self.turns[0].at

    @property
    def messages(self) -> tuple[str, ...]:
        return tuple(clean_text(turn.text) for turn in self.turns)

    @property
    def normalised(self) -> str:
        """Its words alone, in small letters, by which two replies are the same."""
        return " ".join(words_of(" ".join(self.messages)))


def replies_of(conversations: Sequence[Conversation]) -> list[Reply]:
    """All replies, in order."""
    found: list[Reply] = []
    for number, conversation in enumerate(conversations):
        begin = 0
        for _, group in groupby(conversation.turns, key=lambda turn: turn.speaker):
            turns = tuple(group)
            if begin:
                found.append(Reply(conversation.turns[:begin], turns, number))
            begin += len(turns)
    return found


def words_of(text: str) -> list[str]:
    """The words of a text in small letters; a word is a run of letters and digits, apostrophes within it included."""
    shown = "".join(letter if letter.isalnum() or letter in "'’" else " " for letter in text.casefold())
    return [word for part in shown.split() if (word := part.strip("'’"))]

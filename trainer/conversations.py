"""Rows of a chat become conversations: what people said, split where they were silent; the rest is counted."""

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

from trainer.kinds import words_of
from trainer.senders import tidy_name
from trainer.whatsapp import Row
from twin.transcript import DEFAULT_GAP, Conversation, Turn, clean_text, split_at_gaps


@dataclass(frozen=True)
class Counts:
    """What was found in one or more chats: the founding article's table, and the keys of `twin prepare --json`."""

    messages: int = 0
    kept: int = 0
    dropped: Mapping[str, int] = field(default_factory=dict)  # by kind, most frequent first
    conversations: int = 0
    one_message_conversations: int = 0  # of the kept messages, those that stood alone and are left out too
    speakers: Mapping[str, int] = field(default_factory=dict)  # kept messages by speaker, most frequent first
    first: datetime | None = None
    last: datetime | None = None
    unparsed_lines: int = 0
    warnings: tuple[str, ...] = ()

    def as_json(self) -> dict[str, Any]:
        """The counts as `--json` shows them, with dates in ISO form."""
        return {
            "messages": self.messages,
            "kept": self.kept,
            "dropped": dict(self.dropped),
            "conversations": self.conversations,
            "one_message_conversations": self.one_message_conversations,
            "speakers": dict(self.speakers),
            "first": self.first.isoformat() if self.first else None,
            "last": self.last.isoformat() if self.last else None,
            "unparsed_lines": self.unparsed_lines,
            "warnings": list(self.warnings),
        }


def conversations_of(
    rows: Sequence[Row], chat: str, *, aliases: Mapping[str, str], gap: timedelta = DEFAULT_GAP
) -> tuple[list[Conversation], Counts]:
    """The conversations of one chat in time order, and the count of what was found and left out.

    Args:
        rows: of one chat; rows of one moment keep their order.
        chat: its name.
        aliases: names as the chat has them, to names as they shall be; several may become one.
        gap: a longer silence between two messages starts a new conversation; one of a single message is left out.
    """
    turns: list[Turn] = []
    dropped: Counter[str] = Counter()
    for row in sorted(rows, key=lambda row: row.at):
        words = words_of(row.kind, row.text)
        if row.speaker is None or not words or not clean_text(words):
            dropped["empty" if row.kind == "text" else row.kind] += 1
        else:
            turns.append(Turn(named(row.speaker, aliases), words, row.at))
    parts = split_at_gaps(turns, gap)
    counts = Counts(
        messages=len(rows),
        kept=len(turns),
        dropped=_by_number(dropped),
        conversations=sum(len(part) > 1 for part in parts),
        one_message_conversations=sum(len(part) == 1 for part in parts),
        speakers=_by_number(Counter(turn.speaker for turn in turns)),
        first=min((row.at for row in rows), default=None),
        last=max((row.at for row in rows), default=None),
    )
    return [Conversation(part, chat) for part in parts if len(part) > 1], counts


def named(speaker: str, aliases: Mapping[str, str]) -> str:
    """A speaker's name in conversations: the alias of the name as written or as seen, else the name as seen."""
    tidy = tidy_name(speaker)
    return aliases.get(speaker) or aliases.get(tidy) or tidy


def total(parts: Iterable[Counts]) -> Counts:
    """The counts of several chats as one."""
    parts = list(parts)
    dropped: Counter[str] = Counter()
    speakers: Counter[str] = Counter()
    for part in parts:
        dropped.update(part.dropped)
        speakers.update(part.speakers)
    return Counts(
        messages=sum(part.messages for part in parts),
        kept=sum(part.kept for part in parts),
        dropped=_by_number(dropped),
        conversations=sum(part.conversations for part in parts),
        one_message_conversations=sum(part.one_message_conversations for part in parts),
        speakers=_by_number(speakers),
        first=min((part.first for part in parts if part.first), default=None),
        last=max((part.last for part in parts if part.last), default=None),
        unparsed_lines=sum(part.unparsed_lines for part in parts),
        warnings=tuple(warning for part in parts for warning in part.warnings),
    )


def _by_number(counter: Counter[str]) -> dict[str, int]:
    return dict(sorted(counter.items(), key=lambda item: (-item[1], item[0])))

"""Puts exports together: those of one chat into one list of rows without doubles, those of different chats apart.

WhatsApp cuts long exports without saying so, so a chat comes in several that overlap.
"""

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from trainer.conversations import named
from trainer.kinds import Kind, words_of
from trainer.whatsapp import Export, Row
from trainer.wordings import visible

Likeness = tuple[datetime, str | None, Kind, str]


@dataclass(frozen=True)
class Chat:
    """All that is known of one chat: its rows in time order."""

    name: str  # unique among the chats it was merged with
    title: str  # as its exports are named
    rows: tuple[Row, ...]


def merged(
    chats: Sequence[Chat], exports: Iterable[Export], aliases: Mapping[str, str]
) -> tuple[list[Chat], list[str]]:
    """The chats with the rows of the exports added to them, and for each export the name of its chat."""
    result, names = list(chats), []
    for export in exports:
        index = next((index for index, chat in enumerate(result) if _is_same(chat, export, aliases)), None)
        if index is None:
            name = _free_name(export.chat, {chat.name for chat in result})
            result.append(Chat(name, export.chat, _in_time(export.rows)))
            names.append(name)
        else:
            chat = result[index]
            result[index] = Chat(chat.name, chat.title, _joined(chat.rows, export.rows, aliases))
            names.append(chat.name)
    return result, names


def _is_same(chat: Chat, export: Export, aliases: Mapping[str, str]) -> bool:
    """Whether an export is of this chat: its speakers are, and either its name or what they said.

    In a group, or at the beginning of a chat, one of the two may not know all speakers yet.
    """
    ours, theirs = _speakers(chat.rows, aliases), _speakers(export.rows, aliases)
    if not (ours <= theirs or theirs <= ours):
        return False
    return chat.title == export.chat or _agree(chat.rows, export.rows, aliases)


def _agree(ours: Sequence[Row], theirs: Sequence[Row], aliases: Mapping[str, str]) -> bool:
    """Whether two lists of rows say the same where their periods overlap, for the greater part.

    One text in common is too little: people write the same into two chats.
    """
    start = max(min(row.at for row in ours), min(row.at for row in theirs)).replace(second=0)
    end = min(max(row.at for row in ours), max(row.at for row in theirs))
    mine, other = (
        {_likeness(row, aliases) for row in rows if row.kind == "text" and start <= row.at <= end}
        for rows in (ours, theirs)
    )
    common = len(mine & other)
    return common > 0 and common * 2 >= min(len(mine), len(other))


def _speakers(rows: Iterable[Row], aliases: Mapping[str, str]) -> set[str]:
    return {named(speaker, aliases) for speaker in {row.speaker for row in rows if row.kind == "text"} if speaker}


def _joined(have: Sequence[Row], given: Iterable[Row], aliases: Mapping[str, str]) -> tuple[Row, ...]:
    """The rows we have and the given ones beyond them; a row that stands twice in one export was written twice.

    Rows are the same if they are alike: phones write times with seconds or without, and placeholders in their
    language. A text that was edited since counts for the one that was written first, and a text for the same one
    deleted, whichever export is given first. Within a minute the order of either export is kept.
    """
    left: defaultdict[Likeness, list[int]] = defaultdict(list)
    for index in range(len(have) - 1, -1, -1):
        left[_likeness(have[index], aliases)].append(index)
    rest: list[tuple[int, Row]] = []  # with the place of the row of ours that it comes after
    after = -1
    for row in given:
        if same := left[_likeness(row, aliases)]:
            after = same.pop()
        else:
            rest.append((after, row))
    unmatched: defaultdict[tuple[datetime, str | None], list[int]] = defaultdict(list)
    for alike, indices in left.items():
        unmatched[alike[:2]] += [index for index in indices if have[index].kind in {"text", "deleted"}]
    result, more = list(have), list[tuple[int, Row]]()
    for place, row in rest:
        ours = unmatched[_likeness(row, aliases)[:2]]
        same_as = next((mine for mine in ours if _is_later(have[mine], row) or _is_later(row, have[mine])), None)
        if same_as is None:
            more.append((place if after >= 0 else len(have), row))
            continue
        ours.remove(same_as)
        if row.kind == "text" and (have[same_as].kind == "deleted" or not _is_later(have[same_as], row)):
            result[same_as] = row
    placed = sorted([*enumerate(result), *more], key=lambda entry: entry[0])
    return _in_time(row for _, row in placed)


def _is_later(row: Row, other: Row) -> bool:
    """Whether a row is what became of another one of the same minute and person: it was edited, or deleted."""
    if other.kind != "text":
        return False
    return row.kind == "deleted" or (row.kind == "text" and words_of("text", row.text) != row.text)


def _likeness(row: Row, aliases: Mapping[str, str]) -> Likeness:
    """What rows of two exports have in common if they are the same: the minute, who wrote, the kind, and what."""
    speaker = None if row.kind == "system" or row.speaker is None else named(row.speaker, aliases)
    words = row.text if row.kind == "text" else ""
    return row.at.replace(second=0), speaker, row.kind, words if words.isascii() else visible(words)


def _in_time(rows: Iterable[Row]) -> tuple[Row, ...]:
    return tuple(sorted(rows, key=lambda row: row.at))


def _free_name(name: str, taken: set[str]) -> str:
    free, number = name, 2
    while free in taken:
        free, number = f"{name} {number}", number + 1
    return free

"""Reads a WhatsApp export: what was written when, by whom, and what kind of row it is.

An export's lines are brought into one plain form first, because whatstk, which parses them, is right on only some of
the forms that WhatsApp writes. It gets one line a message, with the date in ISO form, a number for the sender and a
number for the row; by that number body and sender are joined to it again, so bodies stay as they were written.
"""

import gc
import tempfile
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import NamedTuple

from trainer.archive import LIMIT, Source, open_export
from trainer.kinds import Habits, Kind, habits_of, kinds_of
from trainer.scanning import Rows, find_rows, line_numbers
from trainer.senders import Parted, part_senders
from twin.errors import TwinError

_PLAIN_FORM = "#[%Y-%m-%d %H:%M:%S] %name:"  # whatstk's notation
_ROWS_AT_ONCE = 50_000  # whatstk needs about a kilobyte a row
_NAMED = 3  # lines that a warning names
_LIMITS = (40_000, 10_000)  # messages that WhatsApp is reported to cut exports at, without media and with
_NEAR = 0.02
_CUT = "{}: about {:,} messages is where WhatsApp cuts exports: add an older export of this chat if you have one"


class Row(NamedTuple):
    """One entry of an export, all as it stands there: `speaker` is None where the export names none."""

    at: datetime
    speaker: str | None
    kind: Kind
    text: str


@dataclass(frozen=True)
class Export:
    """An export that was read."""

    chat: str
    rows: tuple[Row, ...]
    file: str
    digest: str  # sha256 of the file
    unparsed: tuple[int, ...] = ()  # numbers of the lines, from 1, that belong to no row
    warnings: tuple[str, ...] = ()


def read_export(path: Path, *, date_order: str | None = None, limit: int = LIMIT) -> Export:
    """Read an exported chat, `.txt` or `.zip`.

    Args:
        path: the file.
        date_order: `dmy`, `mdy` or `ymd`, for exports that do not tell; years of four digits in front tell.
        limit: the most bytes of text to read.

    Raises:
        TwinError: the file is missing, empty, broken, no chat, or its dates can be read in two ways.
    """
    with _without_collector():
        return _read(path, date_order, limit)


def _read(path: Path, date_order: str | None, limit: int) -> Export:
    source = open_export(path, limit)
    text = source.text.rstrip("\n")
    found, shape = find_rows(text, str(path), date_order)
    cut = next((limit for limit in _LIMITS if abs(len(found.starts) - limit) <= limit * _NEAR), None)
    parted = part_senders(found.rests(text))
    habits = habits_of([body for _, body in parted], ios=shape[0].endswith(("]", ":")))
    return Export(
        chat=source.chat,
        rows=tuple(_rows(found.moments(), parted, habits)),
        file=source.file,
        digest=source.digest,
        unparsed=tuple(line_numbers(text, sorted({*found.unparsed}))),
        warnings=(*_warnings(source, text, found), *([_CUT.format(source.file, cut)] if cut else [])),
    )


@contextmanager
def _without_collector() -> Iterator[None]:
    """Without the search for cycles: millions of rows have none, and to look through them takes a third of the time."""
    was = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if was:
            gc.enable()


def _rows(moments: Iterable[str], parted: Sequence[Parted], habits: Habits) -> Iterator[Row]:
    numbers = {sender: number for number, sender in enumerate(dict.fromkeys(sender for sender, _ in parted))}
    senders = list(numbers)
    plain = (
        f"#[{moment}] {numbers[sender]}: {row}"
        for row, (moment, (sender, _)) in enumerate(zip(moments, parted, strict=True))
    )
    kinds = kinds_of(parted, habits)
    expected = 0
    for dates, sender_numbers, row_numbers in _through_whatstk(plain, len(parted)):
        if row_numbers != [*range(expected, expected + len(dates))]:
            raise TwinError(f"rows {expected + 1} and after were lost on the way through whatstk")
        bodies = [body for _, body in parted[expected : expected + len(dates)]]
        yield from map(Row._make, zip(dates, map(senders.__getitem__, sender_numbers), kinds, bodies, strict=False))
        expected += len(dates)


def _through_whatstk(plain: Iterator[str], count: int) -> Iterator[tuple[list[datetime], list[int], list[int]]]:
    """Date, sender's number and row's number of each line, as whatstk parses them.

    It reads files only; the one it is given has numbers and dates in it, and nothing that anybody wrote.
    """
    from whatstk import df_from_whatsapp  # imports pandas and plotly: not for a command that reads no export

    with tempfile.TemporaryDirectory(prefix="twin-") as folder:
        file = Path(folder) / "plain.txt"
        for start in range(0, count, _ROWS_AT_ONCE):
            lines = (next(plain) for _ in range(start, min(start + _ROWS_AT_ONCE, count)))
            file.write_text("\n".join(lines) + "\n", encoding="utf-8")
            table = df_from_whatsapp(str(file), auto_header=False, hformat=_PLAIN_FORM, max_size=None)
            yield (
                table["date"].to_numpy().astype("datetime64[us]").tolist(),  # ten times as fast as pandas
                table["username"].astype(int).tolist(),
                table["message"].astype(int).tolist(),
            )


def _warnings(source: Source, text: str, found: Rows) -> Iterator[str]:
    yield from source.warnings
    for starts, what, then in (
        (found.unparsed, "belong to no message", "they stand before the first one, or their date names no day"),
        (
            found.backwards(),
            "go back in time by more than a day",
            "somebody may have pasted another chat into a message",
        ),
        (found.strange, "look like headers of another form", "they stay part of the message before them"),
    ):
        if starts:
            numbers = line_numbers(text, sorted({*starts})[:_NAMED])
            more = ", ..." if len(starts) > _NAMED else ""
            yield f"{source.file}: {len(starts)} lines {what} (lines {', '.join(map(str, numbers))}{more}); {then}"

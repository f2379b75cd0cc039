"""Reads a WhatsApp export: what was written when, by whom, and what kind of row it is.

An export's lines are brought into one plain form first, because whatstk, which parses them, is right on only some of
the forms that WhatsApp writes. It gets one line a message, with the date in ISO form, a number for the sender and a
number for the row; by that number body and sender are joined to it again, so bodies stay as they were written.
"""

import tempfile
from array import array
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path

from trainer.archive import LIMIT, Source, open_export
from trainer.dates import WrittenDate, read_dates
from trainer.headers import Header, Shape, dominant_shape, parse_header
from trainer.kinds import Habits, Kind, habits_of, kind_of
from trainer.senders import Parted, part_senders
from twin.errors import TwinError

_PLAIN_FORM = "#[%Y-%m-%d %H:%M:%S] %name:"  # whatstk's notation
_LINES_BEFORE = 10  # lines before the first header, beyond one a row, that make a file no chat
_ROWS_AT_ONCE = 50_000  # whatstk needs about a kilobyte a row


@dataclass(frozen=True, slots=True)
class Row:
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


@dataclass
class _Scan:
    """The headers of an export: for each its line, where the rest begins, its date (by number) and its second."""

    dates: list[WrittenDate] = field(default_factory=list)
    lines: "array[int]" = field(default_factory=lambda: array("l"))
    ends: "array[int]" = field(default_factory=lambda: array("l"))
    days: "array[int]" = field(default_factory=lambda: array("l"))
    seconds: "array[int]" = field(default_factory=lambda: array("l"))
    strange: list[int] = field(default_factory=list)  # lines that begin like a header of another shape


def read_export(path: Path, *, date_order: str | None = None, limit: int = LIMIT) -> Export:
    """Read an exported chat, `.txt` or `.zip`.

    Args:
        path: the file.
        date_order: `dmy`, `mdy` or `ymd`, for exports that do not tell; years of four digits in front tell.
        limit: the most bytes of text to read.

    Raises:
        TwinError: the file is missing, empty, broken, no chat, or its dates can be read in two ways.
    """
    source = open_export(path, limit)
    lines = source.text.rstrip("\n").split("\n")
    shape = dominant_shape(lines)
    if shape is None:
        raise _no_chat(path)
    scan = _scan(lines, shape)
    if not scan.lines:
        raise _no_chat(path)
    days = read_dates(scan.dates, str(path), separator=shape[1], asked=date_order)
    kept = [index for index, day in enumerate(scan.days) if days[day] is not None]
    starts = [scan.lines[index] for index in kept]
    before = [line for line in range(starts[0]) if lines[line].strip()]
    if len(before) > len(starts) + _LINES_BEFORE:
        raise _no_chat(path)
    bad_dates = [line for line, day in zip(scan.lines, scan.days, strict=True) if days[day] is None]
    parted = part_senders(_rests(lines, starts, [scan.ends[index] for index in kept]))
    moments = [f"{days[scan.days[index]]} {_clock(scan.seconds[index])}" for index in kept]
    return Export(
        chat=source.chat,
        rows=tuple(_rows(moments, parted, habits_of([body for _, body in parted], ios=shape[0].endswith(("]", ":"))))),
        file=source.file,
        digest=source.digest,
        unparsed=tuple(line + 1 for line in sorted({*before, *bad_dates})),
        warnings=tuple(_warnings(source, scan.strange)),
    )


def _no_chat(path: Path) -> TwinError:
    return TwinError(
        f"{path} is not a WhatsApp chat: its lines do not begin with date and time; use the file that Export chat makes"
    )


def _scan(lines: Sequence[str], shape: Shape) -> _Scan:
    scan = _Scan()
    last: WrittenDate | None = None
    for index, line in enumerate(lines):
        header = parse_header(line)
        if header is None:
            continue
        second = _second_of_day(header)
        if header.shape != shape or second is None:
            scan.strange.append(index)
            continue
        written = WrittenDate(*header.date, header.era)
        if written != last:
            scan.dates.append(written)
            last = written
        scan.lines.append(index)
        scan.ends.append(header.end)
        scan.days.append(len(scan.dates) - 1)
        scan.seconds.append(second)
    return scan


def _second_of_day(header: Header) -> int | None:
    """The time that a header names, in seconds since midnight, or None if there is none such."""
    hour = header.hour
    if header.period and hour <= 12:
        half = hour % 12
        match header.period:
            case "am":
                hour = half
            case "pm":
                hour = half + 12
            case "noon":
                hour = hour if hour >= 10 else hour + 12
            case "night":
                hour = half if half < 6 else half + 12
    if hour > 23 or header.minute > 59 or header.second > 59:
        return None
    return (hour * 60 + header.minute) * 60 + header.second


def _clock(second: int) -> str:
    return f"{second // 3600:02}:{second // 60 % 60:02}:{second % 60:02}"


def _rests(lines: Sequence[str], starts: Sequence[int], ends: Sequence[int]) -> list[str]:
    """What stands behind each header, up to the next one."""
    rests = []
    for start, end, after in zip(starts, ends, [*starts[1:], len(lines)], strict=True):
        first = lines[start][end:]
        rests.append(first if after == start + 1 else "\n".join((first, *lines[start + 1 : after])))
    return rests


def _rows(moments: Sequence[str], parted: Sequence[Parted], habits: Habits) -> Iterator[Row]:
    numbers = {sender: number for number, sender in enumerate(dict.fromkeys(sender for sender, _ in parted))}
    senders = list(numbers)
    plain = (
        f"#[{moment}] {numbers[sender]}: {row}"
        for row, (moment, (sender, _)) in enumerate(zip(moments, parted, strict=True))
    )
    for expected, (at, sender_number, row) in enumerate(_through_whatstk(plain, len(moments))):
        if row != expected:
            raise TwinError(f"row {expected + 1} of the export was lost on the way through whatstk")
        sender, body = senders[sender_number], parted[row][1]
        yield Row(at, sender, kind_of(sender, body, habits), body)


def _through_whatstk(plain: Iterator[str], count: int) -> Iterator[tuple[datetime, int, int]]:
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
            for at, sender, row in zip(table["date"], table["username"], table["message"], strict=True):
                yield at.to_pydatetime(), int(sender), int(row)


def _warnings(source: Source, strange: Sequence[int]) -> Iterator[str]:
    yield from source.warnings
    if strange:
        first = ", ".join(str(line + 1) for line in strange[:3])
        yield (
            f"{source.file}: {len(strange)} lines look like headers of another form (lines {first}"
            f"{', ...' if len(strange) > 3 else ''}); they stay part of the message before them"
        )

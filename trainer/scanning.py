"""Finds where each row of an export begins, and when it was written.

A header counts if it has the shape of the export's headers. One whose date is only put in another way, as happens where
somebody joined exports of two phones, counts too if it lies in time between its neighbours: what a person quotes was
written before.
"""

import re
from array import array
from bisect import bisect
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from datetime import date, timedelta

from trainer.dates import Order, WrittenDate, read_date, read_dates
from trainer.headers import HEAD, Header, Shape, dominant_shape, is_akin, parse_header, quick_pattern
from trainer.wordings import visible
from twin.errors import TwinError

DAY = 86_400  # seconds
_LINES_BEFORE = 10  # lines before the first header, beyond one a row, that make a file no chat
_LINE = re.compile(r"^.*\S.*$", re.MULTILINE)
_LOOK = 100_000  # characters
_DATE_AND_TIME = (  # two numbers or words, a year, and a time, with little in between
    r"^\[?(?:[^\W\d]{1,12} ?)?\d{1,4}[^\w\n]{1,3}\w{1,12}[^\w\n]{1,3}(?:[^\W\d]{1,8} )?\d{1,4}"
    r"[^\d\n]{1,24}\d{1,2}[:.]\d{2}(?:[:.]\d{2})?"
)
_DATED = re.compile(_DATE_AND_TIME, re.MULTILINE)
_LIKE_A_HEADER = re.compile(rf"{_DATE_AND_TIME}[^\d\n]{{0,26}}?(?:\] | [-–] )")


def _numbers() -> "array[int]":
    return array("q")


@dataclass
class Rows:
    """Where rows begin in a text, where what follows the header begins, and when it was written.

    `at` counts seconds since the beginning of day 0, which `date.fromordinal` counts from.
    """

    starts: "array[int]" = field(default_factory=_numbers)
    ends: "array[int]" = field(default_factory=_numbers)
    at: "array[int]" = field(default_factory=_numbers)
    unparsed: list[int] = field(default_factory=list)  # where lines begin that belong to no row
    strange: list[int] = field(default_factory=list)  # where lines begin that look like headers of another shape

    def backwards(self) -> list[int]:
        """Where single rows begin that are more than a day older than the row before them: quoted, it may be."""
        places = range(1, len(self.at) - 1)
        return [
            self.starts[index]
            for index in places
            if self.at[index] < self.at[index - 1] - DAY and self.at[index + 1] >= self.at[index - 1]
        ]

    def rests(self, text: str) -> list[str]:
        """What stands behind each header, up to the next one."""
        afters = [*(start - 1 for start in self.starts[1:]), len(text)]
        return [text[end:after] for end, after in zip(self.ends, afters, strict=True)]

    def moments(self) -> Iterator[str]:
        """The time of each row as `2022-03-27 21:41:35`."""
        days = {number: str(date.fromordinal(number)) for number in {moment // DAY for moment in self.at}}
        clocks = {second: str(timedelta(seconds=second)).zfill(8) for second in {moment % DAY for moment in self.at}}
        for moment in self.at:
            yield f"{days[moment // DAY]} {clocks[moment % DAY]}"


def find_rows(text: str, source: str, date_order: str | None = None) -> tuple[Rows, Shape]:
    """The rows of an export, and the shape of its headers.

    Raises:
        TwinError: the text is no chat, or its dates can be read in two ways; `source` is what the error calls it.
    """
    shape = dominant_shape(text)
    if shape is None:
        raise _no_header(text, source)
    rows, strange = Rows(), list[tuple[int, Header]]()
    written, numbers = _scan(text, shape, rows, strange)
    if not written:
        raise _no_chat(source)
    _date(rows, read_dates(written, source, separator=shape[1], asked=date_order), numbers)
    before = [match.start() for match in _LINE.finditer(text, 0, rows.starts[0])]
    if len(before) > len(rows.starts) + _LINES_BEFORE:
        raise _no_chat(source)
    rows.unparsed[:0] = before
    rows.strange = sorted([*rows.strange, *(start for start, _ in strange)])
    _add_akin(rows, [found for found in strange if is_akin(found[1].shape, shape)], shape, date_order)
    return rows, shape


def line_numbers(text: str, starts: Sequence[int]) -> list[int]:
    """The numbers, from 1, of the lines that begin at ascending places."""
    numbers, line, last = [], 1, 0
    for start in starts:
        line += text.count("\n", last, start)
        last = start
        numbers.append(line)
    return numbers


def _no_header(text: str, source: str) -> TwinError:
    """What is said of a text without headers: its lines may begin with dates of a form that is not known."""
    if found := _DATED.search(visible(text[:_LOOK])):
        return TwinError(
            f'{source} has dates that cannot be read, such as "{found[0].strip()}": set the phone to the Gregorian'
            " calendar, or its language to English, and export the chat again"
        )
    return _no_chat(source)


def _no_chat(source: str) -> TwinError:
    return TwinError(
        f"{source} is not a WhatsApp chat: its lines do not begin with date and time; use the file that Export chat"
        " makes"
    )


def _scan(
    text: str, shape: Shape, rows: Rows, strange: list[tuple[int, Header]]
) -> tuple[list[WrittenDate], "array[int]"]:
    """Fill `rows` with the headers of the shape, but for their days: returns the dates, and for each row its one."""
    dates: list[WrittenDate] = []
    numbers = _numbers()
    days: dict[str, WrittenDate] = {}
    clocks: dict[str, int] = {}
    last: WrittenDate | None = None
    add_start, add_end, add_second, add_number = rows.starts.append, rows.ends.append, rows.at.append, numbers.append
    for match in quick_pattern(text, shape).finditer(text):
        start, end = match.span()
        if index := match.lastindex:
            day, clock = match.group(index - 1, index)
            written, second = days.get(day), clocks.get(clock)
        else:
            written = second = None
        if written is None or second is None:
            header = parse_header(text, start)
            if header is None:
                if _LIKE_A_HEADER.match(visible(text[start : start + HEAD])):
                    rows.strange.append(start)  # with a word that is not known, say
                continue
            second = second_of_day(header)
            if header.shape != shape or second is None:
                strange.append((start, header))
                continue
            written, end = WrittenDate(*header.date, header.era), start + header.end
            if index and end == match.end():
                days[day], clocks[clock] = written, second
        if written is not last and written != last:
            last = written
            dates.append(written)
        add_start(start)
        add_end(end)
        add_second(second)
        add_number(len(dates) - 1)
    return dates, numbers


def _date(rows: Rows, days: Sequence[date | None], numbers: "array[int]") -> None:
    """Put the days into `rows`; those whose date names none become unparsed lines."""
    ordinals = [day.toordinal() * DAY if day else None for day in days]
    if None in ordinals:
        kept = [index for index, number in enumerate(numbers) if ordinals[number] is not None]
        gone = {*range(len(numbers))}.difference(kept)
        rows.unparsed = [rows.starts[index] for index in sorted(gone)]
        for name in ("starts", "ends", "at"):
            column = getattr(rows, name)
            setattr(rows, name, array("q", [column[index] for index in kept]))
        numbers = array("q", [numbers[index] for index in kept])
    for index, number in enumerate(numbers):
        rows.at[index] += ordinals[number] or 0


def _add_akin(rows: Rows, found: Sequence[tuple[int, Header]], shape: Shape, date_order: str | None) -> None:
    """Add the headers that differ in the date's form alone and lie in time between the rows around them."""
    added: list[tuple[int, int, int]] = []
    for start, header in found:
        index = bisect(rows.starts, start)
        before = rows.at[index - 1] if index else 0
        if added and added[-1][0] > rows.starts[index - 1]:
            before = added[-1][2]
        after = rows.at[index] if index < len(rows.at) else None
        moment = _between(header, before, after, date_order or ("dmy" if shape[3].startswith("1") else None))
        if moment is not None:
            added.append((start, start + header.end, moment))
    if added:
        taken = {start for start, _, _ in added}
        rows.strange = [start for start in rows.strange if start not in taken]
        whole = sorted([*zip(rows.starts, rows.ends, rows.at, strict=True), *added])
        rows.starts, rows.ends, rows.at = (array("q", column) for column in zip(*whole, strict=True))


def _between(header: Header, before: int, after: int | None, preferred: str | None) -> int | None:
    """When a header was written, if one reading of its date lies behind `before` and not behind `after`."""
    second = second_of_day(header)
    written = WrittenDate(*header.date, header.era)
    if second is None or written.third is None or not written.second[0].isdigit():
        return None
    orders: tuple[Order, ...] = ("ymd",) if len(written.first) > 2 else ("dmy", "mdy")
    fits: dict[str, int] = {}
    for order in orders:
        day = read_date(written, order)
        moment = day.toordinal() * DAY + second if day else 0
        if before < moment and (after is None or moment <= after):
            fits[order] = moment
    if len({*fits.values()}) == 1:
        return next(iter(fits.values()))
    return fits.get(preferred or "")


def second_of_day(header: Header) -> int | None:
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

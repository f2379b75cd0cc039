"""Finds the headers of messages: date, time, and where the rest of the line begins.

Every header of an export has the same shape, its device's. So a line is a header if it begins with one of that shape;
a header of another shape in the middle of a message is something that a person quoted.
"""

import re
from collections import Counter
from dataclasses import dataclass
from functools import lru_cache
from typing import NamedTuple

from trainer.wordings import INVISIBLE, word, wordings

HEAD = 90  # characters that a header without its sender fits into
QUICK_SAMPLE = 500  # lines that show the forms of the quick pattern
SAMPLE = 5000  # header-like lines that decide on the shape

_SPACES = "\u00a0\u1680\u2002\u2003\u2004\u2005\u2006\u2007\u2008\u2009\u200a\u202f\u205f\u3000"
_DIGITS = "٠١٢٣٤٥٦٧٨٩۰۱۲۳۴۵۶۷۸۹०१२३४५६७८९০১২৩৪৫৬৭৮৯૦૧૨૩૪૫૬૭૮૯๐๑๒๓๔๕๖๗๘๙၀၁၂၃၄၅၆၇၈၉０１２３４５６７８９"
_FOLD = (
    dict.fromkeys(map(ord, INVISIBLE))
    | dict.fromkeys(map(ord, _SPACES), " ")
    | {ord(digit): str(int(digit)) for digit in _DIGITS}
    | {ord("،"): ",", ord("："): ":", ord("／"): "/"}
)

_DAY_UNITS = "일日"  # behind the day's number, as 년 and 月 are behind the year's and the month's
_VISIBLE = re.compile(r"\S")
_BREAKS = re.compile(r"[\s,،]+")

CANDIDATE = re.compile(
    rf"^[{INVISIBLE}]*\[?[{INVISIBLE}]*(?:[RHS令平昭]?和?成?\d|[A-Z][a-z]{{2,8}}\.? \d)", re.MULTILINE
)
_MOST_FORMS = 8
_GAP = r"[^\S\n]"
_SEPARATOR = rf"{_GAP}?[./\-年년월月]{_GAP}?|{_GAP}(?:de )?"
_MONTH = r"[^\W\d_]{3,10}\.?"
_NUMBER = r"(?:[RHS]|令和|平成|昭和)?\d{1,4}"  # the year of a Japanese era has its letter
_YEAR = rf"(?:({_SEPARATOR}|,{_GAP})({_NUMBER})(?![:.]\d\d))?"  # not there in `18 Mar 12:14`
_DATE = rf"({_NUMBER}|{_MONTH})({_SEPARATOR})(\d{{1,2}}|{_MONTH}){_YEAR}"
_TIME = r"(\d{1,2})([:.h])(\d{2})(?:[:.](\d{2}))?(?!\d)"
_END = r"(\](?: -)? ?| ?[-–] |: )"  # WhatsApp Web writes `[...] - ` before its notices
_DATE_FIRST = re.compile(rf"(\[?){_DATE}([^\d\n]{{1,24}}?){_TIME}([^\d\n]{{0,26}}?){_END}")
_TIME_FIRST = re.compile(rf"(\[?){_TIME}([^\d\n]{{1,24}}?){_DATE}([^\d\n]{{0,12}}?){_END}")

Shape = tuple[str, ...]
Fields = tuple[str, str, str | None]


class Header(NamedTuple):
    """What a line's head says before anyone has decided what its numbers mean."""

    shape: Shape
    date: Fields  # its three fields in the order they are written; the last is None in dates without a year
    hour: int
    minute: int
    second: int
    period: str | None  # am, pm, noon, night
    era: str | None
    end: int  # where the rest of the line begins


@dataclass(frozen=True)
class Words:
    """What stands around a time: `, ` or ` BE, ` or ` p. m.`."""

    skeleton: str
    period: str | None = None
    era: str | None = None


def parse_header(text: str, start: int = 0) -> Header | None:
    """The header that a line begins with, whatever its shape, or None. The line begins at `start`, after a line end."""
    match = _DATE_FIRST.match(text, start, start + HEAD)
    if match:
        return _header("date", match, match.end() - start)
    head = raw = text[start : start + HEAD].partition("\n")[0]
    if not raw.isascii():
        head = raw.translate(_FOLD)
        match = _DATE_FIRST.match(head)
    if match:
        return _header("date", match, _raw_end(raw, head, match.end()))
    match = _TIME_FIRST.match(head)
    return _header("time", match, _raw_end(raw, head, match.end())) if match else None


def _header(first: str, match: re.Match[str], end: int) -> Header | None:
    if first == "date":
        bracket, a, sep, b, sep2, c, between, hour, colon, minute, second, after, closing = match.groups()
    else:
        bracket, hour, colon, minute, second, between, a, sep, b, sep2, c, after, closing = match.groups()
    fields = a.isalpha(), len(a) > 2, b[0].isdigit(), c is None, c is not None and len(c) > 2
    form = _form(first, bracket, sep, sep2, fields, between, colon, bool(second), after, closing)
    if form is None:
        return None
    shape, period, era = form
    return Header(shape, (a, b, c), int(hour), int(minute), int(second or 0), period, era, end)


@lru_cache(maxsize=4096)
def _form(  # noqa: PLR0917 - a cached call without keywords is a third faster
    first: str,
    bracket: str,
    sep: str,
    sep2: str | None,
    fields: tuple[bool, bool, bool, bool, bool],
    between: str,
    colon: str,
    seconds: bool,
    after: str,
    closing: str,
) -> tuple[Shape, str | None, str | None] | None:
    """Shape, day period and era of a header by all of it but its numbers, or None if it is none."""
    first_named, first_long, second_number, no_third, third_long = fields
    named = first_named + (not second_number)  # fields that are the month's name
    if named > 1 or (not named and (no_third or sep.isspace())) or bool(bracket) != closing.startswith("]"):
        return None
    before, behind = _words(between), _words(after)
    if before is None or behind is None:
        return None
    year = "" if named or no_third else f"{first_long:d}{third_long:d}"
    shape = (
        first + bracket + ("]" if bracket else closing.strip()), sep.strip() or " ", (sep2 or sep).strip() or " ", year,
        colon, "s" if seconds else "", before.skeleton, behind.skeleton,
    )  # fmt: skip
    return shape, before.period or behind.period, before.era or behind.era


def dominant_shape(text: str) -> Shape | None:
    """The shape of this export's headers.

    An export begins with a header, so the first one counts for more than the most frequent, which may be a quoted chat,
    unless it is all but alone.
    """
    shapes: Counter[Shape] = Counter()
    for candidate in CANDIDATE.finditer(text):
        if header := parse_header(text, candidate.start()):
            shapes[header.shape] += 1
            if shapes.total() >= SAMPLE:
                break
    if not shapes:
        return None
    begin = _VISIBLE.search(text)
    first = parse_header(text, begin.start()) if begin else None
    if first and shapes[first.shape] * 20 >= shapes.total():
        return first.shape
    return shapes.most_common(1)[0][0]


def quick_pattern(text: str, shape: Shape) -> re.Pattern[str]:
    """A pattern that finds candidates, and takes apart those headers of the shape whose like has been seen.

    Its two groups are the date and the time with its day period; other candidates match with no group. Two headers with
    the same group say the same in it, so that each date and time needs to be read once.
    """
    forms: set[str] = set()
    for number, candidate in enumerate(CANDIDATE.finditer(text)):
        start = candidate.start()
        match = _DATE_FIRST.match(text, start, start + HEAD) if number < QUICK_SAMPLE else None
        if match and (header := parse_header(text, start)) and header.shape == shape and header.era is None:
            forms.add(_form_pattern(match))
        if number >= QUICK_SAMPLE or len(forms) >= _MOST_FORMS:
            break
    return re.compile("|".join([*sorted(forms), CANDIDATE.pattern]), re.MULTILINE)


def _form_pattern(match: re.Match[str]) -> str:
    """A pattern for headers that differ from this one in digits alone."""
    bracket, a, sep, b, sep2, c, between, _, colon, _, second, after, closing = match.groups()
    date = [_digits(a), re.escape(sep), _digits(b), re.escape(sep2 or ""), _digits(c or "")]
    time = r"\d\d?" + re.escape(colon) + r"\d\d" + (r"[:.]\d\d" if second else "") + re.escape(after)
    return f"^{re.escape(bracket)}({''.join(date)}){re.escape(between)}({time}){re.escape(closing)}"


def _digits(field: str) -> str:
    if not field.isdigit():
        return re.escape(field)
    return r"\d{3,4}" if len(field) > 2 else r"\d\d?"


def is_akin(shape: Shape, other: Shape) -> bool:
    """Whether two shapes differ in nothing but how the date's fields are put: `2020-04-01` and `01/04/2020`."""
    return (shape[0], shape[4:]) == (other[0], other[4:])


def _raw_end(raw: str, head: str, end: int) -> int:
    """Where in the line as written the header ends; the folded head may be shorter."""
    if len(raw) == len(head):
        return end
    seen = 0
    for index, char in enumerate(raw):
        if seen == end:
            return index
        seen += char not in INVISIBLE
    return len(raw)


@lru_cache(maxsize=4096)
def _words(text: str) -> Words | None:
    """What the words around a time mean, or None where they belong to no header."""
    table = wordings()
    comma = "," if "," in text or "،" in text else ""
    parts = [part for part in map(word, _BREAKS.split(text.lstrip(_DAY_UNITS))) if part]
    if "".join(parts) not in table.day_periods:
        parts = [part for part in parts if part not in table.around_time]
    said = "".join(parts)
    if not said:
        return Words(comma)
    if said in table.day_periods:
        return Words(f"{comma}@", period=table.day_periods[said])
    return Words(comma, era=table.eras[said]) if said in table.eras else None

"""Finds the headers of messages: date, time, and where the rest of the line begins.

Every header of an export has the same shape, its device's. So a line is a header if it begins with one of that shape;
a header of another shape in the middle of a message is something that a person quoted.
"""

import re
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import NamedTuple

from trainer.wordings import INVISIBLE, word, wordings

HEAD = 90  # characters that a header without its sender fits into
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
_BREAKS = re.compile(r"[\s,،]+")

_CANDIDATE = re.compile(rf"[{INVISIBLE}]*\[?[{INVISIBLE}]*(?:[RHS令平昭]?和?成?\d|[A-Z][a-z]{{2,8}}\.? \d)")
_SEPARATOR = r"\s?[./\-年년월月]\s?|\s(?:de\s)?"
_MONTH = r"[^\W\d_]{3,10}\.?"
_NUMBER = r"(?:[RHS]|令和|平成|昭和)?\d{1,4}"  # the year of a Japanese era has its letter
_YEAR = rf"(?:({_SEPARATOR}|,\s)({_NUMBER})(?![:.]\d\d))?"  # not there in `18 Mar 12:14`
_DATE = rf"({_NUMBER}|{_MONTH})({_SEPARATOR})(\d{{1,2}}|{_MONTH}){_YEAR}"
_TIME = r"(\d{1,2})([:.h])(\d{2})(?:[:.](\d{2}))?(?!\d)"
_END = r"(\] ?| [-–] |: )"
_DATE_FIRST = re.compile(rf"(\[?){_DATE}(\D{{1,24}}?){_TIME}(\D{{0,26}}?){_END}")
_TIME_FIRST = re.compile(rf"(\[?){_TIME}(\D{{1,24}}?){_DATE}(\D{{0,12}}?){_END}")

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


def parse_header(line: str) -> Header | None:
    """The header a line begins with, whatever its shape, or None."""
    if not _CANDIDATE.match(line):
        return None
    raw = head = line[:HEAD]
    match = _DATE_FIRST.match(head)
    if match is None and not raw.isascii():
        head = raw.translate(_FOLD)
        match = _DATE_FIRST.match(head)
    if match:
        bracket, a, sep, b, sep2, c, between, hour, colon, minute, second, after, end = match.groups()
        first = "date"
    elif match := _TIME_FIRST.match(head):
        bracket, hour, colon, minute, second, between, a, sep, b, sep2, c, after, end = match.groups()
        first = "time"
    else:
        return None
    named = a.isalpha() + (not b[0].isdigit())  # fields that are the month's name
    if named > 1 or (not named and (c is None or sep.isspace())) or bool(bracket) != end.startswith("]"):
        return None
    before, behind = _words(between), _words(after)
    if before is None or behind is None:
        return None
    year = "" if named or c is None else f"{len(a) > 2:d}{len(c) > 2:d}"
    shape = (
        first + bracket + end.strip(), sep.strip() or " ", (sep2 or sep).strip() or " ", year, colon,
        "s" if second else "", before.skeleton, behind.skeleton,
    )  # fmt: skip
    return Header(
        shape, (a, b, c), int(hour), int(minute), int(second or 0), before.period or behind.period,
        before.era or behind.era, _raw_end(raw, head, match.end()),
    )  # fmt: skip


def dominant_shape(lines: Sequence[str]) -> Shape | None:
    """The shape of this export's headers.

    An export begins with a header, so the first one counts for more than the most frequent, which may be a quoted chat,
    unless it is all but alone.
    """
    shapes: Counter[Shape] = Counter()
    for header in filter(None, map(parse_header, lines)):
        shapes[header.shape] += 1
        if shapes.total() >= SAMPLE:
            break
    if not shapes:
        return None
    begins = next((line for line in lines if line.strip()), "")
    first = parse_header(begins)
    if first and shapes[first.shape] * 20 >= shapes.total():
        return first.shape
    return shapes.most_common(1)[0][0]


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

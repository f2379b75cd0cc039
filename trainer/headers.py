"""Finds the headers of messages: date, time, and where the rest of the line begins.

Every header of an export has the same shape, its device's. So a line is a header if it begins with one of that shape;
a header of another shape in the middle of a message is something that a person quoted.
"""

import re
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache, lru_cache
from typing import NamedTuple

from trainer.calendars import Calendar
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
_BREAKS = re.compile(r"[\s,،()]+")
_NUMBERS = re.compile(r"\d+")
_MOST_ERA_WORDS = 3
_MOST_FORMS = 8
_GAP = r"[^\S\n]"
_SEPARATOR = rf"{_GAP}?[./\-年년월月]{_GAP}?|{_GAP}(?:de )?"
_MONTH = r"[^\W\d_]{3,10}\.?"
_YEAR = rf"(?:({_SEPARATOR}|,{_GAP})(ERA\d{{1,4}})(?![:.]\d\d))?"  # not there in `18 Mar 12:14`
_DATE = rf"(ERA\d{{1,4}}|{_MONTH})({_SEPARATOR})(\d{{1,2}}|{_MONTH}){_YEAR}"
_SECOND = rf"(?:[:.]|{_GAP}min{_GAP})(\d{{2}})(?:{_GAP}s(?!\w))?"
_TIME = rf"(\d{{1,2}})([:.h]|{_GAP}h{_GAP})(\d{{2}})(?:{_SECOND})?(?!\d)"  # in Canada `21 h 41 min 35 s`
_END = r"(\](?: -)? ?| ?[-–] |: )"  # WhatsApp Web writes `[...] - ` before its notices

_DATE_FIRST = rf"(\[?){_DATE}([^\d\n]{{1,24}}?){_TIME}([^\d\n]{{0,26}}?){_END}"
_TIME_FIRST = rf"(\[?){_TIME}([^\d\n]{{1,24}}?){_DATE}([^\d\n]{{0,12}}?){_END}"
_CANDIDATE = rf"^[{INVISIBLE}]*\[?[{INVISIBLE}]*(?:ERA\d|[A-Z][a-z]{{2,8}}\.? \d)"

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
    era: Calendar | None
    end: int  # where the rest of the line begins


@dataclass(frozen=True)
class Words:
    """What stands around a time: `, ` or ` BE, ` or ` p. m.`."""

    skeleton: str
    period: str | None = None
    era: Calendar | None = None


class _Patterns(NamedTuple):
    date_first: re.Pattern[str]
    time_first: re.Pattern[str]
    candidate: re.Pattern[str]  # of lines that may begin with a header


@cache
def _patterns() -> _Patterns:
    """The patterns with the names of eras that may stand before a year or a whole date: `R4`, `民國111`."""
    eras = sorted((entry for entry in wordings().era_names), key=len, reverse=True)
    era = f"(?:(?<![^\\W\\d_])(?:{'|'.join(map(re.escape, eras))}) ?)?"
    forms = (_DATE_FIRST, _TIME_FIRST, _CANDIDATE)
    return _Patterns(*(re.compile(form.replace("ERA", era), re.MULTILINE) for form in forms))


def candidates(text: str) -> Iterator[re.Match[str]]:
    """The beginnings of lines that may be headers."""
    return _patterns().candidate.finditer(text)


def parse_header(text: str, start: int = 0) -> Header | None:
    """The header that a line begins with, whatever its shape, or None. The line begins at `start`, after a line end."""
    patterns = _patterns()
    match = patterns.date_first.match(text, start, start + HEAD)
    if match:
        return _header("date", match, match.end() - start)
    head = raw = text[start : start + HEAD].partition("\n")[0]
    if not raw.isascii():
        head = raw.translate(_FOLD)
        match = patterns.date_first.match(head)
    if match:
        return _header("date", match, _raw_end(raw, head, match.end()))
    match = patterns.time_first.match(head)
    return _header("time", match, _raw_end(raw, head, match.end())) if match else None


def _header(first: str, match: re.Match[str], end: int) -> Header | None:
    if first == "date":
        bracket, a, sep, b, sep2, c, between, hour, colon, minute, second, after, closing = match.groups()
    else:
        bracket, hour, colon, minute, second, between, a, sep, b, sep2, c, after, closing = match.groups()
    era = None
    if not a.isdigit() and a[-1].isdigit():
        era, a = _era(a)
    if c is not None and not c.isdigit():
        era, c = _era(c)
    if not all(field.isdigit() or word(field) in wordings().months for field in (a, b)):
        return None
    fields = a.isalpha(), len(a) > 2, b[0].isdigit(), c is None, c is not None and len(c) > 2
    form = _form(first, bracket, sep, sep2, fields, between, colon, bool(second), after, closing)
    if form is None:
        return None
    shape, period, behind = form
    return Header(shape, (a, b, c), int(hour), int(minute), int(second or 0), period, era or behind, end)


def _era(field: str) -> tuple[Calendar | None, str]:
    """The era that stands before a number, and the number."""
    digits = field.lstrip("".join(char for char in field if not char.isdigit()))
    return wordings().eras[word(field.removesuffix(digits))], digits


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
) -> tuple[Shape, str | None, Calendar | None] | None:
    """Shape, day period and era of a header by all of it but its numbers, or None if it is none."""
    first_named, first_long, second_number, no_third, third_long = fields
    named = first_named + (not second_number)  # fields that are the month's name
    if named > 1 or (not named and (no_third or sep.isspace())) or bool(bracket) != closing.startswith("]"):
        return None
    before, behind = _words(between, behind_date=first == "date"), _words(after, behind_date=first != "date")
    if before is None or behind is None or (before.period and behind.period):
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
    for candidate in candidates(text):
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

    Its two groups are the date, and the time with all that stands before it and its day period: `오후 9:41`; other
    candidates match with no group. Two headers with the same group say the same in it, so that each date and time needs
    to be read once.
    """
    forms: set[str] = set()
    patterns = _patterns()
    for number, candidate in enumerate(candidates(text)):
        start = candidate.start()
        match = patterns.date_first.match(text, start, start + HEAD) if number < QUICK_SAMPLE else None
        if match and (header := parse_header(text, start)) and header.shape == shape and header.era is None:
            forms.add(_form_pattern(match))
        if number >= QUICK_SAMPLE or len(forms) >= _MOST_FORMS:
            break
    return re.compile("|".join([*sorted(forms), patterns.candidate.pattern]), re.MULTILINE)


def _form_pattern(match: re.Match[str]) -> str:
    """A pattern for headers that differ from this one in digits alone."""
    date_end = match.end(6 if match[6] else 4)
    spans = match.span(1), (match.start(2), date_end), match.span(7), (match.start(8), match.end(12)), match.span(13)
    parts = [re.escape(match.string[start:end]) for start, end in spans]
    bracket, date, between, time, closing = (_NUMBERS.sub(_any_number, part) for part in parts)
    return f"^{bracket}({date})({between}{time}){closing}"


def _any_number(match: re.Match[str]) -> str:
    return r"\d{3,4}" if len(match[0]) > 2 else r"\d\d?"


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
def _words(text: str, *, behind_date: bool) -> Words | None:
    """What the words around a time mean, or None where they belong to no header.

    `AP` behind a date is the Persian calendar, elsewhere the Finnish morning.
    """
    table = wordings()
    comma = "," if "," in text or "،" in text else ""
    parts = [part for part in map(word, _BREAKS.split(text.lstrip(_DAY_UNITS))) if part]
    if behind_date and not text.startswith((",", "،")) and (words := _with_era(parts, comma)):
        return words
    if "".join(parts) not in table.day_periods:
        parts = [part for part in parts if part not in table.around_time]
    said = "".join(parts)
    if not said:
        return Words(comma)
    if said not in table.day_periods or (behind_date and text.rstrip().endswith((",", "،"))):
        return None  # `2014 AM, 21:41`: the year of a calendar that is not read
    return Words(f"{comma}@", period=table.day_periods[said])


def _with_era(parts: list[str], comma: str) -> Words | None:
    """The words behind a date whose first ones are its era; a day period may follow."""
    table = wordings()
    for count in range(min(len(parts), _MOST_ERA_WORDS), 0, -1):
        if era := table.eras.get("".join(parts[:count])):
            rest = "".join(parts[count:])
            if not rest or rest in table.around_time:
                return Words(comma, era=era)
            return Words(f"{comma}@", table.day_periods[rest], era) if rest in table.day_periods else None
    return None

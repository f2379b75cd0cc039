"""Decides what the numbers of an export's dates mean.

`03/04/22` is March or April. The evidence: a year of four digits in front; a number too large for a month; the order of
the messages, which a wrong reading jumps back in; dates that lie in the future. What none of it decides, the user is
asked.
"""

from collections.abc import Callable, Sequence
from datetime import date, timedelta
from itertools import pairwise
from typing import Literal, NamedTuple, cast

from trainer.wordings import word, wordings
from twin.errors import TwinError

Order = Literal["dmy", "mdy", "ymd", "ydm"]
ORDERS: tuple[Order, ...] = ("dmy", "mdy", "ymd")  # what a user may ask for

_YEARS = range(1980, 2101)  # phones whose clock was never set included
_BUDDHIST_YEARS, _BUDDHIST_OFFSET = range(2500, 2644), 543
_PERSIAN_YEARS = range(1360, 1480)
_PERSIAN_LEAP = {1, 5, 9, 13, 17, 22, 26, 30}  # of each 33 years
_PERSIAN_BASE = 1400, date(2021, 3, 21)  # a first day of a year
_JAPANESE_ERAS = {"R": 2018, "令和": 2018, "H": 1988, "平成": 1988, "S": 1925, "昭和": 1925}  # the year before each
_MONTHS_BACK = 6  # dates without a year that jump back further are of the next year


class WrittenDate(NamedTuple):
    """A date as a header has it: three fields in the order they are written, and an era such as `Buddhist`."""

    first: str
    second: str
    third: str | None  # None in dates without a year: `18 Mar`
    era: str | None = None


def read_dates(
    dates: Sequence[WrittenDate], source: str, *, separator: str, asked: str | None = None, today: date | None = None
) -> list[date | None]:
    """What the dates of an export's headers mean, None where one names no day.

    Args:
        dates: in the order of the messages; neighbours that are the same may be left out.
        source: what an error calls the export.
        separator: what stands between the fields; with dots no one writes the month first.
        asked: the order that the user asked for, one of `ORDERS`.
        today: the last day that a message can be of, but for time zones.

    Raises:
        TwinError: no order fits the dates, or several do, or not the one asked for.
    """
    today = today or date.today()
    if asked is not None and asked not in ORDERS:
        raise TwinError(f"--date-order {asked} is not known: say dmy, mdy or ymd")
    if any(written.third is None for written in dates):
        return _without_year(dates, today)
    order = _order(dates, source, separator, asked, today)
    known = {written: read_date(written, order) for written in dict.fromkeys(dates)}
    if not any(known.values()):
        raise TwinError(f"{source} is not a chat that can be read: its dates name no days")
    return [known[written] for written in dates]


def _order(dates: Sequence[WrittenDate], source: str, separator: str, asked: str | None, today: date) -> Order:
    distinct = list(dict.fromkeys(dates))
    if not distinct[0].second[0].isdigit() or distinct[0].first.isalpha():
        return _by_name(distinct[0])
    if len(distinct[0].first) > 2:
        return _best(["ymd", "ydm"], lambda order: _unread(distinct, order))[0]
    if asked:
        return _as_asked(cast(Order, asked), distinct, source)
    orders: list[Order] = [order for order in ORDERS if order != "mdy" or separator != "."]
    orders = _best(orders, lambda order: _unread(distinct, order))
    orders = _best(orders, lambda order: _days_back(dates, order))
    orders = _best(orders, lambda order: sum(day > today + timedelta(days=1) for day in _days(distinct, order)))
    if len(orders) > 1 and "ymd" in orders:
        orders.remove("ymd")  # a year of two digits in front is rare, and fits by chance
    if len({tuple(_days(distinct, order)) for order in orders}) > 1:
        raise TwinError(_question(source, distinct, orders))
    return orders[0]


def _by_name(written: WrittenDate) -> Order:
    """The order of a date whose month is a word: `18 Mar` or `Mar 18`."""
    return "mdy" if written.first.isalpha() else "dmy"


def _best(orders: list[Order], cost: Callable[[Order], int]) -> list[Order]:
    costs = {order: cost(order) for order in orders}
    return [order for order in orders if costs[order] == min(costs.values())]


def _unread(dates: Sequence[WrittenDate], order: Order) -> int:
    return sum(read_date(written, order) is None for written in dates)


def _days(dates: Sequence[WrittenDate], order: Order) -> list[date]:
    return [day for written in dates if (day := read_date(written, order)) is not None]


def _days_back(dates: Sequence[WrittenDate], order: Order) -> int:
    """How far this reading jumps back in time, in days: a late message goes back little, a wrong reading by months."""
    known = {written: read_date(written, order) for written in dict.fromkeys(dates)}
    days = [day for written in dates if (day := known[written]) is not None]
    return sum(max(0, (day - after).days) for day, after in pairwise(days))


def _as_asked(order: Order, distinct: list[WrittenDate], source: str) -> Order:
    wrong = [written for written in distinct if read_date(written, order) is None]
    if len(wrong) * 2 > len(distinct):
        raise TwinError(f'{source} does not fit --date-order {order}: it has dates such as "{_shown(wrong[0])}"')
    return order


def _question(source: str, distinct: list[WrittenDate], orders: list[Order]) -> str:
    example = next(written for written in distinct if len({read_date(written, order) for order in orders}) > 1)
    readings = " or ".join(f"{read_date(example, order):%-d %B %Y} (--date-order {order})" for order in orders)
    return f'{source} does not tell the order of its dates: "{_shown(example)}" can be {readings}; say which'


def _shown(written: WrittenDate) -> str:
    return "/".join(field for field in written[:3] if field)


def read_date(written: WrittenDate, order: Order) -> date | None:
    """The day that a date names in this order, or None."""
    fields = dict(zip(order, written[:3], strict=True))
    month = fields["m"]
    number = int(month) if month and month.isdigit() else wordings().months.get(word(month or ""), 0)
    year, day = fields["y"] or "", fields["d"] or ""
    return _date(year, number, int(day), written.era) if day.isdigit() and year[-1:].isdigit() else None


def _date(year_text: str, month: int, day: int, era: str | None) -> date | None:
    digits = year_text.lstrip("".join(_JAPANESE_ERAS))
    year = int(digits)
    if digits != year_text:
        year += _JAPANESE_ERAS.get(year_text.removesuffix(digits), 0)
    elif era == "Buddhist" or year in _BUDDHIST_YEARS:
        year += (2500 if len(year_text) <= 2 else 0) - _BUDDHIST_OFFSET
    elif year in _PERSIAN_YEARS:
        return _persian(year, month, day)
    elif len(year_text) == 2:
        year += 2000
    if year not in _YEARS:
        return None
    try:
        return date(year, month, day)
    except ValueError:
        return None


def _persian(year: int, month: int, day: int) -> date | None:
    """A date of the Persian calendar: six months of 31 days, five of 30, and one of 29 or 30."""
    length = 31 if month <= 6 else 30 if month <= 11 else 29 + _is_persian_leap(year)
    if not (1 <= month <= 12 and 1 <= day <= length):
        return None
    base, start = _PERSIAN_BASE
    years = range(base, year) if year >= base else range(year, base)
    days = sum(365 + _is_persian_leap(each) for each in years) * (1 if year >= base else -1)
    return start + timedelta(days=days + (month - 1) * 30 + min(month - 1, 6) + day - 1)


def _is_persian_leap(year: int) -> bool:
    return year % 33 in _PERSIAN_LEAP


def _without_year(dates: Sequence[WrittenDate], today: date) -> list[date | None]:
    """Dates such as `18 Mar`: the last one is the last such day that has been; a jump back tells the turn of a year.

    Old Android versions left the year out of the current year's messages, and wrote it in older ones.
    """
    leap = "2000"  # has every day
    days = [read_date(written._replace(third=written.third or leap), _by_name(written)) for written in dates]
    result: list[date | None] = []
    year, later = today.year, today
    for written, day in zip(reversed(dates), reversed(days), strict=True):
        if day is None or written.third:
            result.append(day)
            continue
        ahead = (day.month, day.day) > (later.month, later.day)
        if ahead and (later is today or day.month - later.month > _MONTHS_BACK):
            year -= 1
        later = day
        result.append(_date(str(year), day.month, day.day, None))
    return result[::-1]

"""Decides what the numbers of an export's dates mean.

`03/04/22` is March or April. The evidence: a year of four digits in front; a number too large for a month; the order of
the messages, which a wrong reading jumps back in; dates that lie in the future. What none of it decides, the user is
asked.
"""

from collections.abc import Callable, Sequence
from datetime import date, timedelta
from itertools import pairwise
from typing import Literal, NamedTuple, cast

from trainer.calendars import Calendar, day_of
from trainer.wordings import word, wordings
from twin.errors import TwinError

Order = Literal["dmy", "mdy", "ymd", "ydm"]
ORDERS: tuple[Order, ...] = ("dmy", "mdy", "ymd")  # what a user may ask for

_MONTHS_BACK = 6  # dates without a year that jump back further are of the next year


class WrittenDate(NamedTuple):
    """A date as a header has it: three fields in the order they are written, and the calendar if it names one."""

    first: str
    second: str
    third: str | None  # None in dates without a year: `18 Mar`
    era: Calendar | None = None


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
        days = _without_year(dates, today)
    else:
        order = _order(dates, source, separator, asked, today)
        known = {written: read_date(written, order) for written in dict.fromkeys(dates)}
        days = [known[written] for written in dates]
    if not any(days):
        raise TwinError(
            f'{source} is not a chat that can be read: its dates name no days, such as "{_shown(dates[0])}"; set the'
            " phone to the Gregorian calendar and export the chat again"
        )
    return days


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
    return day_of(year, number, int(day), written.era) if day.isdigit() and year.isdigit() else None


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
        result.append(day_of(str(year), day.month, day.day))
    return result[::-1]

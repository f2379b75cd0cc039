"""Days of the calendars, other than the Gregorian one, that phones write dates in."""

from datetime import date, timedelta
from typing import Literal

Calendar = Literal["Buddhist", "Persian", "Hijri", "Minguo", "Reiwa", "Heisei", "Showa", "Common"]

# Years that begin on the day that a Gregorian year does: what is added to theirs.
_SHIFTS = {"Buddhist": -543, "Minguo": 1911, "Reiwa": 2018, "Heisei": 1988, "Showa": 1925, "Common": 0}
_YEARS = range(1980, 2101)  # phones whose clock was never set included
_SHORT = {"Buddhist": 2500, "Hijri": 1400, "Minguo": 100, "Common": 2000}  # the century of years of two digits

_PERSIAN_YEARS = range(1360, 1430)  # from 1430 on the same number is a year of the Hijri calendar; Persian in 2051
_PERSIAN_LEAP = {1, 5, 9, 13, 17, 22, 26, 30}  # of each 33 years
_PERSIAN_BASE = 1400, date(2021, 3, 21)  # a first day of a year

# The Umm al-Qura calendar from 1430 to 1500 as in Unicode's ICU: bit 0 of a year's number tells that its first month
# has 30 days and not 29, bit 1 the second, and so on.
_HIJRI_START = date(2008, 12, 29)
_HIJRI_MONTHS = (
    2726, 2390, 686, 1389, 874, 2901, 2730, 2381, 1181, 2397, 698, 1461, 1450, 3413, 2714, 2350, 622, 1373, 2778, 1748,
    1701, 2855, 2637, 1197, 1389, 2906, 1876, 3913, 3730, 3366, 2646, 854, 1717, 2986, 2962, 2853, 1675, 2715, 1370,
    2778, 1460, 3497, 2898, 2714, 1334, 630, 1397, 2802, 1748, 1705, 1365, 685, 1213, 2490, 1396, 2921, 2898, 2709,
    1325, 2653, 1242, 2777, 1714, 3733, 3626, 3222, 2350, 2733, 1386, 3429, 3402,
)  # fmt: skip
_HIJRI_YEARS = range(1430, 1430 + len(_HIJRI_MONTHS))


def day_of(year_text: str, month: int, day: int, era: Calendar | None = None) -> date | None:
    """The day that year, month and day name, or None if there is none such.

    Args:
        year_text: as written; four digits tell most calendars, and so do two that would be far in the future.
        month: from 1.
        day: from 1.
        era: the calendar, where the date names one.
    """
    year = int(year_text)
    calendar = era or _calendar(year, len(year_text))
    if calendar == "Heisei" and year in _HIJRI_YEARS:
        calendar = "Hijri"  # an H stands for both
    if len(year_text) <= 2:
        year += _SHORT.get(calendar, 0) if calendar != "Persian" else 1300 if year > 50 else 1400
    if calendar == "Hijri":
        return _hijri(year, month, day)
    if calendar == "Persian":
        return _persian(year, month, day)
    year += _SHIFTS[calendar]
    if year not in _YEARS:
        return None
    try:
        return date(year, month, day)
    except ValueError:
        return None


def _calendar(year: int, digits: int) -> Calendar:
    """The calendar of a year that names none: phones write of 2009 and after."""
    if digits <= 2:
        return "Common" if year < 52 else "Buddhist" if year < 88 else "Persian"
    if year in range(2500, 2644):
        return "Buddhist"
    if year in _PERSIAN_YEARS:
        return "Persian"
    if year in _HIJRI_YEARS:
        return "Hijri"
    return "Minguo" if digits == 3 else "Common"


def _hijri(year: int, month: int, day: int) -> date | None:
    if year not in _HIJRI_YEARS or not 1 <= month <= 12:
        return None
    index = year - _HIJRI_YEARS.start
    before = sum(29 * 12 + months.bit_count() for months in _HIJRI_MONTHS[:index])
    months = _HIJRI_MONTHS[index]
    before += 29 * (month - 1) + (months & ((1 << (month - 1)) - 1)).bit_count()
    length = 29 + (months >> (month - 1) & 1)
    return _HIJRI_START + timedelta(days=before + day - 1) if 1 <= day <= length else None


def _persian(year: int, month: int, day: int) -> date | None:
    """A date of the Persian calendar: six months of 31 days, five of 30, and one of 29 or 30."""
    length = 31 if month <= 6 else 30 if month <= 11 else 29 + _is_persian_leap(year)
    if year not in _PERSIAN_YEARS or not (1 <= month <= 12 and 1 <= day <= length):
        return None
    base, start = _PERSIAN_BASE
    years = range(base, year) if year >= base else range(year, base)
    days = sum(365 + _is_persian_leap(each) for each in years) * (1 if year >= base else -1)
    return start + timedelta(days=days + (month - 1) * 30 + min(month - 1, 6) + day - 1)


def _is_persian_leap(year: int) -> bool:
    return year % 33 in _PERSIAN_LEAP

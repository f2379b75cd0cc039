"""Days of other calendars, against days that are known."""

from datetime import date, timedelta

import pytest

from trainer.calendars import day_of


@pytest.mark.parametrize(
    ("year", "month", "day", "expected"),
    [
        ("1430", 1, 1, date(2008, 12, 29)),
        ("1430", 9, 1, date(2009, 8, 22)),  # the Ramadans and feasts that Saudi Arabia announced by its calendar
        ("1443", 9, 1, date(2022, 4, 2)),
        ("1445", 1, 1, date(2023, 7, 19)),
        ("1446", 10, 1, date(2025, 3, 30)),
        ("1401", 1, 1, date(2022, 3, 21)),  # Nowruz
        ("1399", 12, 30, date(2021, 3, 20)),
        ("2565", 3, 27, date(2022, 3, 27)),
        ("65", 3, 27, date(2022, 3, 27)),
        ("111", 3, 27, date(2022, 3, 27)),
        ("22", 3, 27, date(2022, 3, 27)),
    ],
)
def test_years_tell_their_calendar(year: str, month: int, day: int, expected: date) -> None:
    assert day_of(year, month, day) == expected


def test_eras() -> None:
    assert day_of("43", 9, 1, "Hijri") == date(2022, 4, 2)
    assert day_of("4", 3, 27, "Reiwa") == day_of("111", 3, 27, "Minguo") == day_of("65", 3, 27, "Buddhist")
    assert day_of("31", 4, 30, "Heisei") == date(2019, 4, 30)
    assert day_of("1443", 9, 1, "Heisei") == date(2022, 4, 2)  # an H is the Hijra's too


def test_days_of_the_hijri_calendar_follow_each_other() -> None:
    days = [
        found
        for year in range(1430, 1501)
        for month in range(1, 13)
        for day in range(1, 31)
        if (found := day_of(str(year), month, day, "Hijri"))
    ]
    assert days == [days[0] + timedelta(days=number) for number in range(len(days))]


@pytest.mark.parametrize(
    ("year", "month", "day"), [("1443", 13, 1), ("1443", 8, 31), ("1443", 0, 1), ("1738", 1, 1), ("1600", 1, 1)]
)
def test_no_such_day(year: str, month: int, day: int) -> None:
    assert day_of(year, month, day) is None

"""Cron expressions with seconds, their days, and clocks that change."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from itertools import pairwise

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from executions.schedules.cron import CronError, check, next_after, time_zone


def times(expression: str, after: str, count: int, zone: str = "UTC") -> list[str]:
    """The next due times, as a clock on the wall of the zone shows them, with its offset."""
    moment = datetime.fromisoformat(after).replace(tzinfo=UTC)
    found = []
    for _ in range(count):
        following = next_after(expression, zone, moment)
        assert following is not None
        assert following > moment
        moment = following
        found.append(moment.astimezone(time_zone(zone)).isoformat().removesuffix("+00:00"))
    return found


@pytest.mark.parametrize(
    ("expression", "expected"),
    [
        ("*/20 * * * * *", ["2027-01-01T12:00:20", "2027-01-01T12:00:40", "2027-01-01T12:01:00"]),
        ("0 0/30 * * * ?", ["2027-01-01T12:30:00", "2027-01-01T13:00:00", "2027-01-01T13:30:00"]),
        ("0 0 9 * * MON-FRI", ["2027-01-04T09:00:00", "2027-01-05T09:00:00", "2027-01-06T09:00:00"]),
        ("0 0 9 * * 6-7", ["2027-01-02T09:00:00", "2027-01-03T09:00:00", "2027-01-09T09:00:00"]),
        ("0 0 0 1 JAN,jul ?", ["2027-07-01T00:00:00", "2028-01-01T00:00:00"]),
        ("@hourly", ["2027-01-01T13:00:00", "2027-01-01T14:00:00"]),
        ("@Monthly", ["2027-02-01T00:00:00", "2027-03-01T00:00:00"]),
        # a day must match both fields
        ("0 0 0 13 * FRI", ["2027-08-13T00:00:00", "2028-10-13T00:00:00"]),
        ("0 0 0 L * ?", ["2027-01-31T00:00:00", "2027-02-28T00:00:00"]),
        ("0 0 0 L-3 * ?", ["2027-01-28T00:00:00", "2027-02-25T00:00:00"]),
        ("0 0 0 LW * ?", ["2027-01-29T00:00:00", "2027-02-26T00:00:00"]),
        # the weekday nearest to the 1st, 15th, 31st stays in the month
        ("0 0 0 15W MAY ?", ["2027-05-14T00:00:00"]),
        ("0 0 0 1W MAY ?", ["2027-05-03T00:00:00"]),
        ("0 0 0 31W OCT ?", ["2027-10-29T00:00:00"]),
        ("0 0 0 31W * ?", ["2027-01-29T00:00:00", "2027-03-31T00:00:00"]),
        ("0 0 0 10,15W MAY ?", ["2027-05-10T00:00:00", "2027-05-14T00:00:00"]),
        ("0 0 0 ? * FRIL", ["2027-01-29T00:00:00", "2027-02-26T00:00:00"]),
        ("0 0 0 ? * 5L", ["2027-01-29T00:00:00", "2027-02-26T00:00:00"]),
        ("0 0 0 ? * MON#2", ["2027-01-11T00:00:00", "2027-02-08T00:00:00"]),
        ("0 0 0 29 2 *", ["2028-02-29T00:00:00", "2032-02-29T00:00:00"]),
    ],
)
def test_expressions_are_due_when_spring_says(expression: str, expected: list[str]) -> None:
    assert times(expression, "2027-01-01T12:00", len(expected)) == expected


def test_a_time_in_the_gap_is_due_when_the_gap_is_over() -> None:
    assert times("0 30 2 * * *", "2027-03-26T12:00", 3, "Europe/Berlin") == [
        "2027-03-27T02:30:00+01:00",
        "2027-03-28T03:00:00+02:00",
        "2027-03-29T02:30:00+02:00",
    ]


def test_several_times_in_one_gap_are_due_once() -> None:
    assert times("0/10 0/20 2 * * *", "2027-03-28T00:59:59", 2, "Europe/Berlin") == [
        "2027-03-28T03:00:00+02:00",
        "2027-03-29T02:00:00+02:00",
    ]


def test_a_time_that_comes_twice_is_due_the_first_time() -> None:
    assert times("0 30 2 * * *", "2027-10-30T12:00", 2, "Europe/Berlin") == [
        "2027-10-31T02:30:00+02:00",
        "2027-11-01T02:30:00+01:00",
    ]


@pytest.mark.parametrize("minute", [0, 15, 45])
def test_nothing_is_due_again_when_it_is_asked_for_within_the_hour_that_comes_twice(minute: int) -> None:
    second_time = f"2027-10-31T01:{minute:02}"  # 02:xx by the clock that was put back
    assert times("0 30 2 * * *", second_time, 1, "Europe/Berlin") == ["2027-11-01T02:30:00+01:00"]


def test_what_goes_by_every_hour_goes_on_by_real_time() -> None:
    assert times("0 0 * * * *", "2027-10-30T23:30", 3, "Europe/Berlin") == [
        "2027-10-31T02:00:00+02:00",
        "2027-10-31T02:00:00+01:00",
        "2027-10-31T03:00:00+01:00",
    ]
    assert times("0 0 * * * *", "2027-03-28T00:00", 1, "Europe/Berlin") == ["2027-03-28T03:00:00+02:00"]


def test_a_midnight_that_does_not_exist_is_due_at_one() -> None:
    assert times("0 0 0 * * *", "2018-11-03T12:00", 2, "America/Sao_Paulo") == [
        "2018-11-04T01:00:00-02:00",
        "2018-11-05T00:00:00-02:00",
    ]


def test_a_gap_of_half_an_hour_is_one_too() -> None:
    assert times("0 10 2 * * *", "2027-10-02T12:00", 1, "Australia/Lord_Howe") == ["2027-10-03T02:30:00+11:00"]


ZONES = st.sampled_from(["UTC", "Europe/Berlin", "America/New_York", "Australia/Lord_Howe", "Asia/Kathmandu"])
MOMENTS = st.datetimes(datetime(2026, 1, 1), datetime(2028, 12, 31), timezones=st.just(UTC))


@settings(deadline=None)
@given(zone=ZONES, moment=MOMENTS, hour=st.integers(0, 23), minute=st.integers(0, 59))
def test_a_daily_time_is_due_once_on_every_day_in_every_zone(
    zone: str, moment: datetime, hour: int, minute: int
) -> None:
    found = [moment]
    for _ in range(5):
        following = next_after(f"0 {minute} {hour} * * *", zone, found[-1])
        assert following is not None
        found.append(following)
    days = [at.astimezone(time_zone(zone)).date() for at in found[1:]]
    assert [later - earlier for earlier, later in pairwise(days)] == [timedelta(days=1)] * 4


@settings(deadline=None)
@given(zone=ZONES, moment=MOMENTS, step=st.sampled_from(["*/15", "*/7", "3,40"]))
def test_asking_from_any_moment_in_between_gives_the_same_due_time(zone: str, moment: datetime, step: str) -> None:
    first = next_after(f"0 {step} * * * *", zone, moment)
    assert first is not None
    assert next_after(f"0 {step} * * * *", zone, moment + (first - moment) / 2) == first


@pytest.mark.parametrize(
    ("expression", "zone", "message"),
    [
        ("nonsense", "UTC", "it must have 6 fields"),
        ("* * * * *", "UTC", "it must have 6 fields"),
        ("0 0 0 1 1 ? 2027", "UTC", "it must have 6 fields"),
        ("61 * * * * *", "UTC", "Bad second"),
        ("0 0 0 99W * *", "UTC", "Bad day-of-month"),
        ("0 0 0 * * XYZL", "UTC", "Bad day-of-week"),
        ("0 0 0 1/L * *", "UTC", "Bad day-of-month"),
        ("0 0 0 30 2 *", "UTC", "Bad day-of-month"),
        ("0 */0 * * * *", "UTC", "Bad"),
        ("0 0 0 31W FEB ?", "UTC", "it is never due"),
        ("0 0 0 * * *", "Mars/Olympus", "Unknown time-zone ID: Mars/Olympus"),
        ("0 0 0 * * *", "../../etc/passwd", "Unknown time-zone ID"),
    ],
)
def test_what_makes_no_sense_is_refused_with_a_reason(expression: str, zone: str, message: str) -> None:
    with pytest.raises(CronError, match=message.replace("?", r"\?")):
        check(expression, zone)


@settings(deadline=None)
@given(st.text(alphabet="0123456789*/,-?LW# MONFRI", max_size=40))
def test_any_text_is_an_expression_or_is_refused(text: str) -> None:
    try:
        check(text, "UTC")
    except CronError:
        return
    assert next_after(text, "UTC", datetime(2027, 1, 1, tzinfo=UTC)) is not None

"""Durations and dates, also such as nobody should write."""

from __future__ import annotations

import contextlib
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from workflows_app.durations import LONGEST_SECONDS, DurationError, parse_duration, parse_until


@pytest.mark.parametrize(
    ("text", "seconds"),
    [
        ("", 0),
        ("  ", 0),
        ("2s", 2),
        ("1h30m", 5400),
        ("1 hours 30 mins", 5400),
        (" 2   days\t1 HR ", 176_400),
        ("1d1h1m1s", 90_061),
        ("9" * 18 + "d", LONGEST_SECONDS),
    ],
)
def test_durations(text: str, seconds: int) -> None:
    assert parse_duration(text) == timedelta(seconds=seconds)


@pytest.mark.parametrize("text", ["x", "1", "1x", "s", "1m1h", "-1s", "1.5s", "\u0663s", "9" * 5000 + "s",
                                  " " * 100_000 + "x", "1 " * 50_000])  # fmt: skip
def test_what_is_no_duration_is_refused_at_once(text: str) -> None:
    with pytest.raises(DurationError, match="Not a duration"):
        parse_duration(text)


@pytest.mark.parametrize(
    ("text", "time"),
    [
        ("2030-01-02", datetime(2030, 1, 2, tzinfo=UTC)),
        (" 2030-01-02 3:04 ", datetime(2030, 1, 2, 3, 4, tzinfo=UTC)),
        ("2030-01-02 03:04 GMT+2", datetime(2030, 1, 2, 1, 4, tzinfo=UTC)),
        ("2030-01-02 03:04 CET", datetime(2030, 1, 2, 2, 4, tzinfo=UTC)),
    ],
)
def test_dates(text: str, time: datetime) -> None:
    assert parse_until(text) == time


@pytest.mark.parametrize(
    "text",
    ["", "soon", "2030-13-01", "2030-02-30", "2030-01-01 25:00", "0000-01-01", "0001-01-01 00:00 +10",
     "9999-12-31 23:00 -10", "2030-01-01 00:00 +25", "2030-01-01 00:00 ../../etc/passwd", "2030-01-01 00:00 Europe",
     "2030-01-01 00:00 " + "x" * 5000, "2030-01-01 00:00 a\0b", "2030-01-01 00:00 \ud800",
     "\u0662\u0660\u0663\u0660-01-32"],
)  # fmt: skip
def test_what_is_no_date_is_refused(text: str) -> None:
    with pytest.raises(DurationError, match="Unable to parse date"):
        parse_until(text)


@given(st.text("0123456789 dhmsDHMSayour-:+GT", max_size=30))
def test_any_text_is_read_or_refused(text: str) -> None:
    for parse in (parse_duration, parse_until):
        with contextlib.suppress(DurationError):
            parse(text)

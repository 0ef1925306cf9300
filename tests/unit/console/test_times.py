"""Durations and moments in words."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta, timezone

import pytest

from executions.console.times import ahead, between, clock, duration, whole

NOW = datetime(2026, 11, 21, 10, 2, 0, tzinfo=UTC)


@pytest.mark.parametrize(
    ("seconds", "text"),
    [
        (-1, "0 ms"), (0, "0 ms"), (0.00004, "0 ms"), (0.0003, "0.3 ms"), (0.34, "340 ms"), (0.9996, "1.0 s"),
        (3.44, "3.4 s"), (9.96, "10 s"), (12.4, "12 s"), (59.6, "1 min"), (60, "1 min"), (185, "3 min 5 s"),
        (3599.7, "1 h"), (7440, "2 h 4 min"), (86400, "1 d"), (273600, "3 d 4 h"), (86400 * 400, "400 d"),
    ],
)  # fmt: skip
def test_a_duration_has_two_units_at_most(seconds: float, text: str) -> None:
    assert duration(seconds) == text


def test_whole_seconds_do_not_flicker() -> None:
    assert [whole(s) for s in (0.2, 0.9, 1.2, 12.3)] == ["0 s", "1 s", "1 s", "12 s"]


def test_a_moment_has_its_date_unless_it_is_today() -> None:
    assert clock(NOW, NOW) == "10:02:00"
    assert clock(NOW - timedelta(days=1), NOW) == "20 Nov 10:02:00"
    assert clock(NOW - timedelta(days=365), NOW) == "2025-11-21 10:02:00"


def test_a_moment_is_told_in_the_time_zone_of_now() -> None:
    east = NOW.astimezone(timezone(timedelta(hours=9)))
    assert clock(NOW, east) == "19:02:00"


def test_a_moment_is_ahead_or_ago() -> None:
    assert ahead(NOW + timedelta(seconds=14), NOW) == "10:02:14 (in 14 s)"
    assert ahead(NOW - timedelta(seconds=3), NOW) == "10:01:57 (3 s ago)"


def test_there_is_no_time_between_nothing() -> None:
    assert between(None, NOW) == between(NOW, None) == ""
    assert between(NOW, NOW + timedelta(seconds=2)) == "2.0 s"

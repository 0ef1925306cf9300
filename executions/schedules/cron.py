"""Cron expressions with seconds, as Spring and Quartz write them (contracts/conductor.md, section 1.10).

    second minute hour day-of-month month day-of-week        0 30 8 * * MON-FRI

``*`` ``?`` ``a-b`` ``a,b`` ``a/n`` ``*/n`` ``a-b/n``; names of months and days; 0 and 7 are Sunday. In days of the
month ``L`` (last), ``L-3`` (three days before the last), ``LW`` (last weekday), ``15W`` (weekday nearest to the 15th);
in days of the week ``5L`` or ``FRIL`` (last Friday), ``FRI#2`` (second Friday). A day must match both fields.
``@yearly``, ``@monthly``, ``@weekly``, ``@daily`` and ``@hourly`` are the usual ones.

When clocks change, a fixed time of day is due once a day: one that falls into the gap is due when the gap is over,
one that comes twice is due the first time. What goes by every hour or every minute goes on by real time.
"""

from __future__ import annotations

import calendar
import re
from collections.abc import Iterator
from datetime import UTC, date, datetime, timedelta
from functools import lru_cache
from typing import Any
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from cronsim import CronSim, CronSimError

_MACROS = {
    "@yearly": "0 0 0 1 1 *",
    "@annually": "0 0 0 1 1 *",
    "@monthly": "0 0 0 1 * *",
    "@weekly": "0 0 0 * * 0",
    "@daily": "0 0 0 * * *",
    "@midnight": "0 0 0 * * *",
    "@hourly": "0 0 * * * *",
}
_FIELDS = "second minute hour day-of-month month day-of-week"
_DAYS = ("SUN", "MON", "TUE", "WED", "THU", "FRI", "SAT")
_NEAREST = re.compile(r"(\d{1,2})W")
_BEFORE_LAST = re.compile(r"L-(\d{1,2})")
_NAMED_LAST = re.compile(rf"({'|'.join(_DAYS)})L")
_LONGEST = 255


class CronError(ValueError):
    """An expression or a time zone that makes no sense. The text is for whoever wrote it."""


def check(expression: str, zone: str) -> None:
    """Raises CronError if there is no such zone, or the expression is malformed or never due."""
    if next_after(expression, zone, datetime.now(UTC)) is None:
        raise CronError(f"Invalid cron expression {expression!r}: it is never due")


def next_after(expression: str, zone: str, after: datetime) -> datetime | None:
    """The first due time later than ``after``, in UTC; None if there is none within 50 years. Raises CronError."""
    place = time_zone(zone)
    fields = _fields(expression)
    fixed = place is not UTC and not fields[1].startswith("*") and not fields[2].startswith("*")
    found = _fixed_times(fields, place, after) if fixed else _Days.times(fields, after.astimezone(place))
    return next((time for time in found if time > after), None)


@lru_cache(maxsize=256)
def time_zone(name: str) -> Any:
    """Raises CronError."""
    if name.upper() in ("UTC", "Z", "GMT"):
        return UTC
    try:
        return ZoneInfo(name)
    except (ZoneInfoNotFoundError, ValueError, OSError):
        raise CronError(f"Unknown time-zone ID: {name}") from None


def _fields(expression: str) -> list[str]:
    text = _MACROS.get(expression.strip().lower(), expression)
    fields = text.upper().replace("?", "*").split()
    if len(fields) != 6 or len(text) > _LONGEST:
        raise CronError(f"Invalid cron expression {expression!r}: it must have 6 fields: {_FIELDS}")
    return fields


def _fixed_times(fields: list[str], zone: ZoneInfo, after: datetime) -> Iterator[datetime]:
    """Due times by the clock on the wall, each at the first moment at which that clock has shown it."""
    # a clock that was put back shows again what it has shown: begin where it stood before
    wall = after.astimezone(zone).replace(tzinfo=None) - timedelta(seconds=1)
    for time in _Days.times(fields, wall):
        yield _moment(time.replace(tzinfo=None), zone)


def _moment(wall: datetime, zone: ZoneInfo) -> datetime:
    """When a clock on the wall shows this first; if it never does, because it is put forward, when that happens."""
    moment = wall.replace(tzinfo=zone, fold=0).astimezone(UTC)
    if moment.astimezone(zone).replace(tzinfo=None) == wall:
        return moment
    before, behind = moment - timedelta(days=1), moment + timedelta(hours=1)
    offset = before.astimezone(zone).utcoffset()
    while behind - before > timedelta(seconds=1):  # the second at which the offset changes
        middle = before + (behind - before) // 2
        if middle.astimezone(zone).utcoffset() == offset:
            before = middle
        else:
            behind = middle
    return behind.replace(microsecond=0)


class _Days(CronSim):
    """CronSim with the days of the dialect: both fields must match, and ``W`` and ``L-n`` are known."""

    def __init__(self, fields: list[str], after: datetime) -> None:
        terms = fields[3].split(",")
        special = [t for t in terms if _NEAREST.fullmatch(t) or _BEFORE_LAST.fullmatch(t)]
        plain = [t for t in terms if t not in special]
        self._nearest = {int(m[1]) for t in special if (m := _NEAREST.fullmatch(t))}
        self._before_last = {int(m[1]) for t in special if (m := _BEFORE_LAST.fullmatch(t))}
        if any(not 1 <= day <= 31 for day in self._nearest) or any(days > 30 for days in self._before_last):
            raise CronSimError("Bad day-of-month")
        weekdays = _NAMED_LAST.sub(lambda m: f"{_DAYS.index(m[1])}L", fields[5])
        super().__init__(" ".join([*fields[:3], ",".join(plain) or "*", fields[4], weekdays]), after)
        if special and not plain:
            self.days = set()

    @classmethod
    def times(cls, fields: list[str], after: datetime) -> Iterator[datetime]:
        """Due times in the zone of ``after``, in UTC unless that is a time without a zone. Raises CronError."""
        try:
            found = cls(fields, after)
        except (CronSimError, AssertionError) as error:
            raise CronError(f"Invalid cron expression {' '.join(fields)!r}: {error}") from None
        for time in found:
            yield time if time.tzinfo is None else time.astimezone(UTC)

    def match_dom(self, d: date) -> bool:
        if self.days and super().match_dom(d):
            return True
        if not self._nearest and not self._before_last:
            return False
        last = calendar.monthrange(d.year, d.month)[1]
        return last - d.day in self._before_last or any(
            day <= last and d.day == _nearest_weekday(d.year, d.month, day, last) for day in self._nearest
        )

    def match_day(self, d: date) -> bool:
        return self.match_dom(d) and self.match_dow(d)


def _nearest_weekday(year: int, month: int, day: int, last: int) -> int:
    """The Monday to Friday nearest to a day, in the same month."""
    weekday = date(year, month, day).weekday()
    if weekday == 5:
        return day - 1 if day > 1 else day + 2
    if weekday == 6:
        return day + 1 if day < last else day - 2
    return day

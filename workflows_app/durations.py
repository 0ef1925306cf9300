"""Durations and dates as WAIT tasks write them (contracts/conductor.md, section 4.4)."""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta, timezone, tzinfo
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

# Blanks are single by now, and numbers short: no text can keep the pattern busy.
_DURATION = re.compile(
    r"(?:([0-9]{1,18}) ?(?:days|day|d))? ?(?:([0-9]{1,18}) ?(?:hours|hour|hrs|hr|h))?"
    r" ?(?:([0-9]{1,18}) ?(?:minutes|minute|mins|min|m))? ?(?:([0-9]{1,18}) ?(?:seconds|second|secs|sec|s))?",
    re.IGNORECASE,
)
_UNTIL = re.compile(r"(\d{4}-\d{2}-\d{2})(?:\s+(\d{1,2}:\d{2})(?:\s+(\S+))?)?")
_OFFSET = re.compile(r"(?:GMT|UTC)?([+-])(\d{1,2})(?::?(\d{2}))?")
_LONGEST = timedelta(days=365 * 1000)
# Longer than anybody waits, and short enough to be added to a date.
LONGEST_SECONDS = int(_LONGEST.total_seconds())

# Abbreviations that the zone database does not know by themselves.
_ABBREVIATIONS = {
    "PST": "America/Los_Angeles",
    "PDT": "America/Los_Angeles",
    "CST": "America/Chicago",
    "CDT": "America/Chicago",
    "EDT": "America/New_York",
    "MDT": "America/Denver",
    "IST": "Asia/Kolkata",
    "JST": "Asia/Tokyo",
    "BST": "Europe/London",
    "CEST": "Europe/Berlin",
    "Z": "UTC",
}


class DurationError(ValueError):
    """A text that is no duration, or no date."""


def parse_duration(text: str) -> timedelta:
    """``2s``, ``1h30m``, ``1 hours 30 mins``, ``2 days``, in this order of units; an empty text is no time at all.

    Raises DurationError.
    """
    found = _DURATION.fullmatch(" ".join(text.split()))
    if found is None:
        raise DurationError(f"Not a duration: {text[:100]!r}. Write it like 2 days 1 hours 30 mins 15 secs, or 1h30m")
    days, hours, minutes, seconds = (int(part or 0) for part in found.groups())
    try:
        duration = timedelta(days=days, hours=hours, minutes=minutes, seconds=seconds)
    except OverflowError:
        duration = _LONGEST
    return min(duration, _LONGEST)


def parse_until(text: str) -> datetime:
    """``yyyy-MM-dd``, ``yyyy-MM-dd HH:mm`` or ``yyyy-MM-dd HH:mm z``; without a zone in UTC. Raises DurationError."""
    found = _UNTIL.fullmatch(text.strip())
    if found is None:
        raise DurationError(
            f"Unable to parse date {text[:100]!r}: write yyyy-MM-dd, yyyy-MM-dd HH:mm or yyyy-MM-dd HH:mm z"
        )
    day, time, zone = found.groups()
    try:
        parsed = datetime.fromisoformat(f"{day} {(time or '00:00').zfill(5)}")
    except ValueError:
        raise DurationError(f"Unable to parse date {text!r}: there is no such day or time") from None
    try:
        return parsed.replace(tzinfo=_zone(zone) if zone else UTC).astimezone(UTC)
    except OverflowError:
        raise DurationError(f"Unable to parse date {text!r}: no calendar has it in UTC") from None


def _zone(name: str) -> tzinfo:
    offset = _OFFSET.fullmatch(name)
    if offset is not None:
        sign, hours, minutes = offset.groups()
        delta = timedelta(hours=int(hours), minutes=int(minutes or 0))
        if delta >= timedelta(hours=24):
            raise DurationError(f"Unable to parse date: {name!r} is no time zone")
        return timezone(-delta if sign == "-" else delta)
    try:
        return ZoneInfo(_ABBREVIATIONS.get(name.upper(), name))
    except (ZoneInfoNotFoundError, ValueError, OSError):
        raise DurationError(f"Unable to parse date: {name!r} is no time zone") from None

"""Moments and durations in the words of the console. Pure functions."""

from __future__ import annotations

from datetime import datetime

_MINUTE, _HOUR, _DAY = 60, 3600, 86400


def duration(seconds: float) -> str:
    """Two units at most: "0.3 ms", "340 ms", "3.4 s", "12 s", "3 min 5 s", "2 h 4 min", "3 d 4 h"."""
    millis = max(seconds, 0) * 1000
    if millis < 0.05:
        return "0 ms"
    if millis < 9.95:
        return f"{millis:.1f} ms"
    if millis < 999.5:
        return f"{millis:.0f} ms"
    if seconds < 9.95:
        return f"{seconds:.1f} s"
    return whole(seconds)


def whole(seconds: float) -> str:
    """The same in whole seconds: what is read again and again should not flicker."""
    left = round(max(seconds, 0))
    if left < _MINUTE:
        return f"{left} s"
    if left < _HOUR:
        return _two(left, _MINUTE, "min", 1, "s")
    if left < _DAY:
        return _two(left, _HOUR, "h", _MINUTE, "min")
    return _two(left, _DAY, "d", _HOUR, "h")


def between(start: datetime | None, end: datetime | None) -> str:
    """How long from one to the other; nothing if either is missing."""
    return duration((end - start).total_seconds()) if start is not None and end is not None else ""


def since(start: datetime, now: datetime) -> str:
    """How long ago: "12 s"."""
    return whole((now - start).total_seconds())


def clock(moment: datetime, now: datetime) -> str:
    """The time of day in the time zone of ``now``; with its date unless that is today's."""
    local = moment.astimezone(now.tzinfo)
    if local.date() == now.date():
        return f"{local:%H:%M:%S}"
    if local.year == now.year:
        return f"{local.day} {local:%b %H:%M:%S}"
    return f"{local:%Y-%m-%d %H:%M:%S}"


def ahead(moment: datetime, now: datetime) -> str:
    """A moment and how far it is: "10:02:13 (in 14 s)", or "10:02:13 (3 s ago)"."""
    seconds = (moment - now).total_seconds()
    far = f"in {whole(seconds)}" if seconds >= 0 else f"{whole(-seconds)} ago"
    return f"{clock(moment, now)} ({far})"


def _two(seconds: int, large: int, large_name: str, small: int, small_name: str) -> str:
    count, rest = divmod(seconds, large)
    text = f"{count} {large_name}"
    return f"{text} {rest // small} {small_name}" if rest // small else text

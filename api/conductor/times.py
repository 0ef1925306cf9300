"""Times as this door writes them: epoch milliseconds."""

from __future__ import annotations

from datetime import datetime


def millis(time: datetime | None) -> int:
    """0 for a time that has not come."""
    return 0 if time is None else int(time.timestamp() * 1000)

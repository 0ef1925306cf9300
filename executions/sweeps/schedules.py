"""Schedules that are due are fired."""

from __future__ import annotations

from datetime import datetime

from executions.schedules import firing


def run_once() -> int:
    """Gives how many executions were asked for."""
    firing.take_due()
    return firing.start_taken()


def next_due(after: datetime) -> datetime | None:
    """When the next schedule falls due, or a firing that could not be started."""
    return firing.next_due(after)

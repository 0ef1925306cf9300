"""Where a task run lies within its execution: the geometry of one bar. Pure functions."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from executions.console.times import duration

# Units from the left edge of the timeline to the right one.
WIDTH = 1000
# What takes no time can still be seen.
_LEAST = 4


@dataclass(frozen=True, slots=True)
class Bar:
    """Two stretches, each from ``x`` on: in the queue, and at work. A width of 0: there is none."""

    queue_x: int
    queue_width: int
    work_x: int
    work_width: int


@dataclass(frozen=True, slots=True)
class Span:
    """The stretch of time that the timeline shows."""

    begin: datetime
    end: datetime

    @property
    def seconds(self) -> float:
        return max((self.end - self.begin).total_seconds(), 0.001)

    @property
    def ticks(self) -> list[str]:
        """Labels for the left edge, the middle and the right edge."""
        return ["0", duration(self.seconds / 2), duration(self.seconds)]

    def place(self, moment: datetime) -> int:
        part = (moment - self.begin).total_seconds() / self.seconds
        return round(WIDTH * min(max(part, 0), 1))

    def bar(self, scheduled: datetime, started: datetime | None, ended: datetime | None) -> Bar:
        """The bar of a task run; what has not happened yet lasts to the right edge."""
        left = self.place(scheduled)
        if started is None:
            right = self.place(ended or self.end)
            x, width = _visible(left, right)
            return Bar(x, width, 0, 0)
        middle = self.place(started)
        x, width = _visible(middle, self.place(ended or self.end))
        return Bar(left, max(min(middle, x) - left, 0), x, width)


def _visible(left: int, right: int) -> tuple[int, int]:
    width = max(right - left, _LEAST)
    return min(left, WIDTH - width), width

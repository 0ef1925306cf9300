"""Tasks for external workers whose delay is over go on offer, all in one statement."""

from __future__ import annotations

from executions import wakeups
from executions.clock import now
from executions.store import due

_MANY = 1000


def run_once() -> int:
    """Gives how many tasks went on offer."""
    done = 0
    while True:
        queues = due.offer_delayed(now(), _MANY)
        done += len(queues)
        wakeups.work_arrived(set(queues))
        if len(queues) < _MANY:
            return done

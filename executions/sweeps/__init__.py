"""Sweeps: what makes things happen that nobody rings for. One file each, each with ``run_once() -> int``.

Every sweep is idempotent and safe in any number: it finds rows by ``due_at``, and changes them under the same guards
as everybody else. To add one, write a module with ``run_once`` and name it in ``_EVERY_TICK`` or ``_NOW_AND_THEN``.
"""

from __future__ import annotations

import logging
import time
from collections.abc import Callable
from datetime import datetime

from django.db import DatabaseError

from executions.clock import now
from executions.store import due
from executions.sweeps import (
    admissions,
    cache,
    delays,
    events,
    executions,
    history,
    inbox,
    messages,
    payloads,
    schedules,
    search_documents,
    stalled,
    timers,
    webhooks,
)

logger = logging.getLogger(__name__)

# How long a tick lasts: Beat sends the next one after a second, and a little later at times.
TICK_SECONDS = 1.1
_SHORTEST_PAUSE = 0.005
# Something that falls due sooner may have come meanwhile.
_LONGEST_PAUSE = 0.2
TIDY_SECONDS = 0.5

_EVERY_TICK: tuple[Callable[[], int], ...] = (
    delays.run_once,
    timers.run_once,
    executions.run_once,
    messages.run_once,
    admissions.run_once,
    schedules.run_once,
    events.run_once,
)
_NOW_AND_THEN: tuple[Callable[[], int], ...] = (
    stalled.run_once,
    search_documents.run_once,
    webhooks.run_once,
    history.run_once,
    inbox.run_once,
    cache.run_once,
    payloads.run_once,
)
# When something falls due that a sweep of every tick does.
_NEXT_DUE: tuple[Callable[[datetime], datetime | None], ...] = (due.next_due, schedules.next_due, events.next_due)


def tick(seconds: float = TICK_SECONDS) -> int:
    """Does what is due, then waits for what falls due before the next tick: timers fire within milliseconds."""
    end = time.monotonic() + seconds
    done = 0
    while True:
        begun = now()
        done += run_all(_EVERY_TICK)
        if not _wait_until_due(begun, end):
            return done


def tidy() -> int:
    """Does what can wait, each as long as it finds something, for half a second at most.

    The same process fires timers: what is due is done in between, so that none waits for all of it.
    """
    done = 0
    for sweep in _NOW_AND_THEN:
        end = time.monotonic() + TIDY_SECONDS
        while found := run_all((sweep,)):
            run_all(_EVERY_TICK)
            done += found
            if time.monotonic() >= end:
                break
    return done


def run_all(sweeps: tuple[Callable[[], int], ...]) -> int:
    """Runs sweeps one after the other; one that fails does not keep the others from running."""
    done = 0
    for sweep in sweeps:
        try:
            done += sweep()
        except DatabaseError:
            logger.exception("sweep %s failed; the next tick tries again", sweep.__module__)
    return done


def _wait_until_due(since: datetime, end: float) -> bool:
    """Until something falls due that was not due at ``since``, when the sweeps began: it may have become so while they
    were at work. False if nothing does before ``end``."""
    while (following := _next_due(since)) is not None:
        pause, left = (following - now()).total_seconds(), end - time.monotonic()
        if left <= 0 or pause > left:
            return False
        time.sleep(min(max(pause, _SHORTEST_PAUSE), _LONGEST_PAUSE))
        if pause <= _LONGEST_PAUSE:
            return True
    return False


def _next_due(after: datetime) -> datetime | None:
    return min((found for next_due in _NEXT_DUE if (found := next_due(after)) is not None), default=None)

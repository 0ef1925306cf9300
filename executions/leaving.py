"""What a worker process does with its task runs when it is told to stop.

From then on it claims nothing: a message that still reaches it is sent on to somebody else, and no execution is gone
on with inline. What it is at may end. What has not ended when its time is over is given back: it is on offer again at
once, under a new revision, so that whatever its thread still reports is refused, and it counts neither as a failure
nor as a loss. Like every server-side task it may so be run more than once; one that is declared with
``rerun_lost=False`` has failed instead, because how far it has got cannot be told.
"""

from __future__ import annotations

import logging
import threading
from datetime import timedelta

from django.conf import settings
from django.db import DatabaseError, connection

from executions.clock import now
from executions.engine.driver import Driver
from executions.engine.events import GivenBack
from executions.heartbeat import heartbeat
from executions.store import claims

logger = logging.getLogger(__name__)

# For tasks that look whether they are canceled, to clear up behind them.
CANCEL_SECONDS = 1.0

_begun = threading.Event()


def begin() -> None:
    """The process has been told to stop."""
    _begun.set()


def begun() -> bool:
    return _begun.is_set()


def give_back() -> int:
    """Offers again whatever this process holds, and tells its tasks that they are canceled; gives how many.

    What ends in this moment has either ended or been given back: both are guarded by the run's revision. Never raises:
    what cannot be given back, the leases give.
    """
    beat = heartbeat()
    given = 0
    try:
        for execution_id, run_id, revision in claims.held_by(beat.worker, now() + _lease()):
            decision = Driver(worker=beat.worker, children=0).apply(execution_id, GivenBack(run_id, revision))
            given += decision is not None and decision.refused is None
    except DatabaseError as error:
        logger.warning("tasks could not be given back, their leases will run out: %s", error)
    finally:
        connection.close()
    beat.cancel_all(CANCEL_SECONDS)
    if given:
        logger.warning("%d tasks did not end in time and were given back", given)
    return given


def _lease() -> timedelta:
    """No claim of this process is due later than a lease from now."""
    return timedelta(seconds=settings.LEASE_SECONDS)

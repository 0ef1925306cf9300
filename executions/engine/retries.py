"""Whether a failed task run is tried again, and after which delay."""

from __future__ import annotations

from datetime import datetime

from executions.engine.rows import RunRow
from executions.engine.timeouts import after
from executions.states import RunState
from workflows_app.policies import RetryPolicy, TaskPolicy

# in the memo of a run: the attempt with which an operator has begun anew
SINCE = "since"
_RETRIABLE = frozenset({RunState.FAILED, RunState.TIMED_OUT})


def delay_before_retry(
    run: RunRow, policy: TaskPolicy, limit: int | None, now: datetime, chance: float, *, repeat: bool = False
) -> float | None:
    """Seconds until the next attempt, or None when there is none.

    ``limit`` overrides the policy's number of retries. ``repeat``: also after a success. ``chance`` in [0, 1) picks
    the jitter. A total timeout that is over forbids further attempts.
    """
    retry: RetryPolicy = policy.retry
    done = number_of(run)
    if (run.state not in _RETRIABLE and not repeat) or done >= (retry.limit if limit is None else limit):
        return None
    total = policy.timeouts.total
    if total > 0 and after(run.first_scheduled_at, total) <= now:
        return None
    return retry.delay_after(done + 1) + chance * retry.jitter


def number_of(run: RunRow) -> int:
    """Which retry a run is, 0 for none: those before an operator had the task run again do not count."""
    since: int = (run.memo.value if run.memo else {}).get(SINCE, 0)
    return run.attempt - since

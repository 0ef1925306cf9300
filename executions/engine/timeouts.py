"""When a task run has taken too long, and when it must be looked at next. Pure arithmetic on times."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta

from executions.engine.rows import RunRow
from executions.states import RunsOn, RunState
from workflows_app.durations import LONGEST_SECONDS
from workflows_app.policies import OnTimeout, Timeouts

# in the memo of a run: since when it is limited, and to how many seconds
LIMIT = "limit"


@dataclass(frozen=True, slots=True, kw_only=True)
class Timeout:
    """One timeout of a task run: which, since when, how many seconds, and what happens."""

    kind: str  # total, task, poll, response, limit
    since: datetime
    seconds: float
    policy: OnTimeout

    @property
    def at(self) -> datetime:
        return after(self.since, self.seconds)


def after(time: datetime, seconds: float) -> datetime:
    """So many seconds later; a wait that no calendar holds ends in a thousand years."""
    return time + timedelta(seconds=min(seconds, LONGEST_SECONDS))


def available_at(run: RunRow) -> datetime:
    """When a delayed run may be taken up."""
    if run.callback_after > 0:
        return after(run.updated_at, run.callback_after)
    return after(run.scheduled_at, run.start_delay)


def timeouts_of(run: RunRow, timeouts: Timeouts, *, responds: bool) -> list[Timeout]:
    """The timeouts that tick for an open run, in the order in which they are checked.

    ``responds``: the run is expected to show signs of life while in progress (not so where it only waits for
    an outside call or a child execution).
    """
    found = []
    limit = time_limit(run)
    if limit is not None:
        found.append(("limit", *limit, OnTimeout.RETRY))
    if timeouts.total > 0:
        found.append(("total", run.first_scheduled_at, timeouts.total, timeouts.policy))
    if timeouts.task > 0 and run.started_at is not None:
        found.append(("task", run.started_at, timeouts.task, timeouts.policy))
    if timeouts.poll > 0 and run.runs_on == RunsOn.WORKER and run.state in (RunState.SCHEDULED, RunState.DELAYED):
        found.append(("poll", available_at(run), timeouts.poll, timeouts.policy))
    if timeouts.response > 0 and run.state == RunState.IN_PROGRESS and responds:
        found.append(("response", run.updated_at, timeouts.response, OnTimeout.RETRY))
    alerted = (run.memo.value if run.memo else {}).get("alerted", ())
    return [Timeout(kind=k, since=s, seconds=n, policy=p) for k, s, n, p in found if k not in alerted]


def time_limit(run: RunRow) -> tuple[datetime, float] | None:
    """Since when this attempt is limited, and to how many seconds, where its node says so."""
    found = run.memo.value.get(LIMIT) if run.memo else None
    return None if found is None else (datetime.fromtimestamp(found[0], tz=run.scheduled_at.tzinfo), found[1])


def claim_seconds(run: RunRow, timeouts: Timeouts) -> float | None:
    """How long a claim on this run may last before one of its timeouts is over; None: as long as it likes."""
    limits = [timeouts.task, timeouts.response if run.runs_on == RunsOn.WORKER else 0]
    return min((s for s in limits if s > 0), default=None)


def deadline(timeouts: list[Timeout]) -> datetime | None:
    """The earliest of them."""
    return min((t.at for t in timeouts), default=None)


def expired(timeouts: list[Timeout], now: datetime) -> Timeout | None:
    """The first that is over."""
    return next((t for t in timeouts if t.at <= now), None)


def earliest(*times: datetime | None) -> datetime | None:
    """The earliest of the given times; None if there is none."""
    return min((t for t in times if t is not None), default=None)

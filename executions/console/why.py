"""Why a task run waits: one sentence, from nothing but its row. Pure functions."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Any

from executions.console.delays import available_at
from executions.console.times import ahead, since
from executions.console.workers import UNKNOWN, Workers
from executions.models import Execution, TaskRun
from executions.states import EXECUTION_ENDED, RUN_ENDED, ExecutionState, RunsOn, RunState

# A row that is due is looked at within a second. After so many, whoever should look is probably not there.
_LATE = timedelta(seconds=10)
# External workers ask again and again; one that has not asked for so long is probably gone.
_SILENT = timedelta(minutes=1)


def why(run: TaskRun, execution: Execution, now: datetime, workers: Workers = UNKNOWN) -> str:
    """Why an open task run is not done yet: who or what it waits for, since when or until when.

    Also why nothing follows from a task run that has ended, in a paused execution; else nothing for an ended one.
    ``workers`` adds who there is to take it.
    """
    if run.state in RUN_ENDED:
        held = not run.settled and execution.state == ExecutionState.PAUSED
        return "what follows it waits until the execution is resumed" if held else ""
    if execution.state in EXECUTION_ENDED:
        return "its execution has ended without it"
    return _OF_STATE[run.state](run, execution, now, workers)


# ---- by state


def _waiting(run: TaskRun, execution: Execution, now: datetime, workers: Workers) -> str:
    paused = "; the execution is paused" if execution.state == ExecutionState.PAUSED else ""
    return _waits_for(run) + paused


def _waits_for(run: TaskRun) -> str:
    memo = _memo(run)
    if run.path.endswith("]"):
        return "waits for its turn among the items"
    if memo.get("waits_for"):
        return f"waits for `{memo['waits_for']}`"
    if memo.get("arrived"):
        return f"waits for more tasks that lead here (so far {_names(memo['arrived'])})"
    if run.pending:
        return f"waits for its branches ({run.pending} left)"
    return "waits for other tasks"


def _delayed(run: TaskRun, execution: Execution, now: datetime, workers: Workers) -> str:
    at = available_at(run)
    if run.callback_after > 0:
        what = "its worker will look at it again"
    elif run.attempt > 0:
        what = f"retry {run.attempt}"
    else:
        what = "starts"
    return f"{what} at {ahead(at, now)}{_late(at, now)}"


def _scheduled(run: TaskRun, execution: Execution, now: datetime, workers: Workers) -> str:
    ready = available_at(run) if run.polls == 0 else max(available_at(run), run.updated_at)
    waited = since(ready, now)
    if run.runs_on == RunsOn.WORKER:
        where = f" in domain `{run.domain}`" if run.domain else ""
        text = f"ready for a worker of `{_task_name(run)}`{where} since {waited}{_polled(run, now, workers)}"
    elif run.runs_on == RunsOn.SERVER:
        text = f"ready for a Celery worker of queue `{run.queue}` since {waited}{_served(run, workers)}"
    elif run.runs_on == RunsOn.CHILD:
        text = f"ready to start its child execution since {waited}{_served(run, workers)}"
    else:
        text = "will be evaluated in a moment"
    turn = "; tasks of this name are limited, so it may wait for another one to end" if run.limited else ""
    return text + turn + _deadline(run, now)


def _in_progress(run: TaskRun, execution: Execution, now: datetime, workers: Workers) -> str:
    begun = since(run.started_at or run.updated_at, now)
    if run.runs_on == RunsOn.CHILD and not run.worker:
        text = f"its child execution is running since {begun}"
    elif run.runs_on == RunsOn.CHILD:
        text = f"its child execution is being started by {run.worker} since {begun}"
    elif run.runs_on == RunsOn.SERVER and not run.worker:
        return _put_aside(run, now, begun)
    elif run.runs_on in (RunsOn.SERVER, RunsOn.WORKER):
        text = f"runs on worker {run.worker or 'unknown'} since {begun}"
        if run.runs_on == RunsOn.SERVER and _lease_is_over(run, now):
            return f"{text}, which has not been heard of for a while: it will be offered again"
    else:
        return _nobody_runs(run, now, begun)
    return text + _deadline(run, now)


def _put_aside(run: TaskRun, now: datetime, begun: str) -> str:
    """A server-side task that looks at something again and again, and holds nobody in between."""
    if "again_at" not in _memo(run):
        return f"waits for what may come to it (since {begun}){_deadline(run, now)}"
    at = datetime.fromtimestamp(_memo(run)["again_at"], now.tzinfo)
    return f"looks again at {ahead(at, now)}{_late(at, now)} (look {run.polls} was in vain){_deadline(run, now)}"


def _nobody_runs(run: TaskRun, now: datetime, begun: str) -> str:
    memo = _memo(run)
    if "timer" in memo:
        at = datetime.fromtimestamp(memo["timer"], now.tzinfo)
        return f"waits until {ahead(at, now)}{_late(at, now)}"
    if "iteration" in memo:
        of = f" of {memo['count']}" if "count" in memo else ""
        return f"iteration {memo['iteration']}{of} is running{_deadline(run, now)}"
    if "count" in memo:
        at_a_time = f", {memo['capacity']} at a time" if memo.get("capacity") else ""
        return f"waits for its items ({run.pending} of {memo['count']} left{at_a_time}){_deadline(run, now)}"
    if run.type == "WAIT_FOR_WEBHOOK":
        return f"waits for a webhook since {begun}{_deadline(run, now)}"
    if run.worker:
        return f"its work is done, somebody outside must complete it{_deadline(run, now)}"
    return f"somebody must complete it (open since {begun}){_deadline(run, now)}"


_OF_STATE: dict[str, Callable[[TaskRun, Execution, datetime, Workers], str]] = {
    RunState.WAITING: _waiting,
    RunState.DELAYED: _delayed,
    RunState.SCHEDULED: _scheduled,
    RunState.IN_PROGRESS: _in_progress,
}


# ---- parts of sentences


def _polled(run: TaskRun, now: datetime, workers: Workers) -> str:
    if workers.polled is None:
        return ""
    last = workers.polled.get(run.queue or "")
    if last is None:
        return "; no worker has asked for it yet"
    return f"; no worker has asked for it for {since(last, now)}" if now - last > _SILENT else ""


def _served(run: TaskRun, workers: Workers) -> str:
    if workers.served is None or run.queue in workers.served:
        return ""
    return f"; no worker that is alive serves the queue `{run.queue}`"


def _deadline(run: TaskRun, now: datetime) -> str:
    return f"; its time is up at {ahead(run.deadline_at, now)}" if run.deadline_at is not None else ""


def _late(at: datetime, now: datetime) -> str:
    return "; nobody has looked at it since: is Beat running?" if now - at > _LATE else ""


def _lease_is_over(run: TaskRun, now: datetime) -> bool:
    """``due_at`` is the end of the lease, or the deadline if that is earlier."""
    in_time = run.deadline_at is None or run.deadline_at > now
    return in_time and run.due_at is not None and run.due_at < now


def _task_name(run: TaskRun) -> str:
    """What its workers ask for: the queue without the domain."""
    name = run.queue or run.name
    return name.removeprefix(f"{run.domain}:") if run.domain else name


def _names(refs: list[str]) -> str:
    shown = ", ".join(f"`{ref}`" for ref in refs[:3])
    return f"{shown} and {len(refs) - 3} more" if len(refs) > 3 else shown


def _memo(run: TaskRun) -> dict[str, Any]:
    return run.memo or {}

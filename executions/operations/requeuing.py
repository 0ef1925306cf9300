"""Offering tasks again, whoever has them: for the case that their workers are known to be gone."""

from __future__ import annotations

from django.db.models import Q, QuerySet

from executions import audit
from executions.engine import canvas
from executions.engine.events import Finished, Result
from executions.models import TaskRun
from executions.starting import driver
from executions.states import RUN_OPEN, RunsOn, RunState

_MANY = 500


def pending(task_type: str) -> QuerySet[TaskRun]:
    """Open task runs of a task name, or of a type where tasks go by that; oldest first."""
    named = Q(type="SIMPLE", name=task_type) | (Q(type=task_type) & ~Q(type="SIMPLE"))
    return TaskRun.objects.filter(named, state__in=RUN_OPEN).order_by("scheduled_at", "id")


def requeue(task_type: str, *, by: str) -> int:
    """Puts every open task of a name on offer again; gives how many are on offer now.

    What an external worker has is taken from it: a result that it still brings is accepted, if it is the first.
    Server-side tasks that wait are rung for; one that runs has a lease, and is left to it.
    """
    count = 0
    waiting = pending(task_type).filter(runs_on=RunsOn.WORKER).exclude(state=RunState.WAITING)
    for run in waiting.values("id", "execution_id", "revision", "state").iterator(chunk_size=_MANY):
        if run["state"] == RunState.IN_PROGRESS:
            again = Finished(str(run["id"]), Result(state=RunState.IN_PROGRESS), run["revision"])
            decision = driver().apply(str(run["execution_id"]), again)
            if decision is None or decision.refused is not None:
                continue
        count += 1
    unclaimed = pending(task_type).filter(runs_on=RunsOn.SERVER, state=RunState.SCHEDULED)
    rung = [(queue or "default", str(run)) for queue, run in unclaimed.values_list("queue", "id")[:_MANY]]
    if rung:
        canvas.ring(rung)
        count += len(rung)
    audit.record("requeue tasks", by=by, detail={"task": task_type, "count": count})
    return count

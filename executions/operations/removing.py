"""Putting executions away: archived ones can be read and found, but not changed; removed ones are gone."""

from __future__ import annotations

from django.db import transaction

from executions import audit
from executions.clock import now
from executions.models import Execution, TaskLog, TaskRun
from executions.operations.finding import execution
from executions.operations.refusals import Conflict, Illegal
from executions.operations.running import terminate
from executions.states import EXECUTION_ENDED


def archive(execution_id: str, *, by: str, reason: str | None = None) -> None:
    """Keeps an ended execution to be read; it cannot be revived, and its idempotency key is free."""
    row = execution(execution_id)
    updated = Execution.objects.filter(id=execution_id, state__in=EXECUTION_ENDED, archived_at=None).update(
        archived_at=now(), idempotency_key=None
    )
    if not updated and not row.ended:
        raise Illegal(f"Cannot archive workflow: {execution_id} with status: {row.state}")
    audit.record("archive", by=by, execution_id=execution_id, reason=reason)


def remove(execution_id: str, *, by: str, reason: str | None = None) -> None:
    """Deletes an execution with its task runs and their logs; one that is open is terminated first. Children that it
    has started stay, and so does the audit."""
    if not execution(execution_id).ended:
        terminate(execution_id, by=by, reason=reason or "removed")
    with transaction.atomic():
        found = Execution.objects.select_for_update().filter(id=execution_id, state__in=EXECUTION_ENDED)
        if not found.exists():
            raise Conflict(f"Workflow {execution_id} was started again and cannot be removed")
        mine = TaskRun.objects.filter(execution_id=execution_id)
        TaskLog.objects.filter(task_run_id__in=mine.values("id")).delete()
        mine.delete()
        Execution.objects.filter(parent__id=execution_id).update(parent=None)
        found.delete()
    audit.record("remove", by=by, execution_id=execution_id, reason=reason)

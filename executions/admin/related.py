"""The tables under an execution: its task runs, its children, and what people did to it."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any
from uuid import UUID

from django.db.models import QuerySet

from executions.admin.links import link, list_url
from executions.admin.states import state_badge
from executions.clock import now
from executions.console.task_rows import UNSHOWN
from executions.console.times import between
from executions.models import Event, Execution, TaskRun
from workflows_app.admin.columns import shortened, time_html

# Rows of each table; whoever wants more follows the link to the list.
MOST = 50


@dataclass(frozen=True, slots=True)
class Table:
    """A heading, rows for unfold's table, and where all of them are if these are not all."""

    title: str
    headers: list[str]
    rows: list[list[Any]] = field(default_factory=list)
    more_url: str = ""

    @property
    def table(self) -> dict[str, Any]:
        return {"headers": self.headers, "rows": self.rows}


def task_runs(execution_id: str) -> Table:
    """The first task runs, in their order. One statement."""
    headers = ["#", "Task", "Type", "State", "Retry", "Worker", "Scheduled", "Ran", "Reason"]
    runs, more_url = _first(
        TaskRun.objects.defer(*UNSHOWN, "memo").order_by("seq"), TaskRun, "execution_id", execution_id
    )
    moment = now()
    rows = [
        [
            run.seq,
            link(TaskRun, run.pk, shortened(str(run))),
            run.type,
            state_badge(run.state),
            run.attempt or "",
            run.worker or "",
            time_html(run.scheduled_at),
            between(run.started_at, run.ended_at or moment),
            shortened(run.reason, 120),
        ]
        for run in runs
    ]
    return Table("Task runs", headers, rows, more_url)


def children(execution_id: str) -> Table:
    """The executions that it started and waits for. One statement."""
    executions, more_url = _first(
        Execution.objects.only("id", "name", "number", "state", "created_at", "ended_at").order_by("-created_at"),
        Execution,
        "parent_id",
        execution_id,
    )
    moment = now()
    rows = [
        [
            state_badge(e.state),
            link(Execution, e.pk, shortened(f"{e.name} {e.number}")),
            time_html(e.created_at),
            between(e.created_at, e.ended_at or moment),
        ]
        for e in executions
    ]
    return Table("Child executions", ["State", "Name", "Started", "Duration"], rows, more_url)


def audit(execution_id: str) -> Table:
    """What people did, newest first. One statement."""
    events, more_url = _first(Event.objects.order_by("-id"), Event, "execution_id", execution_id)
    rows = [[time_html(event.at), event.actor, link(Event, event.pk, event.action), event.reason] for event in events]
    return Table("Audit", ["When", "Who", "What", "Why"], rows, more_url)


def _first(rows: QuerySet[Any], model: type[Any], key: str, execution_id: str) -> tuple[list[Any], str]:
    """The first rows of an execution, and the address of the list if there are more; none for what is no id."""
    try:
        wanted = UUID(execution_id)
    except ValueError:
        return [], ""
    found = list(rows.filter(**{key: wanted})[: MOST + 1])
    return found[:MOST], list_url(model, q=execution_id) if len(found) > MOST else ""

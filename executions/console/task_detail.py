"""Everything about one task run: what opens under its row."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from executions.console.labels import label
from executions.console.task_rows import UNSHOWN, place_in_words
from executions.console.times import between, clock
from executions.models import TaskLog, TaskRun
from workflows_app.json_display import Display, display

LOG_LINES = 200


@dataclass(frozen=True, slots=True)
class Fact:
    """A labelled value. ``at``: the moment that it is, for a time."""

    label: str
    text: str
    at: datetime | None = None


@dataclass(frozen=True, slots=True)
class Line:
    """A line of the log."""

    time: str
    at: datetime
    message: str


@dataclass(frozen=True, slots=True)
class Attempt:
    """Another attempt of the same task, or this one."""

    id: str
    number: int
    state: str
    label: str
    ran: str
    reason: str
    shown: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class TaskDetail:
    """``more_lines``: the log goes on. ``attempts`` is empty where there is only one."""

    id: str
    ref: str
    type: str
    place: str
    state: str
    label: str
    reason: str
    facts: list[Fact]
    input: Display
    output: Display
    attempts: list[Attempt]
    log: list[Line]
    more_lines: bool


def task_detail(execution_id: UUID, run_id: str, now: datetime) -> TaskDetail | None:
    """Three statements. None if there is no such task run in this execution, or the id is none."""
    run = _find(execution_id, run_id)
    if run is None:
        return None
    lines = list(TaskLog.objects.filter(task_run_id=run.id).order_by("at", "id")[: LOG_LINES + 1])
    return TaskDetail(
        id=str(run.id),
        ref=run.ref,
        type=run.type,
        place=place_in_words(run.path),
        state=run.state,
        label=label(run.state),
        reason=run.reason or "",
        facts=_facts(run, now),
        input=display(run.input or {}),
        output=display(run.output or {}),
        attempts=_attempts(run, now),
        log=[Line(clock(line.at, now), line.at, line.message) for line in lines[:LOG_LINES]],
        more_lines=len(lines) > LOG_LINES,
    )


def _find(execution_id: UUID, run_id: str) -> TaskRun | None:
    try:
        wanted = UUID(run_id)
    except ValueError:
        return None
    return (
        TaskRun.objects.defer("context", "fragment", "published").filter(id=wanted, execution_id=execution_id).first()
    )


def _facts(run: TaskRun, now: datetime) -> list[Fact]:
    texts = [
        ("Task", run.name),
        ("Place", place_in_words(run.path)),
        ("Retry", str(run.attempt or "")),
        ("Worker", run.worker),
        ("Queue", run.queue),
        ("Domain", run.domain),
        ("Polls", str(run.polls or "")),
        ("Workers lost", str(run.losses or "")),
        ("Priority", str(run.priority or "")),
    ]
    times = [
        ("Scheduled", run.scheduled_at),
        ("Started", run.started_at),
        ("Ended", run.ended_at),
        ("Time is up", run.deadline_at),
    ]
    facts = [Fact(name, text) for name, text in texts if text]
    facts += [Fact(name, clock(at, now), at) for name, at in times if at is not None]
    return [*facts, Fact("Id", str(run.id))]


def _attempts(run: TaskRun, now: datetime) -> list[Attempt]:
    runs = TaskRun.objects.defer(*UNSHOWN).filter(execution_id=run.execution_id, ref=run.ref, path=run.path)
    found = [
        Attempt(
            id=str(other.id),
            number=number,
            state=other.state,
            label=label(other.state),
            ran=between(other.started_at, other.ended_at or now),
            reason=other.reason or "",
            shown=other.id == run.id,
        )
        for number, other in enumerate(runs.order_by("attempt"), start=1)
    ]
    return found if len(found) > 1 else []

"""Task runs as the rows of a table."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime

from executions.console.delays import available_at
from executions.console.labels import label
from executions.console.timeline import Bar, Span
from executions.console.times import between, clock
from executions.console.why import why
from executions.console.workers import Workers
from executions.models import Execution, TaskRun
from executions.states import RUN_SUCCEEDED, RunsOn, RunState

# Documents that a row does not show, and that may be large.
UNSHOWN = ("input", "output", "context", "fragment", "published")
_MOST_REASON = 500


@dataclass(frozen=True, slots=True, kw_only=True)
class TaskRow:
    """One line of the table. ``note`` is why it waits, or else why it failed; ``failed`` says which."""

    id: str
    seq: int
    ref: str
    path: str
    place: str
    attempt: int
    type: str
    name: str
    state: str
    label: str
    failed: bool
    note: str
    worker: str
    child_id: str
    scheduled: str
    scheduled_at: datetime
    queued: str
    ran: str
    bar: Bar
    idle: bool
    selected: bool


def task_rows(
    runs: Iterable[TaskRun], execution: Execution, span: Span, now: datetime, workers: Workers, selected: str
) -> list[TaskRow]:
    """``selected``: the id of the row that is open."""
    return [_row(run, execution, span, now, workers, selected) for run in runs]


def _row(run: TaskRun, execution: Execution, span: Span, now: datetime, workers: Workers, selected: str) -> TaskRow:
    run_id = str(run.id)
    ready = min(available_at(run), run.started_at or now)
    waits = why(run, execution, now, workers)
    return TaskRow(
        id=run_id,
        seq=run.seq,
        ref=run.ref,
        path=run.path,
        place=place_in_words(run.path),
        attempt=run.attempt,
        type=run.type,
        name=run.name if run.name not in (run.ref, run.type) else "",
        state=run.state,
        label=label(run.state),
        failed=not waits and run.state not in RUN_SUCCEEDED,
        note=waits or (run.reason or "")[:_MOST_REASON],
        worker=run.worker or "",
        child_id=str(run.child_id) if run.child_id and run.runs_on == RunsOn.CHILD else "",
        scheduled=clock(run.scheduled_at, now),
        scheduled_at=run.scheduled_at,
        queued="" if run.state == RunState.DELAYED else between(ready, run.started_at or run.ended_at or now),
        ran=between(run.started_at, run.ended_at or now),
        bar=span.bar(run.scheduled_at if run.state == RunState.DELAYED else ready, run.started_at, run.ended_at),
        idle=run.runs_on == RunsOn.NOBODY or run.state == RunState.DELAYED,
        selected=run_id == selected,
    )


def place_in_words(path: str) -> str:
    """Where in loops, lists and repeated visits a task run stands: "iteration 2, item 3"."""
    words = []
    for part in path.split("."):
        if part.startswith("["):
            words.append(f"item {int(part[1:-1]) + 1}")
        elif part.startswith("~"):
            words.append(f"visit {int(part[1:]) + 1}")
        elif part:
            words.append(f"iteration {part}")
    return ", ".join(words)

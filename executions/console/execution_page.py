"""The page of one execution, as plain values."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from urllib.parse import urlencode
from uuid import UUID

from django.db.models import Count

from executions.console import workers
from executions.console.labels import label
from executions.console.listing import Chip
from executions.console.task_detail import TaskDetail, task_detail
from executions.console.task_rows import UNSHOWN, TaskRow, task_rows
from executions.console.timeline import Span
from executions.console.times import ahead, between, clock
from executions.models import Event, Execution, TaskRun
from executions.states import (
    EXECUTION_ENDED,
    RUN_FAILED,
    RUN_OPEN,
    RUN_SUCCEEDED,
    ExecutionState,
    RunState,
)
from workflows_app.json_display import Display, display

# Task runs on one page.
PAGE = 200
EVENTS = 50

# What the table can be narrowed to.
GROUPS: Mapping[str, frozenset[RunState]] = {
    "open": RUN_OPEN,
    "failed": RUN_FAILED - {RunState.CANCELED},
    "canceled": frozenset({RunState.CANCELED}),
    "succeeded": RUN_SUCCEEDED,
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Wish:
    """What the URL asks for: the open row, a group of states, and the number after which the page begins."""

    run: str = ""
    group: str = ""
    after: int = 0

    @classmethod
    def read(cls, query: Mapping[str, str]) -> Wish:
        """Anything that makes no sense is left out."""
        group, after = query.get("group", ""), query.get("after", "")
        return cls(
            run=query.get("run", ""),
            group=group if group in GROUPS else "",
            after=int(after) if after.isdecimal() and len(after) < 10 else 0,
        )

    def url(self, **changes: str | int) -> str:
        """The query string for this with some changed."""
        wanted: dict[str, str | int] = {"group": self.group, "after": self.after, **changes}
        return "?" + urlencode({k: v for k, v in wanted.items() if v})


@dataclass(frozen=True, slots=True)
class Document:
    """A JSON document of the execution."""

    name: str
    display: Display


@dataclass(frozen=True, slots=True)
class Culprit:
    """The task run to blame for the end of an execution."""

    id: str
    ref: str
    attempt: int
    reason: str


@dataclass(frozen=True, slots=True)
class AuditLine:
    """A line of the audit."""

    time: str
    at: datetime
    actor: str
    action: str
    reason: str


@dataclass(frozen=True, slots=True, kw_only=True)
class ExecutionPage:
    """``detail_apart``: the open task run is not among ``rows``. ``more``: there are further pages."""

    execution: Execution
    parent: Execution | None
    now: datetime
    started: str
    ended: str
    took: str
    wish: Wish
    span: Span
    chips: list[Chip]
    rows: list[TaskRow]
    more: bool
    detail: TaskDetail | None
    culprit: Culprit | None
    documents: list[Document]
    audit: list[AuditLine]

    @property
    def open(self) -> bool:
        return self.execution.state not in EXECUTION_ENDED

    @property
    def detail_apart(self) -> bool:
        return self.detail is not None and all(row.id != self.detail.id for row in self.rows)

    @property
    def label(self) -> str:
        return label(self.execution.state)

    @property
    def deadline(self) -> str:
        return ahead(self.execution.deadline_at, self.now) if self.execution.deadline_at else ""

    @property
    def base_url(self) -> str:
        """To which ``run=`` can be added."""
        url = self.wish.url()
        return url if url == "?" else f"{url}&"

    @property
    def close_url(self) -> str:
        return self.wish.url()

    @property
    def all_url(self) -> str:
        return self.wish.url(group="", after=0)

    @property
    def first_url(self) -> str:
        return self.wish.url(after=0)

    @property
    def next_url(self) -> str:
        return self.wish.url(after=self.rows[-1].seq)


def execution_page(execution_id: UUID, wish: Wish, now: datetime) -> ExecutionPage | None:
    """None if there is no such execution. Ten statements at most, however many task runs it has."""
    execution = Execution.objects.filter(pk=execution_id).first()
    if execution is None:
        return None
    span = Span(execution.created_at, execution.ended_at or now)
    counts = _counts(execution)
    runs = _runs(execution, wish)
    shown = runs[:PAGE]
    return ExecutionPage(
        execution=execution,
        parent=_parent(execution),
        now=now,
        started=clock(execution.created_at, now),
        ended=clock(execution.ended_at, now) if execution.ended_at else "",
        took=between(execution.created_at, execution.ended_at or now),
        wish=wish,
        span=span,
        chips=_chips(wish, counts),
        rows=task_rows(shown, execution, span, now, workers.look(shown), wish.run),
        more=len(runs) > PAGE,
        detail=task_detail(execution.pk, wish.run, now) if wish.run else None,
        culprit=_culprit(execution),
        documents=[
            Document("input", display(execution.input)),
            Document("output", display(execution.output)),
            Document("variables", display(execution.variables)),
        ],
        audit=_audit(execution, now),
    )


def _counts(execution: Execution) -> dict[str, int]:
    rows = TaskRun.objects.filter(execution=execution, seq__gt=0).order_by().values_list("state")
    return dict(rows.annotate(count=Count("*")))


def _runs(execution: Execution, wish: Wish) -> list[TaskRun]:
    runs = TaskRun.objects.filter(execution=execution).defer(*UNSHOWN).order_by("seq")
    if wish.group:
        runs = runs.filter(state__in=sorted(GROUPS[wish.group]))
    runs = runs.filter(seq__gt=wish.after)
    return list(runs[: PAGE + 1])


def _chips(wish: Wish, counts: Mapping[str, int]) -> list[Chip]:
    chips = [Chip("All", wish.url(group="", after=0), f"{sum(counts.values()):,}", selected=not wish.group)]
    for group, states in GROUPS.items():
        count = sum(counts.get(state, 0) for state in states)
        if count or group == wish.group:
            url = wish.url(group=group, after=0)
            chips.append(Chip(group.capitalize(), url, f"{count:,}", group, group == wish.group))
    return chips


def _parent(execution: Execution) -> Execution | None:
    if execution.parent_id is None:
        return None
    return Execution.objects.only("id", "name").filter(pk=execution.parent_id).first()


def _culprit(execution: Execution) -> Culprit | None:
    """The last task run that failed, for an execution that ended badly."""
    if execution.state not in (ExecutionState.FAILED, ExecutionState.TIMED_OUT):
        return None
    failed = TaskRun.objects.filter(execution=execution, state__in=sorted(GROUPS["failed"]))
    run = failed.order_by("-seq").only("id", "ref", "attempt", "reason").first()
    return Culprit(str(run.id), run.ref, run.attempt, run.reason or "") if run is not None else None


def _audit(execution: Execution, now: datetime) -> list[AuditLine]:
    events = Event.objects.filter(execution_id=execution.pk).order_by("-id")[:EVENTS]
    return [AuditLine(clock(e.at, now), e.at, e.actor, e.action, e.reason) for e in events]

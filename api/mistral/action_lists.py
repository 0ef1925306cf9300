"""Lists of action executions (docs/decisions/0013)."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from django.db.models import Exists, OuterRef, Q, QuerySet

from api.mistral.listing import Column, Kind, Listing, Query, page
from api.mistral.run_states import UNANSWERED, action_condition
from api.mistral.task_json import ACTION_FIELDS, actions_json
from api.mistral.task_places import attempts_of
from api.mistral.wire import PROJECT, MistralView, as_flag
from executions.action_executions import ARRIVED, NEVER_BEGUN
from executions.engine.place import item_index
from executions.engine.rows import RunRow
from executions.models import TaskRun
from executions.states import RUN_ENDED, RunsOn, RunState
from executions.store import runs


def _in_tasks(task_ids: Any) -> Q:
    attempts = attempts_of(task_ids)
    return Q(id__in=attempts) | Q(scope_id__in=attempts)


def _accepted(words: Sequence[str]) -> Q:
    """Ended, and no attempt has come after it."""
    found = Q(pk__in=[])
    for word in words:
        again = Exists(_later()) | Exists(_lists_begun_anew())
        accepted = Q(~again, state__in=RUN_ENDED) & ~UNANSWERED
        found |= accepted if as_flag("accepted", word) else ~accepted
    return found


LISTING = Listing(
    name="action_executions",
    fields=ACTION_FIELDS,
    columns={
        "id": Column(stored="id", kind=Kind.ID),
        "name": Column(stored="name"),
        "workflow_name": Column(stored="execution__name"),
        "workflow_namespace": Column(stored="version__definition__namespace"),
        "task_execution_id": Column(stored="scope_id", kind=Kind.ID, asks=_in_tasks),
        "task_name": Column(stored="ref"),
        "state": Column(stored="state", asks=action_condition),
        "project_id": Column(fixed=PROJECT),
        "accepted": Column(stored="settled", kind=Kind.FLAG, asks=_accepted),
        "created_at": Column(stored="scheduled_at", kind=Kind.TIME),
        "updated_at": Column(stored="updated_at", kind=Kind.TIME),
    },
    flags=("include_output",),
)


def _later() -> QuerySet[TaskRun]:
    """Later attempts at the place of the row outside."""
    return TaskRun.objects.filter(
        execution_id=OuterRef("execution_id"),
        scope_id=OuterRef("scope_id"),
        ref=OuterRef("ref"),
        path=OuterRef("path"),
        attempt__gt=OuterRef("attempt"),
    )


def _lists_begun_anew() -> QuerySet[TaskRun]:
    """The list around the row outside, if there is a later attempt at it."""
    return TaskRun.objects.filter(Exists(_later()), id=OuterRef("scope_id"))


def superseded(found: Sequence[RunRow]) -> set[str]:
    """Those of these after which there was another attempt, at themselves or at the list that they belong to."""
    lists = {run.scope_id for run in found if item_index(run.path) is not None}
    again = TaskRun.objects.filter(Exists(_later()), id__in=[*(run.id for run in found), *lists])
    later = {str(pk) for pk in again.values_list("id", flat=True)}
    return {run.id for run in found if run.id in later or run.scope_id in later}


def action_runs() -> QuerySet[TaskRun]:
    """The task runs that are action executions."""
    found = TaskRun.objects.filter(pending__isnull=True, child_id__isnull=True)
    return (
        found.exclude(runs_on=RunsOn.CHILD)
        .exclude(state=RunState.WAITING)
        .exclude(state__in=(RunState.DELAYED, *NEVER_BEGUN), started_at__isnull=True)
        .exclude(_cut_off_before(), state=RunState.CANCELED, started_at__isnull=True)
        .exclude(path__contains="!")
    )


def _cut_off_before() -> Q:
    """It had a delay to sit out, or others to wait for."""
    return Q(start_delay__gt=0) | Q(memo__isnull=False, memo__contains=f'"{ARRIVED}"')


def actions_page(view: MistralView, query: Query, rows: QuerySet[TaskRun]) -> dict[str, Any]:
    """A page of them."""
    output = view.flag("include_output") or "output" in query.fields

    def render(found: list[TaskRun]) -> list[dict[str, Any]]:
        by_id = {run.id: run for run in runs.find_many([str(run.pk) for run in found])}
        ordered = [by_id[str(run.pk)] for run in found if str(run.pk) in by_id]
        return actions_json(ordered, superseded=superseded(ordered), output=output)

    return page(LISTING, query, rows, render, view.request)

"""Tasks as places (docs/decisions/0013): which task a task run belongs to, and what runs in a task.

A place is an execution, a ref and a path outside of item lists. The id of a task is that of the first attempt there.
"""

from __future__ import annotations

import uuid
from collections.abc import Collection, Sequence
from typing import Any

from django.db.models import Exists, OuterRef, Q, QuerySet

from executions.engine.place import item_index, split
from executions.models import TaskRun
from executions.operations import is_id

Place = tuple[str, str, str]


def place_of(execution_id: Any, ref: str, path: str) -> Place:
    """The place of a run; of an item that of its list."""
    return str(execution_id), ref, split(path)[0] if item_index(path) is not None else path


def task_ids_of(run_ids: Collection[str]) -> dict[str, str]:
    """The task of each of these runs, be they attempts or items; a run that is gone has none."""
    if not run_ids:
        return {}
    found = TaskRun.objects.filter(id__in=set(run_ids)).values_list("id", "execution_id", "ref", "path", "attempt")
    places = {str(i): (place_of(e, ref, path), attempt, path) for i, e, ref, path, attempt in found}
    first = first_attempts([p for i, (p, attempt, path) in places.items() if attempt or item_index(path) is not None])
    return {i: first.get(p, i) for i, (p, _, _) in places.items()}


def first_attempts(places: Collection[Place]) -> dict[Place, str]:
    """The ids of the tasks at these places."""
    if not places:
        return {}
    rows = TaskRun.objects.filter(
        execution_id__in={p[0] for p in places},
        ref__in={p[1] for p in places},
        path__in={p[2] for p in places},
        attempt=0,
    )
    found = {(str(e), ref, path): str(i) for i, e, ref, path in rows.values_list("id", "execution_id", "ref", "path")}
    return {place: found[place] for place in places if place in found}


def attempts_of(task_ids: Sequence[str]) -> list[str]:
    """The ids of all attempts at the places of these tasks."""
    known = [i for i in task_ids if is_id(i)]
    rows = TaskRun.objects.filter(id__in=known, attempt=0).values_list("execution_id", "ref", "path")
    wanted = Q(pk__in=[])
    for execution_id, ref, path in rows:
        wanted |= Q(execution_id=execution_id, ref=ref, path=path)
    return [str(pk) for pk in TaskRun.objects.filter(wanted).values_list("id", flat=True)]


def children_of(task_ids: Sequence[str]) -> Q:
    """The condition for executions that these tasks have started, one for each attempt and item."""
    runs = attempts_of(task_ids)
    mine = TaskRun.objects.filter(Q(id__in=runs) | Q(scope_id__in=runs), child_id__isnull=False)
    return Q(id__in=[uuid.UUID(str(pk)) for pk in mine.values_list("child_id", flat=True)])


def last_attempts() -> QuerySet[TaskRun]:
    """The row that counts of every task: the last attempt at its place."""
    later = TaskRun.objects.filter(
        execution_id=OuterRef("execution_id"),
        ref=OuterRef("ref"),
        path=OuterRef("path"),
        attempt__gt=OuterRef("attempt"),
    )
    # items belong to their list, and what an operator has put aside to nobody
    return TaskRun.objects.filter(~Q(path__endswith="]"), ~Q(path__contains="!"), ~Exists(later))

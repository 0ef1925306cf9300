"""Statements on executions that are admitted so many at a time.

Two columns of the execution belong to this module alone: ``admission_key``, under which it is counted, and ``held_at``,
since when it waits for its turn (NULL once it has begun).
"""

from __future__ import annotations

from datetime import datetime

from executions.models import Execution, TaskLimit
from executions.states import ExecutionState

_OPEN = (ExecutionState.RUNNING, ExecutionState.PAUSED)


def lock(key: str) -> None:
    """Makes everybody else who admits under this key wait until the transaction ends."""
    name = f"executions:{key}"
    TaskLimit.objects.bulk_create([TaskLimit(name=name)], ignore_conflicts=True)
    TaskLimit.objects.select_for_update().get(name=name)


def active(key: str) -> int:
    """How many executions with this key have begun and not ended."""
    return Execution.objects.filter(admission_key=key, state__in=_OPEN, held_at=None).count()


def mark(execution_id: str, key: str, held_at: datetime | None) -> None:
    Execution.objects.filter(id=execution_id).update(admission_key=key, held_at=held_at)


def next_held(key: str) -> str | None:
    """The execution whose turn it is; a paused one lets others pass."""
    found = (
        Execution.objects.filter(admission_key=key, state=ExecutionState.RUNNING, held_at__isnull=False)
        .order_by("held_at", "id")
        .values_list("id", flat=True)
        .first()
    )
    return None if found is None else str(found)


def begin(execution_id: str) -> None:
    """It waits no longer."""
    Execution.objects.filter(id=execution_id).update(held_at=None)


def keys_held() -> list[str]:
    """The keys under which somebody waits."""
    found = Execution.objects.filter(
        admission_key__isnull=False, held_at__isnull=False, state=ExecutionState.RUNNING
    ).values_list("admission_key", flat=True)
    # without an order: the model's own one makes SQLite walk through all executions, and this is asked at every tick
    return sorted({key for key in found.order_by().distinct() if key})

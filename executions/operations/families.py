"""Pausing and resuming an execution together with those below and above it (contracts/mistral.md, section 5.3).

Each execution is paused for itself, in a transaction of its own. Whoever is interrupted on the way repeats it: what is
paused already stays as it is.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from uuid import UUID

from executions.models import Execution
from executions.operations.finding import execution
from executions.operations.refusals import Conflict, NotFound
from executions.operations.running import pause, resume
from executions.states import ExecutionState
from executions.store import executions

_DEEPEST = 100


def pause_family(execution_id: str, *, by: str, reason: str | None = None) -> None:
    """An execution, then what it has started and what that has, then those that have started it."""
    pause(execution_id, by=by, reason=reason)
    for below in _below(execution_id, ExecutionState.RUNNING):
        _quietly(lambda i=below: pause(i, by=by, reason=reason))  # type: ignore[misc]
    pause_ancestors(execution_id, by=by, reason=reason)


def pause_ancestors(execution_id: str, *, by: str, reason: str | None = None) -> None:
    """Only those that have started it."""
    for above in _above(execution_id, ExecutionState.RUNNING):
        _quietly(lambda i=above: pause(i, by=by, reason=reason))  # type: ignore[misc]


def resume_family(execution_id: str, *, by: str) -> None:
    """An execution, then what is paused below it, then what is paused above it."""
    resume(execution_id, by=by)
    for below in _below(execution_id, ExecutionState.PAUSED):
        _quietly(lambda i=below: resume(i, by=by))  # type: ignore[misc]
    resume_ancestors(execution_id, by=by)


def resume_ancestors(execution_id: str, *, by: str) -> None:
    """Only those that have started it."""
    for above in _above(execution_id, ExecutionState.PAUSED):
        _quietly(lambda i=above: resume(i, by=by))  # type: ignore[misc]


def _quietly(operation: Callable[[], None]) -> None:
    """Another execution may have ended in this moment, or be gone."""
    try:
        operation()
    except (Conflict, NotFound):
        return


def _below(execution_id: str, state: ExecutionState) -> Iterator[str]:
    level = [UUID(execution_id)]
    for _ in range(_DEEPEST):
        found = list(Execution.objects.filter(parent_id__in=level).values_list("id", "state"))
        yield from (str(pk) for pk, now in found if now == state)
        level = [pk for pk, _ in found]
        if not level:
            return


def _above(execution_id: str, state: ExecutionState) -> Iterator[str]:
    current = execution(execution_id).parent_id
    for _ in range(_DEEPEST):
        found = executions.read(current) if current else None
        if found is None:
            return
        if found.state == state:
            yield found.id
        current = found.parent_id

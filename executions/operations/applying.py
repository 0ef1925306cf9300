"""Events applied to an execution on behalf of somebody, with what they are refused for as exceptions."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager

from executions.engine.decision import Decision
from executions.engine.events import Event
from executions.engine.transact import Hint
from executions.operations.finding import is_id
from executions.operations.refusals import Conflict, NotFound, Refusal
from executions.starting import driver
from executions.store import executions


def decide(execution_id: str, event: Event, *, hint: Hint | None = None) -> Decision:
    """Raises NotFound."""
    decision = driver().apply(execution_id, event, hint=hint) if is_id(execution_id) else None
    if decision is None:
        raise NotFound(f"No such workflow found by id: {execution_id}")
    return decision


@contextmanager
def unless_archived(execution_id: str) -> Iterator[None]:
    """For what revives an execution. Raises Conflict for an archived one, and nothing has been done."""
    try:
        yield
    except executions.Archived:
        raise Conflict(f"Workflow {execution_id} is archived and cannot be changed") from None


def apply(execution_id: str, event: Event, refusals: Mapping[str, Refusal]) -> Decision:
    """Raises NotFound, or what ``refusals`` has for the core's refusal."""
    decision = decide(execution_id, event)
    raise_refusal(decision, execution_id, refusals)
    return decision


def raise_refusal(decision: Decision, execution_id: str, refusals: Mapping[str, Refusal]) -> None:
    """Raises what ``refusals`` has for the core's refusal, with the execution's id in its text."""
    if decision.refused is not None and decision.refused in refusals:
        refusal = refusals[decision.refused]
        raise type(refusal)(str(refusal).format(id=execution_id))

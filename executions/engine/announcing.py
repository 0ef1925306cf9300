"""What a definition wants the world to be told when its tasks change: a message each, stored with the change."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from executions.engine.events import Message
from executions.engine.rows import RunRow
from executions.states import RunState
from workflows_app.expressions.base import ExpressionError
from workflows_app.graph.model import Change, Node

if TYPE_CHECKING:
    from executions.engine.plan import Plan


def announce(plan: Plan, run: RunRow, node: Node, change: Change) -> None:
    """Adds what the node announces for this change. A payload that cannot be made is told in the task's log: nothing
    fails for it."""
    for number, wish in enumerate(node.announces.get(change, ())):
        try:
            payload: Any = plan.evaluate(wish.payload, run=run)
        except ExpressionError as error:
            plan.decision.logs.append((run.id, f"{wish.event} was not announced: {error}"))
            continue
        execution = plan.execution
        told = {
            **(payload if isinstance(payload, Mapping) else {"payload": payload}),
            "workflowInstanceId": execution.id,
            "workflowType": execution.name,
            "taskId": run.id,
            "change": str(change),
        }
        plan.decision.messages.append((f"{run.id}:{change}:{number}", Message(event=wish.event, payload=told)))


def announce_end(plan: Plan, run: RunRow, node: Node) -> None:
    """The same for a run that has just ended."""
    if not node.announces:
        return
    if run.state == RunState.CANCELED:
        announce(plan, run, node, Change.CANCELED)
    else:
        announce(plan, run, node, Change.FAILED if run.failed else Change.SUCCEEDED)


def cancellations_matter(plan: Plan) -> bool:
    """Whether some node announces its cancelation, so that canceled runs must be looked at one by one."""
    return any(Change.CANCELED in node.announces for node in plan.graph.nodes.values())

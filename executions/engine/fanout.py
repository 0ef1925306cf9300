"""Fan-outs: branches that are known only when their input is."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING

from executions.engine import finishing, starting
from executions.engine.events import Result
from executions.engine.fragments import fragment_of
from executions.engine.place import Place
from executions.engine.rows import Doc, RunRow
from executions.engine.tools import Branches
from executions.states import RunState
from workflows_app.graph.model import Node

if TYPE_CHECKING:
    from executions.engine.plan import Plan


def start(plan: Plan, run: RunRow, node: Node) -> None:
    """Starts every branch. The run itself is done with that; its join, opened behind it, waits for the branches."""
    made = plan.logic(node).fan_out(starting.task_of(plan, run, node))
    abort = made.abort or _undefined(plan, made)
    if abort is not None:
        finishing.finish(plan, run, Result(state=RunState.FAILED, abort=abort))
        return
    plan.note(fan_outs=plan.execution.memo.value.get("fan_outs", 0) + 1)
    run.memo = Doc({"over": [branch.last for branch in made.branches]})
    for branch in made.branches:
        place = Place(path=run.path, scope_id=run.scope_id, context=run.context, fragment=fragment_of(branch.nodes))
        first = branch.nodes[branch.entry]
        plan.then(partial(starting.activate, plan, first, place))
    if node.opens is not None:
        place = Place(path=run.path, scope_id=run.scope_id, context=run.context, fragment=run.fragment)
        plan.then(partial(starting.activate, plan, plan.node_at(node.opens, run.fragment), place))
    finishing.finish(plan, run, Result(state=RunState.COMPLETED, input=made.input))


def _undefined(plan: Plan, made: Branches) -> str | None:
    """What to say about a branch that nobody would ever take up: its type is nothing here, and not defined."""
    for name in dict.fromkeys(made.defined):
        if plan.tools.task_definition(plan.execution, name, known=False) is None:
            return f"Invalid task specified. Cannot find task by name {name} in the task definitions"
    return None

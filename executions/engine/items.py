"""A node that runs its task once for each item of a list.

The node's own run is the container; every item is a task run of the same node, with its index in the path. All items
are rows from the beginning; where their number at a time is limited, the others wait for their turn.
"""

from __future__ import annotations

from collections.abc import Mapping
from functools import partial
from typing import TYPE_CHECKING, Any

from executions.engine import endings, finishing, starting
from executions.engine.events import Result
from executions.engine.place import Place, item_index, item_path
from executions.engine.rows import Doc, RunRow
from executions.states import RunState
from workflows_app.expressions.base import ExpressionError
from workflows_app.graph.model import Items, Node

if TYPE_CHECKING:
    from executions.engine.plan import Plan

FAILED_ITEMS = "One or more actions had failed."
CANCELED_ITEMS = "One or more actions was cancelled."


def start(plan: Plan, run: RunRow, node: Node) -> None:
    """Makes a run for every item and starts as many as may run at a time. Raises ExpressionError."""
    spec = _spec(node)
    rows = _bound(plan.evaluate(spec.bindings, run=run))
    window = int(plan.number(spec.concurrency, run)) if spec.concurrency is not None else 0
    run.state = RunState.IN_PROGRESS
    run.started_at = plan.now
    run.pending = len(rows)
    run.memo = Doc({**(run.memo.value if run.memo else {}), "count": len(rows), "capacity": window or None})
    if not rows:
        finishing.finish(plan, run, Result(state=RunState.COMPLETED, output={"items": []}))
        return
    starting.limit_time(plan, run, node)
    plan.set_due(run, node)
    salt = run.id if run.attempt else ""  # an earlier attempt has left items with the same paths
    made = []
    for index, variables in enumerate(rows):
        place = Place(path=item_path(run.path, index), scope_id=run.id, context=run.context, fragment=run.fragment)
        item = plan.new_run(node, place, state=RunState.WAITING, salt=salt)
        plan.resolve_input(item, node, locals=variables)
        made.append(item)
    for item in made[: window or len(made)]:
        if not run.ended:
            starting.begin(plan, item, node)


def item_ended(plan: Plan, item: RunRow, node: Node) -> None:
    """One item is done for good: the next one may start, and the last one ends the list."""
    found = plan.run_by_id(item.scope_id)
    if found is None or found.ended:
        return
    run = plan.edit(found)
    run.pending = (run.pending or 0) - 1
    run.updated_at = plan.now
    if item.state == RunState.CANCELED:
        canceled = Result(state=RunState.CANCELED, output=_collected(plan, run), reason=CANCELED_ITEMS)
        finishing.finish(plan, run, canceled)
        return
    if run.pending <= 0:
        _end(plan, run)
        return
    plan.then(partial(_begin_next, plan, run, node))


def abandon(plan: Plan, run: RunRow) -> None:
    """A list ends before its items have: those that are open are canceled."""
    for found in endings.items_of(plan, run):
        if not found.ended:
            endings.cancel_run(plan, plan.edit(found))


def _begin_next(plan: Plan, run: RunRow, node: Node) -> None:
    """There is room for one more item."""
    waiting = None if run.ended else plan.held_in(run)
    if waiting is not None:
        starting.begin(plan, plan.edit(waiting), node)


def _spec(node: Node) -> Items:
    assert node.items is not None
    return node.items


def _bound(lists: Any) -> list[Mapping[str, Any]]:
    """The variables of each item: ``{"i": [1, 2]}`` gives ``[{"i": 1}, {"i": 2}]``. The items of a text are its
    characters, those of an object its keys."""
    if not isinstance(lists, Mapping):
        raise ExpressionError(f"items must be lists by variable name, not {lists!r}")
    for name, values in lists.items():
        if not isinstance(values, (list, str, Mapping)):
            raise ExpressionError(f"the items of {name!r} must be a list, not {values!r}")
    if len({len(values) for values in lists.values()}) > 1:
        raise ExpressionError("all lists of items must have the same length")
    return [dict(zip(lists, values, strict=True)) for values in zip(*lists.values(), strict=True)]


def _collected(plan: Plan, run: RunRow) -> dict[str, Any]:
    """The outputs in the order of the items, None for an item that has not put anything out."""
    count = run.memo.value["count"] if run.memo else 0
    outputs: list[Any] = [None] * count
    for item in sorted(endings.items_of(plan, run), key=lambda r: r.attempt):
        index = item_index(item.path)
        if index is not None and item.ended:
            outputs[index] = item.output.value
    return {"items": outputs}


def _end(plan: Plan, run: RunRow) -> None:
    failed = any(item.failed for item in endings.last_of_each(endings.items_of(plan, run)))
    state = RunState.FAILED if failed else RunState.COMPLETED
    reason = FAILED_ITEMS if failed else None
    finishing.finish(plan, run, Result(state=state, output=_collected(plan, run), reason=reason))

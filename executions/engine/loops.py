"""Loops: a container run whose body runs again and again.

The container keeps only the number of its iteration. What the iterations put out is in the body's own rows, and is
put together when somebody reads it and when the loop ends, so that an iteration costs the same whatever its number.
"""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING, Any

from executions.engine import finishing, starting
from executions.engine.decision import Iteration
from executions.engine.events import Result
from executions.engine.place import Place, join, split
from executions.engine.rows import Doc, RunRow
from executions.states import RunState
from workflows_app.expressions.base import ExpressionError, ScriptError
from workflows_app.graph.model import Loop, Node

if TYPE_CHECKING:
    from executions.engine.plan import Plan


def start(plan: Plan, run: RunRow, node: Node) -> None:
    """Begins the first iteration, or ends at once when there is nothing to loop over."""
    loop = _loop(node)
    run.state = RunState.IN_PROGRESS
    run.started_at = plan.now
    memo: dict[str, Any] = {"iteration": 0}
    if loop.items is not None:
        items = plan.evaluate(loop.items, run=run)
        items = [] if items is None else items if isinstance(items, list) else [items]
        memo["count"] = len(items)
        run.input = Doc({**run.input.value, "_items": items})
        if not items:
            finishing.finish(plan, run, Result(state=RunState.COMPLETED, output={"iteration": 0}))
            return
    run.memo = Doc(memo)
    plan.set_due(run, node)
    _next_iteration(plan, run, node)


def body_ended(plan: Plan, found: RunRow) -> None:
    """Nothing is open in the body: ask the condition, then go round again or end."""
    run = plan.edit(found)
    node = plan.node(run)
    failure = _memo(run).get("failure")
    if failure is not None:
        finishing.finish(plan, run, Result(state=RunState.FAILED, reason=failure, output=output_so_far(plan, run)))
        return
    try:
        again = _goes_on(plan, run, node)
    except (ScriptError, ExpressionError) as error:
        told = error.told if isinstance(error, ScriptError) else error
        reason = f"Unable to evaluate condition {_condition_text(node)}, exception {told}"
        output = output_so_far(plan, run)
        finishing.finish(plan, run, Result(state=RunState.FAILED_WITH_TERMINAL_ERROR, reason=reason, output=output))
        return
    if again:
        _next_iteration(plan, run, node)
    else:
        finishing.finish(plan, run, Result(state=RunState.COMPLETED, output=output_so_far(plan, run)))


def output_so_far(plan: Plan, run: RunRow) -> dict[str, Any]:
    """The loop's output with what its iterations put out: ``{"iteration": n, "1": {ref: output}, ...}``."""
    found: dict[str, Any] = {"iteration": _memo(run)["iteration"]}
    planned = [r for r in plan.rows.values() if r.scope_id == run.id]
    stored = [plan.current(r) or r for r in plan.stored_in_scope(run)]
    known = {r.id for r in stored}
    rows = stored + [r for r in planned if r.id not in known]
    first = found["iteration"] - _kept(run) + 1 if _kept(run) else 1
    for r in sorted(rows, key=lambda r: r.seq):
        iteration = int(split(r.path)[1])
        if iteration >= first:
            found.setdefault(str(iteration), {})[r.ref] = r.output.value
    if "count" in _memo(run):
        found.update({k: v for k, v in run.output.value.items() if k in ("loopIndex", "loopItem")})
    return found


def _loop(node: Node) -> Loop:
    assert node.loop is not None
    return node.loop


def _memo(run: RunRow) -> dict[str, Any]:
    return run.memo.value if run.memo else {}


def _kept(run: RunRow) -> int:
    """How many iterations the loop keeps; 0: all."""
    kept = run.input.value.get("keepLastN")
    return kept if isinstance(kept, int) and not isinstance(kept, bool) and kept > 0 else 0


def _next_iteration(plan: Plan, run: RunRow, node: Node) -> None:
    memo = _memo(run)
    iteration = memo["iteration"] + 1
    run.memo = Doc({**memo, "iteration": iteration})
    run.updated_at = plan.now
    output: dict[str, Any] = {"iteration": iteration}
    if "count" in memo:
        output |= {"loopIndex": iteration - 1, "loopItem": run.input.value["_items"][iteration - 1]}
    run.output = Doc(output)
    if (kept := _kept(run)) and iteration > kept:
        old = join(run.path, str(iteration - kept))
        plan.decision.forget.append(Iteration(run.id, old, plan.analysis.body_of(run.ref)))
    place = Place(path=join(run.path, str(iteration)), scope_id=run.id, context=run.context, fragment=run.fragment)
    for ref in _loop(node).body:
        target = plan.node_at(ref, run.fragment)
        plan.then(partial(starting.activate, plan, target, place))


def _goes_on(plan: Plan, run: RunRow, node: Node) -> bool:
    loop = _loop(node)
    memo = _memo(run)
    if memo["iteration"] >= memo.get("count", memo["iteration"] + 1):
        return False
    if loop.condition is None:
        return "count" in memo
    plan.require(loop.condition.reads)
    history = run.ref in loop.condition.history
    data = {**run.input.value, run.ref: output_so_far(plan, run) if history else run.output.value}
    data |= {k: v for k, v in run.output.value.items() if k in ("loopIndex", "loopItem")}
    for ref in loop.condition.reads:
        found = plan.latest(ref)
        if found is not None:
            data[ref] = found.output.value
    value = plan.tools.script(loop.condition.language, loop.condition.value, data)
    return value if isinstance(value, bool) else isinstance(value, (int, float)) and value > 0


def _condition_text(node: Node) -> str:
    condition = _loop(node).condition
    return str(condition.value) if condition else ""

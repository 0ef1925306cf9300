"""Watching joins: they open with a fork and end when the nodes they are over have ended.

A join is a counter under the execution's lock: a branch of ten thousand costs what a branch of two costs.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from executions.engine import finishing
from executions.engine.cutting import leads_to
from executions.engine.events import Result
from executions.engine.place import Place
from executions.engine.rows import Doc, RunRow
from executions.states import RUN_ENDED, RunState
from workflows_app.expressions.base import ScriptError
from workflows_app.graph.model import Join, Node
from workflows_app.graph.template import Template

if TYPE_CHECKING:
    from executions.engine.plan import Plan

# in the memo of a run that an operator has skipped before the flow has reached it
AHEAD = "ahead"


def open_join(plan: Plan, run: RunRow, node: Node) -> None:
    """Starts to wait; ends at once if there is nothing to wait for."""
    join = _join(node)
    run.state = RunState.WAITING
    run.started_at = plan.now
    plan.resolve_input(run, node)
    if join.first:
        _open_first(plan, run, node, join)
        return
    over = branch_names(plan, node, run)
    plan.require(frozenset(join.earlier))
    done = {ref for ref in join.earlier if _ended_here(plan.latest(ref), run.path)}
    done |= {ref for ref in over if _ended_here(plan.newest(ref), run.path)}
    # what ended in this very decision may have its notification still to come
    plan.counted[run.id] = set(done)
    run.pending = len(over) - len(done)
    if join.script is not None:
        _ask(plan, run, node, join.script)
    elif run.pending == 0:
        fire(plan, run, node)


def join_again(plan: Plan, run: RunRow, node: Node) -> None:
    """A join that an operator has gone back or on to: it waits for what is still to come, and joins what is there."""
    join = _join(node)
    if join.first:
        open_join(plan, run, node)
        return
    run.state = RunState.WAITING
    run.started_at = plan.now
    known = [plan.current(r) or r for r in plan.snapshot.everything()]
    rows = [*known, *(r for r in plan.rows.values() if r.stored < 0)]
    coming = frozenset(
        ref
        for r in rows
        if not r.settled and r.id != run.id and r.scope_id == run.scope_id
        for ref in (r.ref, *leads_to(plan.graph, r))
    )
    run.pending = sum(ref in coming for ref in branch_names(plan, node, run))
    plan.counted[run.id] = set(branch_names(plan, node, run)) - coming
    if run.pending == 0:
        fire(plan, run, node)


def notify(plan: Plan, join_ref: str, ended: RunRow) -> None:
    """A node that a join is over has ended for good."""
    found = plan.latest(join_ref)
    if found is None and plan.execution.memo.value.get("moved"):
        _join_after_all(plan, join_ref, ended)
        return
    if found is None or found.state != RunState.WAITING or found.path != ended.path:
        return
    run = plan.edit(found)
    if ended.ref in plan.counted.get(run.id, ()):
        return
    node = plan.node(run)
    join = _join(node)
    if join.first:
        if run.memo is not None and run.memo.value.get("waits_for") == ended.ref:
            _pass_on(plan, run, ended)
        return
    run.pending = (run.pending or 0) - 1
    run.updated_at = plan.now
    if join.script is not None:
        _ask(plan, run, node, join.script)
    elif run.pending <= 0:
        fire(plan, run, node)


def _join_after_all(plan: Plan, join_ref: str, ended: RunRow) -> None:
    """A branch into which an operator has jumped has ended, and nobody has opened its join."""
    node = plan.node_at(join_ref, ended.fragment)
    if _join(node).dynamic:
        return
    place = Place(path=ended.path, scope_id=ended.scope_id, context=ended.context, fragment=ended.fragment)
    run = plan.new_run(node, place, state=RunState.WAITING)
    plan.resolve_input(run, node)
    join_again(plan, run, node)


def _join(node: Node) -> Join:
    assert node.join is not None
    return node.join


def branch_names(plan: Plan, node: Node, run: RunRow) -> tuple[str, ...]:
    """The refs it waits for; those of a fan-out are in the memo of the fan-out's run."""
    join = _join(node)
    if not join.dynamic:
        return join.over
    for fork in plan.analysis.openers(node.ref):
        opener = plan.latest(fork)
        if opener is not None and opener.path == run.path and opener.memo is not None:
            return tuple(opener.memo.value.get("over", ()))
    return ()


def _ended_here(run: RunRow | None, path: str) -> bool:
    return run is not None and run.path == path and run.settled and not (run.memo and run.memo.value.get(AHEAD))


def fire(plan: Plan, run: RunRow, node: Node) -> None:
    """Every branch has ended: the join ends with their outputs, and fails with those that failed."""
    over = branch_names(plan, node, run)
    found = branches(plan, run.path, over)
    output = {ref: r.output.value for ref in over if (r := found.get(ref)) is not None and r.output.value}
    failed = [r for ref in over if (r := found.get(ref)) is not None and r.failed]
    if failed:
        canceled = all(r.state == RunState.CANCELED for r in failed)
        reason = " ".join(r.reason for r in failed if r.reason) or None
        state = RunState.CANCELED if canceled else RunState.FAILED
        finishing.finish(plan, run, Result(state=state, output=output, reason=reason))
        return
    flawed = [r for ref in over if (r := found.get(ref)) and r.state == RunState.COMPLETED_WITH_ERRORS]
    if flawed:
        reason = " ".join(f"{r.name}/{r.id} completed with errors" for r in flawed)
        finishing.finish(plan, run, Result(state=RunState.COMPLETED_WITH_ERRORS, output=output, reason=reason))
        return
    finishing.finish(plan, run, Result(state=RunState.COMPLETED, output=output))


# What scripts call the states that clients know by other names.
_SHOWN = {RunState.WAITING: RunState.IN_PROGRESS, RunState.DELAYED: RunState.SCHEDULED}
UNSATISFIED = "every task that it is over has ended, and its script does not let it complete"


def _ask(plan: Plan, run: RunRow, node: Node, script: Template) -> None:
    """A join with a script ends when that says so: ``true``, or an object with an ended ``status``. It gets the list
    ``joinOn`` and, by ref, status, output and reason of every branch that has begun."""
    over = branch_names(plan, node, run)
    found = branches(plan, run.path, over)
    data: dict[str, Any] = {**run.input.value, "joinOn": list(over)}
    for ref, branch in found.items():
        output = branch.output.value
        data[ref] = {
            "status": _SHOWN.get(RunState(branch.state), branch.state),
            "output": output,
            "outputData": output,
            "reasonForIncompletion": branch.reason,
        }
    try:
        answer = plan.tools.script(script.language, script.value, data)
    except ScriptError as error:
        finishing.finish(plan, run, Result(state=RunState.FAILED_WITH_TERMINAL_ERROR, reason=error.told))
        return
    said = answer if isinstance(answer, dict) else {"status": RunState.COMPLETED if answer is True else None}
    state = str(said.get("status") or RunState.IN_PROGRESS)
    told = said.get("reasonForIncompletion")
    why = None if told is None else str(told)
    more = said.get("outputData")
    output = {ref: r.output.value for ref in over if (r := found.get(ref)) is not None and r.output.value}
    output |= more if isinstance(more, dict) else {}
    if state in RUN_ENDED:
        finishing.finish(plan, run, Result(state=RunState(state), output=output, reason=why))
    elif (run.pending or 0) <= 0:
        finishing.finish(plan, run, Result(state=RunState.FAILED, output=output, reason=why or UNSATISFIED))
    else:
        run.output = Doc(output)
        run.reason = why


def branches(plan: Plan, path: str, over: tuple[str, ...]) -> dict[str, RunRow]:
    """The last attempt of each branch, from the plan where it has one, else from the table."""
    planned = {ref: r for ref in over if (r := plan.newest(ref)) is not None and r.path == path}
    stored = frozenset(ref for ref in over if ref not in planned)
    if stored:
        planned.update({ref: plan.current(r) or r for ref, r in plan.snapshot.runs_at(path, stored).items()})
    return planned


def _open_first(plan: Plan, run: RunRow, node: Node, join: Join) -> None:
    """An exclusive join: the first of its refs that has run, or is running, decides alone."""
    refs = (*join.over, *join.otherwise)
    plan.require(frozenset(refs))
    for ref in refs:
        found = plan.latest(ref)
        if found is None or found.path != run.path:
            continue
        if found.settled:
            _pass_on(plan, run, found)
        else:
            run.memo = Doc({"waits_for": ref})
        return
    finishing.finish(plan, run, Result(state=RunState.COMPLETED))


def _pass_on(plan: Plan, run: RunRow, branch: RunRow) -> None:
    state = RunState.FAILED if branch.failed else RunState.COMPLETED
    finishing.finish(plan, run, Result(state=state, output=branch.output.value, reason=branch.reason))

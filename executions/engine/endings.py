"""How branches, scopes and executions end."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

from executions.engine import announcing, contexts, finishing, loops, publishing
from executions.engine.events import End, Result
from executions.engine.place import item_index, visit
from executions.engine.rows import EMPTY, Doc, RunRow
from executions.ids import failure_id
from executions.ids import run_id as id_of_place
from executions.states import ExecutionState, RunState
from workflows_app.expressions.base import ExpressionError
from workflows_app.graph.model import DefaultOutput, Edge, Kind, Node, On, OnFailure

if TYPE_CHECKING:
    from executions.engine.plan import Plan

_END_OF = {
    RunState.CANCELED: ExecutionState.TERMINATED,
    RunState.TIMED_OUT: ExecutionState.TIMED_OUT,
}
# What an execution keeps of the reason of each failure, and how many of them it tells.
_LONGEST_REASON = 2000
_MOST_REASONS = 20
NEVER_MET = "waits for tasks that will never end: {}"


# ---- failures


def handled(node: Node, run: RunRow) -> bool:
    """Whether a failure of this node may have somewhere to go."""
    return run.state != RunState.CANCELED and any(edge.on is On.ERROR for edge in node.edges)


def left_unhandled(run: RunRow, node: Node, taken: Sequence[Edge]) -> bool:
    """Whether the edges for a failure were all turned down by their conditions."""
    if not run.failed or node.permissive or not handled(node, run):
        return False
    return not any(edge.on is On.ERROR for edge in taken)


def unhandled_failure(plan: Plan, run: RunRow) -> None:
    """A run has failed for good and no edge takes care of it."""
    note_failure(plan, run)
    if plan.graph.on_failure is OnFailure.AT_ONCE:
        state = _END_OF.get(RunState(run.state), ExecutionState.FAILED)
        reason = f"Task {run.id} failed with status: {state} and reason: '{run.reason or ''}'"
        end(plan, state, reason, failed=run)
        return
    before = plan.execution.memo.value.get("unhandled", ())
    told: list[Any] = [run.id, run.ref, run.state, (run.reason or "")[:_LONGEST_REASON]]
    if plan.graph.reason_in_output and len(before) < _MOST_REASONS:
        told.append(_details(plan, run))
    unhandled = [*before, told]
    stop = {"stopped": True} if plan.graph.on_failure is OnFailure.STOP_SCHEDULING else {}
    plan.note(unhandled=unhandled, **stop)


def _details(plan: Plan, run: RunRow) -> list[list[Any]]:
    """What has failed in a run: itself, the execution it has started, or some of its items. Each with its kind, id,
    number and result."""
    node = plan.node(run)
    if node.items is None or item_index(run.path) is not None:
        return [found] if (found := _detail(run, run.attempt)) else []
    failed = [item for item in last_of_each(items_of(plan, run)) if item.failed]
    found = [_detail(item, item_index(item.path) or 0) for item in failed[:_MOST_REASONS]]
    return [detail for detail in found if detail]


def _detail(run: RunRow, number: int) -> list[Any] | None:
    """None for what has not run at all."""
    result = run.output.value.get("result")
    if run.child_id is not None:
        return ["wf_ex_id", run.child_id, number, str(result)[:_LONGEST_REASON]] if result is not None else None
    if run.started_at is None or "result" not in run.output.value:
        return None
    if run.memo is not None and finishing.DID_WELL in run.memo.value:
        return None
    return ["action_ex_id", run.id, number, str(result)[:_LONGEST_REASON]]


def items_of(plan: Plan, run: RunRow) -> list[RunRow]:
    """All runs of the items of a list, in no order."""
    stored = [plan.current(r) or r for r in plan.stored_in_scope(run)]
    known = {r.id for r in stored}
    return stored + [r for r in plan.rows.values() if r.scope_id == run.id and r.id not in known]


def last_of_each(runs: Sequence[RunRow]) -> list[RunRow]:
    """Of all attempts at the items of a list the last ones, in the order of the items."""
    last: dict[int, RunRow] = {}
    for item in sorted(runs, key=lambda r: r.attempt):
        index = item_index(item.path)
        if index is not None:
            last[index] = item
    return [last[index] for index in sorted(last)]


def note_failure(plan: Plan, run: RunRow) -> None:
    """Remembers which refs have failed, for lists and for whoever compensates."""
    if run.state in (RunState.FAILED, RunState.FAILED_WITH_TERMINAL_ERROR):
        failed = plan.execution.failed_refs.value if plan.execution.failed_refs else []
        if [run.ref, run.name] not in failed:
            plan.change_execution(failed_refs=Doc([*failed, [run.ref, run.name]]))


def note_permissive_failure(plan: Plan, run: RunRow) -> None:
    """A tolerated failure: the flow goes on, but the loop around it, or the execution, fails at its end."""
    note_failure(plan, run)
    if run.scope_id != plan.execution.id:
        loop = plan.run_by_id(run.scope_id)
        if loop is not None and not loop.ended:
            mine = plan.edit(loop)
            mine.memo = Doc({**(mine.memo.value if mine.memo else {}), "failure": run.reason or ""})
        return
    text = f"Task {run.id} failed with status: {run.state} and reason: '{run.reason or ''}'"
    plan.note(tolerated=[*plan.execution.memo.value.get("tolerated", ()), text], tolerated_run=run.id)


# ---- branches and scopes


def branch_ended(plan: Plan, run: RunRow) -> None:
    """No edge leads on from this run."""
    default = plan.graph.default_output
    if default is DefaultOutput.PUBLISHED:
        _keep_published(plan, publishing.context_behind(plan, run))
    elif default is DefaultOutput.ENDS:
        plan.note(ends=[*plan.execution.memo.value.get("ends", ()), run.id])


def _keep_published(plan: Plan, context: Doc | None) -> None:
    """What a branch has published belongs to the final context."""
    together = contexts.merged(_published(plan), context)
    if together is not None:
        plan.note(published=together.value)


def close_empty_scope(plan: Plan) -> bool:
    """Looks whether a scope in which something ended has run empty. True: something was done, look again.

    A scope in which only joins wait can never move again: they fail, each with what it waits for in vain.
    """
    while plan.touched and plan.execution.state == ExecutionState.RUNNING:
        scope_id = next(iter(plan.touched))
        del plan.touched[scope_id]
        active, waiting = _open_in(plan, scope_id)
        if active:
            continue
        if waiting:
            _fail_vain_joins(plan, waiting)
            return True
        if scope_id == plan.execution.id:
            _drained(plan)
            return True
        container = plan.run_by_id(scope_id)
        if container is not None and not container.ended and plan.node(container).kind is Kind.LOOP:
            loops.body_ended(plan, container)
            return True
    return False


def _open_in(plan: Plan, scope_id: str) -> tuple[bool, list[RunRow]]:
    """Whether something can still move in this scope, and the joins that wait there."""
    mine = [r for r in plan.rows.values() if r.scope_id == scope_id]
    if any(not r.settled and r.state != RunState.WAITING for r in mine):
        return True, []
    waiting = [r for r in mine if r.state == RunState.WAITING]
    if waiting and plan.orderly:
        return True, []  # such a join has an open branch, wherever its row is
    if plan.nothing_else_stored(scope_id):
        return False, waiting
    probe = plan.snapshot.probe(scope_id, frozenset(r.id for r in mine))
    return probe.active, waiting + list(probe.waiting)


def _fail_vain_joins(plan: Plan, waiting: list[RunRow]) -> None:
    for found in waiting:
        run = plan.edit(found)
        node = plan.node(run)
        missing = node.gather.sources if node.gather else node.join.over if node.join else ()
        arrived = set((run.memo.value if run.memo else {}).get("arrived", ()))
        never = [ref for ref in missing if ref not in arrived]
        reason = f"Failed by tasks: {never}" if node.gather else NEVER_MET.format(", ".join(never) or "its branches")
        finishing.finish(plan, run, Result(state=RunState.FAILED_WITH_TERMINAL_ERROR, reason=reason))
        if plan.execution.ended:
            return


def _drained(plan: Plan) -> None:
    """Nothing is open any more."""
    memo = plan.execution.memo.value
    if memo.get("unhandled"):
        _end_with_failures(plan, memo["unhandled"])
    elif memo.get("tolerated"):
        end(plan, ExecutionState.FAILED, ". ".join(memo["tolerated"]), failed_id=memo.get("tolerated_run"))
    else:
        end(plan, ExecutionState.COMPLETED, None)


def _end_with_failures(plan: Plan, unhandled: list[list[Any]]) -> None:
    """Everything has run out, and something has failed or was canceled on the way."""
    canceled = sorted({told[1] for told in unhandled if told[2] == RunState.CANCELED})
    if canceled:
        end(plan, ExecutionState.TERMINATED, f"Cancelled tasks: {', '.join(canceled)}")
        return
    failures = sorted(unhandled, key=lambda told: told[1])
    names = ", ".join(dict.fromkeys(told[1] for told in failures))
    lines = []
    for run_id, ref, _, reason, *more in failures[:_MOST_REASONS]:
        lines.append(f"  {ref} [task_ex_id={_first_attempt(plan, run_id)}] -> {reason}")
        for kind, failed_id, number, result in more[0] if more else ():
            lines.append(f"    [{kind}={failed_id}, idx={number}]: {result}")
        lines.append("")
    reason = "\n".join([f"Failure caused by error in tasks: {names}", "", *lines])
    end(plan, ExecutionState.FAILED, reason, failed_id=unhandled[0][0])


def _first_attempt(plan: Plan, run_id: str) -> str:
    """The id under which all attempts of a run's place are known."""
    run = plan.run_by_id(run_id)
    if run is None or not run.attempt:
        return run_id
    return id_of_place(plan.execution.id, plan.execution.epoch, run.ref, run.path, 0)


# ---- executions


def end_by_task(plan: Plan, run: RunRow, wish: End) -> None:
    """A task ends the execution, whatever else is open."""
    reason = wish.reason or f"Workflow is {wish.state} by TERMINATE task: {run.id}"
    end(plan, wish.state, reason, output=wish.output, failed_id=run.id, cancel=True)


def obey(plan: Plan, edge: Edge, run: RunRow, context: Doc | None = None) -> None:
    """An edge that is a command to the engine. Raises ExpressionError."""
    message = None
    if edge.message is not None:
        message = str(plan.evaluate(edge.message, run=run, context=context))
    if edge.command == "fail":
        end(plan, ExecutionState.FAILED, message, failed=run)
    elif edge.command == "succeed":
        if plan.graph.default_output is DefaultOutput.PUBLISHED:
            _keep_published(plan, context)
        end(plan, ExecutionState.COMPLETED, message, cancel=True)
    elif edge.command == "pause":
        plan.change_execution(state=ExecutionState.PAUSED, reason=message)


def end(
    plan: Plan,
    state: ExecutionState,
    reason: str | None,
    *,
    output: Any = None,
    failed: RunRow | None = None,
    failed_id: str | None = None,
    cancel: bool = False,
    compensate: bool = True,
) -> None:
    """Ends the execution: its output, its open runs, and what is owed to parent and failure workflow.

    ``output`` replaces the one that the definition describes. ``failed``: the run that is to blame.
    """
    plan.touched.clear()
    if failed is not None:
        note_failure(plan, failed)
    plan.change_execution(state=state, reason=reason, ended_at=plan.now, deadline_at=None)
    unsuccessful = state != ExecutionState.COMPLETED
    plan.change_execution(output=_output(plan, output, unsuccessful))
    _check_output(plan)
    unsuccessful = plan.execution.state != ExecutionState.COMPLETED
    if unsuccessful or cancel:
        _cancel_open(plan, reason)
    owed = plan.execution.parent_run_id is not None or (plan.graph.forgets_success and not unsuccessful)
    if unsuccessful and compensate and plan.graph.failure_workflow:
        blamed = failed.id if failed else failed_id
        plan.note(blamed=blamed)
        plan.change_execution(
            failure_execution_id=failure_id(plan.execution.id, plan.execution.epoch, plan.execution.revision)
        )
        owed = True
    plan.change_execution(due_at=plan.now if owed else None)


def _cancel_open(plan: Plan, reason: str | None) -> None:
    if announcing.cancellations_matter(plan):
        for found in plan.snapshot.everything():
            if not found.ended:
                plan.edit(found)
    for run in plan.rows.values():
        if not run.ended:
            cancel_run(plan, run)
        run.settled = True
    plan.decision.send.clear()
    plan.decision.claimed.clear()
    plan.decision.cancel_others = reason or ""


def cancel_run(plan: Plan, run: RunRow) -> None:
    """Ends an open run of the plan without consequences. A child execution that it waits for must be ended yet."""
    run.state = RunState.CANCELED
    run.settled = True
    run.ended_at = run.updated_at = plan.now
    run.deadline_at = None
    run.due_at = plan.now if run.child_id is not None else None
    announcing.announce_end(plan, run, plan.node(run))


def _output(plan: Plan, given: Any, unsuccessful: bool) -> Doc:
    if given is not None:
        return Doc(given if isinstance(given, dict) else {"output": given})
    if unsuccessful and plan.graph.reason_in_output:
        return _reason_as_output(plan)
    template = plan.graph.output_on_error if unsuccessful and plan.graph.output_on_error else plan.graph.output
    if template is not None:
        try:
            value = plan.evaluate(template, context=_published(plan))
        except ExpressionError as error:
            plan.change_execution(state=ExecutionState.FAILED, reason=str(error))
            return Doc({"result": str(error)}) if plan.graph.reason_in_output else EMPTY
        return Doc(value if isinstance(value, dict) else {"result": value})
    default = plan.graph.default_output
    if default is DefaultOutput.PUBLISHED:
        return Doc(dict(contexts.visible(_published(plan))))
    if default is DefaultOutput.ENDS:
        return _ends(plan)
    last = plan.last_run()
    return last.output if last is not None else EMPTY


def _check_output(plan: Plan) -> None:
    """An execution whose output is not as its definition promises has failed."""
    execution, schema = plan.execution, plan.graph.output_schema
    if schema is None or execution.state != ExecutionState.COMPLETED:
        return
    problem = plan.tools.schema_problem(schema, execution.output.value)
    if problem is not None:
        reason = f"The output is not as its schema wants it: {problem}"
        plan.change_execution(state=ExecutionState.FAILED, reason=reason)


def _reason_as_output(plan: Plan) -> Doc:
    """The reason, and beside it what the definition says; without that everything that was published."""
    more: Any = {}
    if plan.execution.state == ExecutionState.TERMINATED:
        pass
    elif plan.graph.output_on_error is None:
        more = contexts.visible(_published(plan))
    else:
        try:
            more = plan.evaluate(plan.graph.output_on_error, context=_published(plan))
        except ExpressionError as error:
            plan.change_execution(reason=f"{plan.execution.reason or ''}\n{error}".lstrip())
    return Doc({"result": plan.execution.reason, **(more if isinstance(more, Mapping) else {})})


def _published(plan: Plan) -> Doc | None:
    published = plan.execution.memo.value.get("published")
    return Doc(published) if published is not None else None


def _ends(plan: Plan) -> Doc:
    outputs = []
    for run_id in plan.execution.memo.value.get("ends", ()):
        run = plan.run_by_id(run_id)
        if run is not None and visit(run.path) == 0:
            outputs.append(run.output.value)
    return Doc(outputs[0] if len(outputs) == 1 else {"outputs": outputs}) if outputs else EMPTY

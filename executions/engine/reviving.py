"""Bringing an ended execution back to life: retry, and what a revived child does to its parent.

An operator may do what the engine never does: write an open state over an ended one. These functions work on the
whole execution, which is loaded for them; they are no hot path.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from executions.engine import starting
from executions.engine.place import Place, item_index
from executions.engine.rows import EMPTY, Doc, RunRow
from executions.states import RUN_FAILED, RUN_SUCCEEDED, ExecutionState, RunsOn, RunState
from workflows_app.graph.model import Kind, Node

if TYPE_CHECKING:
    from executions.engine.plan import Plan


# in the memo of a revived execution whose parent has not been told yet
REVIVE_PARENT = "revive_parent"


def latest_attempts(runs: list[RunRow]) -> list[RunRow]:
    """The last attempt at each place, in order of seq."""
    last: dict[tuple[str, str], RunRow] = {}
    for run in sorted(runs, key=lambda r: (r.attempt, r.seq)):
        last[run.ref, run.path] = run
    return sorted(last.values(), key=lambda r: r.seq)


def retriable(runs: list[RunRow]) -> list[RunRow]:
    """What a retry would run again: the last attempts that failed, timed out or were canceled."""
    return [run for run in latest_attempts(runs) if run.state in RUN_FAILED]


def retry(plan: Plan) -> None:
    """Every last attempt that did not succeed gets another one at once; joins, loops and lists wait again."""
    reopen_execution(plan)
    again = retriable(plan.snapshot.everything())
    containers = [run for run in again if waits(plan.node(run), run)]
    for run in again:
        if run not in containers:
            _attempt_again(plan, run)
    wait_on(plan, containers)


def child_revived(plan: Plan, run: RunRow) -> None:
    """The child execution of an ended run goes on: so does the run, and what its end had canceled."""
    reopen_execution(plan)
    mine = plan.edit(run)
    mine.state = RunState.IN_PROGRESS
    mine.settled = False
    mine.ended_at = mine.reason = None
    mine.worker = None
    plan.set_due(mine, plan.node(mine))
    beside = [other for other in retriable(plan.snapshot.everything()) if other.id != run.id]
    waiting = [other for other in beside if waits(plan.node(other), other)]
    for other in beside:
        if other.state == RunState.CANCELED and other not in waiting:
            _attempt_again(plan, other)
    wait_on(plan, waiting)


def reopen_execution(plan: Plan) -> None:
    """The execution runs again; what its end has written is taken back, and its time counts anew."""
    plan.in_doubt = True
    plan.decision.reopening = True
    memo = {
        k: v
        for k, v in plan.execution.memo.value.items()
        if k
        not in ("unhandled", "tolerated", "tolerated_run", "blamed", "stopped", "ends", "published", "compensation")
    }
    plan.change_execution(
        state=ExecutionState.RUNNING,
        reason=None,
        ended_at=None,
        output=EMPTY,
        failed_refs=None,
        failure_execution_id=None,
        retried_at=plan.now,
        # the parent, if there is one, must go on as well: that is owed until it has been told
        memo=Doc({**memo, "moved": True, **({REVIVE_PARENT: True} if plan.execution.parent_run_id else {})}),
        due_at=None,
        deadline_at=None,
    )
    plan.set_deadline()
    if plan.execution.parent_run_id:
        plan.change_execution(due_at=plan.now)


def failed_among(failed: list[list[str]], refs: set[str]) -> Doc | None:
    """What ``failed_refs`` says of these refs alone."""
    left = [told for told in failed if told[0] in refs]
    return Doc(left) if left else None


def waits(node: Node, run: RunRow) -> bool:
    """Whether a run only waits for others: it is not attempted again, it waits on."""
    is_list = node.items is not None and item_index(run.path) is None
    return node.kind in (Kind.JOIN, Kind.LOOP) or is_list or _gathers(node, run)


def _gathers(node: Node, run: RunRow) -> bool:
    """A gathering node that was canceled before it began."""
    return node.gather is not None and run.started_at is None


def wait_on(plan: Plan, waiting: list[RunRow]) -> None:
    """Joins, loops and lists go on from where they were: first all of them, then each counts what it waits for."""
    for run in [reopen_waiting(plan, found) for found in waiting]:
        count_again(plan, run, plan.node(run))


def reopen_waiting(plan: Plan, run: RunRow) -> RunRow:
    """A join, a loop or a list is open again; gives the plan's copy of it, for ``count_again``."""
    node = plan.node(run)
    mine = plan.edit(run)
    mine.settled = False
    mine.ended_at = mine.reason = None
    mine.output = mine.output if node.kind is Kind.LOOP else EMPTY
    if node.kind is Kind.JOIN:
        mine.state = RunState.WAITING
    elif node.kind is Kind.LOOP:
        mine.state = RunState.IN_PROGRESS
        memo = {k: v for k, v in (mine.memo.value if mine.memo else {}).items() if k != "failure"}
        mine.memo = Doc(memo)
        mine.output = Doc({"iteration": memo.get("iteration", 0)})
    elif _gathers(node, run):
        mine.state = RunState.WAITING
        return mine
    else:
        mine.state = RunState.IN_PROGRESS
    plan.set_due(mine, node)
    return mine


def count_again(plan: Plan, run: RunRow, node: Node) -> None:
    """How many branches of a join, or items of a list, have not ended well: each of them will tell it."""
    from executions.engine.joins import branch_names

    if node.items is not None:
        items = [r for r in latest_attempts(plan.snapshot.everything()) if r.scope_id == run.id]
        run.pending = sum(r.state not in RUN_SUCCEEDED or _again(plan, r) for r in items)
    if node.join is None or node.join.first:
        return
    done = {
        r.ref
        for r in latest_attempts(plan.snapshot.everything())
        if r.path == run.path and r.settled and r.state in RUN_SUCCEEDED and not _again(plan, r)
    }
    over = branch_names(plan, node, run)
    run.pending = sum(ref not in done for ref in over)
    if run.pending == 0:
        from executions.engine import joins

        plan.then(lambda: joins.fire(plan, run, node))


def _again(plan: Plan, run: RunRow) -> bool:
    """Whether the plan has reopened a run, or given it another attempt."""
    mine = plan.rows.get(run.id)
    if mine is not None and not mine.ended:
        return True
    newest = plan.newest(run.ref)
    return newest is not None and newest.path == run.path and not newest.ended


def _attempt_again(plan: Plan, run: RunRow) -> None:
    """Another attempt, without delay, with its input made anew."""
    node = plan.node(run)
    mine = plan.edit(run)
    mine.settled = True
    place = Place(path=run.path, scope_id=run.scope_id, context=run.context, fragment=run.fragment)
    again = plan.new_run(node, place, attempt=run.attempt + 1)
    again.task_definition_id = run.task_definition_id
    if run.runs_on == RunsOn.WORKER:
        again.domain, again.queue = run.domain, run.queue
    if item_index(run.path) is not None:
        again.input = run.input
    plan.then(lambda: starting.begin(plan, again, node))

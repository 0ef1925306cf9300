"""One failed task at a time: an operator has it run again, or passes over it; the rest stays as it is.

These functions work on the whole execution, which is loaded for them; they are no hot path.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from executions.engine import finishing, reviving
from executions.engine.cutting import leads_to
from executions.engine.place import item_index
from executions.engine.rows import RunRow
from executions.states import RUN_SUCCEEDED, ExecutionState, RunState

if TYPE_CHECKING:
    from executions.engine.plan import Plan

SKIPPED_BY_HAND = "Task was skipped."
# Their failure is final, and nothing has been done about it.
_MENDABLE = frozenset({RunState.FAILED, RunState.FAILED_WITH_TERMINAL_ERROR, RunState.TIMED_OUT})


def mendable(plan: Plan, run: RunRow) -> bool:
    """Whether it is a task that has failed for good: the last attempt at its place, and not one item of a list."""
    if run.state not in _MENDABLE or not run.settled or item_index(run.path) is not None:
        return False
    return run in reviving.latest_attempts(plan.snapshot.everything())


def run_again(plan: Plan, run: RunRow, *, afresh: bool) -> None:
    """The next attempt at a failed task. A list of items begins anew with ``afresh``; without it only those of its
    items that have not succeeded do."""
    _go_on(plan, run)
    plan.decision.reopening = True
    node = plan.node(run)
    if node.items is None or afresh:
        finishing.attempt_again(plan, run, node, 0, anew=True).reason = None
        return
    mine = reviving.reopen_waiting(plan, run)
    mine.reason = None
    for item in reviving.latest_attempts(plan.snapshot.everything()):
        if item.scope_id == run.id and item.state not in RUN_SUCCEEDED:
            again = finishing.attempt_again(plan, item, plan.node(item), 0, anew=True)
            again.reason = None


def pass_over(plan: Plan, run: RunRow) -> None:
    """The flow goes on as if a failed task had been skipped."""
    _go_on(plan, run)
    mine = plan.edit(run)
    mine.state = RunState.SKIPPED
    mine.reason = SKIPPED_BY_HAND
    mine.settled = False
    mine.updated_at = plan.now
    if plan.execution.state != ExecutionState.PAUSED:
        finishing.settle(plan, mine)


def _go_on(plan: Plan, run: RunRow) -> None:
    """The execution goes on, and has not failed by this task any more; other failures still count."""
    memo = plan.execution.memo.value
    mended = {run.id, *_reopen_joins_behind(plan, run)}
    failures = [told for told in memo.get("unhandled", ()) if told[0] not in mended]
    kept = {name: memo[name] for name in ("published", "ends") if name in memo}
    failed = plan.execution.failed_refs.value if plan.execution.failed_refs else []
    if plan.execution.ended:
        reviving.reopen_execution(plan)
    plan.in_doubt = True
    plan.note(**kept, unhandled=failures, moved=True)
    refs = {told[1] for told in failures}
    plan.change_execution(failed_refs=reviving.failed_among(failed, refs))
    plan.touched[plan.execution.id] = None


def _reopen_joins_behind(plan: Plan, run: RunRow) -> list[str]:
    """What has waited behind a task in vain waits again: the task may come yet. Gives the ids of those joins."""
    behind = leads_to(plan.graph, run)
    reopened = []
    for other in reviving.latest_attempts(plan.snapshot.everything()):
        vain = other.state in _MENDABLE and other.started_at is None and plan.node(other).gather is not None
        if vain and other.ref in behind and other.id != run.id:
            mine = reviving.reopen_waiting(plan, other)
            mine.state = RunState.WAITING
            mine.updated_at = plan.now
            plan.decision.reopening = True
            reopened.append(mine.id)
    return reopened

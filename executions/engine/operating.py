"""What operators and clients do to an execution, and a revived child to its parent: handlers of ``decide``."""

from __future__ import annotations

from executions.engine import endings, finishing, mending, rerunning, reviving, starting
from executions.engine.events import (
    Advanced,
    CallbacksReset,
    ChildRevived,
    Jumped,
    Paused,
    Rerun,
    Resumed,
    Retried,
    Skipped,
    Stopped,
    TaskPassedOver,
    TaskRunAgain,
    Terminated,
    VariablesSet,
)
from executions.engine.plan import Plan
from executions.engine.refusals import (
    BEEN_THERE,
    ENDED,
    IN_A_BODY,
    NO_ITEMS,
    NOT_ENDED,
    NOT_FAILED,
    NOT_PAUSED,
    NOT_RUNNING,
    NOTHING_TO_RETRY,
    STILL_RUNNING,
    SUPERSEDED,
    UNKNOWN_REF,
    UNKNOWN_RUN,
)
from executions.engine.rows import Doc, RunRow
from executions.states import ExecutionState, RunsOn, RunState


def paused(plan: Plan, event: Paused) -> str | None:
    if plan.execution.ended:
        return ENDED
    if plan.execution.state != ExecutionState.PAUSED:
        plan.change_execution(state=ExecutionState.PAUSED, reason=event.reason)
    return None


def resumed(plan: Plan, event: Resumed) -> str | None:
    if plan.execution.ended:
        return ENDED
    if plan.execution.state != ExecutionState.PAUSED:
        return NOT_PAUSED
    plan.change_execution(state=ExecutionState.RUNNING, reason=None, retried_at=plan.now)
    plan.set_deadline()
    starting.release(plan)
    _settle_all(plan)
    return None


def advanced(plan: Plan, event: Advanced) -> str | None:
    if plan.execution.ended:
        return ENDED
    if plan.execution.state == ExecutionState.RUNNING and not plan.execution.memo.value.get("held"):
        plan.in_doubt = True
        _settle_all(plan)
        plan.touched[plan.execution.id] = None
    return None


def _settle_all(plan: Plan) -> None:
    """Takes the consequences of everything that ended while nothing might follow."""
    for found in plan.snapshot.unsettled_runs():
        if found.ended and not plan.execution.ended:
            finishing.settle(plan, plan.edit(found))


def terminated(plan: Plan, event: Terminated) -> str | None:
    execution = plan.execution
    if execution.state == ExecutionState.COMPLETED:
        return ENDED
    if execution.state == event.state:
        return None
    if execution.ended:
        plan.change_execution(state=event.state, reason=event.reason)
        return None
    endings.end(plan, event.state, event.reason, compensate=event.trigger_failure_workflow)
    return None


def stopped(plan: Plan, event: Stopped) -> str | None:
    if plan.execution.ended:
        return ENDED
    endings.end(plan, event.state, event.reason, cancel=True, compensate=False)
    return None


def variables_set(plan: Plan, event: VariablesSet) -> str | None:
    if plan.execution.ended:
        return ENDED
    plan.change_execution(variables=Doc({**plan.execution.variables.value, **event.variables}))
    return None


def retried(plan: Plan, event: Retried) -> str | None:
    execution = plan.execution
    if not execution.ended:
        return STILL_RUNNING
    if not reviving.retriable(plan.snapshot.everything()) and execution.state != ExecutionState.TIMED_OUT:
        return NOTHING_TO_RETRY
    reviving.retry(plan)
    plan.touched[execution.id] = None
    return None


def child_revived(plan: Plan, event: ChildRevived) -> str | None:
    run = plan.snapshot.run(event.run_id)
    if run is None:
        return UNKNOWN_RUN
    if not run.ended:
        return NOT_ENDED
    if run.child_id != event.child_id:
        return SUPERSEDED
    if run.state == RunState.COMPLETED_WITH_ERRORS or run not in reviving.latest_attempts(plan.snapshot.everything()):
        return SUPERSEDED
    reviving.child_revived(plan, run)
    return None


def rerun(plan: Plan, event: Rerun) -> str | None:
    if not plan.execution.ended:
        return STILL_RUNNING
    run = plan.snapshot.run(event.run_id)
    if run is None:
        return UNKNOWN_RUN
    rerunning.rerun(plan, run, event)
    plan.touched[plan.execution.id] = None
    return None


def jumped(plan: Plan, event: Jumped) -> str | None:
    refused = _refused_node(plan, event.ref)
    if refused is None:
        rerunning.jump(plan, plan.graph.nodes[event.ref], event)
    return refused


def skipped(plan: Plan, event: Skipped) -> str | None:
    refused = _refused_node(plan, event.ref)
    if refused is None and plan.latest(event.ref) is not None:
        return BEEN_THERE
    if refused is None:
        rerunning.skip(plan, plan.graph.nodes[event.ref], event)
    return refused


def _refused_node(plan: Plan, ref: str) -> str | None:
    """Why an operator cannot point to this node."""
    if plan.execution.state != ExecutionState.RUNNING:
        return NOT_RUNNING
    if ref not in plan.graph.nodes:
        return UNKNOWN_REF
    return IN_A_BODY if plan.graph.nodes[ref].scope is not None else None


def task_run_again(plan: Plan, event: TaskRunAgain) -> str | None:
    run, refused = _failed_task(plan, event.run_id)
    if run is None:
        return refused
    if not event.afresh and plan.node(run).items is None:
        return NO_ITEMS
    mending.run_again(plan, run, afresh=event.afresh)
    return None


def task_passed_over(plan: Plan, event: TaskPassedOver) -> str | None:
    run, refused = _failed_task(plan, event.run_id)
    if run is not None:
        mending.pass_over(plan, run)
    return refused


def _failed_task(plan: Plan, run_id: str) -> tuple[RunRow | None, str | None]:
    """The task that an operator wants to mend; or why that cannot be."""
    run = plan.snapshot.run(run_id)
    if run is None:
        return None, UNKNOWN_RUN
    if not mending.mendable(plan, run):
        return None, NOT_FAILED
    if plan.execution.state == ExecutionState.PAUSED:
        return None, NOT_RUNNING
    return (None, ENDED) if plan.execution.state == ExecutionState.COMPLETED else (run, None)


def callbacks_reset(plan: Plan, event: CallbacksReset) -> str | None:
    if plan.execution.ended:
        return ENDED
    for found in plan.snapshot.everything():
        if found.state == RunState.DELAYED and found.runs_on == RunsOn.WORKER and found.callback_after > 0:
            run = plan.edit(found)
            run.callback_after = 0
            run.updated_at = plan.now
            starting.launch(plan, run, plan.node(run))
    return None

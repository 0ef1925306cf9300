"""The core of the engine: what follows from an event.

``decide`` is a pure function. It reads no clock, no table and no setting: the same graph, snapshot, event and time
give the same decision, and an event that has been applied, applied again, is refused and changes nothing.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime, timedelta
from functools import partial
from typing import Any

from executions.engine import (
    announcing,
    endings,
    finishing,
    operating,
    reviving,
    starting,
    timeouts,
)
from executions.engine.decision import Decision
from executions.engine.events import (
    Admitted,
    Advanced,
    CallbacksReset,
    ChildRevived,
    Due,
    Event,
    ExecutionDue,
    Finished,
    GivenBack,
    Held,
    Jumped,
    LeaseExtended,
    Paused,
    Rerun,
    Result,
    Resumed,
    Retried,
    Skipped,
    Started,
    Stopped,
    TakenUp,
    TaskPassedOver,
    TaskRunAgain,
    Terminated,
    VariablesSet,
    Woken,
)
from executions.engine.place import Place
from executions.engine.plan import Plan
from executions.engine.refusals import (
    BEEN_THERE,
    ENDED,
    NOT_ASIDE,
    NOT_DUE,
    NOT_HELD,
    NOT_RUNNING,
    RUN_ENDED,
    STALE,
    UNKNOWN_RUN,
)
from executions.engine.rows import Doc, RunRow
from executions.engine.snapshot import Snapshot
from executions.engine.starting import MESSAGE_GRACE
from executions.engine.tools import Claimer, Tools
from executions.states import ExecutionState, RunsOn, RunState
from workflows_app.expressions.base import ExpressionError
from workflows_app.graph.model import Change, Graph, Kind, Node
from workflows_app.policies import OnTimeout

# A task whose workers die this often is not lost by accident.
MAX_LOSSES = 5
# in the memo of a server-side run that was put aside: when it is offered again
AGAIN_AT = "again_at"
MAX_MESSAGE_GRACE = timedelta(minutes=5)

# in the memo of a task run that somebody outside has put aside, and of its execution: their ids
HELD = "held"
HOLDERS = "holders"


def decide(
    graph: Graph,
    snapshot: Snapshot,
    event: Event,
    now: datetime,
    tools: Tools,
    claimer: Claimer | None = None,
) -> Decision:
    """What follows from ``event``.

    Raises ``Missing`` when the snapshot lacks rows that matter; load them and call again. A decision whose
    ``refused`` is set changes nothing. With a ``claimer``, runs that this process can go on with itself come
    claimed for it.
    """
    plan = Plan(graph, snapshot, now, tools, claimer)
    refused = _HANDLERS[type(event)](plan, event)
    if refused is not None:
        return Decision(execution=snapshot.execution, refused=refused)
    plan.run_queue()
    return plan.done()


# ---- the execution


def _started(plan: Plan, event: Started) -> str | None:
    graph = plan.graph
    if graph.variables is not None:
        try:
            plan.change_execution(variables=Doc(plan.evaluate(graph.variables)))
        except ExpressionError as error:
            endings.end(plan, ExecutionState.FAILED, str(error))
            return None
    plan.set_deadline()
    plan.touched[plan.execution.id] = None
    place = Place(path="", scope_id=plan.execution.id)
    for ref in _entries(plan):
        plan.then(partial(starting.activate, plan, graph.nodes[ref], place))
    return None


def _admitted(plan: Plan, event: Admitted) -> str | None:
    memo = plan.execution.memo.value
    if plan.execution.state != ExecutionState.RUNNING:
        return NOT_RUNNING
    if not memo.get("held"):
        return BEEN_THERE
    # its time counts from now
    memo = {k: v for k, v in memo.items() if k != "held"}
    plan.change_execution(memo=Doc(memo), reason=None, retried_at=plan.now)
    return _started(plan, Started())


def _entries(plan: Plan) -> list[str]:
    """Where the execution begins. Backward: with what the target needs and needs nothing itself."""
    graph = plan.graph
    if not graph.backward:
        return list(graph.entry)
    wanted: dict[str, None] = {}
    queue = [plan.execution.settings.value["target"]]
    while queue:
        ref = queue.pop(0)
        if ref not in wanted:
            wanted[ref] = None
            gather = graph.nodes[ref].gather
            queue.extend(gather.sources if gather else ())
    plan.note(wanted=list(wanted))
    return [ref for ref in wanted if graph.nodes[ref].gather is None]


def _execution_due(plan: Plan, event: ExecutionDue) -> str | None:
    execution = plan.execution
    if execution.ended:
        return ENDED
    if execution.deadline_at is not None and execution.deadline_at <= plan.now:
        begun = execution.retried_at or execution.created_at
        elapsed = int((plan.now - begun).total_seconds())
        reason = (
            f"Workflow timed out after {elapsed} seconds. Timeout configured as {_seconds(plan.graph.timeout)}"
            " seconds. Timeout policy configured to TIME_OUT_WF"
        )
        endings.end(plan, ExecutionState.TIMED_OUT, reason)
        return None
    if reviving.REVIVE_PARENT in execution.memo.value:  # it has been told by now
        memo = {k: v for k, v in execution.memo.value.items() if k != reviving.REVIVE_PARENT}
        plan.change_execution(memo=Doc(memo))
    plan.change_execution(due_at=execution.deadline_at)
    return None


# ---- task runs


def _open_run(plan: Plan, run_id: str, revision: int | None = None) -> tuple[RunRow | None, str | None]:
    """The run an event is about, ready to be changed; or why it cannot be."""
    found = plan.snapshot.run(run_id)
    if found is None:
        return None, UNKNOWN_RUN
    if plan.execution.ended:
        return None, ENDED
    if found.ended or finishing.has_ended_already(found):
        return None, RUN_ENDED
    if revision is not None and found.revision != revision:
        return None, STALE
    return plan.edit(found), None


def _finished(plan: Plan, event: Finished) -> str | None:
    run, refused = _open_run(plan, event.run_id, event.revision)
    if run is None:
        return refused
    result = event.result
    node = plan.node(run)
    if result.state == RunState.IN_PROGRESS:
        if result.outside:
            run.runs_on = RunsOn.NOBODY
        _progress(plan, run, result, aside=event.revision is not None)
        if result.outside:
            run.worker = None
    elif node.completed_outside and event.revision is not None and result.state == RunState.COMPLETED:
        # its work is done, but the task itself is completed by somebody outside
        run.runs_on = RunsOn.NOBODY
        _progress(plan, run, result)
    else:
        finishing.finish(plan, run, result)
    return None


def _progress(plan: Plan, run: RunRow, result: Result, *, aside: bool = False) -> None:
    """A sign of life. A worker's task goes back on offer, at once or after the time that it asked for.

    ``aside``: whoever runs it here gives it away for a while.
    """
    node = plan.node(run)
    if result.output is not None:
        output = {**run.output.value, **result.output} if result.merge else dict(result.output)
        run.output = Doc(output)
    if result.reason is not None:
        run.reason = result.reason
    given_to = run.worker
    run.worker = result.worker or run.worker
    if run.runs_on == RunsOn.SERVER:
        run.worker = given_to  # its lease goes by that name
    run.child_id = result.child_id or run.child_id
    run.updated_at = plan.now
    run.callback_after = result.callback_after
    if run.runs_on == RunsOn.WORKER:
        run.state = RunState.DELAYED if result.callback_after > 0 else RunState.SCHEDULED
        plan.set_due(run, node, timeouts.available_at(run) if result.callback_after > 0 else None)
        return
    run.state = RunState.IN_PROGRESS
    if run.runs_on == RunsOn.SERVER and aside:
        put_aside(plan, run, node, result.callback_after)
    elif run.runs_on == RunsOn.SERVER:
        # somebody outside has a say: whoever has it keeps its lease, and its time to be looked at stays
        plan.set_due(run, node, _again_at(run) if run.worker is None else run.due_at)
    else:
        plan.set_due(run, node, _timer(run))


def put_aside(plan: Plan, run: RunRow, node: Node, seconds: float) -> None:
    """Nobody has the task until so many seconds are over; 0: until somebody wakes it."""
    again = plan.now + timedelta(seconds=seconds) if seconds > 0 else None
    memo = {k: v for k, v in (run.memo.value if run.memo else {}).items() if k != AGAIN_AT}
    run.memo = Doc({**memo, AGAIN_AT: again.timestamp()} if again else memo)
    run.worker = None
    run.callback_after = 0
    plan.set_due(run, node, again)


def _again_at(run: RunRow) -> datetime | None:
    """When a task that was put aside is offered again."""
    return _memo_time(run, AGAIN_AT)


def _lease_extended(plan: Plan, event: LeaseExtended) -> str | None:
    run, refused = _open_run(plan, event.run_id)
    if run is None:
        return refused
    run.updated_at = plan.now
    plan.set_due(run, plan.node(run), run.due_at if run.due_at != run.deadline_at else None)
    return None


def _held(plan: Plan, event: Held) -> str | None:
    run, refused = _open_run(plan, event.run_id)
    if run is None:
        return refused
    memo = run.memo.value if run.memo else {}
    if bool(memo.get(HELD)) == event.held:
        return NOT_HELD
    holders = [i for i in plan.execution.memo.value.get(HOLDERS, ()) if i != run.id]
    run.updated_at = plan.now
    if event.held:
        run.memo = Doc({**memo, HELD: True})
        plan.note(**{HOLDERS: [*holders, run.id]})
        return operating.paused(plan, Paused())
    run.memo = Doc({name: value for name, value in memo.items() if name != HELD})
    plan.note(**{HOLDERS: holders})
    if not holders and plan.execution.state == ExecutionState.PAUSED:
        return operating.resumed(plan, Resumed())
    return None


def _due(plan: Plan, event: Due) -> str | None:
    found = plan.snapshot.run(event.run_id)
    if found is not None and not found.ended and not plan.execution.ended and finishing.has_ended_already(found):
        return _end_put_off(plan, found)
    run, refused = _open_run(plan, event.run_id)
    if run is None:
        return refused
    if run.due_at is None or run.due_at > plan.now:
        return NOT_DUE
    node = plan.node(run)
    policy = plan.policy(run, node).timeouts
    over = timeouts.expired(timeouts.timeouts_of(run, policy, responds=plan.responds(run, node)), plan.now)
    if over is not None and over.policy is not OnTimeout.ALERT:
        _time_out(plan, run, over)
        return None
    if over is not None:
        memo = run.memo.value if run.memo else {}
        run.memo = Doc({**memo, "alerted": [*memo.get("alerted", ()), over.kind]})
        plan.decision.logs.append((run.id, _timeout_text(run, over, plan.now)))
    _go_on(plan, run)
    return None


def _end_put_off(plan: Plan, found: RunRow) -> str | None:
    """The end of a run was put off until now."""
    if found.due_at is None or found.due_at > plan.now:
        return NOT_DUE
    finishing.end_now(plan, plan.edit(found))
    return None


def _go_on(plan: Plan, run: RunRow) -> None:
    """No timeout ends it: whatever else it was due for happens."""
    node = plan.node(run)
    timer = _timer(run)
    if run.state == RunState.DELAYED:
        available = timeouts.available_at(run)
        if available <= plan.now:
            run.updated_at = plan.now
            plan.then(lambda: starting.take_up(plan, run, node))
        else:
            plan.set_due(run, node, available)
    elif run.state == RunState.SCHEDULED and node.kind is Kind.COMPUTE:
        plan.then(lambda: starting.launch(plan, run, node))
    elif run.state == RunState.SCHEDULED and run.runs_on in (RunsOn.SERVER, RunsOn.CHILD):
        plan.decision.send.append(run)
        waited = plan.now - run.updated_at
        plan.set_due(run, node, plan.now + min(max(waited, MESSAGE_GRACE), MAX_MESSAGE_GRACE))
    elif run.state == RunState.IN_PROGRESS and run.worker and run.runs_on in (RunsOn.SERVER, RunsOn.CHILD):
        # (a run whose child execution has begun has no worker any more)
        _worker_lost(plan, run)
    elif run.state == RunState.IN_PROGRESS and run.runs_on == RunsOn.SERVER:
        again = _again_at(run)
        if again is not None and again <= plan.now:
            _offer_again(plan, run)
        else:
            plan.set_due(run, node, again)
    elif timer is not None and timer <= plan.now:
        finishing.finish(plan, run, Result(state=RunState.COMPLETED))
    else:
        plan.set_due(run, node, timer)


def _taken_up(plan: Plan, event: TakenUp) -> str | None:
    """Changes nothing but what is announced: the claim itself is a statement of its own."""
    run = plan.snapshot.run(event.run_id)
    if run is None:
        return UNKNOWN_RUN
    announcing.announce(plan, run, plan.node(run), Change.STARTED)
    return None


def _woken(plan: Plan, event: Woken) -> str | None:
    run, refused = _open_run(plan, event.run_id)
    if run is None:
        return refused
    if run.state != RunState.IN_PROGRESS or run.runs_on != RunsOn.SERVER or run.worker is not None:
        return NOT_ASIDE
    _offer_again(plan, run)
    return None


def _offer_again(plan: Plan, run: RunRow) -> None:
    run.updated_at = plan.now
    node = plan.node(run)
    plan.then(lambda: starting.launch(plan, run, node))


def _timer(run: RunRow) -> datetime | None:
    return _memo_time(run, "timer")


def _memo_time(run: RunRow, name: str) -> datetime | None:
    at = (run.memo.value if run.memo else {}).get(name)
    return None if at is None else datetime.fromtimestamp(at, tz=run.scheduled_at.tzinfo)


def _worker_lost(plan: Plan, run: RunRow) -> None:
    """The lease is over: the task is offered again, unless it must not run twice or loses every worker."""
    node = plan.node(run)
    run.losses += 1
    if run.losses >= MAX_LOSSES or not _may_run_twice(plan, run, node):
        times = f" for the {run.losses}th time" if run.losses > 1 else ""
        finishing.finish(plan, run, Result(state=RunState.FAILED, reason=f"its worker {run.worker} was lost{times}"))
        return
    _offer_to_others(plan, run, node, "was lost")


def _given_back(plan: Plan, event: GivenBack) -> str | None:
    """The run is offered again and nothing is counted, unless it must not run twice: how far it got nobody knows."""
    run, refused = _open_run(plan, event.run_id, event.revision)
    if run is None:
        return refused
    if run.state != RunState.IN_PROGRESS or run.worker is None:
        return STALE
    node = plan.node(run)
    if _may_run_twice(plan, run, node):
        _offer_to_others(plan, run, node, "was stopped")
    else:
        finishing.finish(plan, run, Result(state=RunState.FAILED, reason=f"its worker {run.worker} was stopped"))
    return None


def _offer_to_others(plan: Plan, run: RunRow, node: Node, why: str) -> None:
    plan.decision.logs.append((run.id, f"worker {run.worker} {why}; the task is offered again"))
    run.worker = None
    run.updated_at = plan.now
    plan.then(lambda: starting.launch(plan, run, node))


def _may_run_twice(plan: Plan, run: RunRow, node: Node) -> bool:
    if node.rerun_lost is None:
        return plan.policy(run, node).rerun_lost
    try:
        return plan.truth(node.rerun_lost, run)
    except ExpressionError as error:
        plan.decision.logs.append((run.id, f"whether it may run again cannot be told: {error}"))
        return False


def _time_out(plan: Plan, run: RunRow, over: timeouts.Timeout) -> None:
    reason = _timeout_text(run, over, plan.now)
    if over.policy is OnTimeout.RETRY:
        finishing.finish(plan, run, Result(state=RunState.TIMED_OUT, reason=reason))
        return
    run.state = RunState.TIMED_OUT
    run.reason = reason
    run.ended_at = run.updated_at = plan.now
    run.due_at = run.deadline_at = None
    plan.settled(run)
    endings.end(plan, ExecutionState.TIMED_OUT, reason, failed=run)


_POLICY_NAMES = {OnTimeout.RETRY: "RETRY", OnTimeout.END_EXECUTION: "TIME_OUT_WF", OnTimeout.ALERT: "ALERT_ONLY"}


def _timeout_text(run: RunRow, over: timeouts.Timeout, now: datetime) -> str:
    if over.kind == "limit":
        return f"Task timed out [timeout(s)={_seconds(over.seconds)}]."
    if over.kind == "response":
        return (
            f"responseTimeout: {_seconds(over.seconds)} exceeded for the taskId: {run.id}"
            f" with Task Definition: {run.name}"
        )
    what = {"task": "Task timed out", "poll": "Task poll timed out", "total": "Task timed out in total"}[over.kind]
    name = "Poll timeout" if over.kind == "poll" else "Timeout"
    elapsed = int((now - over.since).total_seconds())
    return (
        f"{what} after {elapsed} seconds. {name} configured as {_seconds(over.seconds)} seconds."
        f" Timeout policy configured to {_POLICY_NAMES[over.policy]}"
    )


def _seconds(value: float) -> str:
    return f"{value:g}"


_HANDLERS: dict[type[Event], Callable[[Plan, Any], str | None]] = {
    Started: _started,
    Admitted: _admitted,
    Finished: _finished,
    LeaseExtended: _lease_extended,
    GivenBack: _given_back,
    Held: _held,
    Due: _due,
    TakenUp: _taken_up,
    Woken: _woken,
    ExecutionDue: _execution_due,
    Paused: operating.paused,
    Resumed: operating.resumed,
    Advanced: operating.advanced,
    Terminated: operating.terminated,
    Stopped: operating.stopped,
    VariablesSet: operating.variables_set,
    Retried: operating.retried,
    ChildRevived: operating.child_revived,
    Rerun: operating.rerun,
    Jumped: operating.jumped,
    Skipped: operating.skipped,
    TaskRunAgain: operating.task_run_again,
    TaskPassedOver: operating.task_passed_over,
    CallbacksReset: operating.callbacks_reset,
}

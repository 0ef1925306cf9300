"""Reaching a node: from the edge that leads there to the hands of whoever does it."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from functools import partial
from typing import TYPE_CHECKING

from executions.engine import (
    announcing,
    caching,
    endings,
    fanout,
    finishing,
    gathering,
    items,
    joins,
    loops,
    retries,
    timeouts,
)
from executions.engine.events import Result
from executions.engine.fragments import fragment_of
from executions.engine.place import Place, item_index
from executions.engine.rows import Doc, RunRow
from executions.engine.tools import Task
from executions.ids import child_id, run_id
from executions.states import ExecutionState, RunsOn, RunState
from workflows_app.expressions.base import ExpressionError, ScriptError
from workflows_app.graph.model import Change, Kind, Node
from workflows_app.graph.template import Template
from workflows_app.json_text import storable

if TYPE_CHECKING:
    from executions.engine.plan import Plan

# Compute nodes evaluated in one decision; then the plan takes a breath: the next one becomes a due row of its own.
MAX_COMPUTED = 500
# How long a message for a scheduled run may take before it counts as lost.
MESSAGE_GRACE = timedelta(seconds=5)
# in the memo of a run: whose edges have led to it
BY = "by"
# in the memo of a run that the execution has paused before, and of that execution: their ids
RELEASED = "released"
HELD_BACK = "held_back"
PAUSED_BEFORE = "Set by 'pause-before' policy"
# What fits into its column; a name that was made at run time may be anything.
LONGEST_DOMAIN = 255
LONGEST_QUEUE = 255


def activate(plan: Plan, node: Node, place: Place) -> None:
    """A node is reached: make its run and begin it."""
    if node.ref in plan.graph.revisits:
        place = place.visited_after(plan.latest(node.ref))
    if gathering.passed_over(plan, node, place) or _been_there(plan, node, place):
        return
    if node.kind is Kind.DYNAMIC:
        _become(plan, node, place)
        return
    run = plan.new_run(node, place)
    run.memo = remembering(None, place)
    begin(plan, run, node)


def remembering(memo: Doc | None, place: Place) -> Doc | None:
    """A memo that knows whose edge has led here, if that edge has a name."""
    if place.cause is None:
        return memo
    known = memo.value if memo else {}
    return Doc({**known, BY: [*known.get(BY, ()), list(place.cause)]})


def remembered(run: RunRow) -> Doc | None:
    """What the next attempt keeps of a run's memo."""
    memo = run.memo.value if run.memo else {}
    kept = {name: memo[name] for name in (BY, retries.SINCE) if memo.get(name)}
    return Doc(kept) if kept else None


def _been_there(plan: Plan, node: Node, place: Place) -> bool:
    """Whether the flow has been here before an operator has moved it: it goes on from there, if at all."""
    if not plan.execution.memo.value.get("moved") or node.ref in plan.graph.revisits:
        return False
    found = plan.latest(node.ref)
    return found is not None and found.path == place.path and found.scope_id == place.scope_id


def _become(plan: Plan, node: Node, place: Place) -> None:
    """A node whose input says what it really is becomes that, under its own ref."""
    execution = plan.execution
    probe = run_id(execution.id, execution.epoch, node.ref, place.path, 0)
    try:
        given = plan.evaluate(node.input, context=place.context) if node.input else {}
        resolved = plan.logic(node).resolve(
            Task(
                node=node,
                run_id=probe,
                path=place.path,
                input=given,
                execution=execution,
                now=plan.now,
                script=plan.tools.script,
            )
        )
    except ExpressionError as error:
        endings.end(plan, ExecutionState.FAILED, str(error))
        return
    if resolved.node is None:
        endings.end(plan, ExecutionState.FAILED, resolved.abort)
        return
    place = replace(place, fragment=fragment_of({node.ref: resolved.node}))
    begin(plan, plan.new_run(resolved.node, place), resolved.node)


def begin(plan: Plan, run: RunRow, node: Node) -> None:
    """Takes a new, delayed or waiting run up. ``run`` belongs to the plan."""
    try:
        if item_index(run.path) is not None:
            launch(plan, run, node)
        elif node.skip_if is not None and plan.evaluate(node.skip_if, run=run):
            finishing.finish(plan, run, Result(state=RunState.SKIPPED, output=run.output.value))
        elif _pauses(plan, run, node):
            _wait_for_resumption(plan, run)
        elif node.items is not None:
            _start_items(plan, run, node)
        elif node.kind is Kind.JOIN:
            joins.open_join(plan, run, node)
        elif node.kind is Kind.LOOP:
            plan.resolve_input(run, node)
            loops.start(plan, run, node)
        else:
            plan.resolve_input(run, node)
            _check_input(plan, run, node)
            announcing.announce(plan, run, node, Change.SCHEDULED)
            if caching.served(plan, run, node):
                return
            seconds = plan.number(node.start_delay, run)
            if seconds > 0:
                delay(plan, run, node, seconds)
            else:
                launch(plan, run, node)
    except ExpressionError as error:
        refuse(plan, run, error)


def refuse(plan: Plan, run: RunRow, error: ExpressionError) -> None:
    """A run cannot begin, because an expression cannot be evaluated."""
    if plan.graph.broken_ends:
        finishing.break_down(plan, run, error)
    else:
        finishing.finish(plan, run, Result(state=RunState.FAILED_WITH_TERMINAL_ERROR, reason=str(error)))


def _check_input(plan: Plan, run: RunRow, node: Node) -> None:
    """Raises ExpressionError."""
    schema = plan.policy(run, node).input_schema
    problem = None if schema is None else plan.tools.schema_problem(schema, run.input.value)
    if problem is not None:
        raise ExpressionError(f"The input is not as its schema wants it: {problem}")


def _pauses(plan: Plan, run: RunRow, node: Node) -> bool:
    """Whether the execution shall pause before this run begins, and has not done so yet."""
    if node.pause_before is False or run.attempt or (run.memo is not None and RELEASED in run.memo.value):
        return False
    return plan.truth(node.pause_before, run)


def _wait_for_resumption(plan: Plan, run: RunRow) -> None:
    run.state = RunState.WAITING
    run.reason = PAUSED_BEFORE
    run.memo = Doc({**(run.memo.value if run.memo else {}), RELEASED: True})
    plan.note(**{HELD_BACK: [*plan.execution.memo.value.get(HELD_BACK, ()), run.id]})
    plan.change_execution(state=ExecutionState.PAUSED)


def release(plan: Plan) -> None:
    """The execution was resumed: what it has paused before begins."""
    for held in plan.execution.memo.value.get(HELD_BACK, ()):
        found = plan.run_by_id(held)
        if found is not None and found.state == RunState.WAITING:
            run = plan.edit(found)
            run.reason = None
            plan.then(partial(begin, plan, run, plan.node(run)))
    if HELD_BACK in plan.execution.memo.value:
        plan.change_execution(memo=Doc({k: v for k, v in plan.execution.memo.value.items() if k != HELD_BACK}))


def _start_items(plan: Plan, run: RunRow, node: Node) -> None:
    seconds = 0 if run.attempt or run.start_delay else plan.number(node.start_delay, run)
    if seconds > 0:
        delay(plan, run, node, seconds)
    else:
        items.start(plan, run, node)


def delay(plan: Plan, run: RunRow, node: Node, seconds: float) -> None:
    """Puts a run aside for so long. Its queue and kind are fixed now, so that nobody needs the graph later."""
    run.start_delay = seconds
    run.callback_after = 0
    run.state = RunState.DELAYED
    _route(plan, run, node)
    plan.set_due(run, node, timeouts.available_at(run))


def take_up(plan: Plan, run: RunRow, node: Node) -> None:
    """The delay of a run is over."""
    if node.items is not None and item_index(run.path) is None:
        begin(plan, run, node)
    else:
        launch(plan, run, node)


def launch(plan: Plan, run: RunRow, node: Node) -> None:
    """Gives a run to whoever does it: the core itself, a worker, the world outside."""
    if item_index(run.path) is None and node.items is None and not limit_time(plan, run, node):
        return
    if node.kind is Kind.COMPUTE:
        _compute(plan, run, node)
    elif node.kind is Kind.FANOUT:
        fanout.start(plan, run, node)
    elif plan.logic(node).runs_on == RunsOn.NOBODY:
        _open(plan, run, node)
    else:
        _schedule(plan, run, node)


def limit_time(plan: Plan, run: RunRow, node: Node) -> bool:
    """Fixes the time that this attempt may take. False: it cannot be told, and the run has failed."""
    if node.timeout is None:
        return True
    try:
        seconds = plan.number(node.timeout, run)
    except ExpressionError as error:
        refuse(plan, run, error)
        return False
    if seconds > 0:
        limit = {timeouts.LIMIT: [plan.now.timestamp(), seconds]}
        run.memo = Doc({**(run.memo.value if run.memo else {}), **limit})
    return True


def task_of(plan: Plan, run: RunRow, node: Node) -> Task:
    """What a task type gets to see of a run."""
    return Task(
        node=node,
        run_id=run.id,
        path=run.path,
        input=run.input.value,
        execution=plan.execution,
        now=plan.now,
        made_at_run_time=node.ref not in plan.graph.nodes,
        script=plan.tools.script,
    )


def _compute(plan: Plan, run: RunRow, node: Node) -> None:
    plan.computed += 1
    if plan.computed > MAX_COMPUTED:
        run.state = RunState.SCHEDULED
        run.due_at = plan.now
        plan.decision.send.append(run)
        return
    run.started_at = plan.now
    announcing.announce(plan, run, node, Change.STARTED)
    try:
        result = plan.logic(node).compute(task_of(plan, run, node))
    except ScriptError as error:
        result = Result(state=RunState.FAILED_WITH_TERMINAL_ERROR, reason=str(error))
    finishing.finish(plan, run, result)


def _open(plan: Plan, run: RunRow, node: Node) -> None:
    opening = plan.logic(node).open(task_of(plan, run, node))
    run.state = RunState.IN_PROGRESS
    run.started_at = run.updated_at = plan.now
    if opening.message is not None:
        plan.decision.messages.append((run.id, opening.message))
    announcing.announce(plan, run, node, Change.STARTED)
    if opening.result is not None:
        finishing.finish(plan, run, opening.result)
        return
    run.queue = opening.queue
    if opening.output is not None:
        run.output = Doc(opening.output)
    if opening.timer_at is not None:
        run.memo = Doc({**(run.memo.value if run.memo else {}), "timer": opening.timer_at.timestamp()})
    plan.set_due(run, node, opening.timer_at)


def _route(plan: Plan, run: RunRow, node: Node) -> None:
    logic = plan.logic(node)
    run.runs_on = logic.runs_on if node.kind is Kind.TASK else RunsOn.NOBODY
    limits = plan.policy(run, node).limits
    run.limited = bool(limits.concurrency or limits.rate)
    if run.runs_on == RunsOn.WORKER:
        if run.queue is None:
            name = logic.queue_of(node) or node.name
            run.domain = _domain(plan, name)
            run.queue = f"{run.domain}:{name}" if run.domain else name
    elif run.runs_on in (RunsOn.SERVER, RunsOn.CHILD):
        run.queue = _queue(plan, run, node) or logic.queue_of(node)
        if run.runs_on == RunsOn.CHILD and run.child_id is None:
            run.child_id = child_id(run.id)


def _queue(plan: Plan, run: RunRow, node: Node) -> str | None:
    """The queue that the node itself asks for. Raises ExpressionError."""
    if not isinstance(node.queue, Template):
        return node.queue
    return storable(str(plan.evaluate(node.queue, run=run)))[:LONGEST_QUEUE]


def _domain(plan: Plan, name: str) -> str | None:
    domains = plan.execution.settings.value.get("domains")
    if not domains:
        return None
    given = storable(str(domains.get(name) or domains.get("*") or ""))
    candidates = [d for part in given.split(",") if (d := part.strip()[:LONGEST_DOMAIN])]
    return plan.tools.domain(candidates, name) if candidates else None


def _schedule(plan: Plan, run: RunRow, node: Node) -> None:
    run.state = RunState.SCHEDULED
    _route(plan, run, node)
    if run.runs_on == RunsOn.WORKER:
        plan.set_due(run, node)
        return
    if _claim(plan, run, node):
        plan.decision.claimed.append(run)
        return
    plan.decision.send.append(run)
    plan.set_due(run, node, plan.now + MESSAGE_GRACE)


def _claim(plan: Plan, run: RunRow, node: Node) -> bool:
    """Whether the deciding process goes on with this run itself."""
    claimer = plan.claimer
    if claimer is None or run.limited:
        return False
    if run.runs_on == RunsOn.CHILD:
        if claimer.children <= 0:
            return False
        claimer.children -= 1
    else:
        if claimer.steps <= 0 or claimer.queues is None or run.queue not in claimer.queues:
            return False
        claimer.steps = 0  # one at a time: what it leads to is decided when it is done
    run.state = RunState.IN_PROGRESS
    run.worker = claimer.worker
    run.started_at = plan.now
    run.polls = 1
    plan.set_due(run, node, plan.now + timedelta(seconds=claimer.lease_seconds))
    return True

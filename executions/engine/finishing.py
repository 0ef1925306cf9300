"""Ending a node: another attempt, the edges that follow, or the end of the execution."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING

from executions.engine import announcing, caching, endings, gathering, items, joins, retries, starting
from executions.engine.events import Result
from executions.engine.fragments import nodes_of
from executions.engine.place import Place, item_index
from executions.engine.rows import EMPTY, Doc, RunRow
from executions.states import ExecutionState, RunState
from workflows_app.graph.model import Change, Edge, Kind, Node, On

if TYPE_CHECKING:
    from executions.engine.plan import Plan


def finish(plan: Plan, run: RunRow, result: Result) -> None:
    """A run of the plan has ended; takes the consequences unless the execution is paused."""
    run.state = result.state
    run.ended_at = run.updated_at = plan.now
    run.started_at = run.started_at or plan.now
    run.due_at = run.deadline_at = None
    if result.output is not None:
        output = {**run.output.value, **result.output} if result.merge else result.output
        run.output = Doc(output) if output else EMPTY
    if result.reason is not None:
        run.reason = result.reason
    elif not run.failed:
        run.reason = None
    if result.worker is not None:
        run.worker = result.worker
    if result.input:
        run.input = Doc({**run.input.value, **result.input})
    if result.case is not None:
        run.memo = Doc({**(run.memo.value if run.memo else {}), "case": result.case})
    if result.variables:
        plan.change_execution(variables=Doc({**plan.execution.variables.value, **result.variables}))
    if result.state == RunState.COMPLETED and result.end is None:
        _check_output(plan, run)
    node = plan.node(run)
    caching.keep(plan, run, node)
    announcing.announce_end(plan, run, node)
    if result.abort is not None:
        plan.settled(run)
        endings.end(plan, ExecutionState.FAILED, result.abort, failed=run)
    elif result.end is not None:
        plan.settled(run)
        endings.end_by_task(plan, run, result.end)
    elif plan.execution.state != ExecutionState.PAUSED:
        settle(plan, run)


def _check_output(plan: Plan, run: RunRow) -> None:
    """A task whose output is not as its definition promises has failed: another attempt would not mend that."""
    schema = plan.policy(run, plan.node(run)).output_schema
    problem = None if schema is None else plan.tools.schema_problem(schema, run.output.value)
    if problem is not None:
        run.state = RunState.FAILED_WITH_TERMINAL_ERROR
        run.reason = f"The output is not as its schema wants it: {problem}"


def settle(plan: Plan, run: RunRow) -> None:
    """Decides the consequences of an ended run: another attempt, the nodes that follow, or the end."""
    node = plan.node(run)
    index = item_index(run.path)
    if run.failed and _retry(plan, run, node):
        plan.settled(run)
        return
    if run.failed and node.optional:
        run.state = RunState.COMPLETED_WITH_ERRORS
    plan.settled(run)
    if index is not None:
        items.item_ended(plan, run, node)
        return
    if run.failed and not node.permissive and not endings.handled(node):
        endings.unhandled_failure(plan, run)
        if plan.stopped:
            return
    if run.failed and node.permissive:
        endings.note_permissive_failure(plan, run)
    plan.then(partial(follow, plan, run, node))


def _retry(plan: Plan, run: RunRow, node: Node) -> bool:
    if plan.stopped:
        return False
    policy = plan.policy(run, node)
    chance = plan.tools.random(run.id)
    delay = retries.delay_before_retry(run, policy, node.retry_limit, plan.now, chance)
    if delay is None:
        return False
    attempt_again(plan, run, node, delay)
    return True


def attempt_again(plan: Plan, run: RunRow, node: Node, delay: float) -> RunRow:
    """The next attempt of an ended run, after so many seconds."""
    place = Place(path=run.path, scope_id=run.scope_id, context=run.context, fragment=run.fragment)
    again = plan.new_run(node, place, attempt=run.attempt + 1)
    again.first_scheduled_at = run.first_scheduled_at
    again.task_definition_id = run.task_definition_id
    again.reason = run.reason
    again.domain, again.queue = run.domain, run.queue
    if item_index(run.path) is None:
        plan.resolve_input(again, node)
        announcing.announce(plan, again, node, Change.SCHEDULED)
    else:
        again.input = run.input
    if delay > 0:
        starting.delay(plan, again, node, delay)
    else:
        plan.then(partial(starting.launch, plan, again, node))
    return again


def follow(plan: Plan, run: RunRow, node: Node) -> None:
    """Tells the joins that watch this run, and takes the edges that apply to its outcome."""
    for ref in node.notifies:
        joins.notify(plan, ref, run)
    place = Place(path=run.path, scope_id=run.scope_id, context=run.context, fragment=run.fragment)
    place = place.left_visit()
    edges = _edges(plan, run, node)
    for number, edge in enumerate(edges[_followed(run) :], start=1):
        _take(plan, edge, run, place)
        if plan.execution.ended:
            return
        if plan.execution.state == ExecutionState.PAUSED and number < len(edges):
            # what comes after a command to pause is taken when the execution is resumed
            run.settled = False
            run.memo = Doc({**(run.memo.value if run.memo else {}), "followed": number})
            return
    if node.opens is not None and node.kind is not Kind.FANOUT:
        join = plan.node_at(node.opens, place.fragment)
        plan.then(partial(starting.activate, plan, join, place))
    if not edges and node.opens is None:
        endings.branch_ended(plan, run)


def _followed(run: RunRow) -> int:
    """How many of its edges a run has followed already."""
    followed: int = (run.memo.value if run.memo else {}).get("followed", 0)
    return followed


def _edges(plan: Plan, run: RunRow, node: Node) -> list[Edge]:
    outcome = On.SUCCESS
    if run.state == RunState.SKIPPED and any(e.on is On.SKIP for e in node.edges):
        outcome = On.SKIP
    elif run.failed and not node.permissive:
        outcome = On.ERROR
    edges = node.edges
    if plan.graph.backward:
        wanted = plan.execution.memo.value["wanted"]
        edges = tuple(e for e in edges if e.to in wanted)
    candidates = [e for e in edges if e.on is outcome]
    candidates += [e for e in edges if e.on is On.COMPLETE]
    case = run.memo.value.get("case") if run.memo else None
    if case is None:
        candidates = [e for e in candidates if e.case is None and not e.otherwise]
    else:
        named = [e for e in candidates if e.case == case]
        candidates = named or [e for e in candidates if e.otherwise]
    taken = []
    for edge in candidates:
        if edge.when is None or plan.evaluate(edge.when, run=run, locals={"task": run.ref}):
            taken.append(edge)
        elif edge.to is not None:
            gathering.declined(plan, edge.to, run)
    return taken


def _take(plan: Plan, edge: Edge, run: RunRow, place: Place) -> None:
    if edge.command is not None:
        endings.obey(plan, edge, run)
        return
    if edge.to is None:
        return
    target = plan.node_at(edge.to, place.fragment)
    if place.fragment is not None and edge.to not in nodes_of(place.fragment):
        place = place.without_fragment()
    if target.gather is not None:
        plan.then(partial(gathering.arrive, plan, target, place, run))
    else:
        plan.then(partial(starting.activate, plan, target, place))

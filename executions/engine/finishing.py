"""Ending a node: another attempt, the edges that follow, or the end of the execution."""

from __future__ import annotations

from dataclasses import replace
from functools import partial
from typing import TYPE_CHECKING

from executions.engine import (
    announcing,
    caching,
    contexts,
    endings,
    gathering,
    items,
    joins,
    publishing,
    retries,
    starting,
    timeouts,
)
from executions.engine.events import Result
from executions.engine.fragments import nodes_of
from executions.engine.place import Place, item_index
from executions.engine.rows import EMPTY, Doc, RunRow
from executions.states import ExecutionState, RunState, run_may_become
from workflows_app.expressions.base import ExpressionError
from workflows_app.graph.model import Change, Edge, Kind, Node, On
from workflows_app.graph.template import Template

if TYPE_CHECKING:
    from executions.engine.plan import Plan

# in the memo of a run whose end is put off: the state that it will have
ENDED_AS = "ended_as"
FAILED_ON = "Failed by 'fail-on' policy"
# in the memo of a run that has failed: its work is done, what the definition makes of it is not as it should be
DID_WELL = "did_well"
_NEVER_PUT_OFF = frozenset({RunState.CANCELED, RunState.SKIPPED})


def finish(plan: Plan, run: RunRow, result: Result) -> None:
    """A run of the plan has ended; takes the consequences unless the execution is paused."""
    if run.state != RunState.WAITING:  # what has waited in vain has never begun
        run.started_at = run.started_at or plan.now
    run.state = result.state
    run.ended_at = run.updated_at = plan.now
    run.due_at = run.deadline_at = None
    if result.output is not None:
        output = {**run.output.value, **result.output} if result.merge else result.output
        run.output = Doc(output) if output else EMPTY
    run.reason = result.reason  # what an earlier attempt has said is no reason of this one
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
    else:
        _conclude(plan, run)


def _conclude(plan: Plan, run: RunRow) -> None:
    """What the node's own policies make of the result; then its consequences, unless the execution is paused."""
    node = plan.node(run)
    if item_index(run.path) is None:
        if node.items is not None and run.pending:
            items.abandon(plan, run)
        try:
            if _lingers(plan, run, node):
                return
            if run.state == RunState.COMPLETED and plan.truth(node.fail_on, run):
                run.state = RunState.FAILED
                run.reason = FAILED_ON
                run.memo = Doc({**(run.memo.value if run.memo else {}), DID_WELL: True})
        except ExpressionError as error:
            break_down(plan, run, error)
            return
    if plan.execution.state != ExecutionState.PAUSED:
        settle(plan, run)


def _check_output(plan: Plan, run: RunRow) -> None:
    """A task whose output is not as its definition promises has failed: another attempt would not mend that."""
    schema = plan.policy(run, plan.node(run)).output_schema
    problem = None if schema is None else plan.tools.schema_problem(schema, run.output.value)
    if problem is not None:
        run.state = RunState.FAILED_WITH_TERMINAL_ERROR
        run.reason = f"The output is not as its schema wants it: {problem}"


def _lingers(plan: Plan, run: RunRow, node: Node) -> bool:
    """Whether the end of a run is put off; then the run becomes due when its time has come."""
    memo = run.memo.value if run.memo else {}
    seconds = 0 if ENDED_AS in memo or run.state in _NEVER_PUT_OFF else plan.number(node.end_delay, run)
    if seconds <= 0:
        return False
    run.memo = Doc({**memo, ENDED_AS: run.state})
    run.state = RunState.DELAYED
    run.ended_at = None
    run.due_at = timeouts.after(plan.now, seconds)
    return True


def has_ended_already(run: RunRow) -> bool:
    """Whether only the end of an open run is put off: its result is there."""
    return run.memo is not None and ENDED_AS in run.memo.value


def end_now(plan: Plan, run: RunRow) -> None:
    """The delay behind a run is over."""
    assert run.memo is not None
    run.state = run.memo.value[ENDED_AS]
    run.ended_at = run.updated_at = plan.now
    run.due_at = run.deadline_at = None
    _conclude(plan, run)


def settle(plan: Plan, run: RunRow) -> None:
    """Decides the consequences of an ended run: another attempt, the nodes that follow, or the end."""
    node = plan.node(run)
    index = item_index(run.path)
    try:
        if _retry(plan, run, node):
            plan.settled(run)
            return
        if run.failed and node.optional:
            run.state = RunState.COMPLETED_WITH_ERRORS
        plan.settled(run)
        if index is not None:
            items.item_ended(plan, run, node)
            return
        publishing.publish(plan, run, node)
    except ExpressionError as error:
        break_down(plan, run, error)
        return
    if run.failed and not node.permissive and not endings.handled(node, run):
        endings.unhandled_failure(plan, run)
        if plan.stopped:
            return
    if run.failed and node.permissive:
        endings.note_permissive_failure(plan, run)
    plan.undecided.add(run.id)
    plan.then(partial(follow, plan, run, node))


def break_down(plan: Plan, run: RunRow, error: ExpressionError) -> None:
    """An expression that decides how to go on cannot be evaluated: nobody can say what is right, and all ends here."""
    before = run.origin.state if run.origin is not None else RunState.SCHEDULED
    if run_may_become(before, RunState.FAILED_WITH_TERMINAL_ERROR):
        if run.state == RunState.COMPLETED:
            run.memo = Doc({**(run.memo.value if run.memo else {}), DID_WELL: True})
        run.state = RunState.FAILED_WITH_TERMINAL_ERROR
        run.due_at = run.deadline_at = None
    told = f"error={error}, wf={plan.execution.name}, task={run.ref}"
    if run.ended_at is None:
        run.reason = f"Failed to run task [{told}]"
    else:
        run.reason = f"Failed to handle action completion [{told}, action={run.name}]"
    run.ended_at = run.ended_at or plan.now
    plan.settled(run)
    endings.end(plan, ExecutionState.FAILED, run.reason, failed=run)


def _retry(plan: Plan, run: RunRow, node: Node) -> bool:
    """Whether there is another attempt; it has been made then. Raises ExpressionError."""
    if plan.stopped or not (run.failed or node.continue_on is not None):
        return False
    if node.items is not None and node.items.together == (item_index(run.path) is not None):
        return False
    if run.state == RunState.CANCELED or not _wants_more(plan, run, node):
        return False
    limit = node.retry_limit
    if isinstance(limit, Template):
        limit = int(plan.number(limit, run))
    chance = plan.tools.random(run.id)
    repeat = run.state == RunState.COMPLETED
    delay = retries.delay_before_retry(run, plan.policy(run, node), limit, plan.now, chance, repeat=repeat)
    if delay is None:
        return False
    if node.retry_delay is not None:
        delay = max(plan.number(node.retry_delay, run), 0)
    attempt_again(plan, run, node, delay)
    return True


def _wants_more(plan: Plan, run: RunRow, node: Node) -> bool:
    if node.continue_on is not None and not plan.truth(node.continue_on, run):
        return False
    return not (run.failed and node.break_on is not None and plan.truth(node.break_on, run))


def attempt_again(plan: Plan, run: RunRow, node: Node, delay: float, *, anew: bool = False) -> RunRow:
    """The next attempt of an ended run, after so many seconds. ``anew``: its retries are counted from here."""
    place = Place(path=run.path, scope_id=run.scope_id, context=run.context, fragment=run.fragment)
    again = plan.new_run(node, place, attempt=run.attempt + 1, salt=_salt(plan, run))
    again.first_scheduled_at = run.first_scheduled_at
    again.task_definition_id = run.task_definition_id
    again.reason = run.reason
    again.domain, again.queue = run.domain, run.queue
    again.memo = starting.remembered(run)
    if anew:
        again.memo = Doc({**(again.memo.value if again.memo else {}), retries.SINCE: again.attempt})
    if item_index(run.path) is None:
        try:
            if node.items is None:
                plan.resolve_input(again, node)
        except ExpressionError as error:
            starting.refuse(plan, again, error)
            return again
        announcing.announce(plan, again, node, Change.SCHEDULED)
    else:
        again.input = run.input
    if delay > 0:
        starting.delay(plan, again, node, delay)
    elif node.items is not None and item_index(run.path) is None:
        plan.then(partial(starting.begin, plan, again, node))
    else:
        plan.then(partial(starting.launch, plan, again, node))
    return again


def _salt(plan: Plan, run: RunRow) -> str:
    """Items of a list that is attempted again have the same paths as those before."""
    container = plan.run_by_id(run.scope_id) if item_index(run.path) is not None else None
    return container.id if container is not None and container.attempt else ""


def follow(plan: Plan, run: RunRow, node: Node) -> None:
    """Tells the joins that watch this run, and takes the edges that apply to its outcome."""
    for ref in node.notifies:
        joins.notify(plan, ref, run)
    place = Place(
        path=run.path,
        scope_id=run.scope_id,
        context=publishing.context_behind(plan, run),
        fragment=run.fragment,
    )
    place = place.left_visit()
    try:
        _take_edges(plan, run, node, place)
    except ExpressionError as error:
        break_down(plan, run, error)


def _take_edges(plan: Plan, run: RunRow, node: Node, place: Place) -> None:
    edges = _edges(plan, run, node, place)
    if endings.left_unhandled(run, node, edges):
        endings.unhandled_failure(plan, run)
        if plan.execution.ended:
            return
    for number, edge in enumerate(edges[_followed(run) :], start=1 + _followed(run)):
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
    if node.opens is None and not any(edge.to for edge in edges):
        endings.branch_ended(plan, run)


def _followed(run: RunRow) -> int:
    """How many of its edges a run has followed already."""
    followed: int = (run.memo.value if run.memo else {}).get("followed", 0)
    return followed


def _edges(plan: Plan, run: RunRow, node: Node, place: Place) -> list[Edge]:
    """The edges that are taken. Who gathers at the end of another one is told. Raises ExpressionError."""
    edges = node.edges
    if plan.graph.backward:
        wanted = plan.execution.memo.value["wanted"]
        edges = tuple(e for e in edges if e.to in wanted)
    outcome = On.SUCCESS if node.permissive and run.failed else publishing.outcome_of(run)
    taken: list[Edge] = []
    if outcome is On.SKIP:
        taken = _chosen(plan, run, [e for e in edges if e.on is On.SKIP], place)
        if not taken:
            taken = _chosen(plan, run, [e for e in edges if e.on is On.SUCCESS], place)
    elif outcome is not None:
        candidates = [e for e in edges if e.on is outcome] + [e for e in edges if e.on is On.COMPLETE]
        taken = _chosen(plan, run, candidates, place)
    plan.undecided.discard(run.id)
    reached = {edge.to for edge in taken}
    plan.coming |= {(run.id, ref) for ref in reached if ref is not None}
    for ref in dict.fromkeys(edge.to for edge in edges if edge.to is not None and edge.to not in reached):
        gathering.declined(plan, ref, run)
    return taken


def _chosen(plan: Plan, run: RunRow, candidates: list[Edge], place: Place) -> list[Edge]:
    case = run.memo.value.get("case") if run.memo else None
    if case is None:
        candidates = [e for e in candidates if e.case is None and not e.otherwise]
    else:
        named = [e for e in candidates if e.case == case]
        candidates = named or [e for e in candidates if e.otherwise]
    return [
        edge for edge in candidates if edge.when is None or plan.evaluate(edge.when, run=run, context=place.context)
    ]


def _take(plan: Plan, edge: Edge, run: RunRow, place: Place) -> None:
    place = _told(plan, edge, run, place)
    if edge.command is not None:
        endings.obey(plan, edge, run, place.context)
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


def _told(plan: Plan, edge: Edge, run: RunRow, place: Place) -> Place:
    """The place behind an edge, with what it publishes and where it comes from."""
    if edge.publish_global is not None:
        more = plan.evaluate(edge.publish_global, run=run, context=place.context)
        plan.change_execution(variables=Doc({**plan.execution.variables.value, **more}))
    if edge.publish is not None:
        values = plan.evaluate(edge.publish, run=run, context=place.context)
        place = replace(place, context=contexts.published(place.context, values, plan.execution.revision))
    return replace(place, cause=(run.id, edge.name)) if edge.name is not None else place

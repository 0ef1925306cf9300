"""Going back to a task, and jumping to one: what an operator may do, and the engine never does by itself.

The shell has taken out what the ``Cut`` names before these functions are called.
"""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING

from executions.engine import endings, joins, loops, reviving, starting
from executions.engine import items as item_lists
from executions.engine.cutting import Cut, leads_to
from executions.engine.events import Jumped, Rerun, Skipped
from executions.engine.place import Place
from executions.engine.rows import EMPTY, Doc, RunRow
from executions.ids import child_id
from executions.states import RunsOn, RunState
from workflows_app.graph.model import Kind, Node

if TYPE_CHECKING:
    from executions.engine.plan import Plan


def rerun(plan: Plan, run: RunRow, event: Rerun) -> None:
    """An ended execution goes on at ``run``, in place; what failed or was canceled beside it runs again too."""
    reviving.reopen_execution(plan)
    if event.execution_input is not None:
        plan.change_execution(input=Doc(event.execution_input))
    if event.correlation_id is not None:
        plan.change_execution(correlation_id=event.correlation_id)
    kept = reviving.latest_attempts(plan.snapshot.everything())
    _go_back(plan, run, event.cut, event.input)
    waiting = _wait_again(plan, event.cut)
    special = {run.id, *event.cut.joins, *event.cut.containers}
    for other in kept:
        if not other.failed or other.id in special:
            continue
        if reviving.waits(plan.node(other), other):
            waiting.append(reviving.reopen_waiting(plan, other))
        else:
            _reset(plan, other, None)
    for mine in waiting:
        reviving.count_again(plan, mine, plan.node(mine))


def jump(plan: Plan, node: Node, event: Jumped) -> None:
    """A running execution goes on at ``node``: what would have led there is not done any more."""
    plan.in_doubt = True
    plan.note(moved=True)
    found = plan.latest(node.ref)
    run = found if found is not None and found.path == "" else None
    passed: set[str] = set()
    for other in plan.snapshot.everything():  # what is inside of something comes after it
        if other.settled or (run is not None and other.id == run.id):
            continue
        if other.scope_id in passed or node.ref in leads_to(plan.graph, other):
            passed.add(other.id)
            _pass_over(plan, other, node)
    if run is not None and event.cut is not None:
        plan.decision.reopening = True
        _go_back(plan, run, event.cut, event.input)
        for mine in _wait_again(plan, event.cut):
            reviving.count_again(plan, mine, plan.node(mine))
        return
    fresh = plan.new_run(node, Place(path="", scope_id=plan.execution.id))
    plan.resolve_input(fresh, node)
    if event.input is not None:
        fresh.input = Doc({**fresh.input.value, **event.input})
    plan.then(partial(_begin, plan, fresh, node))


def _pass_over(plan: Plan, run: RunRow, node: Node) -> None:
    """What an operator passes over has not failed. A child execution that it waits for must be ended yet."""
    mine = plan.edit(run)
    endings.cancel_run(plan, mine)
    mine.state = RunState.SKIPPED
    mine.reason = f"the execution was told to go on at {node.ref}"
    plan.settled(mine)


def skip(plan: Plan, node: Node, event: Skipped) -> None:
    """When the flow arrives at ``node``, it goes on behind it; its output is what the operator says."""
    plan.note(moved=True)
    run = plan.new_run(node, Place(path="", scope_id=plan.execution.id), state=RunState.SKIPPED)
    run.settled = True
    run.started_at = run.ended_at = plan.now
    run.input, run.output = Doc(event.input) if event.input else EMPTY, Doc(event.output) if event.output else EMPTY
    run.memo = Doc({joins.AHEAD: True})
    skips = [*plan.execution.settings.value.get("skips", ()), node.ref]
    plan.change_execution(settings=Doc({**plan.execution.settings.value, "skips": skips}))


def _go_back(plan: Plan, run: RunRow, cut: Cut, given: object) -> None:
    plan.in_doubt = True
    plan.decision.reopening = True  # the task may have ended, also while its execution runs
    plan.change_execution(epoch=cut.epoch)
    _reset(plan, run, given)


def _reset(plan: Plan, run: RunRow, given: object) -> None:
    """Begins a run again in its own row: with the input that it had, or the ``given`` one."""
    node = plan.node(run)
    mine = _as_new(plan, run, RunState.SCHEDULED)
    if isinstance(given, dict) and run.runs_on != RunsOn.CHILD:
        mine.input = Doc(given)
    plan.then(partial(_begin, plan, mine, node))


def _as_new(plan: Plan, run: RunRow, state: RunState) -> RunRow:
    """The plan's copy of a run, with nothing left of what has become of it."""
    mine = plan.edit(run)
    mine.state = state
    mine.settled = False
    mine.output = EMPTY
    mine.reason = mine.memo = mine.pending = mine.worker = None
    mine.started_at = mine.ended_at = mine.due_at = mine.deadline_at = None
    mine.polls = mine.losses = 0
    mine.start_delay = mine.callback_after = 0
    mine.scheduled_at = mine.first_scheduled_at = mine.updated_at = plan.now
    if mine.child_id is not None:
        mine.child_id = child_id(run.id, plan.execution.epoch)
    return mine


def _begin(plan: Plan, run: RunRow, node: Node) -> None:
    """As ``starting.begin``, with the input as it stands."""
    if node.items is not None:
        item_lists.start(plan, run, node)
    elif node.kind is Kind.JOIN:
        joins.join_again(plan, run, node)
    elif node.kind is Kind.LOOP:
        loops.start(plan, run, node)
    else:
        starting.launch(plan, run, node)


def _wait_again(plan: Plan, cut: Cut) -> list[RunRow]:
    """Opens the joins, loops and lists that the cut leaves open; each has to count yet what it waits for."""
    opened = []
    for other in plan.snapshot.everything():
        if other.id in cut.joins:
            node = plan.node(other)
            if node.gather is not None:
                _gather_again(plan, other, cut.joins[other.id])
                continue
            opened.append(reviving.reopen_waiting(plan, other))
            if node.join is not None and node.join.first:
                plan.then(partial(joins.open_join, plan, opened[-1], node))
        elif other.id in cut.containers:
            opened.append(_reopen_container(plan, other, cut.containers[other.id]))
    return opened


def _gather_again(plan: Plan, run: RunRow, missing: frozenset[str]) -> None:
    """A gathering node of which some sources come once more, whether it has begun, has ended, or waits yet."""
    arrived = [ref for ref in (run.memo.value if run.memo else {}).get("arrived", ()) if ref not in missing]
    known = starting.remembered(run)
    mine = _as_new(plan, run, RunState.WAITING)
    mine.memo = Doc({**(known.value if known else {}), "arrived": arrived})


def _reopen_container(plan: Plan, run: RunRow, iteration: int | None) -> RunRow:
    """The loop or list around the task goes on."""
    mine = reviving.reopen_waiting(plan, run)
    if iteration is not None:
        memo = {**(mine.memo.value if mine.memo else {}), "iteration": iteration}
        mine.memo = Doc(memo)
        mine.output = Doc({**{k: v for k, v in mine.output.value.items() if k != "iteration"}, "iteration": iteration})
    return mine

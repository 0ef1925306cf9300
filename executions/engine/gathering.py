"""Nodes that wait for several inbound edges before they start (``Node.gather``)."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from executions.engine import contexts, finishing, joins, publishing, starting
from executions.engine.events import Result
from executions.engine.place import Place
from executions.engine.rows import Doc, RunRow
from executions.states import RunState
from workflows_app.graph.model import Gather, Node

if TYPE_CHECKING:
    from executions.engine.plan import Plan


def passed_over(plan: Plan, node: Node, place: Place) -> bool:
    """Whether an operator has skipped this node beforehand; then the flow goes on behind it."""
    skips = plan.execution.settings.value.get("skips")
    if not skips or node.ref not in skips or place.path:
        return False
    run = plan.latest(node.ref)
    if run is None or run.state != RunState.SKIPPED or not (run.memo and run.memo.value.get(joins.AHEAD)):
        return False
    skipped = plan.edit(run)
    skipped.memo = None
    skipped.context = place.context
    plan.touched[run.scope_id] = None
    plan.then(lambda: finishing.follow(plan, skipped, node))
    return True


def arrive(plan: Plan, node: Node, place: Place, source: RunRow) -> None:
    """An edge from ``source`` to ``node`` was taken. The first arrival makes a WAITING run, the last one begins it.

    Backward there is nothing to see of a node before all that it needs has succeeded.
    """
    gather = _gather(node, plan)
    plan.require(frozenset({node.ref, *gather.sources}))
    plan.coming.discard((source.id, node.ref))
    found = plan.latest(node.ref)
    before: list[str] = []
    if found is None or (found.path != place.path and node.ref not in plan.graph.revisits):
        if plan.graph.backward:
            complete = _behind_all(plan, gather, place)
            if complete is None:
                return
            place, before = complete, list(gather.sources)
        run = plan.new_run(node, place, state=RunState.WAITING)
    elif found.state == RunState.WAITING:
        run = plan.edit(found)
    elif node.ref in plan.graph.revisits and source.ref in _arrived(found):
        # a circle has led here once more, and who was here before need not come again
        before = _arrived(found)
        place = replace(place, context=contexts.merged(found.context, place.context)).visited_after(found)
        run = plan.new_run(node, place, state=RunState.WAITING)
    else:
        return  # it runs once; who comes later is too late
    arrived = list(dict.fromkeys([*before, *_arrived(run), source.ref]))
    memo = starting.remembering(run.memo, place)
    run.memo = Doc({**(memo.value if memo else {}), "arrived": arrived})
    run.context = contexts.merged(run.context, place.context)
    run.updated_at = plan.now
    if len(arrived) >= _needed(gather):
        starting.begin(plan, run, node)
    else:
        _fail_if_impossible(plan, run, gather)


def _behind_all(plan: Plan, gather: Gather, place: Place) -> Place | None:
    """The place behind all sources, with what each has published; None if one has not come to its end well."""
    context = place.context
    for ref in gather.sources:
        run = plan.latest(ref)
        if run is None or not run.settled or run.failed:
            return None
        context = contexts.merged(context, publishing.context_behind(plan, run))
    return replace(place, context=context)


def declined(plan: Plan, ref: str, source: RunRow) -> None:
    """An edge from ``source`` to ``ref`` was not taken: who gathers there may wait in vain."""
    node = plan.node_at(ref, source.fragment)
    if node.gather is None:
        return
    plan.require(frozenset({ref, *node.gather.sources}))
    run = plan.latest(ref)
    if run is not None and run.state == RunState.WAITING:
        _fail_if_impossible(plan, plan.edit(run), _gather(node, plan))


def _gather(node: Node, plan: Plan) -> Gather:
    """A backward execution gathers only from the nodes that it runs at all."""
    assert node.gather is not None
    wanted = plan.execution.memo.value.get("wanted")
    if wanted is None:
        return node.gather
    return Gather(sources=tuple(s for s in node.gather.sources if s in wanted), need=node.gather.need)


def _needed(gather: Gather) -> int:
    return gather.need or len(gather.sources)


def _arrived(run: RunRow) -> list[str]:
    arrived: list[str] = (run.memo.value if run.memo else {}).get("arrived", [])
    return arrived


def _fail_if_impossible(plan: Plan, run: RunRow, gather: Gather) -> None:
    """Ends the wait when the sources that can still come are too few."""
    arrived = _arrived(run)
    refused = []
    for ref in gather.sources:
        source = plan.latest(ref)
        if ref in arrived or ref in plan.graph.revisits or source is None:
            continue
        on_its_way = source.id in plan.undecided or (source.id, run.ref) in plan.coming
        if source.settled and source.path == run.path and not on_its_way:
            refused.append(ref)
    if len(gather.sources) - len(refused) < _needed(gather):
        finishing.finish(
            plan, run, Result(state=RunState.FAILED_WITH_TERMINAL_ERROR, reason=f"Failed by tasks: {refused}")
        )

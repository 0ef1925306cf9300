"""What must go when an execution is taken back to one of its tasks: everything that followed from it.

``cut`` is a pure function of the graph and of all task runs. What runs beside the task, in other branches, stays.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field

from executions.engine.fragments import nodes_of
from executions.engine.place import item_index, split
from executions.engine.rows import Doc, RunRow
from workflows_app.graph.model import Graph, Kind, Node


@dataclass(slots=True)
class Cut:
    """``gone``: runs that are taken out. ``joins``: the ids of joins that stay and wait again, with the refs that must
    come once more. ``containers``: the ids of loops and lists around the task, with the iteration to go on in (None
    for a list). ``epoch``: tells the ids of what runs from now on from the ids of what is gone.
    """

    epoch: int
    gone: list[RunRow] = field(default_factory=list)
    joins: dict[str, frozenset[str]] = field(default_factory=dict)
    containers: dict[str, int | None] = field(default_factory=dict)


def cut(graph: Graph, runs: Iterable[RunRow], target: RunRow, epoch: int) -> Cut:
    """What is to be cut from ``runs`` so that ``target`` can run again, and all that follows from it."""
    everything = list(runs)
    by_id = {run.id: run for run in everything}
    found = Cut(epoch)
    gone: dict[str, RunRow] = {}
    level: RunRow | None = target
    while level is not None:
        _cut_level(graph, everything, level, found, gone)
        container = by_id.get(level.scope_id)
        if container is not None:
            found.containers[container.id] = _cut_iterations(everything, level, container, gone)
        level = container
    _cut_bodies(graph, everything, target, gone)
    found.gone = list(gone.values())
    found.joins = {id: refs for id, refs in found.joins.items() if id not in gone}
    return found


def leads_to(graph: Graph, run: RunRow) -> frozenset[str]:
    """Every ref that the flow can reach from this run without leaving the scope that it is in."""
    found: dict[str, None] = {}
    queue = [run.ref]
    while queue:
        node = _node(graph, queue.pop(0), run.fragment)
        if node is None:
            continue
        following = [edge.to for edge in node.edges if edge.to] + list(node.notifies)
        if node.opens:
            following.append(node.opens)
        for ref in following:
            if ref not in found:
                found[ref] = None
                queue.append(ref)
    return frozenset(found)


def _node(graph: Graph, ref: str, fragment: Doc | None) -> Node | None:
    if fragment is not None and ref in (nodes := nodes_of(fragment)):
        return nodes[ref]
    return graph.nodes.get(ref)


def _cut_level(graph: Graph, runs: list[RunRow], level: RunRow, found: Cut, gone: dict[str, RunRow]) -> None:
    """What follows from a run in its own scope, later attempts at it included."""
    again = leads_to(graph, level)
    here = _without_visit(level.path)
    for run in runs:
        if (run.ref, run.path) == (level.ref, level.path) and run.seq > level.seq:
            gone[run.id] = run
            continue
        if run.ref not in again or run.scope_id != level.scope_id or _without_visit(run.path) != here:
            continue
        node = _node(graph, run.ref, run.fragment)
        sources = frozenset(_sources(graph, node)) if node is not None else frozenset[str]()
        if sources - again - {level.ref} and node is not None and (node.join or node.gather):
            if run.attempt:  # the first attempt, which knows who has arrived, waits again
                gone[run.id] = run
            else:
                found.joins[run.id] = (sources & again) | {level.ref}
        elif run.seq > level.seq:
            gone[run.id] = run


def _sources(graph: Graph, node: Node) -> Iterable[str]:
    """Who starts this join: the fork that opens it, and every edge that leads to it."""
    for other in graph.nodes.values():
        if other.opens == node.ref or any(edge.to == node.ref for edge in other.edges):
            yield other.ref


def _cut_iterations(runs: list[RunRow], level: RunRow, container: RunRow, gone: dict[str, RunRow]) -> int | None:
    """Takes out the later iterations of the loop around a run; gives the iteration that the run is in."""
    if item_index(level.path) is not None:
        return None
    iteration = _iteration(level.path)
    for run in runs:
        if run.scope_id == container.id and _iteration(run.path) > iteration:
            gone[run.id] = run
    return iteration


def _iteration(path: str) -> int:
    return int(split(_without_visit(path))[1])


def _without_visit(path: str) -> str:
    head, last = split(path)
    return head if last.startswith("~") else path


def _cut_bodies(graph: Graph, runs: list[RunRow], target: RunRow, gone: dict[str, RunRow]) -> None:
    """Takes out what belongs to something that is gone, or to the task itself: bodies, items, and branches made at
    run time."""
    inside = {target.id, *gone}
    for run in sorted(runs, key=lambda r: r.seq):
        if run.scope_id in inside:
            inside.add(run.id)
            gone[run.id] = run
    opened = [run for run in [target, *gone.values()] if _is_fan_out(graph, run)]
    for fan_out in opened:
        ends = set(fan_out.memo.value.get("over", ())) if fan_out.memo else set()
        branches = [
            run
            for run in runs
            if run.fragment is not None and run.path == fan_out.path and ends & nodes_of(run.fragment).keys()
        ]
        new = [run for run in branches if run.id not in gone and run.id != target.id]
        gone.update((run.id, run) for run in new)
        for branch in new:
            _cut_bodies(graph, runs, branch, gone)


def _is_fan_out(graph: Graph, run: RunRow) -> bool:
    node = _node(graph, run.ref, run.fragment)
    return node is not None and node.kind is Kind.FANOUT

"""Dependencies without transitions: Mistral's reverse workflows (contracts/mistral.md, section 7.11)."""

from __future__ import annotations

from tests.unit.engine.world import World, graph, task
from workflows_app.graph.model import Edge, Gather, OnFailure


def build(target: str) -> World:
    """e needs c and d; c needs a; d needs a and b; f needs e."""
    g = graph(
        task("a", edges=(Edge(to="c"), Edge(to="d"))),
        task("b", edges=(Edge(to="d"),)),
        task("c", gather=Gather(sources=("a",)), edges=(Edge(to="e"),)),
        task("d", gather=Gather(sources=("a", "b")), edges=(Edge(to="e"),)),
        task("e", gather=Gather(sources=("c", "d")), edges=(Edge(to="f"),)),
        task("f", gather=Gather(sources=("e",))),
        entry=(),
        backward=True,
        on_failure=OnFailure.WHEN_DRAINED,
    )
    return World(g, settings={"target": target}).start()


def test_only_what_the_target_needs_runs_and_independent_tasks_run_together() -> None:
    world = build("e")
    assert sorted(world.open_refs()) == ["a", "b"]
    world.finish("a")
    assert sorted(world.open_refs()) == ["b", "c"]
    world.finish("b")
    assert sorted(world.open_refs()) == ["c", "d"]
    world.finish("c")
    world.finish("d")
    assert world.open_refs() == ["e"]
    world.finish("e", {"x": 1})
    assert (world.state, world.output) == ("COMPLETED", {"x": 1})
    assert "f" not in {r.ref for r in world.in_order()}


def test_a_target_without_needs_runs_alone() -> None:
    world = build("b")
    world.finish("b")
    assert (world.state, [r.ref for r in world.in_order()]) == ("COMPLETED", ["b"])


def test_a_task_behind_a_failure_never_starts() -> None:
    for first, second in (("a", "b"), ("b", "a")):
        world = build("d")
        for ref in (first, second):
            world.fail(ref) if ref == "a" else world.finish(ref)
        assert world.state == "FAILED"
        assert sorted(r.ref for r in world.in_order()) == ["a", "b"]


def test_nothing_is_seen_of_a_task_before_all_that_it_needs_has_succeeded() -> None:
    world = build("d")
    world.finish("a")
    assert [r.ref for r in world.in_order()] == ["a", "b"]
    world.finish("b")
    assert world.open_refs() == ["d"]

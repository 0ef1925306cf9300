"""``A → (B | C) → D``: every node gathers all its predecessors (contracts/littleflow.md, sections 3 to 5)."""

from __future__ import annotations

from tests.unit.engine.world import World, compute, graph, task
from workflows_app.graph.model import DefaultOutput, Edge, Gather, OnFailure


def build() -> World:
    """The fork and the sink are nodes of their own, as in the compiled graph of the language."""
    g = graph(
        compute("start", edges=(Edge(to="A"),)),
        task("A", edges=(Edge(to="fork"),)),
        compute("fork", edges=(Edge(to="B"), Edge(to="C"))),
        task("B", edges=(Edge(to="sink"),)),
        task("C", edges=(Edge(to="sink"),)),
        compute("sink", gather=Gather(sources=("B", "C")), edges=(Edge(to="D"),)),
        task("D", edges=(Edge(to="end"),)),
        compute("end"),
        default_output=DefaultOutput.ENDS,
        on_failure=OnFailure.STOP_SCHEDULING,
    )
    return World(g).start()


def test_a_fork_and_its_join_run_as_drawn() -> None:
    world = build()
    assert world.open_refs() == ["A"]
    world.finish("A")
    assert world.open_refs() == ["B", "C"]
    world.finish("C")
    assert world.open_refs() == ["B"]
    world.finish("B")
    assert world.open_refs() == ["D"]
    world.finish("D")
    assert world.state == "COMPLETED"
    assert [r.ref for r in world.in_order()] == ["start", "A", "fork", "B", "C", "sink", "D", "end"]


def test_after_a_failure_what_runs_may_end_and_nothing_new_starts() -> None:
    world = build()
    world.finish("A")
    world.fail("B")
    assert world.open_refs() == ["C"]
    world.finish("C")
    assert world.state == "FAILED"
    assert "D" not in {r.ref for r in world.in_order()}

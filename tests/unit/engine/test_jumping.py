"""An operator has a running execution go on at a task that has ended (reference: executions/engine/rerunning.py)."""

from __future__ import annotations

from executions.engine.cutting import cut
from executions.engine.events import Jumped
from tests.unit.engine.world import World, graph, task
from workflows_app.graph.model import Edge


def test_a_running_execution_goes_back_to_a_task_that_has_completed() -> None:
    world = World(graph(task("a", edges=(Edge(to="b"),)), task("b"))).start()
    world.finish("a")
    found = cut(world.graph, world.in_order(), world.run("a"), 1)
    for run in found.gone:
        del world.rows[run.id]
    assert world.apply(Jumped("a", found)).refused is None
    assert world.story() == ["a SCHEDULED"]
    world.finish("a")
    world.finish("b")
    assert world.state == "COMPLETED"

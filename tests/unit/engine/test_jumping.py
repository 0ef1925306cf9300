"""An operator has a running execution go on at a task that has ended (reference: executions/engine/rerunning.py)."""

from __future__ import annotations

from executions.engine.cutting import cut
from executions.engine.events import Jumped
from tests.unit.engine.world import World, graph, task
from workflows_app.graph.model import Edge, Gather
from workflows_app.policies import RetryPolicy, TaskPolicy


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


def jump(world: World, ref: str) -> None:
    """As the shell does it: what is to be cut is taken out first."""
    found = cut(world.graph, world.in_order(), world.run(ref), world.execution.epoch + 1)
    for run in found.gone:
        del world.rows[run.id]
    assert world.apply(Jumped(ref, found)).refused is None


def joined() -> World:
    """a -> c; b -> c; c waits for both."""
    c = task("c", gather=Gather(sources=("a", "b")), policy=TaskPolicy(retry=RetryPolicy(limit=1)))
    world = World(graph(task("a", edges=(Edge(to="c"),)), task("b", edges=(Edge(to="c"),)), c, entry=("a", "b")))
    world.start()
    world.finish("a")
    world.finish("b")
    return world


def test_a_join_that_has_begun_waits_once_more_for_the_source_that_is_done_again() -> None:
    world = joined()
    assert world.open_refs() == ["c"]
    jump(world, "a")
    assert world.story() == ["a SCHEDULED", "b COMPLETED", "c WAITING"]
    world.finish("a")
    world.finish("c")
    assert world.state == "COMPLETED"


def test_a_join_with_several_attempts_waits_once() -> None:
    world = joined()
    world.fail("c")
    assert world.run("c").attempt == 1
    jump(world, "a")
    assert world.story() == ["a SCHEDULED", "b COMPLETED", "c WAITING"]
    world.finish("a")
    world.finish("c")
    assert world.state == "COMPLETED"

"""One failed task is run again or passed over, and the rest stays as it is (contracts/mistral.md, section 5.6)."""

from __future__ import annotations

from typing import Any

from executions.engine.events import Paused, Stopped, TaskPassedOver, TaskRunAgain
from executions.states import ExecutionState, RunState
from tests.unit.engine.world import World, call, graph, task
from workflows_app.graph.model import Edge, Gather, Items, On, OnFailure


def two_failures() -> World:
    """a and b side by side, each with a successor; both fail."""
    g = graph(
        task("a", edges=(Edge(to="c"),)),
        task("b", edges=(Edge(to="d"),)),
        task("c"),
        task("d"),
        entry=("a", "b"),
        on_failure=OnFailure.WHEN_DRAINED,
    )
    world = World(g).start()
    world.fail("a")
    world.fail("b")
    assert world.state == "FAILED"
    return world


def test_one_of_two_failed_tasks_runs_again_and_the_other_failure_still_counts() -> None:
    world = two_failures()
    world.apply(TaskRunAgain(world.run("a").id, afresh=True))
    assert (world.state, world.open_refs(), world.run("a").attempt) == ("RUNNING", ["a"], 1)
    world.finish("a")
    world.finish("c")
    assert (world.state, "b" in (world.execution.reason or "")) == ("FAILED", True)
    world.apply(TaskRunAgain(world.run("b").id, afresh=True))
    world.finish("b")
    world.finish("d")
    assert world.state == "COMPLETED"


def test_a_task_runs_again_while_others_still_run() -> None:
    g = graph(task("a"), task("b"), entry=("a", "b"), on_failure=OnFailure.WHEN_DRAINED)
    world = World(g).start()
    world.fail("a")
    world.apply(TaskRunAgain(world.run("a").id, afresh=True))
    world.finish("b")
    assert world.state == "RUNNING"
    world.finish("a")
    assert world.state == "COMPLETED"


def test_the_flow_goes_on_behind_a_failed_task_that_is_passed_over() -> None:
    g = graph(
        task("a", edges=(Edge(to="b"), Edge(to="e", on=On.ERROR, when=call("no")))),
        task("b"),
        task("e"),
        on_failure=OnFailure.WHEN_DRAINED,
    )
    world = World(g, functions={"no": lambda scope: False}).start()
    world.fail("a")
    assert world.state == "FAILED"
    world.apply(TaskPassedOver(world.run("a").id))
    assert (world.run("a").state, world.run("a").reason) == (RunState.SKIPPED, "Task was skipped.")
    assert world.open_refs() == ["b"]
    world.finish("b")
    assert world.state == "COMPLETED"


def test_an_edge_for_skipped_tasks_comes_before_that_for_success() -> None:
    g = graph(
        task("a", edges=(Edge(to="b"), Edge(to="s", on=On.SKIP))),
        task("b"),
        task("s"),
        on_failure=OnFailure.WHEN_DRAINED,
    )
    world = World(g).start()
    world.fail("a")
    world.apply(TaskPassedOver(world.run("a").id))
    assert world.open_refs() == ["s"]


def listed() -> World:
    g = graph(task("t", items=Items(bindings=call("all"))), on_failure=OnFailure.WHEN_DRAINED)
    world = World(g, functions={"all": lambda scope: {"i": [1, 2, 3]}}).start()
    world.finish("t", {"n": 1}, path="[0]")
    world.fail("t", path="[1]")
    world.finish("t", {"n": 3}, path="[2]")
    assert world.state == "FAILED"
    return world


def output(world: World) -> list[Any]:
    found: list[Any] = world.run("t").output.value["items"]
    return found


def test_of_a_list_only_what_failed_runs_again() -> None:
    world = listed()
    world.apply(TaskRunAgain(world.run("t").id, afresh=False))
    assert [r.path for r in world.in_order() if not r.ended and r.path] == ["[1]"]
    world.finish("t", {"n": 2}, path="[1]")
    assert (world.state, output(world)) == ("COMPLETED", [{"n": 1}, {"n": 2}, {"n": 3}])
    assert world.run("t").attempt == 0


def test_a_list_that_begins_afresh_runs_all_its_items() -> None:
    world = listed()
    world.apply(TaskRunAgain(world.run("t").id, afresh=True))
    assert [r.path for r in world.in_order() if not r.ended and r.path] == ["[0]", "[1]", "[2]"]
    for path in ("[2]", "[1]", "[0]"):
        world.finish("t", {"n": path}, path=path)
    assert (world.state, output(world)) == ("COMPLETED", [{"n": "[0]"}, {"n": "[1]"}, {"n": "[2]"}])


def test_what_has_not_failed_for_good_is_left_alone() -> None:
    world = two_failures()
    failed = world.run("a").id
    assert world.apply(TaskRunAgain(failed, afresh=False)).refused == "the task has no items"
    world.apply(TaskRunAgain(failed, afresh=True))
    for event in (TaskRunAgain(failed, afresh=True), TaskPassedOver(failed), TaskPassedOver(world.run("a").id)):
        assert world.apply(event).refused == "the task has not failed"
    assert world.apply(TaskPassedOver("nobody")).refused == "there is no such task"
    world.apply(Paused())
    assert world.apply(TaskPassedOver(world.run("b").id)).refused == "the execution is not running"


def test_a_handled_failure_in_an_execution_that_has_completed_stays() -> None:
    g = graph(task("a", edges=(Edge(to="b", on=On.ERROR),)), task("b"), on_failure=OnFailure.WHEN_DRAINED)
    world = World(g).start()
    world.fail("a")
    world.finish("b")
    assert world.state == "COMPLETED"
    assert world.apply(TaskRunAgain(world.run("a").id, afresh=True)).refused == "the execution has ended"


def test_an_execution_can_be_stopped_in_every_ended_state_but_once() -> None:
    for state in (ExecutionState.COMPLETED, ExecutionState.FAILED, ExecutionState.TERMINATED):
        world = World(graph(task("a", edges=(Edge(to="b"),)), task("b"))).start()
        world.apply(Stopped(state, "enough"))
        assert (world.state, world.execution.reason) == (state, "enough")
        assert world.run("a").state == RunState.CANCELED
        assert world.apply(Stopped(ExecutionState.FAILED)).refused == "the execution has ended"


def failed_join() -> World:
    """a and b lead to the join j, and that to k; a fails, and j with it."""
    g = graph(
        task("a", edges=(Edge(to="j"),)),
        task("b", edges=(Edge(to="j"),)),
        task("j", gather=Gather(sources=("a", "b")), edges=(Edge(to="k"),)),
        task("k"),
        entry=("a", "b"),
        on_failure=OnFailure.WHEN_DRAINED,
    )
    world = World(g).start()
    world.finish("b")
    world.fail("a")
    assert (world.state, world.run("j").state) == ("FAILED", "FAILED_WITH_TERMINAL_ERROR")
    assert world.run("j").started_at is None
    return world


def test_a_join_that_has_failed_by_a_task_waits_for_it_again() -> None:
    world = failed_join()
    world.apply(TaskRunAgain(world.run("a").id, afresh=True))
    assert (world.state, world.run("j").state, world.open_refs()) == ("RUNNING", "WAITING", ["a"])
    world.finish("a")
    world.finish("j")
    world.finish("k")
    assert (world.state, world.execution.reason) == ("COMPLETED", None)


def test_a_join_that_has_failed_by_a_task_goes_on_when_that_is_passed_over() -> None:
    world = failed_join()
    world.apply(TaskPassedOver(world.run("a").id))
    world.finish("j")
    world.finish("k")
    assert world.state == "COMPLETED"


def test_a_join_fails_once_more_with_its_task() -> None:
    world = failed_join()
    world.apply(TaskRunAgain(world.run("a").id, afresh=True))
    world.fail("a")
    assert (world.state, world.run("j").state) == ("FAILED", "FAILED_WITH_TERMINAL_ERROR")

"""What a node's own words make of its end: publishing, delays, conditions, time limits, pauses.

Expected behaviour: contracts/mistral.md, sections 5.5, 7.9 and 7.12.
"""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest

from executions.engine.events import Due, Finished, Held, Result, Resumed
from executions.states import RunState
from tests.unit.engine.world import World, call, graph, task
from workflows_app.expressions.base import ExpressionError
from workflows_app.graph.model import DefaultOutput, Edge, Gather, Graph, Items, On, OnFailure, Publish
from workflows_app.graph.template import literal
from workflows_app.policies import RetryPolicy, TaskPolicy

AFTER = TaskPolicy(retry=RetryPolicy(limit=2))


def flow(*nodes: Any, **fields: Any) -> Graph:
    more = {"on_failure": OnFailure.WHEN_DRAINED, "default_output": DefaultOutput.PUBLISHED, "reason_in_output": True}
    return graph(*nodes, **{**more, **fields})


def broken(scope: Any) -> Any:
    raise ExpressionError("cannot be evaluated")


def test_what_is_published_depends_on_the_outcome() -> None:
    publish = (
        Publish(on=On.SUCCESS, branch=literal({"ok": 1}), everywhere=literal({"all": 1})),
        Publish(on=On.ERROR, branch=literal({"bad": 1})),
    )
    for end, expected, variables in (("finish", {"ok": 1}, {"all": 1}), ("fail", {"bad": 1}, {})):
        world = World(flow(task("a", publish=publish, edges=(Edge(to=None, on=On.ERROR, command="noop"),)))).start()
        getattr(world, end)("a")
        assert (world.state, world.output) == ("COMPLETED", expected)
        assert world.execution.variables.value == variables
        published = world.run("a").published
        assert published is not None
        assert published.value == expected


def test_an_edge_publishes_for_its_own_branch() -> None:
    g = flow(
        task(
            "a",
            edges=(
                Edge(to="b", publish=literal({"x": "b"})),
                Edge(to="c", publish=literal({"x": "c"}), publish_global=literal({"g": 2})),
            ),
        ),
        task("b", input=call("x")),
        task("c", input=call("x")),
    )
    world = World(g, functions={"x": lambda scope: {"x": scope.context.get("x")}}).start()
    world.finish("a")
    assert [world.run(ref).input.value for ref in ("b", "c")] == [{"x": "b"}, {"x": "c"}]
    assert world.execution.variables.value == {"g": 2}


@pytest.mark.parametrize("order", ["bc", "cb"])
def test_at_a_join_the_value_that_was_published_last_counts(order: str) -> None:
    g = flow(
        task("a", publish=(Publish(branch=literal({"x": "old", "y": "old"})),), edges=(Edge(to="b"), Edge(to="c"))),
        task("b", publish=(Publish(branch=literal({"x": "new"})),), edges=(Edge(to="d"),)),
        task("c", edges=(Edge(to="d"),)),
        task("d", gather=Gather(sources=("b", "c"))),
    )
    world = World(g).start()
    for ref in ("a", *order, "d"):
        world.finish(ref)
    assert world.output == {"x": "new", "y": "old"}


def test_an_end_may_be_put_off_and_is_not_taken_twice() -> None:
    world = World(flow(task("a", end_delay=5, edges=(Edge(to="b"),)), task("b"))).start()
    world.finish("a", {"n": 1})
    run = world.run("a")
    assert (run.state, run.ended_at, run.output.value) == (RunState.DELAYED, None, {"n": 1})
    assert world.apply(Finished(run.id, Result(state=RunState.COMPLETED))).refused is not None
    assert world.apply(Due(run.id)).refused is not None
    world.later(5)
    world.apply(Due(run.id))
    assert (world.run("a").state, world.open_refs()) == (RunState.COMPLETED, ["b"])


def test_every_attempt_waits_behind_its_end() -> None:
    world = World(flow(task("a", end_delay=5, policy=AFTER))).start()
    for attempt in range(3):
        world.fail("a")
        run = world.run("a")
        assert (run.attempt, run.state) == (attempt, RunState.DELAYED)
        world.later(5)
        world.apply(Due(run.id))
    assert world.state == "FAILED"


@pytest.mark.parametrize(
    ("fields", "ends", "attempts"),
    [
        ({"break_on": call("yes")}, "fail", 1),
        ({"break_on": call("no")}, "fail", 3),
        ({"continue_on": call("no")}, "fail", 1),
        ({"continue_on": call("yes")}, "fail", 3),
        ({"continue_on": call("yes")}, "finish", 3),
        ({"continue_on": call("no")}, "finish", 1),
        ({"fail_on": call("yes")}, "finish", 3),
        ({"retry_limit": call("one")}, "fail", 2),
        ({}, "finish", 1),
    ],
)
def test_conditions_of_repetition(fields: dict[str, Any], ends: str, attempts: int) -> None:
    functions = {"yes": lambda scope: True, "no": lambda scope: False, "one": lambda scope: 1}
    world = World(flow(task("a", policy=AFTER, **fields)), functions=functions).start()
    count = 0
    while world.open_refs():
        getattr(world, ends)("a")
        count += 1
    assert count == attempts
    assert world.state == ("COMPLETED" if ends == "finish" and "fail_on" not in fields else "FAILED")


def test_a_success_that_counts_as_a_failure_says_so() -> None:
    g = flow(task("a", fail_on=literal(True), edges=(Edge(to="b", on=On.ERROR),)), task("b"))
    world = World(g).start()
    world.finish("a", {"n": 1})
    run = world.run("a")
    assert (run.state, run.reason, run.output.value) == (RunState.FAILED, "Failed by 'fail-on' policy", {"n": 1})
    assert world.open_refs() == ["b"]


def test_every_attempt_has_a_time_limit_of_its_own() -> None:
    world = World(flow(task("a", "wait", timeout=10, policy=AFTER))).start()
    for attempt in range(3):
        run = world.open_run("a")
        assert (run.attempt, run.due_at) == (attempt, world.now + timedelta(seconds=10))
        world.later(10)
        world.apply(Due(run.id))
    assert (world.state, world.run("a").reason) == ("FAILED", "Task timed out [timeout(s)=10].")


def test_an_execution_pauses_before_a_node() -> None:
    g = flow(task("a", edges=(Edge(to="b"), Edge(to="c"))), task("b", pause_before=True), task("c"))
    world = World(g).start()
    world.finish("a")
    assert (world.state, world.run("b").state, world.open_refs()) == ("PAUSED", RunState.WAITING, ["c"])
    world.finish("c")
    world.apply(Resumed())
    assert (world.state, world.open_refs()) == ("RUNNING", ["b"])
    world.finish("b")
    assert world.state == "COMPLETED"


def test_what_is_put_aside_outside_pauses_the_execution_until_the_last_of_them_goes_on() -> None:
    g = flow(task("a", "wait", edges=(Edge(to="c"),)), task("b", "wait"), task("c"), entry=("a", "b"))
    world = World(g).start()
    a, b = world.open_run("a").id, world.open_run("b").id
    world.apply(Held(a, True))
    world.apply(Held(b, True))
    assert world.apply(Held(b, True)).refused is not None
    world.apply(Held(a, False))
    assert world.state == "PAUSED"
    world.finish("a")
    assert world.open_refs() == ["b"]
    world.apply(Held(b, False))
    assert (world.state, world.open_refs()) == ("RUNNING", ["b", "c"])


def test_output_that_is_not_kept_is_published_first() -> None:
    g = flow(task("a", publish=(Publish(branch=call("n")),), keep_output=False))
    world = World(g, functions={"n": lambda scope: {"n": scope.run_output("a")["n"]}}).start()
    world.finish("a", {"n": 5})
    assert (world.output, world.run("a").output.value) == ({"n": 5}, {})


@pytest.mark.parametrize(
    "fields",
    [
        {"publish": (Publish(branch=call("broken")),)},
        {"edges": (Edge(to="b", when=call("broken")),)},
        {"edges": (Edge(to=None, command="fail", message=call("broken")),)},
        {"fail_on": call("broken")},
        {"end_delay": call("broken")},
        {"continue_on": call("broken")},
        {"keep_output": call("broken")},
    ],
)
def test_an_expression_that_decides_and_cannot_be_evaluated_ends_everything(fields: dict[str, Any]) -> None:
    world = World(flow(task("a", **fields), task("b"), entry=("a",)), functions={"broken": broken}).start()
    world.finish("a")
    assert world.state == "FAILED"
    assert "cannot be evaluated" in (world.execution.reason or "")
    assert world.output == {"result": world.execution.reason}


def test_variables_that_cannot_be_made_fail_the_execution_at_its_start() -> None:
    world = World(flow(task("a"), variables=call("broken")), functions={"broken": broken}).start()
    assert (world.state, world.execution.reason) == ("FAILED", "cannot be evaluated")


def test_conditions_that_turn_every_error_edge_down_leave_the_failure_unhandled() -> None:
    g = flow(task("a", edges=(Edge(to="b", on=On.ERROR, when=call("no")),)), task("b"))
    world = World(g, functions={"no": lambda scope: False}).start()
    world.fail("a", reason="why")
    assert world.state == "FAILED"
    assert "a [task_ex_id=" in (world.execution.reason or "")
    assert "-> why" in (world.execution.reason or "")


def test_a_canceled_task_cancels_the_execution_and_no_edge_is_taken() -> None:
    g = flow(task("a", edges=(Edge(to="b", on=On.ERROR), Edge(to="b", on=On.COMPLETE))), task("b"))
    world = World(g).start()
    world.finish("a", state=RunState.CANCELED)
    assert (world.state, world.execution.reason) == ("TERMINATED", "Cancelled tasks: a")


def test_a_retry_runs_a_whole_list_again() -> None:
    g = flow(task("t", items=Items(bindings=literal({"i": [1, 2]}), together=True), policy=AFTER))
    world = World(g).start()
    world.fail("t", path="[0]")
    world.finish("t", {"n": 1}, path="[1]")
    assert [r.path for r in world.in_order() if r.path and not r.ended] == ["[0]", "[1]"]
    world.finish("t", {"n": 2}, path="[0]")
    world.finish("t", {"n": 3}, path="[1]")
    assert world.run("t").output.value == {"items": [{"n": 2}, {"n": 3}]}
    assert world.state == "COMPLETED"


def test_a_task_that_waits_outside_holds_nothing() -> None:
    world = World(flow(task("a", "server"))).start()
    run = world.open_run("a")
    world.apply(Finished(run.id, Result(state=RunState.IN_PROGRESS, worker="w", outside=True)))
    run = world.open_run("a")
    assert (run.state, run.runs_on, run.worker, run.due_at) == (RunState.IN_PROGRESS, "nobody", None, None)
    world.finish("a")
    assert world.state == "COMPLETED"

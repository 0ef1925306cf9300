"""Transitions by outcome and condition, joins that gather, cycles: the shapes of Mistral's direct workflows.

Expected behaviour: contracts/mistral.md, sections 7.5 to 7.7 and 5.5.
"""

from __future__ import annotations

from executions.engine.events import Paused, Resumed
from executions.states import RunState
from tests.unit.engine.world import World, call, graph, task
from workflows_app.graph.model import DefaultOutput, Edge, Gather, On, OnFailure


def conditional_join(need: int = 0, failures: OnFailure = OnFailure.WHEN_DRAINED) -> World:
    """a -> b, c; b -> d when asked; c -> d on success, e on error; d joins."""
    g = graph(
        task("a", edges=(Edge(to="b"), Edge(to="c"))),
        task("b", edges=(Edge(to="d", when=call("b goes on")),)),
        task("c", edges=(Edge(to="d"), Edge(to="e", on=On.ERROR))),
        task("d", gather=Gather(sources=("b", "c"), need=need)),
        task("e"),
        on_failure=failures,
        default_output=DefaultOutput.ENDS,
    )
    world = World(g, functions={"b goes on": lambda scope: scope.execution["input"]["go"]}, input={"go": True})
    return world.start()


def test_a_join_starts_when_all_its_sources_have_chosen_it() -> None:
    world = conditional_join()
    world.finish("a")
    assert world.open_refs() == ["b", "c"]
    world.finish("c")
    assert world.run("d").state == RunState.WAITING
    world.finish("b")
    assert world.open_refs() == ["d"]
    world.finish("d", {"x": 1})
    assert (world.state, world.output) == ("COMPLETED", {"x": 1})


def test_a_join_fails_as_soon_as_a_source_declines_it() -> None:
    world = conditional_join()
    world.execution.input.value["go"] = False
    world.finish("a")
    world.finish("c")
    world.finish("b")
    assert world.run("d").state == RunState.FAILED_WITH_TERMINAL_ERROR
    assert world.run("d").reason == "Failed by tasks: ['b']"
    assert world.state == "FAILED"


def test_a_join_that_is_declined_first_fails_with_its_first_arrival() -> None:
    world = conditional_join()
    world.execution.input.value["go"] = False
    world.finish("a")
    world.finish("b")
    assert "d WAITING" not in world.story()
    world.finish("c")
    assert world.run("d").reason == "Failed by tasks: ['b']"


def test_a_join_of_one_runs_once_with_the_first_arrival() -> None:
    world = conditional_join(need=1)
    world.finish("a")
    world.finish("c")
    assert world.open_refs() == ["b", "d"]
    world.finish("b")
    assert [r.ref for r in world.in_order()] == ["a", "b", "c", "d"]
    world.finish("d")
    assert world.state == "COMPLETED"


def test_an_error_edge_handles_a_failure() -> None:
    world = conditional_join(need=1)
    world.finish("a")
    world.fail("c")
    assert world.open_refs() == ["b", "e"]
    world.finish("b")
    world.finish("d")
    assert world.state == "RUNNING"
    world.finish("e")
    assert world.state == "COMPLETED"


def test_an_unhandled_failure_lets_the_other_branches_end_first() -> None:
    world = conditional_join(need=1)
    world.finish("a")
    world.fail("b")
    assert world.state == "RUNNING"
    world.finish("c")
    world.finish("d")
    assert world.state == "FAILED"
    assert world.execution.failed_refs is not None
    assert world.execution.failed_refs.value == [["b", "b"]]


def test_an_unhandled_failure_ends_everything_at_once_where_the_graph_says_so() -> None:
    world = conditional_join(failures=OnFailure.AT_ONCE)
    world.finish("a")
    world.fail("b", reason="no way")
    assert world.state == "FAILED"
    assert world.execution.reason == f"Task {world.run('b').id} failed with status: FAILED and reason: 'no way'"
    assert world.run("c").state == RunState.CANCELED


def test_a_join_whose_source_never_starts_fails_when_nothing_can_move_any_more() -> None:
    g = graph(
        task("a", edges=(Edge(to="b"), Edge(to="c", on=On.ERROR))),
        task("b", edges=(Edge(to="d"),)),
        task("c", edges=(Edge(to="d"),)),
        task("d", gather=Gather(sources=("b", "c"))),
        on_failure=OnFailure.WHEN_DRAINED,
    )
    world = World(g).start()
    world.finish("a")
    world.finish("b")
    assert world.run("d").reason == "Failed by tasks: ['c']"
    assert world.state == "FAILED"


def cycle() -> World:
    """count -> count while asked, then -> done; every visit is a run of its own."""
    g = graph(
        task(
            "count",
            edges=(Edge(to="count", when=call("again", "count")), Edge(to="done", when=call("enough", "count"))),
        ),
        task("done"),
        revisits=frozenset({"count"}),
        default_output=DefaultOutput.ENDS,
    )
    return World(
        g,
        functions={
            "again": lambda scope: scope.run_output("count")["n"] < 3,
            "enough": lambda scope: scope.run_output("count")["n"] >= 3,
        },
    ).start()


def test_a_cycle_makes_a_run_for_every_visit() -> None:
    world = cycle()
    for n in (1, 2, 3):
        world.finish("count", {"n": n})
    assert [(r.ref, r.path) for r in world.in_order()] == [
        ("count", ""),
        ("count", "~1"),
        ("count", "~2"),
        ("done", ""),
    ]
    world.finish("done", {"end": True})
    assert (world.state, world.output) == ("COMPLETED", {"end": True})


def test_nothing_starts_while_paused_and_everything_follows_after_resuming() -> None:
    world = conditional_join()
    world.apply(Paused())
    world.finish("a")
    assert (world.state, world.open_refs()) == ("PAUSED", [])
    assert not world.run("a").settled
    world.apply(Resumed())
    assert (world.state, world.open_refs()) == ("RUNNING", ["b", "c"])
    assert world.run("a").settled


def test_a_pause_command_holds_back_the_edges_behind_it() -> None:
    g = graph(
        task("a", edges=(Edge(to="b"), Edge(to=None, command="pause"), Edge(to="c"))),
        task("b"),
        task("c"),
    )
    world = World(g).start()
    world.finish("a")
    assert (world.state, world.open_refs()) == ("PAUSED", ["b"])
    world.apply(Resumed())
    assert (world.state, world.open_refs()) == ("RUNNING", ["b", "c"])
    world.finish("b")
    world.finish("c")
    assert world.state == "COMPLETED"


def test_a_join_in_a_circle_runs_again_and_who_was_there_before_need_not_come_again() -> None:
    """s -> a, b; both -> j, which joins all; j -> a again when asked."""
    g = graph(
        task("s", edges=(Edge(to="a"), Edge(to="b"))),
        task("a", edges=(Edge(to="j"),)),
        task("b", edges=(Edge(to="j"),)),
        task("j", gather=Gather(sources=("a", "b")), edges=(Edge(to="a", when=call("again")),)),
        revisits=frozenset({"a", "j"}),
        on_failure=OnFailure.WHEN_DRAINED,
        default_output=DefaultOutput.PUBLISHED,
    )
    again = True
    world = World(g, functions={"again": lambda scope: again}).start()
    world.finish("s")
    world.finish("a")
    assert world.run("j").state == RunState.WAITING
    world.finish("b")
    world.finish("j")
    again = False
    world.finish("a", path="~1")
    world.finish("j", path="~1")
    assert (world.state, [r.path for r in world.in_order() if r.ref == "j"]) == ("COMPLETED", ["", "~1"])


def test_who_comes_too_late_to_a_join_of_one_in_a_circle_does_not_run_it_again() -> None:
    g = graph(
        task("s", edges=(Edge(to="a"), Edge(to="b"))),
        task("a", edges=(Edge(to="j"),)),
        task("b", edges=(Edge(to="j"),)),
        task("j", gather=Gather(sources=("a", "b"), need=1), edges=(Edge(to="a", when=call("again")),)),
        revisits=frozenset({"a", "j"}),
        on_failure=OnFailure.WHEN_DRAINED,
        default_output=DefaultOutput.PUBLISHED,
    )
    world = World(g, functions={"again": lambda scope: False}).start()
    world.finish("s")
    world.finish("a")
    world.finish("j")
    world.finish("b")
    assert (world.state, [r.ref for r in world.in_order()].count("j")) == ("COMPLETED", 1)

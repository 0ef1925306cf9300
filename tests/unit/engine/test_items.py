"""A task once per item, a few at a time: with-items (contracts/mistral.md, section 7.8)."""

from __future__ import annotations

from typing import Any

import pytest

from executions.states import RunState
from tests.unit.engine.world import World, call, graph, task
from workflows_app.graph.model import Edge, Items, OnFailure
from workflows_app.graph.template import literal


def build(items: Any, concurrency: int | None = None) -> World:
    g = graph(
        task(
            "t",
            input=call("item input"),
            items=Items(bindings=call("items"), concurrency=literal(concurrency) if concurrency is not None else None),
            edges=(Edge(to="after"),),
        ),
        task("after"),
        on_failure=OnFailure.WHEN_DRAINED,
    )
    return World(
        g, functions={"items": lambda scope: items, "item input": lambda scope: {"i": scope.locals["i"]}}
    ).start()


def test_all_items_run_together_and_their_results_come_in_order() -> None:
    world = build({"i": ["x", "y", "z"]})
    assert [r.input.value for r in world.in_order() if r.path] == [{"i": "x"}, {"i": "y"}, {"i": "z"}]
    for index in (2, 0, 1):
        world.finish("t", {"n": index}, path=f"[{index}]")
    assert world.run("t").output.value == {"items": [{"n": 0}, {"n": 1}, {"n": 2}]}
    assert world.open_refs() == ["after"]


@pytest.mark.parametrize("order", [(0, 1, 2, 3, 4), (1, 0, 2, 4, 3)])
def test_no_more_items_run_than_the_concurrency_allows(order: tuple[int, ...]) -> None:
    world = build({"i": list(range(5))}, concurrency=2)
    for index in order:
        running = [r.path for r in world.in_order() if r.path and r.state == RunState.SCHEDULED]
        assert len(running) <= 2
        assert f"[{index}]" in running
        world.finish("t", path=f"[{index}]")
    assert world.run("t").state == RunState.COMPLETED


def test_an_empty_list_succeeds_at_once() -> None:
    world = build({"i": []})
    assert world.run("t").output.value == {"items": []}
    assert world.open_refs() == ["after"]


def test_lists_of_different_lengths_fail_the_task() -> None:
    world = build({"i": [1], "k": [1, 2]})
    assert world.run("t").reason == "all lists of items must have the same length"
    assert world.state == "FAILED"


def test_one_failed_item_fails_the_task_when_all_have_ended() -> None:
    world = build({"i": [1, 2]})
    world.fail("t", path="[0]")
    assert world.state == "RUNNING"
    world.finish("t", path="[1]")
    assert world.run("t").reason == "One or more actions had failed."
    assert world.state == "FAILED"


def test_a_canceled_item_cancels_the_task_at_once() -> None:
    world = build({"i": [1, 2]})
    world.finish("t", state=RunState.CANCELED, path="[0]")
    assert world.run("t").state == RunState.CANCELED

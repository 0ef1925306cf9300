"""A worker that must stop gives back what it has not finished."""

from __future__ import annotations

from executions.engine.events import Finished, GivenBack, Result, Terminated
from executions.engine.rows import RunRow
from executions.engine.tools import Claimer
from executions.states import RunState
from tests.unit.engine.world import Logic, World, graph, task
from workflows_app.policies import RetryPolicy, TaskPolicy

DONE = Result(state=RunState.COMPLETED)


def held(policy: TaskPolicy | None = None) -> tuple[World, RunRow]:
    """An execution whose only task has been claimed, and the run as its worker knows it."""
    claimer = Claimer(worker="w1", lease_seconds=30, queues=frozenset({"default"}), steps=5)
    types = {"server": Logic(policy=policy)} if policy else {}
    world = World(graph(task("a", "server")), types=types, claimer=claimer).start()
    world.claimer = None
    return world, world.open_run("a")


def test_it_is_on_offer_at_once_and_nothing_is_counted() -> None:
    world, run = held()
    decision = world.apply(GivenBack(run.id, run.revision))
    offered = world.open_run("a")
    assert [sent.id for sent in decision.send] == [run.id]
    assert (offered.state, offered.worker) == (RunState.SCHEDULED, None)
    assert (offered.attempt, offered.losses) == (0, 0)
    assert decision.logs == [(run.id, "worker w1 was stopped; the task is offered again")]


def test_the_result_of_the_run_that_was_abandoned_does_not_count() -> None:
    world, run = held()
    world.apply(GivenBack(run.id, run.revision))
    assert world.apply(Finished(run.id, DONE, run.revision)).refused == "the claim is no longer valid"
    assert world.open_run("a").state == RunState.SCHEDULED


def test_what_has_ended_meanwhile_is_not_given_back() -> None:
    world, run = held()
    world.apply(Finished(run.id, DONE, run.revision))
    assert world.apply(GivenBack(run.id, run.revision)).refused is not None
    assert world.state == "COMPLETED"


def test_what_was_ended_with_its_execution_is_not_given_back() -> None:
    world, run = held()
    world.apply(Terminated())
    assert world.apply(GivenBack(run.id, run.revision)).refused is not None
    assert world.state == "TERMINATED"


def test_what_somebody_else_has_by_now_is_not_given_back() -> None:
    world, run = held()
    world.apply(GivenBack(run.id, run.revision))
    assert world.apply(GivenBack(run.id, run.revision)).refused == "the claim is no longer valid"


def test_what_must_not_run_twice_has_failed_and_its_retry_policy_decides() -> None:
    world, run = held(TaskPolicy(rerun_lost=False))
    world.apply(GivenBack(run.id, run.revision))
    assert world.state == "FAILED"
    assert "its worker w1 was stopped" in (world.execution.reason or "")

    world, run = held(TaskPolicy(rerun_lost=False, retry=RetryPolicy(limit=1)))
    world.apply(GivenBack(run.id, run.revision))
    assert (world.state, world.open_run("a").attempt) == ("RUNNING", 1)

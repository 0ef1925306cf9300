"""What a worker process that is told to stop does with its task runs."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import timedelta

import pytest

from executions import functions, leaving, worker
from executions.clock import now
from executions.engine.rows import ExecutionRow
from executions.functions import task as function
from executions.heartbeat import heartbeat
from executions.models import TaskLog
from executions.states import RunState
from executions.store import claims
from executions.task_types.base import Work
from tests.integration.conftest import Courier, run_of, state_of, story
from tests.unit.engine.world import graph, task
from workflows_app.graph.model import Edge

pytestmark = pytest.mark.django_db(transaction=True)

Begin = Callable[..., ExecutionRow]


@pytest.fixture(autouse=True)
def _stays() -> Iterator[None]:
    yield
    leaving._begun.clear()


@pytest.fixture
def slow() -> Iterator[list[Callable[[Work], None]]]:
    """A Python function ``slow`` that does what the test appends to the list, each time the next thing."""
    todo: list[Callable[[Work], None]] = []

    @function("slow")
    def run(work: Work) -> str:
        todo.pop(0)(work)
        return "done"

    yield todo
    functions._functions.pop("slow")
    functions._types.pop("slow", None)


def test_a_task_that_does_not_end_in_time_is_taken_by_the_next_worker(
    begin: Begin, courier: Courier, slow: list[Callable[[Work], None]]
) -> None:
    execution = begin(graph(task("a", "SIMPLE", name="slow")))

    def be_stopped(work: Work) -> None:
        leaving.begin()
        assert leaving.give_back() == 1
        assert work.canceled.is_set()
        leaving._begun.clear()  # the next worker has never been told to stop
        courier.deliver()
        assert run_of(execution.id, "a").output.value == {"result": "done"}
        raise RuntimeError("and then it fails after all")

    slow += [be_stopped, lambda work: None]
    courier.deliver()

    assert state_of(execution.id) == "COMPLETED"
    run = run_of(execution.id, "a")
    assert (run.attempt, run.losses, run.polls) == (0, 0, 2)
    lines = TaskLog.objects.filter(task_run_id=run.id).values_list("message", flat=True)
    assert any("was stopped; the task is offered again" in line for line in lines)


def test_what_was_claimed_and_not_begun_is_given_back_too(begin: Begin, courier: Courier) -> None:
    execution = begin(graph(task("a", "SIMPLE", name="noop_function")))
    courier.lose_all()
    moment = now()
    claims.claim(run_of(execution.id, "a").id, heartbeat().worker, moment, moment + timedelta(seconds=30))

    assert leaving.give_back() == 1
    assert story(execution.id) == ["a SCHEDULED"]
    courier.deliver()
    assert state_of(execution.id) == "COMPLETED"


def test_the_tasks_of_others_are_not_touched(begin: Begin, courier: Courier) -> None:
    execution = begin(graph(task("a", "SIMPLE", name="noop_function")))
    courier.lose_all()
    moment = now()
    claims.claim(run_of(execution.id, "a").id, "somebody else", moment, moment + timedelta(seconds=30))

    assert leaving.give_back() == 0
    assert run_of(execution.id, "a").state == RunState.IN_PROGRESS


def test_a_message_that_still_comes_is_left_to_another_worker(begin: Begin, courier: Courier) -> None:
    execution = begin(graph(task("a", "SIMPLE", name="noop_function")))
    courier.lose_all()
    leaving.begin()

    worker.run_message(run_of(execution.id, "a").id, "default", (), False)

    assert story(execution.id) == ["a SCHEDULED"]
    leaving._begun.clear()
    assert courier.deliver() == 1
    assert state_of(execution.id) == "COMPLETED"


def test_an_execution_is_not_gone_on_with(begin: Begin, courier: Courier, slow: list[Callable[[Work], None]]) -> None:
    following = task("b", "SIMPLE", name="noop_function")
    execution = begin(graph(task("a", "SIMPLE", name="slow", edges=(Edge(to="b"),)), following))
    slow.append(lambda work: leaving.begin())
    task_name, queue, args, embedded = courier.take() or pytest.fail("no message")

    courier.work(task_name, queue, args, embedded)

    assert story(execution.id) == ["a COMPLETED", "b SCHEDULED"]
    leaving._begun.clear()
    courier.deliver()
    assert state_of(execution.id) == "COMPLETED"

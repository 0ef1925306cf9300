"""A worker that has held a task since before an operator took the execution back finds its result refused."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta

import pytest

from executions import operations
from executions.clock import now
from executions.engine import transact
from executions.engine.events import Finished, Result
from executions.engine.rows import ExecutionRow, RunRow
from executions.states import RunState
from executions.store import claims
from tests.integration.conftest import Courier, run_of, state_of, story
from tests.unit.engine.world import graph, task
from workflows_app.graph.model import Edge

pytestmark = pytest.mark.django_db

Begin = Callable[..., ExecutionRow]


@pytest.fixture
def held(begin: Begin, courier: Courier) -> RunRow:
    """The second of three tasks, claimed by a worker; its execution has been terminated."""
    names = ("a", "b", "c")
    nodes = [
        task(ref, "SIMPLE", name="noop_function", edges=(Edge(to=following),) if following else ())
        for ref, following in zip(names, (*names[1:], None), strict=True)
    ]
    execution = begin(graph(*nodes))
    operations.report(execution.id, run_of(execution.id, "a").id, Result(state=RunState.COMPLETED))
    moment = now()
    found = claims.claim(run_of(execution.id, "b").id, "w", moment, moment + timedelta(seconds=30))
    assert found is not None
    operations.terminate(execution.id, by="ana")
    return found


def late(run: RunRow) -> str | None:
    """The worker reports, with the row as its claim gave it."""
    decision = transact.apply(
        run.execution_id, Finished(run.id, Result(state=RunState.COMPLETED), run.revision), run=run
    )
    assert decision is not None
    return decision.refused


def test_a_task_that_a_rerun_has_deleted_does_not_come_back(held: RunRow, courier: Courier) -> None:
    operations.rerun(held.execution_id, run_of(held.execution_id, "a").id, by="ana")
    assert late(held) == "there is no such task"
    assert story(held.execution_id) == ["a SCHEDULED"]
    courier.deliver()
    assert state_of(held.execution_id) == "COMPLETED"


def test_a_task_that_a_restart_has_deleted_does_not_come_back(held: RunRow, courier: Courier) -> None:
    operations.restart(held.execution_id, by="ana")
    assert late(held) == "there is no such task"
    assert story(held.execution_id) == ["a SCHEDULED"]


def test_a_task_that_was_begun_again_in_its_row_waits_for_its_new_worker(held: RunRow, courier: Courier) -> None:
    operations.rerun(held.execution_id, held.id, by="ana")
    assert late(held) == "the claim is no longer valid"
    assert story(held.execution_id) == ["a COMPLETED", "b SCHEDULED"]
    courier.deliver()
    assert state_of(held.execution_id) == "COMPLETED"


def test_a_task_that_was_jumped_away_from_does_not_come_back(begin: Begin, courier: Courier) -> None:
    nodes = task("a", "SIMPLE", name="noop_function", edges=(Edge(to="b"),)), task("b", "SIMPLE", name="noop_function")
    execution = begin(graph(*nodes))
    operations.report(execution.id, run_of(execution.id, "a").id, Result(state=RunState.COMPLETED))
    moment = now()
    found = claims.claim(run_of(execution.id, "b").id, "w", moment, moment + timedelta(seconds=30))
    assert found is not None
    operations.jump(execution.id, "a", by="ana")
    assert late(found) == "there is no such task"
    assert story(execution.id) == ["a SCHEDULED"]

"""Python functions as tasks: what their decorators declare holds, and a stored task definition overrides it at once,
in processes that have been running all the while."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest

from executions import functions, limits, worker
from executions.clock import now
from executions.engine.events import Finished, Result
from executions.engine.rows import RunRow
from executions.functions import task
from executions.models import TaskRun
from executions.states import RunState
from executions.store import claims
from executions.sweeps import messages, timers
from tests.integration.conductor.calling import call, register, start, workflow
from tests.integration.conductor.calling import task as node
from tests.integration.conftest import Courier, run_of

pytestmark = pytest.mark.django_db

Register = Callable[..., str]


@pytest.fixture
def function(monkeypatch: pytest.MonkeyPatch) -> Register:
    """``function(retries=1, ...)`` registers a function with these policies, and a workflow that runs it; gives the
    function's name."""
    monkeypatch.setattr(functions, "_functions", dict(functions._functions))
    monkeypatch.setattr(functions, "_types", dict(functions._types))

    def make(*, fails: bool = False, embedded: dict[str, Any] | None = None, **policies: Any) -> str:
        @task("probe", **policies)
        def probe() -> str:
            if fails:
                raise RuntimeError("it never works")
            return "done"

        fields = {"taskDefinition": {"name": "probe", **embedded}} if embedded is not None else {}
        register({**node("SIMPLE", "t", **fields), "name": "probe"})
        return "probe"

    return make


def store(**fields: Any) -> None:
    """A task definition of the function's name."""
    call("POST", "metadata/taskdefs", [{"name": "probe", "retryDelaySeconds": 0, **fields}])


def attempts(courier: Courier) -> int:
    """How often the function is tried in an execution that is started now, and fails."""
    workflow_id = start()
    courier.deliver()
    found = workflow(workflow_id)
    assert found["status"] == "FAILED"
    return len(found["tasks"])


def states(ids: list[str]) -> list[str]:
    return [run_of(execution_id, "t").state for execution_id in ids]


# ---- retries


def test_retries_are_those_of_the_decorator_or_of_the_definition_that_counts_now(
    function: Register, courier: Courier
) -> None:
    name = function(fails=True, retries=2)
    assert attempts(courier) == 3
    store(retryCount=0)
    assert attempts(courier) == 1
    store(retryCount=1)
    assert attempts(courier) == 2
    call("DELETE", f"metadata/taskdefs/{name}", {})
    assert attempts(courier) == 3


def test_an_execution_keeps_the_definition_that_it_began_with(function: Register, courier: Courier) -> None:
    function(fails=True, retries=0)
    store(retryCount=2)
    workflow_id = start()
    store(retryCount=0)
    courier.deliver()
    assert len(workflow(workflow_id)["tasks"]) == 3


def test_a_definition_embedded_in_the_workflow_wins_over_both(function: Register, courier: Courier) -> None:
    function(fails=True, retries=2, embedded={"retryCount": 1, "retryDelaySeconds": 0})
    store(retryCount=5)
    assert attempts(courier) == 2


def test_the_delay_between_attempts_grows_as_declared(function: Register, courier: Courier) -> None:
    function(fails=True, retries=3, backoff="exponential", delay=10, max_delay=25)
    workflow_id = start()
    delays = []
    for _ in range(3):
        courier.deliver()
        run = run_of(workflow_id, "t")
        assert run.state == "DELAYED"
        delays.append(run.start_delay)
        _let_pass(run)
    assert delays == [10, 20, 25]


def _let_pass(run: RunRow) -> None:
    """The delay of a run is over."""
    earlier = now() - timedelta(seconds=run.start_delay + 1)
    TaskRun.objects.filter(id=run.id).update(due_at=now(), scheduled_at=earlier)
    timers.run_once()


# ---- timeouts


def test_a_function_that_takes_too_long_has_timed_out_and_is_tried_again(function: Register, courier: Courier) -> None:
    function(timeout=30, retries=1)
    workflow_id = start()
    courier.lose_all()
    slow = _claimed(workflow_id)
    assert slow.deadline_at is not None
    assert slow.started_at is not None
    assert (slow.deadline_at - slow.started_at).total_seconds() == pytest.approx(30, abs=1)
    _time_is_up(slow)
    assert [t["status"] for t in workflow(workflow_id)["tasks"]] == ["TIMED_OUT", "SCHEDULED"]
    late = Finished(slow.id, Result(state=RunState.COMPLETED), slow.revision)
    decision = worker.driver(frozenset()).apply(workflow_id, late)
    assert decision is not None
    assert decision.refused is not None
    courier.deliver()
    assert workflow(workflow_id)["status"] == "COMPLETED"


def test_the_timeout_of_a_stored_definition_counts_instead(function: Register, courier: Courier) -> None:
    function(timeout=30, retries=1)
    store(timeoutSeconds=500, responseTimeoutSeconds=400, timeoutPolicy="TIME_OUT_WF")
    workflow_id = start()
    courier.lose_all()
    slow = _claimed(workflow_id)
    assert slow.deadline_at is not None
    assert slow.started_at is not None
    assert (slow.deadline_at - slow.started_at).total_seconds() == pytest.approx(500, abs=1)
    _time_is_up(slow)
    assert workflow(workflow_id)["status"] == "TIMED_OUT"


def _claimed(workflow_id: str) -> RunRow:
    """Somebody has the function's run, and goes on with it for ever."""
    found = claims.claim(run_of(workflow_id, "t").id, "somebody", now(), now() + timedelta(hours=1))
    assert found is not None
    return found


def _time_is_up(run: RunRow) -> None:
    earlier = now() - timedelta(hours=1)
    TaskRun.objects.filter(id=run.id).update(due_at=now(), started_at=earlier, deadline_at=earlier)
    timers.run_once()


# ---- limits


def test_no_more_run_at_a_time_than_declared(function: Register, courier: Courier) -> None:
    function(concurrency=1)
    ids = [start() for _ in range(3)]
    busy = _claimed_under_limits(ids[0])
    courier.deliver()
    assert states(ids) == ["IN_PROGRESS", "SCHEDULED", "SCHEDULED"]
    worker.driver(frozenset()).apply(ids[0], Finished(busy.id, Result(state=RunState.COMPLETED), busy.revision))
    _look_again(ids, courier)
    assert states(ids) == ["COMPLETED"] * 3


def test_a_stored_limit_counts_at_once_for_what_waits(function: Register, courier: Courier) -> None:
    function(concurrency=1)
    ids = [start() for _ in range(3)]
    _claimed_under_limits(ids[0])
    courier.deliver()
    assert states(ids) == ["IN_PROGRESS", "SCHEDULED", "SCHEDULED"]
    store(concurrentExecLimit=2)
    messages.run_once()  # nobody waits for the moment at which the old limit would have been asked again
    courier.deliver()
    assert states(ids) == ["IN_PROGRESS", "COMPLETED", "COMPLETED"]


def test_no_more_start_in_a_period_than_declared(function: Register, courier: Courier) -> None:
    function(rate=2, rate_period=3600)
    ids = [start() for _ in range(3)]
    courier.deliver()
    assert states(ids) == ["COMPLETED", "COMPLETED", "SCHEDULED"]
    waiting = run_of(ids[2], "t")
    assert waiting.due_at is not None
    assert (waiting.due_at - now()).total_seconds() == pytest.approx(3600, abs=60)
    _look_again(ids, courier)
    assert states(ids)[2] == "SCHEDULED"


def test_a_stored_rate_counts_at_once_for_what_waits(function: Register, courier: Courier) -> None:
    name = function(rate=1, rate_period=3600)
    ids = [start() for _ in range(3)]
    courier.deliver()
    assert states(ids) == ["COMPLETED", "SCHEDULED", "SCHEDULED"]
    store(rateLimitPerFrequency=2, rateLimitFrequencyInSeconds=3600)
    messages.run_once()
    courier.deliver()
    assert sorted(states(ids)) == ["COMPLETED", "COMPLETED", "SCHEDULED"]
    call("PUT", "metadata/taskdefs", {"name": name})
    messages.run_once()
    courier.deliver()
    assert states(ids) == ["COMPLETED"] * 3


def _claimed_under_limits(workflow_id: str) -> RunRow:
    until = now() + timedelta(hours=1)
    found = limits.claim(run_of(workflow_id, "t"), "somebody", now(), until)
    assert found is not None
    return found


def _look_again(ids: list[str], courier: Courier) -> None:
    """As much time passes as it takes until somebody looks at what waits."""
    TaskRun.objects.filter(execution_id__in=ids, state="SCHEDULED").update(due_at=now())
    messages.run_once()
    courier.deliver()

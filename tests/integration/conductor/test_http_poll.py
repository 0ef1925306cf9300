"""HTTP_POLL: one task that asks again and again, and holds nobody in between (contracts/conductor.md, section 4.6)."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta
from typing import Any

import pytest

from executions.clock import now
from executions.models import TaskRun
from executions.sweeps import timers
from tests.integration.conductor.calling import call, register, start, task, task_of, workflow
from tests.integration.conftest import Courier
from tests.stub import Stub

pytestmark = pytest.mark.django_db


@pytest.fixture(scope="module")
def stub() -> Iterator[Stub]:
    found = Stub()
    yield found
    found.close()


def ask(uri: str, condition: str = "$.output.response.body.count >= 3", **fields: Any) -> dict[str, Any]:
    request = {"uri": uri, "method": "GET", "terminationCondition": condition, **fields}
    return task("HTTP_POLL", "t", {"http_request": request})


def next_poll(workflow_id: str, courier: Courier) -> float:
    """Lets the pause pass and asks again; gives how many seconds it was."""
    run = TaskRun.objects.get(execution_id=workflow_id, ref="t")
    assert (run.state, run.worker) == ("IN_PROGRESS", None)
    assert run.due_at is not None
    pause = (run.due_at - run.updated_at).total_seconds()
    earlier = now() - timedelta(milliseconds=1)
    TaskRun.objects.filter(pk=run.pk).update(due_at=earlier, memo={**run.memo, "again_at": earlier.timestamp()})
    timers.run_once()
    courier.deliver()
    return pause


def test_it_asks_until_its_condition_is_met(stub: Stub, courier: Courier) -> None:
    register(ask(stub.url("echo/until"), pollingInterval=7))
    workflow_id = start()
    courier.deliver()
    waiting = task_of(workflow_id)
    assert (waiting["status"], waiting["outputData"]["pollCount"]) == ("IN_PROGRESS", 1)
    assert [next_poll(workflow_id, courier) for _ in range(2)] == pytest.approx([7, 7], abs=0.01)
    found = workflow(workflow_id)
    assert found["status"] == "COMPLETED"
    assert found["output"]["pollCount"] == 3
    assert found["output"]["response"]["body"]["count"] == 3
    assert [t["retryCount"] for t in found["tasks"]] == [0]
    keys = [seen.headers["idempotency-key"] for seen in stub.seen("echo/until")]
    assert len(set(keys)) == 3


@pytest.mark.parametrize(("strategy", "pauses"), [("LINEAR_BACKOFF", [2, 4, 6]), ("EXPONENTIAL_BACKOFF", [2, 4, 8])])
def test_pauses_grow_as_the_strategy_says(stub: Stub, courier: Courier, strategy: str, pauses: list[float]) -> None:
    register(ask(stub.url(f"echo/{strategy}"), "false", pollingInterval=2, pollingStrategy=strategy))
    workflow_id = start()
    courier.deliver()
    assert [next_poll(workflow_id, courier) for _ in range(3)] == pytest.approx(pauses, abs=0.01)


def test_a_service_that_is_down_is_asked_again(stub: Stub, courier: Courier) -> None:
    register(ask(stub.url("flaky/down?fails=2")))
    workflow_id = start()
    courier.deliver()
    next_poll(workflow_id, courier)
    next_poll(workflow_id, courier)
    assert workflow(workflow_id)["status"] == "COMPLETED"


def test_nobody_there_counts_as_a_poll(courier: Courier) -> None:
    register(ask("http://127.0.0.1:9/x", maxPollCount=2))
    workflow_id = start()
    courier.deliver()
    next_poll(workflow_id, courier)
    found = task_of(workflow_id)
    assert found["status"] == "FAILED"
    assert found["reasonForIncompletion"].startswith("The terminationCondition was not met in 2 polls")


@pytest.mark.parametrize(
    ("fields", "status", "reason"),
    [
        ({"terminationCondition": "-1"}, "FAILED", "has said no"),
        ({"terminationCondition": "nowhere.x"}, "FAILED_WITH_TERMINAL_ERROR", "nowhere is not defined"),
        ({"terminationCondition": "false", "maxPollCount": 1}, "FAILED", "not met in 1 polls; the last one: 200"),
        ({"pollingStrategy": "WILD"}, "FAILED_WITH_TERMINAL_ERROR", "pollingStrategy must be one of"),
        ({"pollingInterval": "often"}, "FAILED_WITH_TERMINAL_ERROR", "'often' is no number"),
        ({"terminationCondition": "${workflow.input.none}"}, "FAILED_WITH_TERMINAL_ERROR", "must be a script"),
        ({"uri": "${workflow.input.none}"}, "FAILED_WITH_TERMINAL_ERROR", "Missing HTTP URI"),
    ],
)
def test_what_ends_the_asking(stub: Stub, courier: Courier, fields: dict[str, Any], status: str, reason: str) -> None:
    register(ask(stub.url("echo/ends"), "true"), name="fine")
    poll = ask(stub.url("echo/ends"), "true")
    poll["inputParameters"]["http_request"].update(fields)
    register(poll)
    workflow_id = start()
    courier.deliver()
    found = task_of(workflow_id)
    assert found["status"] == status
    assert reason in found["reasonForIncompletion"]


def test_a_refusal_that_will_not_pass_fails_at_once(stub: Stub, courier: Courier) -> None:
    register(ask(stub.url("status?code=403"), "true"))
    workflow_id = start()
    courier.deliver()
    assert task_of(workflow_id)["status"] == "FAILED"
    assert "403" in task_of(workflow_id)["reasonForIncompletion"]


def test_one_that_waits_ends_with_its_execution(stub: Stub, courier: Courier) -> None:
    register(ask(stub.url("echo/ended"), "false"))
    workflow_id = start()
    courier.deliver()
    call("DELETE", f"workflow/{workflow_id}", {})
    assert task_of(workflow_id)["status"] == "CANCELED"
    assert TaskRun.objects.get(execution_id=workflow_id).due_at is None


def test_somebody_outside_can_complete_it_between_two_polls(stub: Stub, courier: Courier) -> None:
    register(ask(stub.url("echo/outside"), "false"))
    workflow_id = start()
    courier.deliver()
    call("POST", f"tasks/{workflow_id}/t/IN_PROGRESS", {"note": 1})
    run = TaskRun.objects.get(execution_id=workflow_id)
    assert run.due_at is not None  # it still asks again
    call("POST", f"tasks/{workflow_id}/t/COMPLETED", {"by": "hand"})
    assert workflow(workflow_id)["output"]["by"] == "hand"


def test_a_task_without_a_condition_is_refused_at_registration() -> None:
    body = {"name": "w", "tasks": [task("HTTP_POLL", "t", {"http_request": {"uri": "http://x", "method": "GET"}})]}
    answer = call("PUT", "metadata/workflow", [body], expect=400).json
    assert "terminationCondition field is required" in answer["validationErrors"][0]["message"]

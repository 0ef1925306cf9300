"""Messages to running workflows, and the tasks that take them (contracts/conductor.md, sections 1.4 and 4.3)."""

from __future__ import annotations

import uuid
from typing import Any

import pytest

from executions import operations, worker
from executions.clock import now
from executions.engine.events import Woken
from executions.inbox import keeping
from executions.inbox.models import InboxMessage
from executions.models import TaskRun
from executions.store import claims
from executions.sweeps import inbox, timers
from tests.integration.conductor.calling import call, register, start, task, task_of, workflow
from tests.integration.conftest import Courier

pytestmark = pytest.mark.django_db


def pull(ref: str = "pull", **inputs: Any) -> dict[str, Any]:
    return task("PULL_WORKFLOW_MESSAGES", ref, inputs)


def send(workflow_id: str, **payload: Any) -> str:
    return call("POST", f"workflow/{workflow_id}/messages", payload).text


def payloads(found: dict[str, Any]) -> list[Any]:
    return [message["payload"] for message in found["outputData"]["messages"]]


def test_a_message_wakes_the_task_that_waits_for_it(courier: Courier) -> None:
    register(pull())
    workflow_id = start()
    courier.deliver()
    waiting = task_of(workflow_id, "pull")
    assert (waiting["status"], waiting.get("workerId")) == ("IN_PROGRESS", None)
    message_id = send(workflow_id, n=1)
    assert courier.deliver() == 1
    found = workflow(workflow_id)
    assert found["status"] == "COMPLETED"
    (message,) = found["output"]["messages"]
    assert (message["id"], message["workflowId"], message["payload"]) == (message_id, workflow_id, {"n": 1})
    assert message["receivedAt"].endswith("Z")
    assert found["output"]["count"] == 1


def test_messages_that_came_before_are_taken_in_order_and_in_batches(courier: Courier) -> None:
    register(task("HUMAN", "first"), pull("some", batchSize=2), pull("rest", batchSize=1000))
    workflow_id = start()
    for n in range(5):
        send(workflow_id, n=n)
    call("POST", f"tasks/{workflow_id}/first/COMPLETED", {})
    courier.deliver()
    assert payloads(task_of(workflow_id, "some")) == [{"n": 0}, {"n": 1}]
    assert payloads(task_of(workflow_id, "rest")) == [{"n": 2}, {"n": 3}, {"n": 4}]


def test_without_blocking_nothing_is_waited_for(courier: Courier) -> None:
    register(pull(blocking=False))
    workflow_id = start()
    courier.deliver()
    assert workflow(workflow_id)["output"] == {"messages": [], "count": 0}


def test_two_tasks_never_get_the_same_message(courier: Courier) -> None:
    register(task("FORK_JOIN", "fork", forkTasks=[[pull("a")], [pull("b")]]), task("JOIN", "join", joinOn=["a", "b"]))
    workflow_id = start()
    courier.deliver()
    send(workflow_id, n=1)
    send(workflow_id, n=2)
    courier.deliver()
    found = payloads(task_of(workflow_id, "a")) + payloads(task_of(workflow_id, "b"))
    assert sorted(p["n"] for p in found) == [1, 2]
    assert workflow(workflow_id)["status"] == "COMPLETED"


def test_a_worker_that_dies_with_a_message_loses_nothing(courier: Courier) -> None:
    register(pull())
    workflow_id = start()
    courier.deliver()
    send(workflow_id, n=1)
    courier.lose_all()
    run_id = task_of(workflow_id, "pull")["taskId"]
    assert [m.payload for m in keeping.take(workflow_id, run_id, 1)] == [{"n": 1}]  # and then it died
    send(workflow_id, n=2)
    worker.run_message(run_id, "default", (), False)
    assert payloads(task_of(workflow_id, "pull")) == [{"n": 1}]


def test_a_message_that_comes_while_the_task_is_put_aside_is_not_overlooked(
    courier: Courier, monkeypatch: pytest.MonkeyPatch
) -> None:
    register(pull())
    workflow_id = start()
    run_id = task_of(workflow_id, "pull")["taskId"]
    look = keeping.take

    def take(execution_id: str, run_id: str, most: int) -> list[InboxMessage]:
        found = look(execution_id, run_id, most)
        if not found:
            send(workflow_id, n=1)  # too early to wake anybody
        return found

    monkeypatch.setattr(keeping, "take", take)
    courier.deliver()
    assert payloads(task_of(workflow_id, "pull")) == [{"n": 1}]
    assert run_id == task_of(workflow_id, "pull")["taskId"]


def test_a_task_that_nobody_wakes_looks_by_itself(courier: Courier) -> None:
    register(pull())
    workflow_id = start()
    courier.deliver()
    keeping.put(workflow_id, {"n": 1})  # whoever put it there died before waking anybody
    run = TaskRun.objects.get(execution_id=workflow_id)
    assert run.due_at is not None
    TaskRun.objects.filter(pk=run.pk).update(due_at=now(), memo={"again_at": now().timestamp()})
    timers.run_once()
    courier.deliver()
    assert payloads(task_of(workflow_id, "pull")) == [{"n": 1}]


def test_a_task_that_somebody_has_cannot_be_woken(courier: Courier) -> None:
    register(pull())
    workflow_id = start()
    courier.lose_all()
    run_id = task_of(workflow_id, "pull")["taskId"]
    claimed = claims.claim(run_id, "somebody", now(), now())
    assert claimed is not None
    decision = worker.driver(frozenset()).apply(workflow_id, Woken(run_id))
    assert decision is not None
    assert decision.refused == "the task was not put aside"


def test_only_running_workflows_take_messages_and_only_so_many(monkeypatch: pytest.MonkeyPatch) -> None:
    register(task("HUMAN"))
    workflow_id = start()
    monkeypatch.setattr(keeping, "CAPACITY", 2)
    send(workflow_id)
    send(workflow_id)
    assert "full" in call("POST", f"workflow/{workflow_id}/messages", {}, expect=429).json["message"]
    call("PUT", f"workflow/{workflow_id}/pause", {})
    call("POST", f"workflow/{workflow_id}/messages", {}, expect=409)
    call("POST", f"workflow/{uuid.uuid4()}/messages", {}, expect=404)
    call("POST", "workflow/nonsense/messages", {}, expect=404)
    call("POST", f"workflow/{workflow_id}/messages", [1], expect=400)


def test_what_was_taken_is_forgotten_when_its_task_has_ended(courier: Courier) -> None:
    register(pull(), task("HUMAN"), pull("later"))
    workflow_id = start()
    send(workflow_id, n=1)
    send(workflow_id, n=2)
    courier.deliver()
    assert inbox.run_once() == 1
    assert [m.payload for m in InboxMessage.objects.all()] == [{"n": 2}]
    operations.remove(workflow_id, by="test")
    assert InboxMessage.objects.count() == 0

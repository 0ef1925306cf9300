"""onStateChange: the world is told what becomes of tasks (contracts/conductor.md, section 4.7)."""

from __future__ import annotations

from typing import Any

import pytest

from executions.models import EventMessage, Execution
from tests.integration.conductor.calling import call, complete, poll, register, start, task
from tests.integration.conftest import Courier
from tests.integration.events.conftest import deliver_all

pytestmark = pytest.mark.django_db

ALL = "onScheduled,onStart,onSuccess,onFailed,onCancelled"


def told() -> list[EventMessage]:
    """What was announced, in order."""
    return list(EventMessage.objects.order_by("pk"))


def audited(type: str = "SIMPLE", ref: str = "t", on: str = ALL, **fields: Any) -> dict[str, Any]:
    payload = {"status": f"${{{ref}.status}}", "input": "${workflow.input.a}", "name": ref}
    return task(type, ref, onStateChange={on: [{"type": "audit_log", "payload": payload}]}, **fields)


def changes() -> list[str]:
    return [message.payload["change"] for message in told()]


def test_a_polled_task_is_told_of_from_schedule_to_end() -> None:
    register(audited())
    start(input={"a": 5})
    complete(poll("t"))
    assert changes() == ["scheduled", "started", "succeeded"]
    assert [each.event for each in told()] == ["conductor:audit_log"] * 3
    assert [each.payload["status"] for each in told()] == ["SCHEDULED", "IN_PROGRESS", "COMPLETED"]
    assert all(each.payload["input"] == 5 and each.payload["name"] == "t" for each in told())


def test_only_what_was_asked_for_is_told() -> None:
    register(audited(on="onSuccess"))
    start()
    complete(poll("t"))
    assert changes() == ["succeeded"]


def test_every_failed_attempt_is_told_of() -> None:
    call("POST", "metadata/taskdefs", [{"name": "t", "retryCount": 1, "retryDelaySeconds": 0}])
    register(audited())
    start()
    complete(poll("t"), status="FAILED")
    complete(poll("t"), status="FAILED")
    assert changes() == ["scheduled", "started", "failed", "scheduled", "started", "failed"]


def test_a_function_and_a_computed_task_are_told_of(courier: Courier) -> None:
    register(audited("NOOP", "noop"), {**audited(ref="f"), "name": "noop_function"})
    start()
    courier.deliver()
    assert changes() == ["scheduled", "started", "succeeded"] * 2


def test_what_is_canceled_is_told_of_wherever_it_stands() -> None:
    branches = [[audited(ref="a", on="onCancelled")], [audited("WAIT", "b", on="onCancelled")]]
    register(task("FORK_JOIN", "fork", forkTasks=branches), task("JOIN", "join", joinOn=["a", "b"]))
    workflow_id = start()
    call("DELETE", f"workflow/{workflow_id}", {})
    assert sorted(each.payload["name"] for each in told()) == ["a", "b"]
    assert {each.payload["status"] for each in told()} == {"CANCELED"}


def test_nothing_is_told_where_nobody_wants_it() -> None:
    register(task("SIMPLE"))
    start()
    complete(poll("t"))
    assert told() == []


def test_an_event_handler_hears_of_it(courier: Courier) -> None:
    register(task("NOOP"), name="audit")
    handler = {
        "name": "auditor",
        "event": "conductor:audit_log",
        "active": True,
        "actions": [{"action": "start_workflow", "start_workflow": {"name": "audit", "input": {"of": "${name}"}}}],
    }
    call("POST", "event", handler)
    register(audited(on="onSuccess"), name="watched")
    start("watched")
    complete(poll("t"))
    deliver_all()
    assert Execution.objects.get(name="audit").input["of"] == "t"


@pytest.mark.parametrize("events", [{"type": "x"}, [{"payload": {}}], ["x"]])
def test_what_is_no_list_of_events_is_refused(events: Any) -> None:
    body = [{"name": "w", "tasks": [task("SIMPLE", onStateChange={"onStart": events})]}]
    answer = call("PUT", "metadata/workflow", body, expect=400).json
    assert "onStateChange.onStart" in answer["validationErrors"][0]["message"]

"""onStateChange: the world is told what becomes of tasks (contracts/conductor.md, section 4.7)."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import pytest

from executions import hooks
from executions.engine.decision import Announcement
from executions.engine.rows import ExecutionRow
from tests.integration.conductor.calling import call, complete, poll, register, start, task
from tests.integration.conftest import Courier

pytestmark = pytest.mark.django_db

ALL = "onScheduled,onStart,onSuccess,onFailed,onCancelled"


@pytest.fixture
def told(monkeypatch: pytest.MonkeyPatch) -> list[Announcement]:
    """What was announced, in order."""
    found: list[Announcement] = []

    def listen(execution: ExecutionRow, announcements: Sequence[Announcement]) -> None:
        found.extend(announcements)

    monkeypatch.setattr(hooks, "_announcer", listen)
    return found


def audited(type: str = "SIMPLE", ref: str = "t", on: str = ALL, **fields: Any) -> dict[str, Any]:
    payload = {"status": f"${{{ref}.status}}", "input": "${workflow.input.a}", "name": ref}
    return task(type, ref, onStateChange={on: [{"type": "audit_log", "payload": payload}]}, **fields)


def changes(told: list[Announcement]) -> list[str]:
    return [str(each.change) for each in told]


def test_a_polled_task_is_told_of_from_schedule_to_end(told: list[Announcement]) -> None:
    register(audited())
    start(input={"a": 5})
    complete(poll("t"))
    assert changes(told) == ["scheduled", "started", "succeeded"]
    assert [each.kind for each in told] == ["audit_log"] * 3
    assert [each.payload["status"] for each in told] == ["SCHEDULED", "IN_PROGRESS", "COMPLETED"]
    assert all(each.payload["input"] == 5 and each.payload["name"] == "t" for each in told)


def test_only_what_was_asked_for_is_told(told: list[Announcement]) -> None:
    register(audited(on="onSuccess"))
    start()
    complete(poll("t"))
    assert changes(told) == ["succeeded"]


def test_every_failed_attempt_is_told_of(told: list[Announcement]) -> None:
    call("POST", "metadata/taskdefs", [{"name": "t", "retryCount": 1, "retryDelaySeconds": 0}])
    register(audited())
    start()
    complete(poll("t"), status="FAILED")
    complete(poll("t"), status="FAILED")
    assert changes(told) == ["scheduled", "started", "failed", "scheduled", "started", "failed"]


def test_a_function_and_a_computed_task_are_told_of(told: list[Announcement], courier: Courier) -> None:
    register(audited("NOOP", "noop"), {**audited(ref="f"), "name": "noop_function"})
    start()
    courier.deliver()
    assert changes(told) == ["scheduled", "started", "succeeded"] * 2


def test_what_is_canceled_is_told_of_wherever_it_stands(told: list[Announcement]) -> None:
    branches = [[audited(ref="a", on="onCancelled")], [audited("WAIT", "b", on="onCancelled")]]
    register(task("FORK_JOIN", "fork", forkTasks=branches), task("JOIN", "join", joinOn=["a", "b"]))
    workflow_id = start()
    call("DELETE", f"workflow/{workflow_id}", {})
    assert sorted(each.payload["name"] for each in told) == ["a", "b"]
    assert {each.payload["status"] for each in told} == {"CANCELED"}


def test_nothing_is_told_where_nobody_wants_it(told: list[Announcement]) -> None:
    register(task("SIMPLE"))
    start()
    complete(poll("t"))
    assert told == []


def test_without_anybody_to_deliver_it_is_in_the_log(caplog: pytest.LogCaptureFixture) -> None:
    register(audited("NOOP"))
    with caplog.at_level("INFO", logger="executions.hooks"):
        start()
    assert sum("audit_log" in line for line in caplog.messages) == 3


@pytest.mark.parametrize("events", [{"type": "x"}, [{"payload": {}}], ["x"]])
def test_what_is_no_list_of_events_is_refused(events: Any) -> None:
    body = [{"name": "w", "tasks": [task("SIMPLE", onStateChange={"onStart": events})]}]
    answer = call("PUT", "metadata/workflow", body, expect=400).json
    assert "onStateChange.onStart" in answer["validationErrors"][0]["message"]


def test_what_cannot_be_run_is_refused() -> None:
    body = [{"name": "w", "tasks": [task("KAFKA_PUBLISH", "t", {"kafka_request": {}})]}]
    answer = call("PUT", "metadata/workflow", body, expect=400).json
    assert "this server speaks no Kafka" in answer["validationErrors"][0]["message"]

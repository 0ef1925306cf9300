"""What the SDKs for other languages send and Python's does not (docs/conductor.md, "Other SDKs")."""

from __future__ import annotations

import time
from typing import Any

import pytest

from tests.integration.conductor.door import call, definition, simple, start, task_of

pytestmark = pytest.mark.django_db


def handler(name: str = "h", **fields: Any) -> dict[str, Any]:
    action = {"action": "start_workflow", "start_workflow": {"name": "w"}}
    return {"name": name, "event": "conductor:a:b", "active": True, "actions": [action], **fields}


def register(*tasks: dict[str, Any]) -> None:
    assert call("POST", "metadata/workflow", definition(*tasks)).status == 200


def test_event_handlers_may_come_as_a_list() -> None:
    assert call("POST", "event", [handler("a"), handler("b")]).status == 200
    assert [found["name"] for found in call("GET", "event/conductor:a:b").json] == ["a", "b"]


def test_of_a_list_of_event_handlers_all_are_added_or_none() -> None:
    call("POST", "event", handler("taken"))
    assert call("POST", "event", [handler("fresh"), handler("taken")]).status == 409
    answer = call("POST", "event", [handler("fresh"), handler("b", event=""), handler("c", actions=[]), 7])
    assert answer.status == 400
    assert set(answer.problems) == {
        "addEventHandler.arg0[1].event",
        "addEventHandler.arg0[2].actions",
        "addEventHandler.arg0[3]",
    }
    assert [found["name"] for found in call("GET", "event").json] == ["taken"]


def test_a_task_is_skipped_though_its_output_comes_as_go_prints_it() -> None:
    register(simple("a"), simple("b"))
    workflow_id = start()
    answer = call("PUT", f"workflow/{workflow_id}/skiptask/b", skipTaskRequest="{map[] map[result:77]}")
    assert answer.status == 200, answer
    skipped = task_of(workflow_id, "b")
    assert (skipped["status"], skipped["inputData"], skipped["outputData"]) == ("SKIPPED", {}, {})


@pytest.mark.parametrize("body", ['a "quoted" line', r'"a \"quoted\" line"', r"a \"quoted\" line"])
def test_a_line_for_the_log_comes_as_text_as_json_and_in_between(body: str) -> None:
    register()
    task_id = task_of(start())["taskId"]
    assert call("POST", f"tasks/{task_id}/log", raw=body.encode()).status == 200
    assert [line["log"] for line in call("GET", f"tasks/{task_id}/log").json] == ['a "quoted" line']


def test_search_has_parameters_that_are_empty_or_unknown() -> None:
    register()
    start()
    for path in ("workflow/search", "tasks/search"):
        answer = call("GET", path, start="0", size="", sort="", freeText="", query="", skipCache="false", queryId="")
        assert (answer.status, answer.json["totalHits"]) == (200, 1)


def test_a_definition_is_asked_for_without_metadata() -> None:
    register()
    assert call("GET", "metadata/workflow/w", metadata="false").json["name"] == "w"


def test_a_state_update_that_shall_not_wait_does_not(monkeypatch: pytest.MonkeyPatch) -> None:
    register(simple("a"), simple("b"))
    workflow_id = start()
    monkeypatch.setattr(time, "sleep", lambda seconds: pytest.fail("it waits"))
    update = {"taskReferenceName": "a", "taskResult": {"status": "COMPLETED"}}
    answer = call("POST", f"workflow/{workflow_id}/state", update, waitForSeconds=0, waitUntilTaskRef="s,i,m")
    assert (answer.status, answer.json["status"]) == (200, "RUNNING")
    assert [task["referenceTaskName"] for task in answer.json["tasks"]] == ["a", "b"]


@pytest.mark.parametrize("method", ["PUT", "GET"])
def test_schedules_are_paused_with_either_method(method: str) -> None:
    register()
    schedule = {"name": "s", "cronExpression": "0 0 0 1 1 ?", "startWorkflowRequest": {"name": "w"}}
    assert call("POST", "scheduler/schedules", schedule).status == 200
    assert call(method, "scheduler/schedules/s/pause").status == 200
    assert call("GET", "scheduler/schedules/s").json["paused"] is True
    assert call(method, "scheduler/schedules/s/resume").status == 200
    assert call("GET", "scheduler/schedules/s").json["paused"] is False

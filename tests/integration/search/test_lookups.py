"""Workflows by name, and by correlation id."""

from __future__ import annotations

import json
from typing import Any

import pytest
from django.test import Client

from tests.integration.search.population import execution, task_run, version
from tests.integration.search.test_executions import MS

pytestmark = pytest.mark.django_db


def get(path: str) -> Any:
    response = Client().get(f"/api/workflow/{path}")
    return response.json() if response.status_code == 200 else (response.status_code, response.json()["message"])


def post(path: str, body: Any) -> Any:
    response = Client().post(f"/api/workflow/{path}", json.dumps(body), content_type="application/json")
    return response.json() if response.status_code == 200 else (response.status_code, response.json()["message"])


def ids(workflows: list[dict[str, Any]]) -> list[str]:
    return [workflow["workflowId"] for workflow in workflows]


def test_running_workflows_are_found_by_name() -> None:
    of = version()
    first = execution(of, name="flow")
    paused = execution(of, name="flow", minutes=1, number=2, state="PAUSED")
    execution(of, name="flow", state="COMPLETED")
    execution(of, name="flow*")
    assert get("running/flow") == [paused, first]
    assert get("running/nobody") == []
    assert get("running/flow?version=2") == [paused]
    assert get("running/flow?version=&startTime=&endTime=") == [paused, first]
    assert get(f"running/flow?startTime={MS}&endTime={MS + 1}") == [first]
    assert get(f"running/flow?version=1&startTime={MS + 1}") == []
    assert len(get("running/flow*")) == 1
    assert get("running/flow?startTime=soon") == (400, "Parameter startTime must be a whole number, not 'soon'")


def test_workflows_are_found_by_name_and_correlation_id() -> None:
    of = version()
    first = execution(of, name="flow", correlation_id="x/y")
    ended = execution(of, name="flow", correlation_id="x/y", minutes=1, state="COMPLETED")
    execution(of, name="flow", correlation_id="x/y", minutes=2, state="PAUSED")
    execution(of, name="other", correlation_id="x/y")
    assert ids(get("flow/correlated/x%2Fy")) == [first]
    closed = get("flow/correlated/x%2Fy?includeClosed=true")
    assert ids(closed)[1:] == [ended, first]
    assert get("flow/correlated/unknown") == []
    assert get("search/correlated/unknown") == []


def test_tasks_come_along_when_they_are_asked_for() -> None:
    of = version()
    owner = execution(of, name="flow", correlation_id="x")
    task_id = task_run(owner, of, name="pack")
    (with_tasks,) = get("flow/correlated/x?includeTasks=True")
    (without,) = get("flow/correlated/x")
    assert [task["taskId"] for task in with_tasks["tasks"]] == [task_id]
    assert without["tasks"] == []


def test_a_batch_has_every_id_that_was_asked_for() -> None:
    of = version()
    first = execution(of, name="flow", correlation_id="x")
    second = execution(of, name="other", correlation_id="x", minutes=1)
    found = post("flow/correlated", ["x", "y", "x"])
    assert {key: ids(value) for key, value in found.items()} == {"x": [first], "y": []}
    found = post("correlated/batch", {"correlationIds": ["x", "z"], "workflowNames": ["flow", "other", "none"]})
    assert {key: ids(value) for key, value in found.items()} == {"x": [second, first], "z": []}
    assert post("flow/correlated", []) == {}


@pytest.mark.parametrize(
    ("path", "body", "message"),
    [
        ("flow/correlated", {}, "a list was expected"),
        ("flow/correlated", [1], "must be a list of texts"),
        ("flow/correlated", ["x"] * 1001, "more than 1000"),
        ("correlated/batch", [], "an object was expected"),
        ("correlated/batch", {"correlationIds": ["x"]}, "workflowNames must be a list of texts"),
        ("correlated/batch", {"correlationIds": "x", "workflowNames": []}, "correlationIds must be a list of texts"),
    ],
)
def test_a_batch_that_makes_no_sense_is_refused(path: str, body: Any, message: str) -> None:
    status, said = post(path, body)
    assert status == 400
    assert message in said

"""Action executions over the API: completed, paused, run by themselves, deleted."""

from __future__ import annotations

from typing import Any

import pytest

from executions.models import Execution
from tests.integration.conftest import Courier
from tests.integration.mistral_api.door import Answer, actions, call, define, execution, start, tasks
from workflows_app.models import Version

pytestmark = pytest.mark.django_db
NOBODY = "11111111-2222-3333-4444-555555555555"
ASK = "version: '2.0'\nw:\n  output: {r: <% task(ask).result %>}\n  tasks: {ask: {action: std.async_noop}}\n"


@pytest.fixture
def asked() -> tuple[str, str]:
    """An execution that waits for an action, and that action."""
    define(ASK)
    running = start("w")
    (action,) = actions(tasks(running)["ask"]["id"])
    return running, action["id"]


def put(action: str, **fields: Any) -> Answer:
    return call("PUT", f"action_executions/{action}", fields)


def test_an_action_says_what_it_is_and_waits_for(asked: tuple[str, str]) -> None:
    running, action = asked
    found = call("GET", f"action_executions/{action}").json
    assert (found["name"], found["workflow_name"], found["task_name"]) == ("std.async_noop", "w", "ask")
    assert (found["state"], found["accepted"], found["output"], found["input"]) == ("RUNNING", False, None, "{}")
    assert found["task_execution_id"] == tasks(running)["ask"]["id"]


@pytest.mark.parametrize("method", ["PUT", "POST"])
@pytest.mark.parametrize("spelling", ["action_executions", "action-executions"])
@pytest.mark.parametrize("value", [3, 0, False, "text", "", [1], {"a": 1}, None])
def test_any_json_is_a_result(asked: tuple[str, str], method: str, spelling: str, value: Any) -> None:
    running, action = asked
    answer = call(method, f"{spelling}/{action}", {"state": "SUCCESS", "output": value})
    assert (answer.status, answer.json["state"], answer.json["accepted"]) == (200, "SUCCESS", True)
    import json

    assert json.loads(answer.json["output"]) == {"result": value}
    assert json.loads(execution(running)["output"]) == {"r": value}


@pytest.mark.parametrize(
    ("fields", "task_state", "result"),
    [
        ({"state": "SUCCESS"}, "SUCCESS", "{}"),
        ({"state": "SUCCESS", "output": '{"a": 1}'}, "SUCCESS", '{"a": 1}'),
        ({"state": "ERROR"}, "ERROR", '"Unknown error"'),
        ({"state": "ERROR", "output": {"why": 1}}, "ERROR", '{"why": 1}'),
        ({"state": "CANCELLED", "output": {"ignored": 1}}, "CANCELLED", "null"),
    ],
)
def test_every_end_is_that_of_the_task(
    asked: tuple[str, str], fields: dict[str, Any], task_state: str, result: str
) -> None:
    running, action = asked
    assert put(action, **fields).status == 200
    task = tasks(running)["ask"]
    assert (task["state"], task["result"]) == (task_state, result)
    assert execution(running)["state"] == task_state


def test_the_first_result_counts(asked: tuple[str, str]) -> None:
    running, action = asked
    assert put(action, state="SUCCESS", output=1).status == 200
    for state in ("SUCCESS", "ERROR", "CANCELLED"):
        refused = put(action, state=state, output=2)
        assert (refused.status, "already completed" in refused.message) == (409, True)
    refused = put(action, state="RUNNING")
    assert (refused.status, refused.message) == (400, "Invalid state transition from SUCCESS to RUNNING.")
    assert execution(running)["output"] == '{"r": 1}'


@pytest.mark.parametrize("state", ["SUCCESS", "ERROR", "CANCELLED"])
def test_a_late_result_is_kept_and_nothing_follows(asked: tuple[str, str], state: str) -> None:
    running, action = asked
    call("PUT", f"executions/{running}", {"state": state, "state_info": "enough"})
    assert [a["state"] for a in actions(tasks(running)["ask"]["id"])] == ["RUNNING"]
    assert put(action, state="SUCCESS", output={"n": 1}).json["state"] == "SUCCESS"
    task = tasks(running)["ask"]
    assert (task["state"], task["result"], execution(running)["state"]) == ("SUCCESS", '{"n": 1}', state)
    assert put(action, state="SUCCESS").status == 409
    assert [t["id"] for t in call("GET", "tasks", state="RUNNING").json["tasks"]] == []


def test_an_action_is_paused_with_its_execution(asked: tuple[str, str]) -> None:
    running, action = asked
    assert put(action, state="PAUSED").json["state"] == "PAUSED"
    assert (execution(running)["state"], tasks(running)["ask"]["state"]) == ("PAUSED", "PAUSED")
    assert len(call("GET", "action_executions", state="PAUSED").json["action_executions"]) == 1
    assert put(action, state="RUNNING").json["state"] == "RUNNING"
    assert (execution(running)["state"], tasks(running)["ask"]["state"]) == ("RUNNING", "RUNNING")


@pytest.mark.parametrize(
    ("fields", "part"),
    [
        ({}, "Error. Expected one of ['SUCCESS', 'ERROR', 'CANCELLED', 'PAUSED', 'RUNNING'], actual: Unset"),
        ({"state": "DONE"}, "actual: DONE"),
        ({"state": "SUCCESS", "bogus": 1}, "Unknown attribute for argument action_ex: bogus"),
    ],
)
def test_an_update_that_makes_no_sense_is_refused(asked: tuple[str, str], fields: dict[str, Any], part: str) -> None:
    running, action = asked
    answer = put(action, **fields)
    assert (answer.status, part in answer.message) == (400, True), answer
    assert put(NOBODY, state="SUCCESS").status == 404
    assert execution(running)["state"] == "RUNNING"


def test_a_pure_action_runs_by_itself_and_leaves_nothing() -> None:
    answer = call("POST", "action_executions", {"name": "std.noop"})
    assert (answer.status, answer.json["state"], answer.json["output"]) == (201, "SUCCESS", '{"result": null}')
    assert answer.json["id"] is None
    assert call("GET", "action_executions").json["action_executions"] == []


def test_what_is_saved_can_be_looked_at_and_deleted(courier: Courier) -> None:
    wanted = {"name": "std.echo", "input": '{"output": "hi"}', "params": {"save_result": True}, "description": "d"}
    created = call("POST", "action_executions", wanted).json
    courier.deliver()
    found = call("GET", f"action_executions/{created['id']}").json
    assert (found["state"], found["output"], found["description"]) == ("SUCCESS", '{"result": "hi"}', "d")
    assert (found["workflow_name"], found["task_execution_id"]) == (None, None)
    assert call("GET", "executions").json["executions"] == call("GET", "tasks").json["tasks"] == []
    assert call("DELETE", f"action_executions/{created['id']}").status == 204
    assert call("GET", f"action_executions/{created['id']}").status == 404


def test_an_asynchronous_action_runs_by_itself_until_somebody_completes_it() -> None:
    action = call("POST", "action_executions", {"name": "std.async_noop"}).json
    assert action["state"] == "RUNNING"
    refused = call("DELETE", f"action_executions/{action['id']}")
    assert (refused.status, "Only completed" in refused.message) == (403, True)
    assert put(action["id"], state="SUCCESS", output={"v": 1}).json["output"] == '{"result": {"v": 1}}'
    assert call("DELETE", f"action_executions/{action['id']}").status == 204


def test_an_action_of_a_workflow_is_not_deleted(asked: tuple[str, str]) -> None:
    refused = call("DELETE", f"action_executions/{asked[1]}")
    assert (refused.status, "Only ad-hoc" in refused.message) == (403, True)


@pytest.mark.parametrize(
    ("wanted", "part"),
    [
        ({}, "action name"),
        ({"name": "no.such"}, "no.such"),
        ({"name": "std.echo"}, "missing=['output']"),
        ({"name": "std.echo", "input": {"output": 1, "z": 1}}, "unexpected=['z']"),
        ({"name": "std.async_noop", "params": {"run_sync": True}}, "does not support synchronous execution"),
        ({"name": "x" * 300}, "Failed to find action"),
        ({"name": "std.echo", "input": "[1]"}, "must be a dictionary"),
        ({"name": "std.noop", "params": {"timeout": "soon"}}, "timeout"),
    ],
)
def test_a_run_that_makes_no_sense_is_refused(wanted: dict[str, Any], part: str) -> None:
    answer = call("POST", "action_executions", wanted)
    assert (answer.status, part in answer.message) == (400, True), answer
    assert not Execution.objects.exists()
    if "no.such" in str(wanted):
        assert not Version.objects.exists()


def test_a_report_counts_tasks_and_shows_the_tree() -> None:
    define(
        "version: '2.0'\nouter:\n  tasks:\n    ok: {action: std.noop, on-success: bad}\n"
        "    bad: {action: std.fail, retry: count=1 delay=0}\n"
    )
    running = start("outer")
    report = call("GET", f"executions/{running}/report").json
    assert report["statistics"]["total_tasks_count"] == 2
    ok, bad = report["root_workflow_execution"]["task_executions"]
    assert [a["state"] for a in ok["action_executions"]] == ["SUCCESS"]
    assert bad["name"] == "bad"
    assert "root_workflow_execution" not in call("GET", f"executions/{running}/report", statistics_only="True").json
    assert call("GET", f"executions/{NOBODY}/report").status == 404

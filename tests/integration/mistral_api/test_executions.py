"""Executions and their tasks, on both databases."""

from __future__ import annotations

import re
from typing import Any

import pytest

from executions import operations
from executions.engine.events import Result
from executions.models import Event, Execution, TaskRun
from executions.states import RunState
from tests.integration.mistral_api.conftest import Store, wait
from tests.integration.mistral_api.door import Answer, call, execution, start, tasks
from workflows_app.graph.model import Edge, Items, Kind, Node, On, Publish
from workflows_app.graph.template import literal

pytestmark = pytest.mark.django_db
NOBODY = "11111111-2222-3333-4444-555555555555"
STAMP = re.compile(r"\d{4}-\d\d-\d\d \d\d:\d\d:\d\d")


@pytest.fixture(autouse=True)
def _workflow(store: Store) -> None:
    """first -> second; input a, and b with a default."""
    store(
        "steps",
        wait("first", edges=(Edge(to="second"),), publish=(Publish(branch=literal({"p": 1})),)),
        wait("second"),
        body={"input": ["a", {"b": 2}]},
        input_defaults={"b": 2},
    )


def put(execution_id: str, **fields: Any) -> Answer:
    return call("PUT", f"executions/{execution_id}", fields)


def complete(execution_id: str, name: str, state: RunState = RunState.COMPLETED, result: Any = None) -> None:
    run = TaskRun.objects.filter(execution_id=execution_id, ref=name).latest("seq")
    operations.report(execution_id, str(run.pk), Result(state=state, output={"result": result}))


def test_an_execution_begins_with_its_input_and_defaults() -> None:
    answer = call(
        "POST",
        "executions",
        {"workflow_name": "steps", "input": '{"a": 1}', "params": '{"env": {"k": "v"}}', "description": "why"},
    )
    assert answer.status == 201
    found = answer.json
    assert (found["state"], found["workflow_name"], found["description"]) == ("RUNNING", "steps", "why")
    assert found["input"] == '{"a": 1, "b": 2}'
    assert found["params"] == '{"namespace": "", "env": {"k": "v"}}'
    assert (found["output"], found["state_info"], found["task_execution_id"]) == ("{}", None, None)
    assert (found["root_execution_id"], found["tags"], found["project_id"]) == (None, [], "<default-project>")
    assert STAMP.fullmatch(found["created_at"])
    assert STAMP.fullmatch(found["updated_at"])
    assert call("GET", f"workflows/{found['workflow_id']}").json["name"] == "steps"
    again = execution(found["id"])
    assert again.pop("published_global") == "{}"
    assert again == found


def test_a_workflow_can_be_started_by_id_and_under_an_id_of_the_clients_own() -> None:
    workflow = call("GET", "workflows/steps").json["id"]
    wanted = {"id": NOBODY, "workflow_id": workflow, "input": {"a": 1}}
    for _ in range(2):
        answer = call("POST", "executions", wanted)
        assert (answer.status, answer.json["id"]) == (201, NOBODY)
    assert Execution.objects.count() == 1


def test_an_execution_can_be_based_on_another_one() -> None:
    first = start("steps", input={"a": 7}, params={"env": {"k": 1}})
    again = call("POST", "executions", {"source_execution_id": first, "description": "once more"}).json
    assert again["description"] == f"once more Based on the execution '{first}'"
    assert (again["input"], '"k": 1' in again["params"]) == ('{"a": 7, "b": 2}', True)


@pytest.mark.parametrize(
    ("wanted", "status", "part"),
    [
        ({"workflow_name": "steps"}, 400, "missing=['a']"),
        ({"workflow_name": "steps", "input": {"a": 1, "z": 2}}, 400, "unexpected=['z']"),
        ({"workflow_name": "no_such"}, 404, "Workflow not found [workflow_identifier=no_such, namespace=]"),
        ({"workflow_name": "steps", "workflow_namespace": "ns"}, 404, "namespace=ns"),
        ({"workflow_id": NOBODY}, 404, NOBODY),
        ({}, 400, "Workflow ID or workflow name must be provided"),
        ({"workflow_name": "steps", "foo": 1}, 400, "Unknown attribute for argument wf_ex: foo"),
        ({"workflow_name": "steps", "input": "{no"}, 400, "input"),
        ({"workflow_name": "steps", "input": "[1]"}, 400, "must be a dictionary"),
        ({"workflow_name": "steps", "input": {"a": 1}, "params": {"env": "x"}}, 400, "Environment is not found: x"),
        ({"workflow_name": "steps", "input": {"a": 1}, "params": {"notify": [{}]}}, 400, "notify"),
        ({"id": "x", "workflow_name": "steps"}, 400, "not a UUID"),
        ({"source_execution_id": NOBODY}, 404, NOBODY),
        ([], 400, "an object was expected"),
        ("x: 1", 400, "Request is not in valid JSON format"),
        (None, 400, 'Missing argument: "wf_ex"'),
    ],
)
def test_a_start_that_makes_no_sense_is_refused(wanted: Any, status: int, part: str) -> None:
    answer = call("POST", "executions", wanted)
    assert (answer.status, part in answer.message) == (status, True), answer
    assert not Execution.objects.exists()


def test_an_environment_is_found_by_its_name() -> None:
    call("POST", "environments", {"name": "prod", "variables": {"url": "x"}})
    found = execution(start("steps", input={"a": 1}, params={"env": "prod"}))
    assert found["params"] == '{"namespace": "", "env": {"url": "x"}}'


def test_tasks_show_what_happens() -> None:
    running = start("steps", input={"a": 1})
    (first,) = tasks(running).values()
    assert (first["name"], first["type"], first["state"]) == ("first", "ACTION", "RUNNING")
    assert (first["result"], first["published"], first["processed"]) == ("[]", "{}", False)
    assert (first["workflow_execution_id"], first["finished_at"]) == (running, None)
    assert STAMP.fullmatch(first["started_at"])
    complete(running, "first", result={"n": 1})
    found = tasks(running)
    assert (found["first"]["state"], found["first"]["result"], found["first"]["published"]) == (
        "SUCCESS",
        '{"n": 1}',
        '{"p": 1}',
    )
    assert STAMP.fullmatch(found["first"]["finished_at"])
    complete(running, "second", RunState.FAILED, "broken")
    assert (tasks(running)["second"]["state"], tasks(running)["second"]["result"]) == ("ERROR", '"broken"')
    ended = execution(running)
    assert (ended["state"], "Failure caused by error in tasks: second" in ended["state_info"]) == ("ERROR", True)


def test_lists_of_tasks_are_filtered_by_state_and_name() -> None:
    running = start("steps", input={"a": 1})
    complete(running, "first")

    def names(**query: Any) -> list[str]:
        return [task["name"] for task in call("GET", "tasks", **query).json["tasks"]]

    assert names(sort_keys="name") == ["first", "second"]
    assert names(state="SUCCESS") == ["first"]
    assert names(state="RUNNING") == names(state="neq:SUCCESS") == ["second"]
    assert names(state="in:SUCCESS,ERROR", workflow_execution_id=running) == ["first"]
    assert names(state="FOO") == []
    assert names(name="second", workflow_name="steps") == ["second"]
    assert names(workflow_execution_id=NOBODY) == []
    first = tasks(running)["first"]["id"]
    assert names(id=first) == ["first"]
    assert names(sort_keys="created_at,name", limit="1", marker=first) == ["second"]
    assert call("GET", "tasks", state="gt:SUCCESS").status == 400
    assert "result" not in call("GET", "tasks").json["tasks"][0]


def test_an_execution_is_paused_and_resumed_and_says_so() -> None:
    running = start("steps", input={"a": 1})
    assert put(running, state="PAUSED").json["state"] == "PAUSED"
    assert put(running, state="PAUSED").json["state"] == "PAUSED"
    complete(running, "first")
    assert set(tasks(running)) == {"first"}
    assert put(running, state="RUNNING").json["state"] == "RUNNING"
    assert set(tasks(running)) == {"first", "second"}
    done = Event.objects.filter(execution_id=running).order_by("id").values_list("action", flat=True)
    assert list(done) == ["pause", "resume"]


@pytest.mark.parametrize("state", ["SUCCESS", "ERROR", "CANCELLED"])
def test_an_execution_is_stopped_and_what_ran_still_seems_to_run(state: str) -> None:
    running = start("steps", input={"a": 1})
    answer = put(running, state=state, state_info="because")
    assert (answer.status, answer.json["state"], answer.json["state_info"]) == (200, state, "because")
    if state != "SUCCESS":
        assert execution(running)["output"] == '{"result": "because"}'
    first = tasks(running)["first"]
    assert (first["state"], first["finished_at"]) == ("RUNNING", None)
    assert [t["name"] for t in call("GET", "tasks", state="RUNNING").json["tasks"]] == ["first"]
    assert call("GET", "tasks", state="CANCELLED").json["tasks"] == []


# (from, wanted): what becomes of it; None: refused
TABLE = {
    ("RUNNING", "RUNNING"): "RUNNING",
    ("PAUSED", "PAUSED"): "PAUSED",
    ("PAUSED", "SUCCESS"): None,
    ("PAUSED", "ERROR"): "PAUSED",
    ("PAUSED", "CANCELLED"): "CANCELLED",
    ("SUCCESS", "RUNNING"): "SUCCESS",
    ("SUCCESS", "PAUSED"): None,
    ("SUCCESS", "SUCCESS"): "SUCCESS",
    ("SUCCESS", "ERROR"): "SUCCESS",
    ("SUCCESS", "CANCELLED"): "SUCCESS",
    ("ERROR", "RUNNING"): "ERROR",
    ("ERROR", "PAUSED"): None,
    ("ERROR", "SUCCESS"): None,
    ("ERROR", "ERROR"): "ERROR",
    ("ERROR", "CANCELLED"): "ERROR",
    ("CANCELLED", "RUNNING"): "CANCELLED",
    ("CANCELLED", "PAUSED"): None,
    ("CANCELLED", "SUCCESS"): None,
    ("CANCELLED", "ERROR"): "CANCELLED",
    ("CANCELLED", "CANCELLED"): "CANCELLED",
}


@pytest.mark.parametrize(("before", "wanted"), TABLE)
def test_every_other_change_of_state_is_as_the_table_says(before: str, wanted: str) -> None:
    running = start("steps", input={"a": 1})
    put(running, state=before)
    answer = put(running, state=wanted)
    after = TABLE[before, wanted]
    if after is None:
        assert answer.status == 400
        assert f"Can't change workflow execution state from {before} to {wanted}." in answer.message
        assert f"[workflow=steps, execution_id={running}]" in answer.message
    else:
        assert (answer.status, answer.json["state"]) == (200, after)
    assert execution(running)["state"] == (after or before)


@pytest.mark.parametrize(
    ("fields", "status", "part"),
    [
        ({"state": "IDLE"}, 400, "Cannot change state to IDLE. Allowed states are: 'RUNNING, PAUSED, SUCCESS"),
        ({"state": "running"}, 400, "Cannot change state to running"),
        ({}, 400, "The property state, description, or env is not provided for update."),
        ({"state": "PAUSED", "description": "x"}, 400, "separately"),
        ({"params": {"env": {"k": 1}}, "state": "PAUSED"}, 400, "env"),
        ({"params": {"env": {"k": 1}}}, 403, "Updating env to workflow execution is only permitted"),
        ({"params": {"env": 3}}, 400, "env must be an object"),
        ({"bogus": 1}, 400, "bogus"),
    ],
)
def test_a_change_that_makes_no_sense_is_refused(fields: dict[str, Any], status: int, part: str) -> None:
    running = start("steps", input={"a": 1})
    answer = put(running, **fields)
    assert (answer.status, part in answer.message) == (status, True), answer
    assert execution(running)["state"] == "RUNNING"


def test_the_description_and_the_environment_can_be_changed() -> None:
    running = start("steps", input={"a": 1}, params={"env": {"k": "old", "other": 1}})
    assert put(running, description="new").json["description"] == "new"
    put(running, state="PAUSED")
    answer = put(running, state="RUNNING", params={"env": {"k": "new"}})
    assert (answer.status, answer.json["state"]) == (200, "RUNNING")
    assert execution(running)["params"] == '{"namespace": "", "env": {"k": "new", "other": 1}}'


def test_only_an_ended_execution_is_deleted_unless_by_force() -> None:
    running = start("steps", input={"a": 1})
    task = tasks(running)["first"]["id"]
    refused = call("DELETE", f"executions/{running}")
    assert (refused.status, "is in RUNNING state" in refused.message) == (403, True)
    assert call("DELETE", f"executions/{running}", force="True").status == 204
    for path in (f"executions/{running}", f"tasks/{task}"):
        assert call("GET", path).status == 404
    assert not TaskRun.objects.exists()


@pytest.mark.parametrize("path", ["executions", "tasks", "workflows", "environments", "cron_triggers"])
@pytest.mark.parametrize("identifier", [NOBODY, "no_such", "é", "a'b"])
def test_what_is_not_there_is_not_found(path: str, identifier: str) -> None:
    answer = call("GET", f"{path}/{identifier}")
    assert (answer.status, "not found" in answer.message, identifier in answer.message) == (404, True, True)


def test_a_failed_task_is_run_again() -> None:
    running = start("steps", input={"a": 1})
    complete(running, "first", RunState.FAILED, "no")
    task = tasks(running)["first"]
    for wrong in ({"state": "RUNNING"}, {"state": "RUNNING", "reset": False}, {"state": "SUCCESS"}, {"reset": True}):
        assert call("PUT", f"tasks/{task['id']}", wrong).status == 400, wrong
    assert call("PUT", f"tasks/{task['id']}", {"name": "other", "state": "RUNNING", "reset": True}).status == 400
    assert call("PUT", f"tasks/{task['id']}", {"id": task["id"], "state": "RUNNING", "reset": True}).status == 200
    assert execution(running)["state"] == "RUNNING"
    again = tasks(running)["first"]
    assert (again["id"], again["state"], again["runtime_context"]) == (
        task["id"],
        "RUNNING",
        "{}",
    )
    assert call("PUT", f"tasks/{task['id']}", {"state": "RUNNING", "reset": True}).status == 400
    complete(running, "first")
    complete(running, "second")
    assert execution(running)["state"] == "SUCCESS"


def test_a_failed_task_is_skipped() -> None:
    running = start("steps", input={"a": 1})
    complete(running, "first", RunState.FAILED, "no")
    task = tasks(running)["first"]["id"]
    answer = call("PUT", f"tasks/{task}", {"state": "SKIPPED"})
    assert (answer.status, answer.json["state"], answer.json["state_info"]) == (200, "SKIPPED", "Task was skipped.")
    assert call("PUT", f"tasks/{task}", {"state": "SKIPPED"}).status == 400
    complete(running, "second")
    assert execution(running)["state"] == "SUCCESS"


def test_lists_have_results_in_order_and_one_action_for_each_item(store: Store) -> None:
    store("list", wait("t", items=Items(bindings=literal({"i": [1, 2, 3]}), concurrency=literal(2))))
    running = start("list")
    task = tasks(running)["t"]
    assert task["runtime_context"] == '{"with_items": {"count": 3, "capacity": 2}, "concurrency": 2}'

    def actions(**query: Any) -> list[dict[str, Any]]:
        answer = call("GET", f"tasks/{task['id']}/action_executions", include_output="true", **query)
        found: list[dict[str, Any]] = answer.json["action_executions"]
        return found

    assert [a["state"] for a in actions()] == ["RUNNING", "RUNNING"]
    assert {a["task_execution_id"] for a in actions()} == {task["id"]}
    for path, result in (("[1]", "b"), ("[0]", "a"), ("[2]", "c")):
        run = TaskRun.objects.get(execution_id=running, path=path)
        operations.report(running, str(run.pk), Result(state=RunState.COMPLETED, output={"result": result}))
    assert tasks(running)["t"]["result"] == '["a", "b", "c"]'
    assert [a["output"] for a in actions(accepted="true", sort_keys="created_at")].count('{"result": "b"}') == 1
    assert len(actions(accepted="true", state="SUCCESS")) == 3
    assert actions(accepted="false") == []


def test_a_sub_execution_belongs_to_its_task(store: Store) -> None:
    child = Node(
        ref="t",
        kind=Kind.TASK,
        type="SUB_WORKFLOW",
        name="t",
        input=literal({"subWorkflowDefinition": {"name": "c", "tasks": [
            {"name": "h", "taskReferenceName": "h", "type": "HUMAN"}]}}),
        edges=(Edge(to=None, on=On.ERROR, command="noop"),),
    )  # fmt: skip
    store("parent", child)
    running = start("parent")
    task = tasks(running)["t"]
    assert (task["type"], task["state"]) == ("WORKFLOW", "RUNNING")
    (sub,) = call("GET", "executions", task_execution_id=task["id"]).json["executions"]
    assert (sub["task_execution_id"], sub["root_execution_id"]) == (task["id"], running)
    assert sub["description"] == "sub-workflow execution"
    assert f'"task_execution_id": "{task["id"]}"' in sub["params"]

    def ids(path: str, **query: Any) -> list[str]:
        return [e["id"] for e in call("GET", path, **query).json["executions"]]

    assert ids("executions", root_execution_id=running) == [sub["id"]]
    assert ids("executions", nulls="root_execution_id") == [running]
    assert ids(f"executions/{running}/executions") == [running, sub["id"]]
    assert ids(f"executions/{running}/executions", max_depth="0") == [running]
    assert ids(f"tasks/{task['id']}/executions") == ids(f"tasks/{task['id']}/workflow_executions") == [sub["id"]]
    put(running, state="PAUSED")
    assert (execution(sub["id"])["state"], tasks(running)["t"]["state"]) == ("PAUSED", "PAUSED")
    put(running, state="RUNNING")
    assert execution(sub["id"])["state"] == "RUNNING"
    put(sub["id"], state="PAUSED")
    assert execution(running)["state"] == "PAUSED"
    put(sub["id"], state="RUNNING")
    assert execution(running)["state"] == "RUNNING"
    put(running, state="CANCELLED")
    assert (execution(sub["id"])["state"], tasks(running)["t"]["state"]) == ("CANCELLED", "CANCELLED")
    assert call("DELETE", f"executions/{running}").status == 204
    assert not Execution.objects.exists()

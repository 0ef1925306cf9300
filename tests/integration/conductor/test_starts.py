"""Requests to start a workflow that are wrong, and results of workers that are."""

from __future__ import annotations

from typing import Any

import pytest

from tests.integration.conductor.door import call, definition, rows, start, task_of

pytestmark = pytest.mark.django_db
LONG = "x" * 256


@pytest.fixture(autouse=True)
def _workflow() -> None:
    call("POST", "metadata/workflow", definition())


@pytest.mark.parametrize(
    ("fields", "path", "message"),
    [
        ({"name": None}, "name", "Workflow name cannot be null or empty"),
        ({"name": ""}, "name", "Workflow name cannot be null or empty"),
        ({"name": {}}, "name", "must be a text, not an object"),
        ({"name": "w\0"}, "name", "must not contain NUL characters"),
        ({"version": "x"}, "version", "must be a whole number"),
        ({"version": 2**31}, "version", "must be between"),
        ({"version": [1]}, "version", "must be a whole number, not a list"),
        ({"correlationId": "x" * 1025}, "correlationId", "must not be longer than 1024 characters"),
        ({"correlationId": "\ud800"}, "correlationId", "lone surrogates"),
        ({"correlationId": []}, "correlationId", "must be a text, not a list"),
        ({"input": []}, "input", "must be an object, not a list"),
        ({"input": "text"}, "input", "must be an object, not a text"),
        ({"taskToDomain": "d"}, "taskToDomain", "must be an object, not a text"),
        ({"taskToDomain": {"t": {}}}, "taskToDomain[t]", "must be a text, not an object"),
        ({"taskToDomain": {"t": f"a,{LONG}"}}, "taskToDomain[t]", "must not be longer than 255 characters"),
        ({"taskToDomain": {"t": "\0"}}, "taskToDomain[t]", "NUL"),
        ({"priority": 100}, "priority", "should be"),
        ({"priority": -1}, "priority", "should be"),
        ({"priority": "high"}, "priority", "must be a whole number"),
        ({"idempotencyKey": LONG}, "idempotencyKey", "must not be longer than 255 characters"),
        ({"idempotencyKey": "\0"}, "idempotencyKey", "NUL"),
        ({"idempotencyStrategy": "MAYBE"}, "idempotencyStrategy", "must be one of FAIL, RETURN_EXISTING"),
        ({"idempotencyStrategy": {}}, "idempotencyStrategy", "must be one of FAIL, RETURN_EXISTING"),
        ({"workflowDef": []}, "workflowDef", "must be an object, not a list"),
        ({"workflowDef": {}}, "workflowDef.tasks", "WorkflowTask list cannot be empty"),
    ],
)
def test_a_start_request_with_a_wrong_field_is_refused(fields: dict[str, Any], path: str, message: str) -> None:
    before = rows()
    answer = call("POST", "workflow", {"name": "w", **fields})
    assert answer.status == 400, answer
    assert message in answer.problems[f"startWorkflow.startWorkflowRequest.{path}"]
    assert rows() == before


def test_all_wrong_fields_of_a_start_request_are_told_at_once() -> None:
    answer = call("POST", "workflow", {"priority": 100, "version": "x", "correlationId": {}})
    assert {path.rpartition(".")[2] for path in answer.problems} == {"name", "priority", "version", "correlationId"}


def test_an_explicit_null_is_no_input() -> None:
    before = rows()
    answer = call("POST", "workflow", {"name": "w", "input": None})
    assert (answer.status, answer.message) == (400, "NULL input passed when starting workflow")
    assert rows() == before


@pytest.mark.parametrize("version", ["one", "", "1.5", "٣", "9" * 5000])
def test_the_version_in_a_path_is_a_number(version: str) -> None:
    before = rows()
    answer = call("POST", f"workflow/execute/w/{version}", {})
    assert answer.status == (400 if version and len(version) < 10 else answer.status), answer
    assert 400 <= answer.status < 500
    assert rows() == before


def test_names_as_long_as_their_columns_work() -> None:
    execution = start(correlationId="é" * 1024, idempotencyKey="x" * 255, taskToDomain={"t": "d" * 255})
    (task,) = call("GET", "tasks/poll/batch/t", domain="d" * 255, workerid="w" * 1000).json
    assert (task["workflowInstanceId"], task["workerId"]) == (execution, "w" * 255)


def test_an_unknown_return_strategy_is_that_of_the_target() -> None:
    call("POST", "metadata/workflow", definition({"name": "n", "taskReferenceName": "n", "type": "NOOP"}, name="quick"))
    answer = call("POST", "workflow/execute/quick/1", {}, returnStrategy="SURPRISE", consistency="WHATEVER")
    assert (answer.json["responseType"], answer.json["status"]) == ("TARGET_WORKFLOW", "COMPLETED")


# ---- names that are made at run time


def one(type: str, **fields: Any) -> dict[str, Any]:
    return {"name": "n", "taskReferenceName": "n", "type": type, **fields}


@pytest.mark.parametrize("name", [LONG, "a\0b", "\ud800"])
@pytest.mark.parametrize(
    "task",
    [
        one("DYNAMIC", dynamicTaskNameParam="p", inputParameters={"p": "${workflow.input.name}"}),
        one("SUB_WORKFLOW", subWorkflowParam={"name": "${workflow.input.name}"}),
        one("FORK_JOIN_DYNAMIC", dynamicForkTasksParam="t", dynamicForkTasksInputParamName="i",
            inputParameters={"t": [{"name": "${workflow.input.name}", "taskReferenceName": "b"}], "i": {}}),
        one("FORK_JOIN_DYNAMIC", dynamicForkTasksParam="t", dynamicForkTasksInputParamName="i",
            inputParameters={"t": [{"name": "b", "taskReferenceName": "${workflow.input.name}"}], "i": {}}),
        one("FORK_JOIN_DYNAMIC", inputParameters={"forkTaskName": "${workflow.input.name}", "forkTaskInputs": [{}]}),
    ],
    ids=["dynamic", "sub workflow", "branch", "branch's reference name", "branch's common name"],
)  # fmt: skip
def test_a_name_that_cannot_be_one_fails_the_execution_and_not_the_server(task: dict[str, Any], name: str) -> None:
    join = {"name": "j", "taskReferenceName": "j", "type": "JOIN"}
    assert call("POST", "metadata/workflow", definition(task, join, name="made")).status == 200
    execution = start("made", input={"name": name})
    ended = call("GET", f"workflow/{execution}").json
    assert ended["status"] == "FAILED"
    assert ended["reasonForIncompletion"]


def test_the_domains_of_a_sub_workflow_may_be_anything() -> None:
    params = {"name": "w", "taskToDomain": {"t": "${workflow.input.d}"}}
    call("POST", "metadata/workflow", definition(one("SUB_WORKFLOW", subWorkflowParam=params), name="parent"))
    domains: list[Any] = [LONG, "a\0b", "\ud800,b", 5, {"a": []}, None]
    for domain in domains:
        execution = start("parent", input={"d": domain})
        assert call("GET", f"workflow/{execution}").json["status"] == "RUNNING"


# ---- results


def result(**fields: Any) -> dict[str, Any]:
    execution = start()
    found = {"workflowInstanceId": execution, "taskId": task_of(execution)["taskId"], "status": "COMPLETED", **fields}
    return {name: value for name, value in found.items() if value is not ...}


@pytest.mark.parametrize("path", ["tasks", "tasks/update-v2"])
@pytest.mark.parametrize(
    ("fields", "name", "message"),
    [
        ({"workflowInstanceId": ...}, "workflowInstanceId", "Workflow Id cannot be null or empty"),
        ({"workflowInstanceId": {}}, "workflowInstanceId", "must be a text"),
        ({"taskId": ""}, "taskId", "Task ID cannot be null or empty"),
        ({"taskId": []}, "taskId", "must be a text"),
        ({"status": ...}, "status", "must be one of IN_PROGRESS, COMPLETED"),
        ({"status": "DONE"}, "status", "must be one of IN_PROGRESS, COMPLETED"),
        ({"status": {}}, "status", "must be a text"),
        ({"outputData": "text"}, "outputData", "must be an object, not a text"),
        ({"outputData": [1]}, "outputData", "must be an object, not a list"),
        ({"callbackAfterSeconds": -1}, "callbackAfterSeconds", "must not be negative"),
        ({"callbackAfterSeconds": "soon"}, "callbackAfterSeconds", "must be a whole number"),
        ({"logs": {}}, "logs", "must be a list"),
        ({"extendLease": "perhaps"}, "extendLease", "must be true or false"),
        ({"reasonForIncompletion": {}}, "reasonForIncompletion", "must be a text"),
    ],
)
def test_a_result_with_a_wrong_field_is_refused(path: str, fields: dict[str, Any], name: str, message: str) -> None:
    wrong, before = result(**fields), rows()
    answer = call("POST", path, wrong)
    assert answer.status == 400, answer
    assert [path.rpartition(".")[2] for path in answer.problems] == [name]
    assert message in next(iter(answer.problems.values()))
    assert rows() == before


@pytest.mark.parametrize("path", ["tasks", "tasks/update-v2"])
def test_a_result_for_the_task_of_another_execution_changes_nothing(path: str) -> None:
    mine, other = result(), result()
    answer = call("POST", path, {**mine, "taskId": other["taskId"]})
    assert (answer.status, answer.message) == (404, f"No such task found by id: {other['taskId']}")
    for execution in (mine, other):
        assert task_of(execution["workflowInstanceId"])["status"] == "SCHEDULED"


def test_words_of_a_worker_may_be_anything() -> None:
    given = result(
        status="FAILED",
        reasonForIncompletion="why\0\ud800" + "y" * 1000,
        workerId="w\0\ud800" + "w" * 1000,
        logs=[{"log": "a\0\ud800"}, {"log": {"a": 1}}, {"log": "late", "createdTime": 10**30}, "text", None, 5,
              {"log": "early", "createdTime": -1}, {"log": "odd", "createdTime": {}}, {"nothing": 1}],
    )  # fmt: skip
    assert call("POST", "tasks", given).status == 200
    first = call("GET", f"tasks/{given['taskId']}").json
    assert (first["status"], first["workerId"]) == ("FAILED", "w?" + "w" * 253)
    assert first["reasonForIncompletion"].startswith("why?yyy")
    assert len(first["reasonForIncompletion"]) <= 500
    lines = [line["log"] for line in call("GET", f"tasks/{given['taskId']}/log").json]
    assert sorted(lines) == sorted(["a?", "{'a': 1}", "late", "early", "odd"])


@pytest.mark.parametrize(
    ("raw", "kept"),
    [
        (b"plain text", "plain text"),
        (b'hello \\"world\\"\\nline2', 'hello "world"\nline2'),
        (b"\\u0000nul\\ud800", "nul?"),
        (b"\xff\xfe", "��"),
        (b"{not json", "{not json"),
        (b"", ""),
        (b'"quoted"', "quoted"),
    ],
)
def test_a_line_of_a_log_may_be_anything(raw: bytes, kept: str) -> None:
    task = task_of(start())["taskId"]
    assert call("POST", f"tasks/{task}/log", raw=raw).status == 200
    assert [line["log"] for line in call("GET", f"tasks/{task}/log").json] == [kept]


@pytest.mark.parametrize("status", ["DONE", "completed", "null", "SCHEDULED"])
@pytest.mark.parametrize("sync", ["", "/sync"])
def test_a_status_in_a_path_that_is_none_is_refused(status: str, sync: str) -> None:
    execution = start()
    for ref in ("t", "unknown"):
        answer = call("POST", f"tasks/{execution}/{ref}/{status}{sync}", {})
        assert answer.status == 400, answer
        assert "must be one of" in next(iter(answer.problems.values()))
    assert task_of(execution)["status"] == "SCHEDULED"


def test_an_output_by_reference_name_is_an_object() -> None:
    execution = start()
    assert call("POST", f"tasks/{execution}/t/COMPLETED", ["a"]).status == 400
    assert task_of(execution)["status"] == "SCHEDULED"


def test_the_same_result_twice_is_taken_once() -> None:
    given = result(outputData={"n": 1})
    assert call("POST", "tasks", given).status == 200
    assert call("POST", "tasks", {**given, "outputData": {"n": 2}}).status == 200
    assert task_of(given["workflowInstanceId"])["outputData"] == {"n": 1}

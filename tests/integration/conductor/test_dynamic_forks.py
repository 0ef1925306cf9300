"""Dynamic forks: how branches are called, what is no branch, and what their tasks get (contracts/conductor.md,
section 4.2)."""

from __future__ import annotations

from typing import Any

import pytest

from tests.integration.conductor.calling import call, complete, poll, register, start, task, workflow

pytestmark = pytest.mark.django_db

LIST = {"dynamicForkTasksParam": "tasks", "dynamicForkTasksInputParamName": "inputs"}


def forked(inputs: dict[str, Any], **fields: Any) -> dict[str, Any]:
    register(task("FORK_JOIN_DYNAMIC", "f", inputs, **fields), task("JOIN", "j"))
    return workflow(start())


def branch(ref: str = "a", name: str = "w") -> dict[str, Any]:
    return {"name": name, "taskReferenceName": ref, "type": "SIMPLE"}


def test_branches_that_are_workflows_go_by_the_name_of_the_fork() -> None:
    register(task("INLINE", "i", {"expression": "1"}), name="child")
    found = forked({"forkTaskWorkflow": "child", "forkTaskInputs": [{"a": 1}, {"a": 2}]})
    assert found["tasks"][0]["inputData"]["forkedTasks"] == ["_f_0", "_f_1"]
    assert found["tasks"][1]["taskDefName"] == "child"


@pytest.mark.parametrize(
    ("inputs", "fields", "reason"),
    [
        ({"tasks": None, "inputs": {}}, LIST,
         "Input 'tasks' is invalid. Cannot deserialize a list of Workflow Tasks from 'null'"),
        ({"tasks": "${workflow.input.no}", "inputs": {}}, LIST, "list of Workflow Tasks from 'null'"),
        ({"tasks": [5], "inputs": {}}, LIST, "Input 'tasks' is invalid"),
        ({"tasks": [branch()], "inputs": [1]}, LIST, "expecting a map of K,V  but found [1]"),
        ({"tasks": [branch()], "inputs": {"a": 5}}, LIST, "the input of a must be a map, not 5"),
        ({"forkTaskInputs": None}, {}, "has no dynamic tasks to be scheduled"),
        ({"forkTaskInputs": "abc"}, {}, "has no dynamic tasks to be scheduled"),
        ({"dyn": None}, {"dynamicForkJoinTasksParam": "dyn"}, "The value of dyn from task's input"),
    ],
)  # fmt: skip
def test_what_describes_no_branches_fails_the_workflow_and_says_why(
    inputs: dict[str, Any], fields: dict[str, Any], reason: str
) -> None:
    found = forked(inputs, **fields)
    assert found["status"] == "FAILED"
    assert reason in found["reasonForIncompletion"]


def test_a_list_of_no_branches_is_none_of_that() -> None:
    assert forked({"tasks": [], "inputs": None}, **LIST)["status"] == "COMPLETED"
    assert forked({"forkTaskInputs": []})["status"] == "COMPLETED"


def test_a_branch_without_a_task_definition_is_not_retried() -> None:
    found = forked({"tasks": [branch()], "inputs": {}}, **LIST)
    polled = poll("w")
    assert polled["responseTimeoutSeconds"] == 0
    complete(polled, status="FAILED")
    assert workflow(found["workflowId"])["status"] == "FAILED"


def test_a_branch_with_a_task_definition_is_retried_as_that_says() -> None:
    call("POST", "metadata/taskdefs", [{"name": "w", "retryCount": 1, "retryDelaySeconds": 0}])
    found = forked({"tasks": [branch()], "inputs": {}}, **LIST)
    complete(poll("w"), status="FAILED")
    complete(poll("w"))
    assert workflow(found["workflowId"])["status"] == "COMPLETED"


def test_a_branch_of_an_unknown_type_needs_a_task_definition() -> None:
    odd = {**branch(), "type": "SMPLE"}
    found = forked({"tasks": [odd], "inputs": {}}, **LIST)
    assert (
        found["reasonForIncompletion"] == "Invalid task specified. Cannot find task by name w in the task definitions"
    )
    call("POST", "metadata/taskdefs", [{"name": "w"}])
    assert forked({"tasks": [odd], "inputs": {}}, **LIST)["tasks"][1]["status"] == "SCHEDULED"

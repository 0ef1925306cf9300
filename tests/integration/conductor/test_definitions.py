"""Definitions that break rules: every rule at every way in, everything at once, and nothing stored."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from tests.integration.conductor.broken_definitions import FIELDS, RULES, TASK_RULES, Case, names, task
from tests.integration.conductor.door import Answer, call, definition, rows, simple, start

pytestmark = pytest.mark.django_db
ALL = [*RULES, *FIELDS]
WAYS_IN: dict[str, tuple[str, Callable[[Any], Answer]]] = {
    "POST": ("registerWorkflowDef.workflowDef", lambda d: call("POST", "metadata/workflow", d)),
    "PUT": ("updateWorkflowDef.workflowDefList[1]", lambda d: call("PUT", "metadata/workflow", [definition(), d])),
    "validate": ("validateWorkflowDef.workflowDef", lambda d: call("POST", "metadata/workflow/validate", d)),
    "start": (
        "startWorkflow.startWorkflowRequest.workflowDef",
        lambda d: call("POST", "workflow", {"name": "w", "workflowDef": d}),
    ),
    "execute": (
        "executeWorkflow.request.workflowDef",
        lambda d: call("POST", "workflow/execute/w/1", {"workflowDef": d}, waitForSeconds=1),
    ),
}


def at(prefix: str, path: str) -> str:
    return f"{prefix}.{path}" if path else prefix


def assert_refused(answer: Answer, path: str, message: str, before: dict[str, int]) -> None:
    assert answer.status == 400, answer
    assert answer.json["message"] == "Validation failed, check below errors for detail."
    assert path in answer.problems, answer
    assert any(p["path"] == path and message in p["message"] for p in answer.json["validationErrors"]), answer
    assert rows() == before


@pytest.mark.parametrize("way", WAYS_IN)
@pytest.mark.parametrize("case", ALL, ids=names(ALL))
def test_a_definition_that_breaks_a_rule_is_refused_at_every_way_in(case: Case, way: str) -> None:
    _, broken, path, message = case
    prefix, send = WAYS_IN[way]
    before = rows()
    assert_refused(send(broken), at(prefix, path), message, before)


@pytest.mark.parametrize("case", ALL, ids=names(ALL))
def test_one_mistake_is_told_once(case: Case) -> None:
    answer = call("POST", "metadata/workflow", case[1])
    assert len(answer.json["validationErrors"]) == 1, answer


def test_everything_that_is_wrong_is_told_at_once_with_its_place() -> None:
    broken = [
        definition(
            simple("a", inputParameters={"x": "${nope.output}"}),
            {"name": "", "taskReferenceName": "b", "type": "EVENT"},
            task("DO_WHILE", loopOver=[simple("a"), {"name": "inner"}]),
            version="x",
            timeoutPolicy="SHRUG",
        ),
        definition(),
        {"name": {}, "tasks": [7, task("SWITCH"), {**simple("w"), "startDelay": -1, "optional": 3}]},
        None,
    ]
    answer = call("PUT", "metadata/workflow", broken)
    found = [(p["path"].removeprefix("updateWorkflowDef.workflowDefList"), p["message"].split(" field")[0])
             for p in answer.json["validationErrors"]]  # fmt: skip
    assert sorted(found) == sorted(
        [
            ("[0].version", "must be a whole number, not 'x'"),
            ("[0].timeoutPolicy", "must be one of TIME_OUT_WF, ALERT_ONLY"),
            ("[0].tasks[1].name", "WorkflowTask name cannot be empty or null"),
            ("[0].tasks[1]", "sink"),
            ("[0].tasks[2]", "loopCondition"),
            ("[0].tasks[2].loopOver[1].taskReferenceName",
             "WorkflowTask taskReferenceName name cannot be empty or null"),
            ("[0]", "taskReferenceName: a should be unique across tasks for a given workflowDefinition: w"),
            ("[0]", "taskReferenceName: nope for given task: a input value: x of input parameter: ${nope.output} is not"
                    " defined in workflow definition."),
            ("[2].name", "must be a text, not an object"),
            ("[2].tasks[0]", "must be an object, not a number"),
            ("[2].tasks[1]", "evaluatorType"),
            ("[2].tasks[1]", "expression"),
            ("[2].tasks[1]", "decisionCases should have atleast one task for taskType: SWITCH taskName: n"),
            ("[2].tasks[2].startDelay", "must be greater than or equal to 0"),
            ("[2].tasks[2].optional", "must be true or false, not a number"),
            ("[3]", "must be an object, not null"),
        ]
    )  # fmt: skip
    assert rows()["Version"] == 0


@pytest.mark.parametrize(
    "accepted",
    [
        definition(task("DO_WHILE", loopCondition="true", loopOver=[task("EVENT") | {"taskReferenceName": "e"}])),
        definition(task("INLINE", inputParameters={"evaluatorType": "javascript", "expression": "`${a}`"})),
        definition(task("INLINE")),
        definition(task("SET_VARIABLE")),
        definition(task("HUMAN"), task("NOOP") | {"taskReferenceName": "x"}, task("JOIN") | {"taskReferenceName": "j"}),
        definition(task("WAIT", inputParameters={"duration": "${workflow.input.d}"})),
        definition(task("WAIT", inputParameters={"duration": "  1 days   2 hours  "})),
        definition(task("HTTP", inputParameters={"method": "GET"})),
        definition(task("FORK_JOIN_DYNAMIC", inputParameters={"forkTaskInputs": []})),
        definition(task("SUB_WORKFLOW", subWorkflowParam={"workflowDefinition": "${workflow.input.d}"})),
        definition(simple(inputParameters={"p": "${CPEWF_TASK_ID} ${inner.output}"}), task("SWITCH", expression="x",
                   evaluatorType="value-param", decisionCases={"c": [simple("inner",
                   inputParameters={"x": "${u.v}"})]})),
        definition(simple("x" * 255) | {"name": "x" * 255}, name="x" * 255, version=2**31 - 1),
        definition(version=0, failureWorkflow="", timeoutSeconds=2**62, unknownField={"a": 1}, ownerEmail=None),
        definition(version="7", restartable="false", timeoutSeconds=5.0),
    ],
    ids=str,
)  # fmt: skip
def test_what_breaks_no_rule_is_accepted_everywhere(accepted: dict[str, Any]) -> None:
    for way, (_, send) in WAYS_IN.items():
        if way != "execute":
            assert send(accepted).status == 200, way


def test_a_list_is_stored_as_a_whole_or_not_at_all() -> None:
    call("POST", "metadata/workflow", definition(description="old"))
    before = rows()
    changed = [definition(description="new"), definition(name="fresh"), definition(name="")]
    assert call("PUT", "metadata/workflow", changed).status == 400
    assert rows() == before
    assert call("GET", "metadata/workflow/w").json["description"] == "old"


def test_what_exists_is_not_overwritten_unasked() -> None:
    call("POST", "metadata/workflow", definition(description="old"))
    before = rows()
    answer = call("POST", "metadata/workflow", definition(description="new"))
    assert (answer.status, answer.message) == (409, "Workflow with w.1 already exists!")
    assert rows() == before
    assert call("GET", "metadata/workflow/w").json["description"] == "old"


def test_times_beyond_every_calendar_still_run() -> None:
    endless = {"name": "t", "timeoutSeconds": 2**62, "responseTimeoutSeconds": 2**61,
               "totalTimeoutSeconds": 2**63 - 1, "retryDelaySeconds": 2**31 - 1, "backoffScaleFactor": 2**31 - 1,
               "retryLogic": "LINEAR_BACKOFF"}  # fmt: skip
    assert call("POST", "metadata/taskdefs", [endless]).status == 200
    call(
        "POST", "metadata/workflow", definition(simple(startDelay=0), timeoutSeconds=2**62, timeoutPolicy="TIME_OUT_WF")
    )
    execution = start()
    (polled,) = call("GET", "tasks/poll/batch/t").json
    result = {"workflowInstanceId": execution, "taskId": polled["taskId"]}
    waits = {**result, "status": "IN_PROGRESS", "callbackAfterSeconds": 2**63 - 1}
    assert call("POST", "tasks", waits).status == 200
    assert call("POST", "tasks", {**result, "status": "FAILED"}).status == 200
    assert call("GET", f"workflow/{execution}").json["status"] == "RUNNING"


# ---- task definitions


@pytest.mark.parametrize("case", TASK_RULES, ids=names(TASK_RULES))
def test_a_task_definition_that_breaks_a_rule_is_refused(case: Case) -> None:
    _, broken, path, message = case
    before = rows()
    put = call("PUT", "metadata/taskdefs", broken)
    assert_refused(put, f"updateTaskDef.taskDef.{path}", message, before)
    assert len(put.problems) == 1
    post = call("POST", "metadata/taskdefs", [{"name": "good"}, broken])
    assert_refused(post, f"registerTaskDef.taskDefList[1].{path}", message, before)


def test_all_that_is_wrong_with_task_definitions_is_told_at_once() -> None:
    answer = call("POST", "metadata/taskdefs", [{"name": "", "retryCount": -1}, 5, {"name": [], "timeoutPolicy": 1}])
    assert set(answer.problems) == {
        f"registerTaskDef.taskDefList{path}"
        for path in ("[0].name", "[0].retryCount", "[1]", "[2].name", "[2].timeoutPolicy")
    }


@pytest.mark.parametrize(("method", "path"), [("POST", "metadata/taskdefs"), ("PUT", "metadata/workflow")])
def test_an_empty_list_is_refused(method: str, path: str) -> None:
    assert "List is empty" in next(iter(call(method, path, []).problems.values()))


def test_a_task_definition_that_does_not_exist_cannot_be_changed() -> None:
    before = rows()
    answer = call("PUT", "metadata/taskdefs", {"name": "unknown"})
    assert (answer.status, answer.message) == (404, "No such task by name unknown")
    assert rows() == before

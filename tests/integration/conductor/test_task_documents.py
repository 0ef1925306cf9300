"""What clients read of tasks: their inputs by type, their definitions, and which of them have failed
(contracts/conductor.md, sections 2.5, 3.4, 4 and 6.1)."""

from __future__ import annotations

import pytest

from tests.integration.conductor.calling import call, complete, poll, register, start, task, task_of, workflow

pytestmark = pytest.mark.django_db


def inline(ref: str, expression: str = "1", **fields: object) -> dict[str, object]:
    return task("INLINE", ref, {"expression": expression}, **fields)


def test_a_sub_workflow_shows_every_field_of_what_it_starts() -> None:
    register(inline("i"), name="child")
    register(task("SUB_WORKFLOW", "s", {"a": 1}, subWorkflowParam={"name": "child", "version": 1}))
    assert task_of(start(), "s")["inputData"] == {
        "subWorkflowName": "child",
        "subWorkflowVersion": 1,
        "subWorkflowDefinition": None,
        "subWorkflowTaskToDomain": None,
        "priority": None,
        "idempotencyKey": None,
        "idempotencyStrategy": None,
        "workflowInput": {"a": 1},
    }


def test_an_inline_sub_workflow_goes_by_the_name_of_its_definition() -> None:
    child = {"name": "inside", "tasks": [inline("i")]}
    register(task("SUB_WORKFLOW", "s", subWorkflowParam={"name": "x", "workflowDefinition": child}))
    shown = task_of(start(), "s")["inputData"]
    assert shown["subWorkflowName"] == "inside"
    assert shown["subWorkflowDefinition"]["name"] == "inside"


def test_a_decision_shows_its_case_and_nothing_else() -> None:
    cases = {"a": [inline("one")], "b": []}
    inputs = {"v": "${workflow.input.v}"}
    register(task("DECISION", "d", inputs, caseValueParam="v", decisionCases=cases, defaultCase=[inline("other")]))
    assert task_of(start(input={"v": "a"}), "d")["inputData"] == {"case": "a", "hasChildren": "true"}
    # an empty case leads to the default
    assert task_of(start(input={"v": "b"}), "d")["inputData"] == {"case": "b", "hasChildren": "true"}


def test_a_case_that_is_no_text_is_written_as_json() -> None:
    inputs = {"v": "${workflow.input.v}"}
    register(
        task("SWITCH", "s", inputs, evaluatorType="value-param", expression="v", decisionCases={"x": [inline("i")]})
    )
    assert task_of(start(input={"v": {"a": [1, None]}}), "s")["outputData"]["selectedCase"] == '{"a":[1,null]}'


def test_an_http_task_shows_whether_somebody_else_completes_it() -> None:
    register(task("HTTP", "h", {"http_request": {"uri": "http://x.invalid", "method": "GET"}}))
    assert task_of(start(), "h")["inputData"]["asyncComplete"] is False


def test_the_join_of_a_dynamic_fork_shows_its_branches() -> None:
    branches = [{"name": "w", "taskReferenceName": ref, "type": "SIMPLE"} for ref in ("a", "b")]
    fork = task("FORK_JOIN_DYNAMIC", "f", {"tasks": branches, "inputs": {}},
                dynamicForkTasksParam="tasks", dynamicForkTasksInputParamName="inputs")  # fmt: skip
    register(fork, task("JOIN", "j"))
    join = task_of(start(), "j")
    assert join["inputData"] == {"joinOn": ["a", "b"]}
    assert call("GET", f"tasks/{join['taskId']}").json["inputData"] == {"joinOn": ["a", "b"]}


def test_an_open_wait_says_how_long_it_waits() -> None:
    waits = [[task("WAIT", "timed", {"duration": "1 hours"})], [task("WAIT", "open")]]
    register(task("FORK_JOIN", "f", forkTasks=waits), task("JOIN", "j", joinOn=["timed", "open"]))
    started = start()
    assert task_of(started, "timed")["callbackAfterSeconds"] == 3600
    assert task_of(started, "open")["callbackAfterSeconds"] == 2**31 - 1


def test_tasks_without_a_definition_show_the_one_that_counts() -> None:
    register(task("SIMPLE"), inline("i"))
    started = start()
    definition = task_of(started)["taskDefinition"]
    shown = [definition[name] for name in ("name", "retryCount", "retryDelaySeconds", "responseTimeoutSeconds")]
    assert shown == ["t", 3, 60, 3600]
    assert task_of(started)["rateLimitFrequencyInSeconds"] == 1
    complete(poll("t"))
    definition = task_of(started, "i")["taskDefinition"]
    assert (definition["retryCount"], definition["responseTimeoutSeconds"]) == (0, 0)


def test_an_ended_workflow_names_every_task_that_failed_on_the_way() -> None:
    call("POST", "metadata/taskdefs", [{"name": "t", "retryCount": 1, "retryDelaySeconds": 0}])
    register(task("SIMPLE"))
    started = start()
    complete(poll("t"), status="FAILED")
    assert workflow(started)["failedReferenceTaskNames"] == []
    complete(poll("t"))
    found = workflow(started)
    assert (found["status"], found["failedReferenceTaskNames"], found["failedTaskNames"]) == ("COMPLETED", ["t"], ["t"])


def test_failed_tasks_go_by_their_type_and_with_their_iteration() -> None:
    broken = task("SWITCH", "s", evaluatorType="javascript", expression="nope.x", decisionCases={"a": [inline("i")]})
    register(task("DO_WHILE", "loop", loopCondition="false", loopOver=[broken]))
    found = workflow(start())
    assert (found["failedReferenceTaskNames"], found["failedTaskNames"]) == (["s__1"], ["SWITCH"])
    reason = "Error evaluating the script `ReferenceError: nope is not defined` at line 1"
    assert found["tasks"][1]["reasonForIncompletion"] == reason


def test_a_result_without_a_reason_does_not_keep_that_of_the_attempt_before() -> None:
    call("POST", "metadata/taskdefs", [{"name": "t", "retryCount": 1, "retryDelaySeconds": 0}])
    register(task("SIMPLE"))
    started = start()
    first = poll("t")
    body = {"workflowInstanceId": started, "taskId": first["taskId"], "status": "FAILED"}
    call("POST", "tasks", {**body, "reasonForIncompletion": "once"})
    again = poll("t")
    assert again["reasonForIncompletion"] == "once"  # until this attempt says something itself
    call("POST", "tasks", {**body, "taskId": again["taskId"]})
    first_shown, second_shown = workflow(started)["tasks"]
    assert first_shown["reasonForIncompletion"] == "once"
    assert "reasonForIncompletion" not in second_shown


def test_a_loop_that_keeps_its_last_iterations_has_no_tasks_of_the_others() -> None:
    loop = task("DO_WHILE", "loop", {"keepLastN": 2}, loopCondition="$.loop['iteration'] < 4", loopOver=[inline("i")])
    register(loop)
    found = workflow(start())
    assert [t["referenceTaskName"] for t in found["tasks"]] == ["loop", "i__3", "i__4"]
    assert sorted(found["tasks"][0]["outputData"]) == ["3", "4", "iteration"]


def test_a_sub_workflow_without_a_version_is_the_latest_of_when_its_parent_began() -> None:
    register(inline("i", "'one'"), name="child")
    register(task("HUMAN", "h"), task("SUB_WORKFLOW", "s", subWorkflowParam={"name": "child"}))
    begun_before = start()
    call("PUT", "metadata/workflow", [{"name": "child", "version": 2, "tasks": [inline("i", "'two'")]}])
    begun_after = start()
    for started, version, result in ((begun_before, 1, "one"), (begun_after, 2, "two")):
        call("POST", f"tasks/{started}/h/COMPLETED", {})
        shown = task_of(started, "s")
        assert (shown["inputData"]["subWorkflowVersion"], shown["outputData"]["result"]) == (version, result)
    for latest, result in (("false", "one"), ("true", "two")):
        call("POST", f"workflow/{begun_before}/restart", {}, expect=204, useLatestDefinitions=latest)
        call("POST", f"tasks/{begun_before}/h/COMPLETED", {})
        assert task_of(begun_before, "s")["outputData"]["result"] == result


def test_a_sub_workflow_that_is_registered_after_its_parent_began_is_found() -> None:
    register(task("HUMAN", "h"), task("SUB_WORKFLOW", "s", subWorkflowParam={"name": "later"}))
    started = start()
    register(inline("i", "'late'"), name="later")
    call("POST", f"tasks/{started}/h/COMPLETED", {})
    assert task_of(started, "s")["outputData"]["result"] == "late"

"""Tasks that are not there, or that nobody here can do (contracts/conductor.md, sections 1.7, 2.3, 4.5, 4.6, 6)."""

from __future__ import annotations

import pytest

from tests.integration.conductor.calling import call, complete, poll, register, start, task, task_of, workflow

pytestmark = pytest.mark.django_db
NOBODY = "00000000-0000-0000-0000-000000000000"


def test_a_result_for_an_unknown_workflow_says_that_the_workflow_is_unknown() -> None:
    for workflow_id in ("x", NOBODY):
        body = {"workflowInstanceId": workflow_id, "taskId": "y", "status": "COMPLETED"}
        assert call("POST", "tasks", body, expect=404).json["message"] == f"No such workflow found by id: {workflow_id}"
    register(task("SIMPLE"))
    body["workflowInstanceId"] = start()
    assert call("POST", "tasks", body, expect=404).json["message"] == "No such task found by id: y"


@pytest.mark.parametrize("workflow_id", [NOBODY, "x"])
def test_an_update_by_reference_that_finds_no_open_task_answers_nothing(workflow_id: str) -> None:
    assert call("POST", f"tasks/{workflow_id}/t/COMPLETED", {}).text == ""
    answer = call("POST", f"tasks/{workflow_id}/t/COMPLETED/sync", {}, expect=404)
    assert answer.json["message"] == f"Found no running task t of workflow {workflow_id} to update"


@pytest.mark.parametrize("task_id", [NOBODY, "x"])
def test_an_unknown_task_has_no_log(task_id: str) -> None:
    assert call("GET", f"tasks/{task_id}/log", expect=204).text == ""


def test_a_synchronous_signal_that_nobody_waits_for_is_a_404() -> None:
    register(task("HUMAN"))
    started = start()
    message = call("POST", f"tasks/{started}/COMPLETED/signal/sync", {}, expect=404).json["message"]
    assert message == f"Found no blocked task in workflow {started} to signal"


def test_a_synchronous_start_without_a_request_id_is_given_one() -> None:
    register(task("NOOP"))
    assert len(call("POST", "workflow/execute/w/1", {"name": "w"}).json["requestId"]) == 36
    assert call("POST", "workflow/execute/w/1", {"name": "w"}, requestId="r").json["requestId"] == "r"


def test_kafka_publish_fails_when_only_a_dynamic_task_turns_out_to_be_one() -> None:
    inputs = {"kind": "KAFKA_PUBLISH", "kafka_request": {"topic": "x"}}
    register({**task("DYNAMIC", "t", inputs), "dynamicTaskNameParam": "kind"})
    found = workflow(start())
    assert found["status"] == "FAILED"
    assert "speaks no Kafka" in found["reasonForIncompletion"]


def test_a_queue_that_is_not_there_fails_the_event_task_and_not_its_registration() -> None:
    register(task("EVENT", sink="sqs:q"))
    found = workflow(start())
    assert found["status"] == "FAILED"
    assert "Unknown queue type sqs" in found["tasks"][0]["reasonForIncompletion"]


def test_without_an_evaluator_type_a_script_is_javascript() -> None:
    register(task("INLINE", "t", {"expression": "1 + 1", "evaluatorType": None}))
    assert workflow(start())["output"] == {"result": 2}


def test_a_retry_count_of_a_system_task_without_a_definition_waits_a_minute() -> None:
    register(task("INLINE", "t", {"expression": "1"}), task("EVENT", "k", sink="sqs:q", retryCount=1))
    started = start()
    again = task_of(started, "k")
    shown = [again[name] for name in ("status", "retryCount", "startDelayInSeconds")]
    assert shown == ["SCHEDULED", 1, 60]
    assert workflow(started)["status"] == "RUNNING"


def test_a_terminate_task_is_to_blame_for_the_failure_that_it_makes() -> None:
    register(task("NOOP", "n"), name="undo")
    given = {"terminationStatus": "FAILED", "terminationReason": "enough"}
    register(task("TERMINATE", "t", given), failureWorkflow="undo")
    started = start()
    failure = workflow(started)["output"].get("conductor.failure_workflow")
    if failure is None:  # it is owed, and started as soon as the execution is looked at again
        call("PUT", f"workflow/decide/{started}")
        failure = workflow(started)["output"]["conductor.failure_workflow"]
    assert workflow(failure)["input"]["failureTaskId"] == task_of(started)["taskId"]


def test_a_negative_total_timeout_is_refused() -> None:
    wrong = [{"name": "t", "totalTimeoutSeconds": -1}]
    answer = call("POST", "metadata/taskdefs", wrong, expect=400).json["validationErrors"][0]
    assert answer["path"].endswith("[0].totalTimeoutSeconds")


def test_a_late_result_changes_nothing() -> None:
    register(task("SIMPLE"))
    started = start()
    polled = poll("t")
    complete(polled, {"n": 1})
    complete(polled, {"n": 2}, "FAILED")
    assert task_of(started)["outputData"] == {"n": 1}

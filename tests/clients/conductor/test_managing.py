"""Managing executions with the SDK's ``OrkesWorkflowClient``: each snippet of its documentation."""

from __future__ import annotations

from typing import Any

import pytest
from conductor.client.http.models import RerunWorkflowRequest, SkipTaskRequest, StartWorkflowRequest
from conductor.client.http.models.workflow_test_request import WorkflowTestRequest
from conductor.client.http.rest import ApiException

from tests.clients.conductor.conftest import Conductor

Task = dict[str, Any]


def simple(ref: str, **fields: Any) -> Task:
    return {"name": ref, "taskReferenceName": ref, "type": "SIMPLE", **fields}


class Managed:
    """An execution of a, b and c, driven by hand."""

    def __init__(self, conductor: Conductor, *tasks: Task, **fields: Any) -> None:
        self.conductor = conductor
        self.client = conductor.workflows
        self.name = conductor.register(
            conductor.name("managed"), *(tasks or (simple("a"), simple("b"), simple("c"))), **fields
        )
        self.id = conductor.start(self.name, {"n": 1})

    def story(self) -> list[str]:
        return [f"{t.reference_task_name} {t.status}" for t in self.conductor.get(self.id).tasks]

    @property
    def status(self) -> str:
        found: str = self.conductor.get(self.id).status
        return found

    def task(self, ref: str) -> Any:
        return [t for t in self.conductor.get(self.id).tasks if t.reference_task_name == ref][-1]

    def report(self, *refs: str, status: str = "COMPLETED") -> None:
        for ref in refs:
            self.conductor.executor.update_task_by_ref_name({"by": ref}, self.id, ref, status)


@pytest.fixture
def managed(conductor: Conductor) -> Managed:
    return Managed(conductor)


def refused(status: int, call: Any, *args: Any, **kwargs: Any) -> str:
    with pytest.raises(ApiException) as caught:
        call(*args, **kwargs)
    assert caught.value.status == status
    return str(caught.value)


def test_start_workflow(conductor: Conductor, managed: Managed) -> None:
    request = StartWorkflowRequest()
    request.name = managed.name
    request.version = 1
    request.input = {"name": "Orkes"}
    workflow_id = managed.client.start_workflow(request)
    assert conductor.get(workflow_id).input == {"name": "Orkes"}


def test_execute_workflow(conductor: Conductor) -> None:
    script = {"evaluatorType": "graaljs", "expression": "'hello ' + $.name", "name": "${workflow.input.name}"}
    hello = {"name": "hi", "taskReferenceName": "hi", "type": "INLINE", "inputParameters": script}
    request = StartWorkflowRequest()
    request.name = conductor.register(conductor.name("hello"), hello)
    request.version = 1
    request.input = {"name": "Orkes"}
    workflow_run = conductor.workflows.execute_workflow(start_workflow_request=request, wait_for_seconds=12)
    assert (workflow_run.status, workflow_run.output["result"]) == ("COMPLETED", "hello Orkes")


def test_get_workflow(managed: Managed) -> None:
    managed.report("a")
    workflow = managed.client.get_workflow(managed.id, include_tasks=True)
    assert (workflow.status, workflow.workflow_id) == ("RUNNING", managed.id)
    assert [t.status for t in workflow.tasks] == ["COMPLETED", "SCHEDULED"]
    status = managed.client.get_workflow_status(managed.id, include_output=True, include_variables=True)
    assert (status.status, status.variables) == ("RUNNING", {})


def test_update_variables(managed: Managed) -> None:
    managed.client.update_variables(managed.id, {"n": 1})
    managed.client.update_variables(managed.id, {"m": [2]})
    assert managed.conductor.get(managed.id).variables == {"n": 1, "m": [2]}


def test_terminate_workflow(managed: Managed) -> None:
    managed.client.terminate_workflow(managed.id, reason="enough", trigger_failure_workflow=False)
    workflow = managed.conductor.get(managed.id)
    assert (workflow.status, workflow.reason_for_incompletion) == ("TERMINATED", "enough")
    assert managed.story() == ["a CANCELED"]


def test_terminate_workflow_can_start_the_failure_workflow(conductor: Conductor) -> None:
    rescue = conductor.register(conductor.name("rescue"), simple("r"))
    managed = Managed(conductor, simple("a"), failureWorkflow=rescue)
    managed.client.terminate_workflow(managed.id, trigger_failure_workflow=True)
    started = conductor.get(managed.id).output["conductor.failure_workflow"]
    assert conductor.get(started).workflow_name == rescue


def test_retry_workflow(managed: Managed) -> None:
    managed.report("a")
    managed.report("b", status="FAILED_WITH_TERMINAL_ERROR")
    assert managed.status == "FAILED"
    managed.client.retry_workflow(managed.id)
    assert managed.story() == ["a COMPLETED", "b FAILED_WITH_TERMINAL_ERROR", "b SCHEDULED"]
    assert managed.task("b").retry_count == 1
    managed.report("b", "c")
    assert managed.status == "COMPLETED"


@pytest.mark.parametrize("resume", [False, True], ids=["a new child", "the same child"])
def test_retry_workflow_with_a_failed_sub_workflow(conductor: Conductor, resume: bool) -> None:
    child = conductor.register(conductor.name("child"), simple("x"), simple("y"))
    sub = {"name": "s", "taskReferenceName": "s", "type": "SUB_WORKFLOW",
           "subWorkflowParam": {"name": child, "version": 1}}  # fmt: skip
    managed = Managed(conductor, sub)
    first = managed.task("s").sub_workflow_id
    conductor.executor.update_task_by_ref_name({}, first, "x", "COMPLETED")
    conductor.executor.update_task_by_ref_name({}, first, "y", "FAILED_WITH_TERMINAL_ERROR")
    conductor.ends(managed.id, "FAILED")
    managed.client.retry_workflow(managed.id, resume_subworkflow_tasks=resume)
    second = managed.task("s").sub_workflow_id
    assert (second == first) is resume
    for ref in ("y",) if resume else ("x", "y"):
        conductor.executor.update_task_by_ref_name({}, second, ref, "COMPLETED")
    conductor.ends(managed.id)


def test_restart_workflow(managed: Managed) -> None:
    managed.report("a", "b", "c")
    managed.client.restart_workflow(managed.id)
    assert (managed.status, managed.story()) == ("RUNNING", ["a SCHEDULED"])


def test_restart_workflow_with_the_latest_definition(conductor: Conductor, managed: Managed) -> None:
    managed.report("a", "b", "c")
    conductor.register(managed.name, simple("other"), version=2)
    managed.client.restart_workflow(managed.id, use_latest_def=True)
    assert managed.story() == ["other SCHEDULED"]


def test_rerun_workflow(conductor: Conductor, managed: Managed) -> None:
    managed.report("a", "b", "c")
    workflow = conductor.get(managed.id)
    request = RerunWorkflowRequest(
        re_run_from_task_id=workflow.tasks[1].task_id, task_input={"n": 2}, workflow_input={"m": 3}
    )
    assert managed.client.rerun_workflow(managed.id, request) == managed.id
    assert managed.story() == ["a COMPLETED", "b SCHEDULED"]
    assert (managed.task("b").input_data, conductor.get(managed.id).input) == ({"n": 2}, {"m": 3})
    managed.report("b", "c")
    conductor.ends(managed.id)


def test_pause_and_resume_workflow(managed: Managed) -> None:
    managed.client.pause_workflow(managed.id)
    managed.report("a")
    assert (managed.status, managed.story()) == ("PAUSED", ["a COMPLETED"])
    managed.client.resume_workflow(managed.id)
    assert managed.story() == ["a COMPLETED", "b SCHEDULED"]


def test_skip_task_from_workflow(managed: Managed) -> None:
    request = SkipTaskRequest(task_input={"a": "x"}, task_output={"b": True, "n": None})
    managed.client.skip_task_from_workflow(managed.id, "b", request)
    managed.report("a")
    assert managed.story() == ["a COMPLETED", "b SKIPPED", "c SCHEDULED"]
    assert managed.task("b").output_data == {"b": True, "n": None}


def test_delete_workflow(managed: Managed) -> None:
    managed.report("a", "b", "c")
    managed.client.delete_workflow(managed.id, archive_workflow=True)
    assert managed.status == "COMPLETED"
    managed.client.delete_workflow(managed.id, archive_workflow=False)
    refused(404, managed.client.get_workflow, managed.id)


def test_test_workflow(conductor: Conductor, managed: Managed) -> None:
    mocks: dict[str, Any] = {"a": [{"output": {"n": 1}}], "b": [{"output": {}}], "c": [{"output": {"n": 3}}]}
    request = WorkflowTestRequest(name=managed.name, version=1, task_ref_to_mock_output=mocks)
    run = conductor.workflows.test_workflow(test_request=request)
    assert (run.status, run.output) == ("COMPLETED", {"n": 3})
    mocks["b"] = [{"status": "FAILED_WITH_TERMINAL_ERROR"}]
    assert conductor.workflows.test_workflow(test_request=request).status == "FAILED"


def test_signals(conductor: Conductor) -> None:
    waits = [{"name": ref, "taskReferenceName": ref, "type": "WAIT"} for ref in ("w1", "w2", "w3")]
    managed = Managed(conductor, *waits)
    conductor.executor.signal_async(managed.id, "COMPLETED", {"n": 1})
    assert managed.task("w1").output_data == {"n": 1}
    response = conductor.executor.signal(managed.id, "COMPLETED", {"n": 2})
    assert response.is_target_workflow()
    assert managed.task("w2").output_data == {"n": 2}
    conductor.executor.signal(managed.id, "COMPLETED", {"n": 3})
    assert conductor.ends(managed.id).output == {"n": 3}


def test_what_cannot_be_done_says_why(managed: Managed) -> None:
    client = managed.client
    assert "not PAUSED" in refused(409, client.resume_workflow, managed.id)
    refused(409, client.restart_workflow, managed.id)
    refused(404, client.retry_workflow, managed.id)
    refused(409, client.rerun_workflow, managed.id, RerunWorkflowRequest())
    assert "Cannot archive" in refused(400, client.delete_workflow, managed.id)
    managed.report("a", "b", "c")
    refused(409, client.pause_workflow, managed.id)
    refused(409, client.terminate_workflow, managed.id)
    refused(400, client.rerun_workflow, managed.id, RerunWorkflowRequest(re_run_from_task_id="nonsense"))

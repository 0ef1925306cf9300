"""Executing workflows, asynchronously and synchronously, as the SDK's documentation does."""

from __future__ import annotations

import pytest
from conductor.client.http.models import StartWorkflowRequest
from conductor.client.http.rest import ApiException

from tests.clients.conductor.conftest import Conductor
from tests.clients.conductor.test_kitchen_sink import inline, task
from tests.clients.waiting import eventually


@pytest.fixture
def hello(conductor: Conductor) -> str:
    """A workflow that greets its input."""
    greet = inline("greet", "'Hello ' + $.name", name="${workflow.input.name}")
    return conductor.register(conductor.name("hello"), greet, outputParameters={"said": "${greet.output.result}"})


def request_for(name: str) -> StartWorkflowRequest:
    request = StartWorkflowRequest()
    request.name = name
    request.version = 1
    request.input = {"name": "Orkes"}
    return request


def test_execute_workflow_asynchronously(conductor: Conductor, hello: str) -> None:
    # workflow id is the unique execution id associated with this execution
    workflow_id = conductor.workflows.start_workflow(request_for(hello))

    done = conductor.ends(workflow_id)
    assert (done.workflow_id, done.input, done.output) == (workflow_id, {"name": "Orkes"}, {"said": "Hello Orkes"})


def test_execute_workflow_synchronously(conductor: Conductor, hello: str) -> None:
    run = conductor.workflows.execute_workflow(start_workflow_request=request_for(hello), wait_for_seconds=12)

    assert (run.status, run.output) == ("COMPLETED", {"said": "Hello Orkes"})
    assert [t.reference_task_name for t in run.tasks] == ["greet"]


def test_a_synchronous_call_gives_back_what_still_runs(conductor: Conductor) -> None:
    name = conductor.register(conductor.name("long"), task("HUMAN", "decide"))

    run = conductor.workflows.execute_workflow(start_workflow_request=request_for(name), wait_for_seconds=1)

    assert run.status == "RUNNING"
    conductor.executor.update_task_by_ref_name({"said": "yes"}, run.workflow_id, "decide", "COMPLETED")
    assert conductor.ends(run.workflow_id).output == {"said": "yes"}


def test_a_synchronous_call_waits_for_a_task_that_is_named(conductor: Conductor) -> None:
    tasks = inline("first", "1"), task("HUMAN", "decide")
    name = conductor.register(conductor.name("partly"), *tasks)

    run = conductor.workflows.execute_workflow(
        start_workflow_request=request_for(name), wait_until_task_ref="first", wait_for_seconds=30
    )

    assert (run.status, run.tasks[0].status) == ("RUNNING", "COMPLETED")


def test_workflows_are_started_with_a_correlation_id_and_found_by_it(conductor: Conductor, hello: str) -> None:
    request = request_for(hello)
    request.correlation_id = conductor.name("order")
    workflow_id = conductor.workflows.start_workflow(request)
    conductor.ends(workflow_id)

    found = eventually(
        lambda: conductor.workflows.get_by_correlation_ids(
            hello, [request.correlation_id], include_completed=True, include_tasks=False
        )[request.correlation_id],
        "the workflow is found",
    )

    assert [f.workflow_id for f in found] == [workflow_id]


def test_a_workflow_that_nobody_has_defined_cannot_be_started(conductor: Conductor) -> None:
    with pytest.raises(ApiException) as refused:
        conductor.workflows.start_workflow(request_for(conductor.name("nobody")))
    assert refused.value.status == 404
    assert "No such workflow" in refused.value.message

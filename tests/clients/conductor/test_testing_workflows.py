"""Testing workflows with the framework of the SDK: ``test_workflow`` with made-up results, and workers as functions."""

from __future__ import annotations

from typing import Any

from conductor.client.http.models.workflow_test_request import WorkflowTestRequest
from conductor.client.workflow.conductor_workflow import ConductorWorkflow
from conductor.client.workflow.task.http_task import HttpTask
from conductor.client.workflow.task.simple_task import SimpleTask
from conductor.client.workflow.task.switch_task import SwitchTask

from tests.clients.conductor.conftest import Conductor
from tests.stub import Stub


def greet(name: str) -> str:
    return f"Hello my friend {name}"


def made_up(status: str, **output: Any) -> dict[str, Any]:
    return {"status": status, "output": output}


def example(conductor: Conductor, stub: Stub) -> ConductorWorkflow:
    """The moderately complex workflow of the documentation: a call, a task, and a branch for each of two cities."""
    workflow = ConductorWorkflow(executor=conductor.executor, name=conductor.name("unit_testing_example"), version=1)
    http = HttpTask(task_ref_name="http", http_input={"uri": stub.url(f"echo/{conductor.suffix}")})
    task1 = SimpleTask(task_def_name="hello", task_reference_name="hello_ref_1")
    task2 = SimpleTask(task_def_name="hello", task_reference_name="hello_ref_2")
    task3 = SimpleTask(task_def_name="hello", task_reference_name="hello_ref_3")
    decision = SwitchTask(task_ref_name="switch_ref", case_expression=task1.output("city"))
    decision.switch_case("NYC", task2)
    decision.default_case(task3)
    workflow >> http >> task1 >> decision
    return workflow


def run(conductor: Conductor, workflow: ConductorWorkflow, mocks: dict[str, Any]) -> Any:
    test_request = WorkflowTestRequest(
        name=workflow.name,
        version=workflow.version,
        task_ref_to_mock_output=mocks,
        workflow_def=workflow.to_workflow_def(),
    )
    return conductor.workflows.test_workflow(test_request=test_request)


def test_workers_are_functions() -> None:
    assert greet(name="test") == "Hello my friend test"


def test_a_branch_is_tested_with_fixed_outputs(conductor: Conductor, stub: Stub) -> None:
    mocks = {
        "http": [made_up("COMPLETED", key="http.output")],
        # two attempts: the first one failed and the second succeeded
        "hello_ref_1": [made_up("FAILED", key="failed"), made_up("COMPLETED", city="NYC")],
        "hello_ref_2": [made_up("COMPLETED", key="task2.output")],
    }

    done = run(conductor, example(conductor, stub), mocks)

    assert done.status == "COMPLETED"
    assert [(t.task_type, t.reference_task_name, t.status) for t in done.tasks] == [
        ("HTTP", "http", "COMPLETED"),
        ("hello", "hello_ref_1", "FAILED"),
        ("hello", "hello_ref_1", "COMPLETED"),
        ("SWITCH", "switch_ref", "COMPLETED"),
        ("hello", "hello_ref_2", "COMPLETED"),
    ]
    assert done.tasks[1].workflow_task.name == "hello"
    assert done.output["key"] == "task2.output"
    assert stub.seen(f"echo/{conductor.suffix}") == []  # nobody was called


def test_the_other_branch_is_tested_too(conductor: Conductor, stub: Stub) -> None:
    mocks = {
        "http": [made_up("COMPLETED")],
        "hello_ref_1": [made_up("COMPLETED", city="Paris")],
        "hello_ref_3": [made_up("FAILED_WITH_TERMINAL_ERROR")],
    }

    done = run(conductor, example(conductor, stub), mocks)

    assert done.status == "FAILED"
    assert done.tasks[-1].reference_task_name == "hello_ref_3"


def test_a_task_without_a_result_is_where_the_test_stops(conductor: Conductor, stub: Stub) -> None:
    done = run(conductor, example(conductor, stub), {"http": [made_up("COMPLETED")]})

    assert done.status == "RUNNING"
    assert [(t.reference_task_name, t.status) for t in done.tasks] == [
        ("http", "COMPLETED"),
        ("hello_ref_1", "SCHEDULED"),
    ]
    assert conductor.tasks.batch_poll_tasks("hello", worker_id="w", count=5, timeout_in_millisecond=100) == []

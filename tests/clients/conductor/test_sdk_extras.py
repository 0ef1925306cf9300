"""What the SDK offers beside running workflows: schemas, tags, limits, messages, polling, scripted joins, caches."""

from __future__ import annotations

import pytest
from conductor.client.http.models.schema_def import SchemaDef, SchemaType
from conductor.client.orkes.models.metadata_tag import MetadataTag
from conductor.client.orkes_clients import OrkesClients
from conductor.client.workflow.conductor_workflow import ConductorWorkflow
from conductor.client.workflow.task.fork_task import ForkTask
from conductor.client.workflow.task.http_poll_task import HttpPollInput, HttpPollTask
from conductor.client.workflow.task.join_task import JoinTask
from conductor.client.workflow.task.pull_workflow_messages_task import PullWorkflowMessagesTask
from conductor.client.workflow.task.simple_task import SimpleTask

from tests.clients.conductor.conftest import Conductor
from tests.clients.waiting import eventually
from tests.stub import Stub


def build(conductor: Conductor, what: str) -> ConductorWorkflow:
    return ConductorWorkflow(name=conductor.name(what), version=1, executor=conductor.executor)


def test_schemas_are_stored_read_and_deleted(conductor: Conductor) -> None:
    client = OrkesClients(configuration=conductor.configuration).get_schema_client()
    name = conductor.name("person")
    client.register_schema(SchemaDef(name=name, version=1, type=SchemaType.JSON, data={"type": "object"}))
    found = client.get_schema(name, 1)
    assert (found.name, found.version, found.data) == (name, 1, {"type": "object"})
    assert name in [schema.name for schema in client.get_all_schemas()]
    client.delete_schema(name, 1)
    assert name not in [schema.name for schema in client.get_all_schemas()]


@pytest.mark.filterwarnings("ignore:Call to deprecated function")  # the SDK calls its own
def test_tags_and_rate_limits_of_a_workflow(conductor: Conductor) -> None:
    name = conductor.register(
        conductor.name("tagged"), {"name": "t", "taskReferenceName": "t", "type": "NOOP", "inputParameters": {}}
    )
    conductor.metadata.add_workflow_tag(MetadataTag("owner", "ada"), name)
    conductor.metadata.setWorkflowRateLimit(5, name)
    assert conductor.metadata.getWorkflowRateLimit(name) == 5
    conductor.metadata.setWorkflowRateLimit(7, name)
    assert conductor.metadata.getWorkflowRateLimit(name) == 7
    conductor.metadata.removeWorkflowRateLimit(name)
    assert [(tag.key, tag.value) for tag in conductor.metadata.get_workflow_tags(name)] == [("owner", "ada")]
    conductor.metadata.delete_workflow_tag(MetadataTag("owner", "ada"), name)
    assert conductor.metadata.get_workflow_tags(name) == []


def test_a_message_wakes_the_workflow_that_waits_for_it(conductor: Conductor) -> None:
    workflow = build(conductor, "inbox")
    workflow >> PullWorkflowMessagesTask("pull", batch_size=5)
    workflow_id = workflow.start_workflow_with_input()
    eventually(lambda: conductor.get(workflow_id).tasks[0].status == "IN_PROGRESS", "the task waits")
    conductor.workflows.send_message(workflow_id, {"n": 1})
    done = conductor.ends(workflow_id, seconds=10)
    assert [message["payload"] for message in done.output["messages"]] == [{"n": 1}]


def test_a_service_is_polled_until_it_is_ready(conductor: Conductor, stub: Stub) -> None:
    workflow = build(conductor, "polling")
    condition = "(function(){ return $.output.response.body.count >= 3; })();"
    request = HttpPollInput(uri=stub.url("echo/sdk"), polling_interval=1, termination_condition=condition)
    workflow >> HttpPollTask(task_ref_name="ready", http_input=request)
    done = conductor.ends(workflow.start_workflow_with_input())
    assert done.output["pollCount"] == 3


def test_a_script_decides_about_a_join(conductor: Conductor) -> None:
    workflow = build(conductor, "scripted")
    script = "$.joinOn.some(function(ref) { return $[ref] && $[ref].status === 'COMPLETED'; })"
    quick = SimpleTask("add", "quick")
    quick.input_parameters.update({"a": 1, "b": 2})
    slow = SimpleTask(conductor.name("nobody"), "slow")
    workflow >> ForkTask("fork", [[quick], [slow]]) >> JoinTask("join", ["quick", "slow"], join_on_script=script)
    workflow_id = workflow.start_workflow_with_input()

    def join_status() -> str:
        return next((t.status for t in conductor.get(workflow_id).tasks if t.reference_task_name == "join"), "")

    eventually(lambda: join_status() == "COMPLETED", "the join is met")
    conductor.workflows.terminate_workflow(workflow_id)


def test_a_cached_task_runs_once(conductor: Conductor) -> None:
    workflow = build(conductor, "cached")
    add = SimpleTask("add", "sum")
    add.input_parameters.update({"a": 40, "b": 2})
    add.cache("${a}-${b}-" + conductor.suffix, 600)
    workflow >> add
    polls = []
    for _ in range(2):
        done = conductor.ends(workflow.start_workflow_with_input())
        assert done.output == {"sum": 42}
        polls.append(done.tasks[0].poll_count)
    assert polls == [1, 0]

"""What event handlers, schedules and sinks must be like to be stored."""

from __future__ import annotations

from typing import Any

import pytest

from workflows_app import sinks
from workflows_app.formats.conductor.drafts import workflow_draft
from workflows_app.formats.conductor.event_handler import read_handler
from workflows_app.formats.conductor.fields import Invalid, render
from workflows_app.formats.conductor.schedule import read_schedule

START = {"action": "start_workflow", "start_workflow": {"name": "w"}}


def handler(**fields: Any) -> dict[str, Any]:
    return {"name": "h", "event": "conductor:w:x", "actions": [START], **fields}


def problems(read: Any, data: Any) -> dict[str, str]:
    with pytest.raises(Invalid) as refused:
        read(data)
    return {p.path: p.message for p in refused.value.problems}


def test_a_handler_needs_a_name_an_event_and_an_action() -> None:
    assert problems(read_handler, {}) == {
        "name": "Missing event handler name",
        "event": "Missing event location",
        "actions": "No actions specified. Please specify at-least one action",
    }


@pytest.mark.parametrize(
    ("fields", "path", "message"),
    [
        ({"event": "sqs:q"}, "event", "Unknown queue type sqs: this server has conductor, redis, redis_stream"),
        ({"event": "conductor"}, "event", "must be like conductor:workflow:name"),
        ({"event": "redis:"}, "event", "names no queue"),
        ({"event": "amqp:q"}, "event", "only where RabbitMQ is the broker"),
        ({"event": f"redis:{'x' * 600}"}, "event", "longer than 512"),
        ({"actions": [{}]}, "actions[0]", "action is required"),
        ({"actions": [{"action": "nonsense"}]}, "actions[0].action", "must be one of start_workflow, complete_task"),
        ({"actions": [{"action": "start_workflow"}]}, "actions[0]", "start_workflow is required"),
        ({"actions": [{"action": "fail_task", "fail_task": {"workflowId": "w"}}]}, "actions[0]", "taskRefName"),
        ({"actions": [{"action": "start_workflow", "start_workflow": {"name": "${a[}"}}]}, "actions[0]", "${a[}"),
        ({"actions": [{"action": "terminate_workflow", "terminate_workflow": {}}]}, "actions[0]", "workflowId"),
        ({"condition": "$.a >"}, "condition", "Expression is not well formatted"),
        ({"evaluatorType": "cobol"}, "evaluatorType", "must be one of javascript"),
    ],
)
def test_what_is_wrong_with_a_handler_is_named(fields: dict[str, Any], path: str, message: str) -> None:
    assert message in problems(read_handler, handler(**fields))[path]


def test_a_handler_comes_back_as_it_was_sent() -> None:
    action = {
        "action": "update_workflow_variables",
        "expandInlineJSON": True,
        "update_workflow_variables": {"workflowId": "${id}", "variables": {"v": [1]}, "appendArray": True},
    }
    assert render(read_handler(handler(actions=[action])).actions[0]) == action


def event_task(sink: Any) -> dict[str, Any]:
    task = {"name": "e", "taskReferenceName": "e", "type": "EVENT", "sink": sink}
    return {"name": "w", "version": 1, "schemaVersion": 2, "tasks": [task]}


@pytest.mark.parametrize("sink", ["conductor", "conductor:x", "redis:orders", "${workflow.input.s}", "kafka:t", "foo"])
def test_every_sink_is_registered_whether_this_server_has_it_or_not(sink: str) -> None:
    assert workflow_draft(event_task(sink)).name == "w"


@pytest.mark.parametrize("sink", ["", None])
def test_an_event_task_without_a_sink_is_refused(sink: str | None) -> None:
    found = problems(workflow_draft, event_task(sink))
    assert found["tasks[0]"] == "sink field is required for taskType: EVENT taskName: e"


def test_rabbitmq_is_a_sink_where_it_is_the_broker(settings: Any) -> None:
    settings.CELERY_BROKER_URL = "amqp://broker//"
    assert sinks.problem("amqp:q") is None
    assert sinks.problem("amqp_exchange:x") is None


def schedule(**fields: Any) -> dict[str, Any]:
    return {"name": "s", "cronExpression": "0 0 * * * *", "startWorkflowRequest": {"name": "w"}, **fields}


@pytest.mark.parametrize(
    ("fields", "path", "message"),
    [
        ({"name": ""}, "name", "cannot be null or empty"),
        ({"startWorkflowRequest": None}, "startWorkflowRequest", "cannot be null"),
        ({"startWorkflowRequest": {}}, "startWorkflowRequest.name", "cannot be null or empty"),
        ({"startWorkflowRequest": {"name": "w", "priority": 200}}, "startWorkflowRequest.priority", "0 and 99"),
        ({"scheduleStartTime": -5}, "scheduleStartTime", "milliseconds since 1970"),
        ({"scheduleEndTime": 2**62}, "scheduleEndTime", "milliseconds since 1970"),
        ({"scheduleStartTime": 2000, "scheduleEndTime": 1000}, "scheduleEndTime", "before scheduleStartTime"),
    ],
)
def test_what_is_wrong_with_a_schedule_is_named(fields: dict[str, Any], path: str, message: str) -> None:
    assert message in problems(read_schedule, schedule(**fields))[path]


def test_a_list_of_cron_expressions_counts_before_the_single_one() -> None:
    several = [{"cronExpression": "0 0 1 * * *", "zoneId": "Asia/Tokyo"}, {"cronExpression": "0 0 2 * * *"}]
    found = read_schedule(schedule(cronSchedules=several, zoneId="Europe/Paris")).crons
    assert [(c, z) for _, c, z in found] == [("0 0 1 * * *", "Asia/Tokyo"), ("0 0 2 * * *", "Europe/Paris")]

"""Event handlers through the SDK: a workflow tells, another one is started, a third goes on."""

from __future__ import annotations

import uuid
from collections.abc import Iterator
from typing import Any

import pytest
import requests
from conductor.client.event.event_client import EventClient
from conductor.client.http.api.event_resource_api import EventResourceApi
from conductor.client.http.api_client import ApiClient
from conductor.client.http.models.event_handler import EventHandler
from conductor.client.http.rest import ApiException

from tests.clients.conductor.conftest import Conductor
from tests.clients.waiting import eventually
from tests.stack import Stack


def task(type: str, ref: str, **fields: Any) -> dict[str, Any]:
    return {"name": ref, "taskReferenceName": ref, "type": type, "inputParameters": {}, **fields}


@pytest.fixture
def handlers(conductor: Conductor) -> Iterator[EventResourceApi]:
    """The SDK's client; whatever a test adds is removed."""
    api = EventResourceApi(ApiClient(conductor.configuration))
    yield api
    for handler in api.get_event_handlers():
        if handler.name.endswith(conductor.suffix):
            api.remove_event_handler_status(handler.name)


def found(conductor: Conductor, stack: Stack, event: str, status: str = "COMPLETED") -> dict[str, Any]:
    """What a handler of an event did, when it has done it."""

    def look() -> dict[str, Any] | None:
        done: list[dict[str, Any]] = requests.get(f"{stack.url}/api/event/execution/{event}", timeout=10).json()
        return next((d for d in done if d["status"] == status), None)

    return eventually(look, f"the event {event} is handled")


def test_a_handler_is_kept_changed_and_removed(conductor: Conductor, handlers: EventResourceApi) -> None:
    event = f"conductor:{conductor.name('w')}:x"
    action = {"action": "start_workflow", "start_workflow": {"name": "w", "version": 1, "input": {"a": "${a}"}}}
    wanted = EventHandler(name=conductor.name("h"), event=event, active=True, actions=[action])
    handlers.add_event_handler(wanted)
    with pytest.raises(ApiException) as refused:
        handlers.add_event_handler(wanted)
    assert refused.value.status == 409
    (got,) = handlers.get_event_handlers_for_event(event, active_only=True)
    assert (got.name, got.active, got.actions[0].start_workflow.version) == (conductor.name("h"), True, 1)
    wanted.active = False
    handlers.update_event_handler(wanted)
    assert handlers.get_event_handlers_for_event(event, active_only=True) == []
    assert len(handlers.get_event_handlers_for_event(event, active_only=False)) == 1
    handlers.remove_event_handler_status(wanted.name)
    with pytest.raises(ApiException) as refused:
        handlers.remove_event_handler_status(wanted.name)
    assert refused.value.status == 404


@pytest.mark.parametrize("sink", ["conductor:order", "redis:orders_{suffix}"])
def test_what_one_workflow_tells_starts_another(
    conductor: Conductor, stack: Stack, handlers: EventResourceApi, sink: str
) -> None:
    sink = sink.format(suffix=conductor.suffix)
    sender = conductor.register(
        conductor.name("sender"), task("EVENT", "tell", sink=sink, inputParameters={"n": "${workflow.input.n}"})
    )
    target = conductor.register(conductor.name("target"), task("NOOP", "end"))
    event = f"conductor:{sender}:order" if sink.startswith("conductor") else sink
    start = {"name": target, "input": {"got": "${n}", "from": "${workflowInstanceId}"}, "correlationId": "k"}
    handlers.add_event_handler(
        {
            "name": conductor.name("h"),
            "event": event,
            "active": True,
            "condition": "$.n > 10",
            "actions": [{"action": "start_workflow", "start_workflow": start}],
        }
    )
    told = conductor.ends(conductor.start(sender, {"n": 17}))
    started = found(conductor, stack, event)["output"]["workflowId"]
    execution = conductor.ends(started)
    assert execution.input["got"] == 17
    assert execution.input["from"] == told.workflow_id
    assert execution.input["conductor.event.name"] == event
    assert (execution.event, execution.correlation_id) == (event, "k")


def test_a_wait_is_completed_by_an_event(conductor: Conductor, handlers: EventResourceApi) -> None:
    waiting = conductor.register(conductor.name("waiting"), task("WAIT", "hold"))
    sender = conductor.register(
        conductor.name("sender"),
        task("EVENT", "tell", sink="conductor:go", inputParameters={"target": "${workflow.input.target}"}),
    )
    details = {"workflowId": "${target}", "taskRefName": "hold", "output": {"said": "${workflowType}"}}
    handlers.add_event_handler(
        {
            "name": conductor.name("h"),
            "event": f"conductor:{sender}:go",
            "active": True,
            "actions": [{"action": "complete_task", "complete_task": details}],
        }
    )
    target = conductor.start(waiting)
    conductor.start(sender, {"target": target})
    assert conductor.ends(target).tasks[0].output_data["said"] == sender


def test_a_wait_is_completed_through_the_queue(conductor: Conductor, stack: Stack) -> None:
    waiting = conductor.register(conductor.name("waiting"), task("WAIT", "one"), task("WAIT", "two"))
    target = conductor.start(waiting)
    base = f"{stack.url}/api/queue/update/{target}"
    assert requests.post(f"{base}/one/COMPLETED", json={"a": 1}, timeout=10).status_code == 200
    two = next(t.task_id for t in conductor.get(target).tasks if t.reference_task_name == "two")
    assert requests.post(f"{base}/task/{two}/COMPLETED", json={"b": 2}, timeout=10).status_code == 200
    assert [t.output_data for t in conductor.ends(target).tasks] == [{"a": 1}, {"b": 2}]
    assert requests.post(f"{base}/one/COMPLETED", json={}, timeout=10).status_code == 400
    nobody = f"{stack.url}/api/queue/update/{uuid.uuid4()}/one/COMPLETED"
    assert requests.post(nobody, json={}, timeout=10).status_code == 404


def test_an_action_that_fails_is_on_record(conductor: Conductor, stack: Stack, handlers: EventResourceApi) -> None:
    sender = conductor.register(conductor.name("sender"), task("EVENT", "tell", sink="conductor"))
    action = {"action": "start_workflow", "start_workflow": {"name": conductor.name("nowhere")}}
    event = f"conductor:{sender}:tell"
    handlers.add_event_handler({"name": conductor.name("h"), "event": event, "active": True, "actions": [action]})
    conductor.ends(conductor.start(sender))
    failed = found(conductor, stack, event, "FAILED")
    assert failed["name"] == conductor.name("h")
    assert "No such workflow defined" in failed["output"]["error"]


def test_queues_have_no_configuration(conductor: Conductor) -> None:
    client = EventClient(ApiClient(conductor.configuration))
    with pytest.raises(ApiException) as refused:
        client.get_kafka_queue_configuration("orders")
    assert refused.value.status == 404


@pytest.mark.parametrize(
    ("change", "status", "path"),
    [
        ({"event": "sqs:orders"}, 400, "addEventHandler.arg0.event"),
        ({"actions": [{"action": "start_agent"}]}, 400, "addEventHandler.arg0.actions[0].action"),
        ({"condition": "$.a >"}, 400, "addEventHandler.arg0.condition"),
    ],
)
def test_bad_handlers_are_refused_with_the_field(stack: Stack, change: dict[str, Any], status: int, path: str) -> None:
    action = {"action": "start_workflow", "start_workflow": {"name": "w"}}
    handler = {"name": "bad", "event": "conductor:w:x", "actions": [action], **change}
    answer = requests.post(f"{stack.url}/api/event", json=handler, timeout=10)
    assert answer.status_code == status
    assert [e["path"] for e in answer.json()["validationErrors"]] == [path]

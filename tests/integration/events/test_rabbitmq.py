"""RabbitMQ's queues and exchanges, on kombu's transport in memory: the calls are the same, the broker is none."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any
from uuid import uuid4

import pytest
from celery import current_app
from kombu import Connection

from executions.events import receiving
from executions.models import EventMessage, Execution
from tests.integration.events.conftest import Listen, Workflow, action, deliver_all, task, tell

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def broker(settings: Any, monkeypatch: pytest.MonkeyPatch) -> Iterator[Connection]:
    settings.CELERY_BROKER_URL = "amqp://broker//"
    connection = Connection("memory://")
    monkeypatch.setattr(current_app, "connection_for_write", lambda: Connection("memory://"))
    yield connection
    connection.release()


@pytest.mark.parametrize("kind", ["amqp", "amqp_queue", "amqp_exchange"])
def test_what_one_workflow_sends_starts_another_once(workflow: Workflow, listen: Listen, kind: str) -> None:
    event = f"{kind}:{uuid4().hex}"
    workflow("target", task("HUMAN", "stay"))
    Execution.objects.all().delete()
    listen(event, action("start_workflow", name="target", input={"got": "${x}"}))
    assert receiving.receive_all() == 0  # the queue is there from now on
    workflow("w", tell(event, inputParameters={"x": 7}))
    deliver_all()
    assert receiving.receive_all() == 1
    assert receiving.receive_all() == 0
    deliver_all()
    received = EventMessage.objects.get(outgoing=False)
    assert received.message_id == EventMessage.objects.get(outgoing=True).message_id
    assert Execution.objects.filter(name="target").count() == 1


def test_a_message_that_is_not_stored_is_not_acknowledged(
    listen: Listen, broker: Connection, monkeypatch: pytest.MonkeyPatch
) -> None:
    event = f"amqp:{uuid4().hex}"
    listen(event, action("start_workflow", name="target"))
    receiving.receive_all()
    broker.Producer().publish(b"plain words", routing_key=event.removeprefix("amqp:"), content_type="text/plain")

    def die(incoming: Any) -> None:
        raise KeyboardInterrupt

    with monkeypatch.context() as patch:
        patch.setattr(receiving, "store", die)
        with pytest.raises(KeyboardInterrupt):
            receiving.receive_all()
    assert receiving.receive_all() == 1
    assert EventMessage.objects.get().payload == {"body": "plain words"}

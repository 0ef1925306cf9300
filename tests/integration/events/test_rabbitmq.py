"""RabbitMQ's queues and exchanges: on a real broker where there is one, and on kombu's transport in memory, where the
calls are the same and the broker is none."""

from __future__ import annotations

import os
from collections.abc import Iterator
from typing import Any
from uuid import uuid4

import pytest
from celery import current_app
from kombu import Connection, Queue

from executions.events import receiving
from executions.models import EventMessage, Execution
from tests.integration.events.conftest import Listen, Workflow, action, deliver_all, task, tell

pytestmark = pytest.mark.django_db
on_a_real_one = pytest.mark.parametrize("broker", ["rabbitmq"], indirect=True)


@pytest.fixture(autouse=True, params=["memory", "rabbitmq"])
def broker(request: pytest.FixtureRequest, settings: Any, monkeypatch: pytest.MonkeyPatch) -> Iterator[Connection]:
    url = "memory://" if request.param == "memory" else os.environ.get("UPBEAT_TEST_AMQP_URL")
    if not url:
        pytest.skip("there is no RabbitMQ: UPBEAT_TEST_AMQP_URL")
    settings.CELERY_BROKER_URL = "amqp://broker//"
    monkeypatch.setattr(current_app, "connection_for_write", lambda **options: Connection(url, **options))
    with Connection(url) as connection:
        yield connection


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
    sent = EventMessage.objects.get(outgoing=True)
    assert (sent.due_at, sent.problem) == (None, None)
    assert received.message_id == sent.message_id
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


def test_a_queue_that_is_there_is_used_as_it_is(workflow: Workflow, listen: Listen, broker: Connection) -> None:
    name = uuid4().hex
    with broker.channel() as channel:
        queue = Queue(name, durable=True, queue_arguments={"x-max-length": 3}).bind(channel)
        queue.declare()
    workflow("w", tell(f"amqp:{name}", inputParameters={"x": 7}))
    deliver_all()
    assert (EventMessage.objects.get().due_at, EventMessage.objects.get().problem) == (None, None)
    listen(f"amqp:{name}", action("start_workflow", name="target"))
    assert receiving.receive_all() == 1


@on_a_real_one
def test_what_the_broker_does_not_take_is_tried_again(workflow: Workflow, broker: Connection) -> None:
    name = uuid4().hex
    full = {"x-max-length": 1, "x-overflow": "reject-publish"}
    with broker.channel() as channel:
        queue = Queue(name, durable=True, queue_arguments=full).bind(channel)
        queue.declare()
    broker.Producer().publish(b"1", routing_key=name)
    workflow("w", tell(f"amqp:{name}"))

    deliver_all()
    message = EventMessage.objects.get()
    assert message.due_at is not None
    assert message.problem == "MessageNacked"

    with broker.channel() as channel:
        queue.bind(channel).purge()
    deliver_all()
    assert EventMessage.objects.get().due_at is None


@on_a_real_one
def test_a_queue_that_cannot_be_read_does_not_keep_others_from_being_read(listen: Listen, broker: Connection) -> None:
    own, free = f"a{uuid4().hex}", f"b{uuid4().hex}"
    for number, name in enumerate((own, free)):
        listen(f"amqp:{name}", action("start_workflow", name="target"), name=f"h{number}")
    with broker.channel() as channel:
        Queue(own, exclusive=True).bind(channel).declare()
        Queue(free, durable=True).bind(channel).declare()
    broker.Producer().publish(b"{}", routing_key=free)

    assert receiving.receive_all() == 1

"""A stack whose broker is RabbitMQ, and what it survives."""

from __future__ import annotations

import json
import os
import signal
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from uuid import uuid4

import pytest

from tests import rabbitmq
from tests.integration.stack.work import Office, noting, runs, task
from tests.processes import children, wait_until
from tests.stack import PATIENCE, ROOT, Stack

pytestmark = pytest.mark.skipif(not rabbitmq.URL, reason="there is no RabbitMQ: UPBEAT_TEST_AMQP_URL")
may_kill_it = pytest.mark.skipif(not rabbitmq.has_process(), reason="this RabbitMQ is not ours to kill")


@pytest.fixture(scope="module")
def stack(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stack]:
    found = Stack(
        tmp_path_factory.mktemp("rabbitmq"),
        CELERY_BROKER_URL=rabbitmq.URL,
        UPBEAT_TASK_MODULES="tests.functions tests.chaos.tasks tests.integration.stack.tasks",
        UPBEAT_LEASE_SECONDS="3",
        UPBEAT_WORKERS="2",
    )
    try:
        found.wait_until_healthy()
        yield found
        assert found.interrupt() == 0
    finally:
        found.kill_all()


@pytest.fixture
def office(stack: Stack) -> Office:
    stack.wait_until_healthy()
    return Office(stack)


def test_the_example_runs(office: Office) -> None:
    office.client.call("PUT", "metadata/workflow", [json.loads((ROOT / "examples/hello_upbeat.json").read_text())])

    (execution,) = office.ended([office.start("hello_upbeat", name="world")])
    assert execution["status"] == "COMPLETED"
    assert execution["output"]["shouted"] == "HELLO, WORLD!"


def test_delays_retries_queues_and_forks_work(office: Office) -> None:
    office.register(
        "delays",
        task("WAIT", "pause", inputParameters={"duration": "1 seconds"}),
        task("SIMPLE", "flaky", name="chaos_flaky", inputParameters={"failures": 2, "value": 7}),
        task(
            "FORK_JOIN",
            "fork",
            forkTasks=[
                [task("SIMPLE", "one", name="add", inputParameters={"a": 1, "b": 2})],
                [task("SIMPLE", "two", name="other_queue")],
            ],
        ),
        task("JOIN", "join", joinOn=["one", "two"]),
        outputParameters={"attempt": "${flaky.output.attempt}", "sum": "${one.output.sum}"},
    )

    (execution,) = office.ended([office.start("delays")])
    assert execution["status"] == "COMPLETED", execution
    assert execution["output"] == {"attempt": 2, "sum": 3}


def test_what_has_priority_is_handed_out_first(office: Office) -> None:
    office.register("urgent", task("SIMPLE", "wait", name=f"outside_{uuid4().hex}"))
    name = office.look(office.start("urgent"))["tasks"][0]["taskDefName"]
    for priority in (1, 9, 5):
        office.client.call("POST", "workflow", {"name": "urgent", "version": 1, "priority": priority})

    polled = office.client.call("GET", f"tasks/poll/batch/{name}?count=10&timeout=1000").json()
    assert [found["workflowPriority"] for found in polled] == [9, 5, 1, 0]


def test_a_killed_worker_loses_nothing(stack: Stack, office: Office, tmp_path: Path) -> None:
    office.register("steps", noting("first", seconds=0.3), noting("second"))
    path = str(tmp_path / "runs")
    started = [office.start("steps", path=path) for _ in range(20)]
    wait_until(lambda: len(runs(path)) >= 4, PATIENCE, "work is under way")

    os.killpg(stack.pid("work"), signal.SIGKILL)

    assert {found["status"] for found in office.ended(started)} == {"COMPLETED"}


def test_messages_that_come_again_do_no_harm(stack: Stack, office: Office, tmp_path: Path) -> None:
    """A worker is given messages and freezes: they are sent again by the sweep, and again by the broker when the
    worker has died, marked as delivered before."""
    office.register("once", noting("only"))
    path = str(tmp_path / "runs")
    before = rabbitmq.length("default")
    os.killpg(stack.pid("work"), signal.SIGSTOP)
    started = [office.start("once", path=path) for _ in range(10)]
    wait_until(lambda: rabbitmq.length("default") - before > 10, PATIENCE, "messages are sent again")

    os.killpg(stack.pid("work"), signal.SIGKILL)

    assert {found["status"] for found in office.ended(started)} == {"COMPLETED"}
    wait_until(lambda: rabbitmq.length("default") == 0, PATIENCE, "all messages have been taken")
    assert Counter(execution for execution, _ in runs(path)) == Counter(started)


@may_kill_it
def test_a_broker_that_dies_and_comes_back_loses_nothing(stack: Stack, office: Office, tmp_path: Path) -> None:
    office.register("steps", noting("first", seconds=0.3), noting("second"))
    path = str(tmp_path / "runs")
    started = [office.start("steps", path=path) for _ in range(10)]
    wait_until(lambda: runs(path), PATIENCE, "work is under way")
    worker = stack.pid("work"), children(stack.pid("work"))

    rabbitmq.kill()
    try:
        started += [office.start("steps", path=path) for _ in range(3)]  # answered without a broker
    finally:
        rabbitmq.start()
    started += [office.start("steps", path=path) for _ in range(3)]

    assert {found["status"] for found in office.ended(started)} == {"COMPLETED"}
    assert Counter(execution for execution, _ in runs(path)) == Counter(started * 2)
    assert (stack.pid("work"), children(stack.pid("work"))) == worker  # it has gone on, nobody was started again


@may_kill_it
def test_a_broker_that_hangs_keeps_no_request_waiting(office: Office) -> None:
    office.register("sum", task("SIMPLE", "add", inputParameters={"a": 1, "b": 2}))
    with rabbitmq.frozen():
        # the client's own patience is what it takes at the most
        started = [office.start("sum") for _ in range(4)]

    assert {found["status"] for found in office.ended(started)} == {"COMPLETED"}


def test_an_event_goes_to_an_exchange_and_a_message_starts_a_workflow_once(office: Office) -> None:
    exchange, orders, shipment = (f"{name}-{uuid4().hex}" for name in ("shipped", "orders", "shipment"))
    office.register(
        shipment,
        task("EVENT", "tell", sink=f"amqp_exchange:{exchange}", inputParameters={"order": "${workflow.input.order}"}),
    )
    start = {"action": "start_workflow", "start_workflow": {"name": shipment, "input": {"order": "${number}"}}}
    handler = {"name": orders, "event": f"amqp:{orders}", "active": True, "actions": [start]}
    office.client.call("POST", "event", handler)
    with rabbitmq.subscribed(exchange) as come:
        for _ in range(2):  # the sender is not sure whether it has sent it
            rabbitmq.publish(orders, json.dumps({"number": 17}).encode(), message_id="order 17")
        rabbitmq.publish(orders, json.dumps({"number": 18}).encode(), message_id="order 18")

        wait_until(lambda: len(come()) >= 2, PATIENCE, "both have been told of")
        assert sorted(payload["order"] for _, payload in come()) == [17, 18]
    assert len(office.of(shipment)) == 2
    assert rabbitmq.length(orders) == 0

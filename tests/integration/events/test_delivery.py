"""From the stored message to whoever listens: doorbells that get lost, deliveries at once, queues that are away."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from redis.exceptions import ConnectionError as NoRedis

from executions.clock import now
from executions.engine.canvas import DELIVER
from executions.events import delivery
from executions.events.sinks import of_kind
from executions.models import EventExecution, EventMessage, Execution
from executions.sweeps import events as sweep
from executions.sweeps import history
from tests.integration.conftest import Courier
from tests.integration.events.conftest import Listen, Workflow, action, deliver_all, task, tell

pytestmark = pytest.mark.django_db


def rung(courier: Courier) -> list[str]:
    """The ids of the messages that workers are rung for."""
    found = []
    while (message := courier.take()) is not None:
        if message[0] == DELIVER:
            found.append(message[2][0])
    return found


def test_a_worker_is_rung_for_every_event(workflow: Workflow, courier: Courier) -> None:
    workflow("w", tell(ref="a"), tell(ref="b"))
    assert sorted(rung(courier)) == sorted(EventMessage.objects.values_list("message_id", flat=True))


def test_a_lost_doorbell_is_rung_again_by_the_sweep_and_not_too_often(workflow: Workflow, courier: Courier) -> None:
    workflow("w", tell())
    message = EventMessage.objects.get()
    courier.lose_all()
    sweep.run_once()
    assert rung(courier) == []  # it may be on its way
    EventMessage.objects.update(due_at=now() - timedelta(seconds=1))
    assert sweep.run_once() == 1
    assert sweep.run_once() == 0
    assert rung(courier) == [message.message_id]
    due = EventMessage.objects.get().due_at
    assert due is not None
    assert sweep.next_due(now()) == due


def test_two_workers_at_once_do_everything_once(
    workflow: Workflow, listen: Listen, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The second one comes while the first one is between its look and its claim, and gets ahead of it."""
    workflow("target", task("HUMAN", "stay"))
    Execution.objects.all().delete()
    listen("conductor:w:x", action("start_workflow", name="target"))
    workflow("w", tell())
    message = EventMessage.objects.get()
    claim = delivery._claim

    def overtaken(found: EventMessage) -> bool:
        monkeypatch.undo()
        delivery.deliver(message.message_id)
        return claim(found)

    monkeypatch.setattr(delivery, "_claim", overtaken)
    delivery.deliver(message.message_id)
    assert Execution.objects.filter(name="target").count() == 1
    assert EventExecution.objects.count() == 1
    assert EventMessage.objects.get().attempts == 1


def test_a_worker_that_dies_leaves_its_message_due_when_its_claim_is_over(
    workflow: Workflow, listen: Listen, monkeypatch: pytest.MonkeyPatch
) -> None:
    listen("conductor:w:x", action("start_workflow", name="w"))
    workflow("w", tell())

    def die(*args: Any) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr(delivery, "_handle", die)
    with pytest.raises(KeyboardInterrupt):
        deliver_all()
    due = EventMessage.objects.get().due_at
    assert due is not None
    assert due > now()


def test_a_queue_that_is_away_is_tried_again_later_and_later(
    workflow: Workflow, monkeypatch: pytest.MonkeyPatch
) -> None:
    workflow("w", tell("redis:orders"))

    def away(message: EventMessage) -> None:
        raise NoRedis("gone fishing")

    monkeypatch.setattr(of_kind("redis"), "publish", away)
    pauses = []
    for _ in range(3):
        deliver_all()
        message = EventMessage.objects.get()
        assert message.due_at is not None
        assert message.problem == "gone fishing"
        pauses.append(message.due_at - now())
        EventMessage.objects.update(due_at=now())
    assert pauses == sorted(pauses)
    monkeypatch.undo()
    deliver_all()
    after = EventMessage.objects.get()
    assert (after.due_at, after.problem) == (None, None)


def test_old_messages_go_and_what_is_not_delivered_stays(workflow: Workflow) -> None:
    for name in ("old", "waiting", "fresh"):
        workflow(name, tell())
    long_ago = now() - timedelta(days=100)
    EventMessage.objects.exclude(event__startswith="conductor:waiting").update(due_at=None)
    EventMessage.objects.exclude(event__startswith="conductor:fresh").update(created_at=long_ago)
    assert history.run_once() == 1
    left = set(EventMessage.objects.values_list("event", flat=True))
    assert left == {"conductor:waiting:x", "conductor:fresh:x"}

"""Redis streams as sinks and sources, on a real Redis."""

from __future__ import annotations

import time
from collections.abc import Iterator
from datetime import timedelta
from typing import Any
from uuid import uuid4

import pytest

from executions import redis_client
from executions.clock import now
from executions.events import keeping, receiving
from executions.events.sinks import redis_stream
from executions.events.sinks.redis_stream import GROUP, RedisStream
from executions.models import EventHandler, EventMessage, Execution
from tests.integration.events.conftest import Listen, Workflow, action, deliver_all, task, tell

pytestmark = pytest.mark.django_db


@pytest.fixture
def stream() -> Iterator[str]:
    """The name of a stream that nobody else uses."""
    name = f"orders:{uuid4().hex[:8]}"
    yield name
    redis_client.client().delete(name)


@pytest.fixture
def target(workflow: Workflow) -> str:
    """A workflow to start, of which nothing runs yet."""
    workflow("target", task("HUMAN", "stay"))
    Execution.objects.all().delete()
    return "target"


def started() -> int:
    return Execution.objects.filter(name="target").count()


def add(stream: str, **fields: str) -> None:
    redis_client.client().xadd(stream, fields)  # type: ignore[arg-type]


def pending(stream: str) -> int:
    found: Any = redis_client.client().xpending(stream, GROUP)
    return int(found["pending"])


def test_an_event_goes_out_as_an_entry_with_its_id_and_payload(workflow: Workflow, stream: str) -> None:
    execution = workflow("w", tell(f"redis:{stream}", inputParameters={"x": [1, "é"]}))
    assert execution.state == "COMPLETED"
    deliver_all()
    message = EventMessage.objects.get()
    entries: Any = redis_client.client().xrange(stream)
    ((_, entry),) = entries
    assert entry[b"id"].decode() == message.message_id
    assert entry[b"event"].decode() == f"redis:{stream}"
    assert '"x":[1,"é"]' in entry[b"payload"].decode()
    assert message.due_at is None


def test_what_one_workflow_sends_starts_another_once(
    workflow: Workflow, listen: Listen, stream: str, target: str
) -> None:
    listen(f"redis:{stream}", action("start_workflow", name=target, input={"got": "${x}"}))
    workflow("w", tell(f"redis:{stream}", inputParameters={"x": 7}))
    deliver_all()
    sent = EventMessage.objects.get()
    # a crash between putting it on the stream and noting that: it is put there again
    EventMessage.objects.update(due_at=now())
    deliver_all()
    assert redis_client.client().xlen(stream) == 2
    assert receiving.receive_all() == 2
    deliver_all()
    assert started() == 1
    received = EventMessage.objects.get(outgoing=False)
    assert received.message_id == sent.message_id
    assert pending(stream) == 0
    assert receiving.receive_all() == 0


def test_entries_of_strangers_are_their_fields_or_the_json_in_payload(listen: Listen, stream: str, target: str) -> None:
    listen(f"redis_stream:{stream}", action("start_workflow", name=target))
    add(stream, order="17", note="{broken")
    add(stream, payload='{"order": 18}', id="mine")
    add(stream, payload="no json")
    assert receiving.receive_all() == 3
    found = [(m.message_id, m.payload) for m in EventMessage.objects.order_by("id")]
    assert [payload for _, payload in found] == [
        {"order": "17", "note": "{broken"},
        {"order": 18},
        {"payload": "no json"},
    ]
    assert found[1][0] == "mine"
    assert "-" in found[0][0]


def test_a_task_that_runs_again_under_its_id_tells_again(
    workflow: Workflow, listen: Listen, stream: str, target: str
) -> None:
    listen(f"redis:{stream}", action("start_workflow", name=target))
    workflow("w", tell(f"redis:{stream}"))
    sent = EventMessage.objects.get()
    deliver_all()
    sent.pk, sent.due_at = None, now()  # as a rerun stores it, which keeps the ids of task runs
    sent.save(force_insert=True)
    deliver_all()
    assert receiving.receive_all() == 2
    deliver_all()
    assert started() == 2


def test_both_ways_to_write_a_stream_mean_the_same(listen: Listen, stream: str, target: str) -> None:
    listen(f"redis_stream:{stream}", action("start_workflow", name=target), name="one")
    listen(f"redis:{stream}", action("start_workflow", name=target), name="other")
    add(stream, n="1")
    add(stream, n="2")
    assert receiving.receive_all() == 2
    deliver_all()
    assert started() == 4


def test_entries_from_before_the_handler_listened_do_not_count(listen: Listen, stream: str, target: str) -> None:
    add(stream, n="old")
    time.sleep(0.005)  # ids of entries are milliseconds
    listen(f"redis:{stream}", action("start_workflow", name=target))
    time.sleep(0.005)
    add(stream, n="new")
    assert receiving.receive_all() == 1
    assert EventMessage.objects.get().payload == {"n": "new"}


def test_a_crash_before_the_acknowledgement_loses_and_doubles_nothing(
    listen: Listen, stream: str, target: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    event = f"redis:{stream}"
    listen(event, action("start_workflow", name=target))
    add(stream, n="1")
    since = {event: EventHandler.objects.get().active_since or now()}

    def die(incoming: Any) -> None:
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        RedisStream(consumer="dies-before-it-stores").receive(since, die)
    assert not EventMessage.objects.exists()
    assert pending(stream) == 1

    monkeypatch.setattr(redis_stream, "ABANDONED_MS", 0)

    def store_and_die(incoming: Any) -> None:
        receiving.store(incoming)
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        RedisStream(consumer="dies-before-it-acknowledges").receive(since, store_and_die)
    assert EventMessage.objects.count() == 1
    assert pending(stream) == 1
    assert RedisStream(consumer="lives").receive(since, receiving.store) == 1
    assert EventMessage.objects.count() == 1
    assert pending(stream) == 0
    deliver_all()
    assert started() == 1


def test_what_another_process_is_at_is_left_to_it(listen: Listen, stream: str, target: str) -> None:
    event = f"redis:{stream}"
    listen(event, action("start_workflow", name=target))
    add(stream, n="1")
    since = {event: EventHandler.objects.get().active_since or now()}
    seen: list[int] = []
    RedisStream(consumer="first").receive(
        since, lambda incoming: seen.append(RedisStream(consumer="second").receive(since, receiving.store))
    )
    assert seen == [0]


def test_a_redis_that_has_forgotten_everything_is_read_from_when_the_handler_listened(
    listen: Listen, stream: str, target: str
) -> None:
    listen(f"redis:{stream}", action("start_workflow", name=target))
    add(stream, n="1")
    assert receiving.receive_all() == 1
    redis_client.client().delete(stream)
    add(stream, n="2")
    assert receiving.receive_all() == 1


def test_without_redis_nothing_comes_and_nothing_breaks(
    listen: Listen, stream: str, target: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    listen(f"redis:{stream}", action("start_workflow", name=target))

    def away() -> Any:
        raise OSError("no route")

    with monkeypatch.context() as patch:
        patch.setattr(redis_client, "client", away)
        assert receiving.receive_all() == 0
    add(stream, n="1")
    assert receiving.receive_all() == 1


def test_a_handler_that_is_switched_on_again_listens_from_then_on(listen: Listen, stream: str, target: str) -> None:
    event = f"redis:{stream}"
    listen(event, action("start_workflow", name=target))
    assert receiving.receive_all() == 0
    keeping.switch("h", False, by="test")
    assert receiving.listened_to() == {}
    add(stream, n="while nobody listens")
    time.sleep(0.005)
    keeping.switch("h", True, by="test")
    assert receiving.receive_all() == 0
    assert pending(stream) == 0
    (found,) = receiving.listened_to()["redis"].values()
    assert now() - found < timedelta(minutes=1)
    assert not EventMessage.objects.exists()

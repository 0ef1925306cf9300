"""Helpers for tests on a real database: definitions as graphs, and a courier that delivers Celery's messages."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from celery import current_app

from executions import worker
from executions.engine.canvas import ADVANCE, RUN
from executions.engine.new_execution import NewExecution
from executions.engine.rows import ExecutionRow, RunRow
from executions.heartbeat import Heartbeat
from executions.starting import start
from executions.store import executions, runs
from workflows_app.graph.model import Graph
from workflows_app.registration import Draft, save


class Courier:
    """Takes messages from the broker and does what a worker would do with them, one at a time, in this process."""

    queues = ("default", "io", "mail")

    def __init__(self) -> None:
        self.delivered: list[tuple[str, str]] = []  # (task, queue)

    def deliver(self, most: int = 1000) -> int:
        """Delivers until no queue has a message; gives how many there were."""
        count = 0
        while count < most:
            found = self.take()
            if found is None:
                return count
            self.work(*found)
            count += 1
        raise AssertionError("messages without end")

    def take(self) -> tuple[str, str, list[Any], dict[str, Any]] | None:
        """The next message: task, queue, arguments, embedded canvas."""
        with current_app.connection_for_read() as connection:
            for queue in self.queues:
                message = connection.default_channel.basic_get(queue, no_ack=True)  # type: ignore[attr-defined]
                if message is not None:
                    args, _, embedded = json.loads(message.body)
                    return message.headers["task"], queue, args, {**embedded, "headers": message.headers}
        return None

    def work(self, task: str, queue: str, args: list[Any], embedded: dict[str, Any]) -> None:
        self.delivered.append((task, queue))
        chain = embedded.get("chain") or []
        if task == RUN:
            worker.run_message(args[0], queue, chain, bool(embedded.get("chord")))
        elif task == ADVANCE:
            worker.advance_message(args[0], queue)
        if chain:
            *rest, following = chain
            current_app.signature(following).set(chain=rest or None).apply_async()  # type: ignore[call-arg]

    def lose_all(self) -> int:
        """Throws every message away."""
        count = 0
        while self.take() is not None:
            count += 1
        return count


@pytest.fixture(scope="session", autouse=True)
def _no_heartbeat() -> Iterator[None]:
    """No lease of this process runs out while a test lasts, and its thread would keep a connection to the tests'
    database, which could not be removed then."""
    with pytest.MonkeyPatch.context() as patched:
        patched.setattr(Heartbeat, "_beat", lambda heartbeat: None)
        yield


@pytest.fixture
def courier() -> Iterator[Courier]:
    found = Courier()
    found.lose_all()
    yield found
    found.lose_all()


@pytest.fixture
def begin() -> Callable[..., ExecutionRow]:
    """Stores a graph and starts it: ``begin(graph, input={...})``."""

    def begin(graph: Graph, **request: Any) -> ExecutionRow:
        version = save(Draft(format="test", name=graph.name, number=1, body={}, graph=graph), overwrite=True)
        started = start(NewExecution(version_id=version.pk, format="test", name=graph.name, number=1, **request))
        assert started is not None
        return started

    return begin


def state_of(execution_id: str) -> str:
    found = executions.read(execution_id)
    assert found is not None
    return found.state


def story(execution_id: str) -> list[str]:
    return [f"{r.ref}{r.path and ' ' + r.path} {r.state}" for r in runs.read(execution_id)]


def run_of(execution_id: str, ref: str) -> RunRow:
    return [r for r in runs.read(execution_id) if r.ref == ref][-1]

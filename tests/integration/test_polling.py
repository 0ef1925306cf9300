"""What polls cost, and how soon work that arrives is handed out (contracts/conductor.md, section 1.7)."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable

import pytest
from django.db import connection

from api.conductor.polling import offer
from executions import redis_client, wakeups
from executions.engine.rows import ExecutionRow
from tests.integration.test_budgets import Statements
from tests.processes import wait_until
from tests.unit.engine.world import graph, task

Begin = Callable[..., ExecutionRow]
LONG = 20.0


@pytest.fixture(autouse=True)
def _listening(transactional_db: None) -> None:
    wakeups.board.arrivals("any")
    wait_until(lambda: wakeups.board._listening, 10, "somebody listens to calls")


def test_an_idle_poll_costs_two_statements_at_most_and_the_next_ones_nothing() -> None:
    with Statements() as first:
        assert offer("nobody_offers", "w", None, 1, 0.05) == []
    assert len(first.sql) <= 2, first
    with Statements() as second:
        assert offer("nobody_offers", "w", None, 1, 0.05) == []
    assert second.sql == []


def test_what_was_seen_of_a_queue_is_not_believed_for_long() -> None:
    offer("forgotten", "w", None, 1, 0.01)
    with Statements() as statements:
        offer("forgotten", "w", None, 1, wakeups.BELIEVED_SECONDS + 0.3)
    assert 1 <= len(statements.sql) <= 4, statements


def test_a_poll_that_waits_gets_what_arrives_meanwhile(begin: Begin) -> None:
    found: list[object] = []
    taken_after: list[float] = []

    def poll() -> None:
        begun = time.monotonic()
        try:
            found.extend(offer("arrives", "w", None, 1, LONG))
            taken_after.append(time.monotonic() - begun)
        finally:
            connection.close()

    waiting = threading.Thread(target=poll)
    waiting.start()
    wait_until(lambda: wakeups.board.is_empty("arrives"), 10, "the poll has seen that there is nothing")
    begin(graph(task("t", "SIMPLE", name="arrives")))
    waiting.join()
    assert len(found) == 1
    assert taken_after[0] < LONG / 2


def test_a_call_from_another_process_ends_what_is_believed() -> None:
    offer("called", "w", None, 1, 0.01)
    assert wakeups.board.is_empty("called")
    redis_client.client().publish("upbeat:work", "other\ncalled")
    wait_until(lambda: not wakeups.board.is_empty("called"), 5, "the call has come")


def test_a_poll_that_does_not_wait_believes_nothing(begin: Begin) -> None:
    offer("at_once", "w", None, 1, 0.01)
    with Statements() as statements:
        offer("at_once", "w", None, 1, 0)
    assert statements.sql

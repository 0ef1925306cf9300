"""The sentence that says why a task run waits, for every way of waiting."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from executions.console.why import why
from executions.console.workers import Workers
from executions.models import Execution, TaskRun
from executions.states import RUN_ENDED, RUN_OPEN, ExecutionState, RunsOn, RunState

NOW = datetime(2026, 11, 21, 10, 2, 0, tzinfo=UTC)


def ago(seconds: float) -> datetime:
    return NOW - timedelta(seconds=seconds)


def ahead(seconds: float) -> datetime:
    return NOW + timedelta(seconds=seconds)


def run(state: RunState, runs_on: RunsOn = RunsOn.NOBODY, **fields: Any) -> TaskRun:
    given = {"ref": "send", "name": "send_email", "type": "SIMPLE", "scheduled_at": ago(12), "updated_at": ago(12)}
    return TaskRun(state=state, runs_on=runs_on, **{**given, **fields})


def on_offer(**fields: Any) -> TaskRun:
    return run(RunState.SCHEDULED, RunsOn.WORKER, **{"queue": "send_email", **fields})


def said(run: TaskRun, state: ExecutionState = ExecutionState.RUNNING, workers: Workers | None = None) -> str:
    return why(run, Execution(state=state), NOW, workers or Workers())


# ---- ready


def test_a_task_on_offer_waits_for_an_external_worker() -> None:
    assert said(on_offer()) == "ready for a worker of `send_email` since 12 s"


def test_a_task_in_a_domain_waits_for_a_worker_of_that_domain() -> None:
    task = on_offer(queue="eu:send_email", domain="eu")
    assert said(task) == "ready for a worker of `send_email` in domain `eu` since 12 s"


def test_a_delay_that_is_over_does_not_count_as_waiting_for_a_worker() -> None:
    assert said(on_offer(scheduled_at=ago(72), start_delay=60)) == "ready for a worker of `send_email` since 12 s"


def test_a_task_that_its_worker_gave_back_waits_since_then() -> None:
    task = on_offer(scheduled_at=ago(600), updated_at=ago(5), polls=1)
    assert said(task) == "ready for a worker of `send_email` since 5 s"


def test_it_is_said_that_no_worker_has_ever_asked() -> None:
    sentence = said(on_offer(), workers=Workers(polled={"other": NOW}))
    assert sentence == "ready for a worker of `send_email` since 12 s; no worker has asked for it yet"


def test_it_is_said_when_workers_have_stopped_asking() -> None:
    sentence = said(on_offer(), workers=Workers(polled={"send_email": ago(185)}))
    assert sentence == "ready for a worker of `send_email` since 12 s; no worker has asked for it for 3 min 5 s"


def test_nothing_is_said_of_workers_that_ask() -> None:
    workers = Workers(polled={"send_email": ago(2)})
    assert said(on_offer(), workers=workers) == "ready for a worker of `send_email` since 12 s"


def test_a_server_side_task_waits_for_a_celery_worker_of_its_queue() -> None:
    task = run(RunState.SCHEDULED, RunsOn.SERVER, queue="mail")
    assert said(task) == "ready for a Celery worker of queue `mail` since 12 s"
    assert said(task, workers=Workers(served=frozenset({"mail"}))) == said(task)
    nobody = Workers(served=frozenset({"default"}))
    assert said(task, workers=nobody) == said(task) + "; no worker that is alive serves the queue `mail`"


def test_a_child_execution_waits_to_be_started() -> None:
    task = run(RunState.SCHEDULED, RunsOn.CHILD, queue="default")
    assert said(task) == "ready to start its child execution since 12 s"


def test_a_limited_task_may_wait_for_its_turn() -> None:
    sentence = said(on_offer(limited=True))
    assert sentence.endswith("; tasks of this name are limited, so it may wait for another one to end")


def test_a_stretch_of_control_nodes_takes_a_breath() -> None:
    assert said(run(RunState.SCHEDULED)) == "will be evaluated in a moment"


# ---- delayed


def test_a_retry_waits_for_its_delay() -> None:
    task = run(RunState.DELAYED, RunsOn.WORKER, attempt=2, scheduled_at=ago(1), start_delay=15)
    assert said(task) == "retry 2 at 10:02:14 (in 14 s)"


def test_a_first_attempt_may_start_late() -> None:
    task = run(RunState.DELAYED, RunsOn.SERVER, scheduled_at=ago(1), start_delay=7200)
    assert said(task) == "starts at 12:01:59 (in 1 h 59 min)"


def test_a_worker_may_have_asked_to_be_called_back() -> None:
    task = run(RunState.DELAYED, RunsOn.WORKER, attempt=1, updated_at=ago(10), callback_after=30, polls=3)
    assert said(task) == "its worker will look at it again at 10:02:20 (in 20 s)"


def test_another_day_comes_with_its_date() -> None:
    task = run(RunState.DELAYED, RunsOn.SERVER, start_delay=86400 + 12)
    assert said(task) == "starts at 22 Nov 10:02:00 (in 1 d)"


def test_a_delay_that_nobody_ended_hints_at_beat() -> None:
    task = run(RunState.DELAYED, RunsOn.SERVER, attempt=1, scheduled_at=ago(60), start_delay=20)
    assert said(task) == "retry 1 at 10:01:20 (40 s ago); nobody has looked at it since: is Beat running?"


# ---- in progress


def test_a_task_runs_on_a_worker() -> None:
    for runs_on in (RunsOn.SERVER, RunsOn.WORKER):
        task = run(RunState.IN_PROGRESS, runs_on, worker="host:123", started_at=ago(3), due_at=ahead(20))
        assert said(task) == "runs on worker host:123 since 3 s"


def test_a_timeout_that_ticks_is_said_with_it() -> None:
    task = run(RunState.IN_PROGRESS, RunsOn.WORKER, worker="w", started_at=ago(3), deadline_at=ahead(57))
    assert said(task) == "runs on worker w since 3 s; its time is up at 10:02:57 (in 57 s)"


def test_a_lease_that_is_over_means_a_lost_worker() -> None:
    task = run(RunState.IN_PROGRESS, RunsOn.SERVER, worker="host:123", started_at=ago(40), due_at=ago(1))
    assert said(task) == (
        "runs on worker host:123 since 40 s, which has not been heard of for a while: it will be offered again"
    )


def test_a_deadline_that_has_passed_is_no_lost_worker() -> None:
    task = run(RunState.IN_PROGRESS, RunsOn.SERVER, worker="w", started_at=ago(9), due_at=ago(1), deadline_at=ago(1))
    assert said(task) == "runs on worker w since 9 s; its time is up at 10:01:59 (1 s ago)"


def test_a_child_execution_runs() -> None:
    task = run(RunState.IN_PROGRESS, RunsOn.CHILD, started_at=ago(3))
    assert said(task) == "its child execution is running since 3 s"
    task.worker = "web:host:1"
    assert said(task) == "its child execution is being started by web:host:1 since 3 s"


def test_a_timer_waits_for_its_time() -> None:
    task = run(RunState.IN_PROGRESS, type="WAIT", memo={"timer": ahead(13).timestamp()})
    assert said(task) == "waits until 10:02:13 (in 13 s)"


def test_a_timer_that_is_overdue_hints_at_beat() -> None:
    task = run(RunState.IN_PROGRESS, type="WAIT", memo={"timer": ago(30).timestamp()})
    assert said(task) == "waits until 10:01:30 (30 s ago); nobody has looked at it since: is Beat running?"


def test_a_person_must_complete_it() -> None:
    task = run(RunState.IN_PROGRESS, type="HUMAN", started_at=ago(3700))
    assert said(task) == "somebody must complete it (open since 1 h 1 min)"


def test_a_task_waits_for_a_webhook() -> None:
    task = run(RunState.IN_PROGRESS, type="WAIT_FOR_WEBHOOK", started_at=ago(60))
    assert said(task).startswith("waits for a webhook since 1 min")


def test_a_task_whose_work_is_done_waits_for_a_call_from_outside() -> None:
    task = run(RunState.IN_PROGRESS, worker="host:1", started_at=ago(3))
    assert said(task) == "its work is done, somebody outside must complete it"


def test_a_loop_says_which_iteration_runs() -> None:
    assert said(run(RunState.IN_PROGRESS, memo={"iteration": 3})) == "iteration 3 is running"
    assert said(run(RunState.IN_PROGRESS, memo={"iteration": 3, "count": 7})) == "iteration 3 of 7 is running"


def test_a_list_says_how_many_items_are_left() -> None:
    memo: dict[str, int | None] = {"count": 7, "capacity": 2}
    assert said(run(RunState.IN_PROGRESS, pending=3, memo=memo)) == "waits for its items (3 of 7 left, 2 at a time)"
    memo = {"count": 7, "capacity": None}
    assert said(run(RunState.IN_PROGRESS, pending=3, memo=memo)) == "waits for its items (3 of 7 left)"


# ---- waiting for others


def test_a_join_waits_for_its_branches() -> None:
    assert said(run(RunState.WAITING, type="JOIN", pending=3)) == "waits for its branches (3 left)"


def test_an_exclusive_join_waits_for_the_branch_that_decides() -> None:
    assert said(run(RunState.WAITING, memo={"waits_for": "left"})) == "waits for `left`"


def test_a_gathering_node_says_who_has_come() -> None:
    task = run(RunState.WAITING, memo={"arrived": ["a", "b"]})
    assert said(task) == "waits for more tasks that lead here (so far `a`, `b`)"
    task = run(RunState.WAITING, memo={"arrived": ["a", "b", "c", "d", "e"]})
    assert said(task) == "waits for more tasks that lead here (so far `a`, `b`, `c` and 2 more)"


def test_an_item_waits_for_its_turn() -> None:
    assert said(run(RunState.WAITING, path="2.[3]")) == "waits for its turn among the items"


def test_a_pause_holds_up_joins() -> None:
    sentence = said(run(RunState.WAITING, pending=1), ExecutionState.PAUSED)
    assert sentence == "waits for its branches (1 left); the execution is paused"


# ---- ended


@pytest.mark.parametrize("state", sorted(RUN_ENDED))
def test_nothing_is_said_of_what_has_ended(state: RunState) -> None:
    assert said(run(state, settled=True)) == ""
    assert said(run(state, settled=True), ExecutionState.PAUSED) == ""


def test_what_ended_during_a_pause_is_followed_by_nothing_yet() -> None:
    task = run(RunState.COMPLETED, settled=False)
    assert said(task, ExecutionState.PAUSED) == "what follows it waits until the execution is resumed"


@pytest.mark.parametrize("state", sorted(RUN_OPEN))
@pytest.mark.parametrize("runs_on", sorted(RunsOn))
def test_every_open_task_run_has_its_sentence(state: RunState, runs_on: RunsOn) -> None:
    """Whatever its row lacks."""
    assert said(run(state, runs_on))
    assert said(run(state, runs_on, memo={}), ExecutionState.COMPLETED) == "its execution has ended without it"

"""Asynchronous actions: results that somebody else pushes (contracts/mistral.md, section 6)."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest
from django.db import OperationalError, connection

from executions import action_executions, operations
from executions.clock import now
from executions.engine import transact
from executions.engine.decision import Decision
from executions.engine.driver import Driver
from executions.engine.events import Due, Finished
from executions.engine.refusals import RUN_ENDED
from executions.engine.rows import EMPTY, RunRow
from executions.models import TaskRun
from executions.operations import Conflict, Illegal, NotFound
from executions.start_requests import NamedStart, prepared
from executions.starting import start
from executions.states import ExecutionState, RunsOn, RunState
from executions.store import runs
from tests.integration.mistral.conftest import Mistral
from tests.integration.mistral.service import Call, Service

ASYNC = """
version: '2.0'
w:
  output: {answer: <% $.answer %>}
  tasks:
    ask:
      action: std.async_noop
      publish: {answer: <% task(ask).result %>}
"""


@pytest.mark.parametrize("value", [3, 0, True, "text", [1, 2], None, {"a": {"b": 1}}])
def test_any_json_value_is_a_result(mistral: Mistral, value: Any) -> None:
    e = mistral.run(ASYNC)
    run = mistral.task(e.id, "ask")
    action_executions.complete(run.id, RunState.COMPLETED, value, by="somebody")
    assert mistral.execution(e.id).output.value == {"answer": value}


def test_a_pending_action_is_a_row_and_nothing_else(mistral: Mistral) -> None:
    e = mistral.run(ASYNC)
    run = mistral.task(e.id, "ask")
    assert (run.state, run.runs_on, run.due_at, run.worker) == ("IN_PROGRESS", RunsOn.NOBODY, None, None)
    assert mistral.courier.delivered == []


def test_the_first_of_several_completions_wins(mistral: Mistral) -> None:
    e = mistral.run(ASYNC)
    run = mistral.task(e.id, "ask")
    action_executions.complete(run.id, RunState.COMPLETED, 1, by="a")
    for state in (RunState.COMPLETED, RunState.FAILED, RunState.CANCELED):
        with pytest.raises(Conflict, match="already completed"):
            action_executions.complete(run.id, state, 2, by="b")
    assert mistral.execution(e.id).output.value == {"answer": 1}


def test_a_failure_without_a_reason_is_an_unknown_error(mistral: Mistral) -> None:
    e = mistral.run(ASYNC)
    run = mistral.task(e.id, "ask")
    done = action_executions.complete(run.id, RunState.FAILED, None, by="a")
    assert (done.state, done.output.value) == ("FAILED", {"result": "Unknown error"})
    assert mistral.execution(e.id).state == "FAILED"


def test_a_canceled_action_cancels_its_execution(mistral: Mistral) -> None:
    e = mistral.run(ASYNC)
    action_executions.complete(mistral.task(e.id, "ask").id, RunState.CANCELED, by="a")
    e = mistral.execution(e.id)
    assert (e.state, e.reason) == ("TERMINATED", "Cancelled tasks: ask")


def test_a_paused_action_pauses_its_execution_until_it_goes_on(mistral: Mistral) -> None:
    e = mistral.run(ASYNC)
    run = mistral.task(e.id, "ask")
    action_executions.hold(run.id, by="a")
    assert mistral.execution(e.id).state == "PAUSED"
    action_executions.hold(run.id, by="a")
    action_executions.go_on(run.id, by="a")
    assert mistral.execution(e.id).state == "RUNNING"
    action_executions.hold(run.id, by="a")
    action_executions.complete(run.id, RunState.COMPLETED, 7, by="a")
    assert (mistral.task(e.id, "ask").state, mistral.execution(e.id).state) == ("COMPLETED", "PAUSED")
    operations.resume(e.id, by="a")
    assert mistral.execution(e.id).output.value == {"answer": 7}


def test_a_synchronous_action_cannot_be_paused(mistral: Mistral) -> None:
    e = mistral.run("version: '2.0'\nw:\n  tasks:\n    t: {action: std.noop}\n")
    with pytest.raises(Illegal, match="only supported for asynchronous"):
        action_executions.hold(mistral.task(e.id, "t").id, by="a")


def test_a_late_result_is_kept_and_nothing_follows(mistral: Mistral) -> None:
    e = mistral.run(ASYNC)
    run = mistral.task(e.id, "ask")
    operations.terminate(e.id, by="a", reason="enough")
    late = action_executions.complete(run.id, RunState.COMPLETED, {"too": "late"}, by="b")
    assert late.memo is not None
    assert (late.memo.value["late"], late.output.value) == ("COMPLETED", {"result": {"too": "late"}})
    assert mistral.execution(e.id).state == ExecutionState.TERMINATED
    with pytest.raises(Conflict):
        action_executions.complete(run.id, RunState.COMPLETED, 2, by="c")


def test_a_task_that_timed_out_stays_failed_when_its_result_comes(mistral: Mistral) -> None:
    e = mistral.run("version: '2.0'\nw:\n  tasks:\n    t: {action: std.async_noop, timeout: 5, on-error: noop}\n")
    run = mistral.task(e.id, "t")
    assert run.due_at is not None
    overdue(mistral, run.id)
    run = mistral.task(e.id, "t")
    assert (run.state, run.reason) == ("TIMED_OUT", "Task timed out [timeout(s)=5].")
    assert mistral.execution(e.id).state == "COMPLETED"
    late = action_executions.complete(run.id, RunState.COMPLETED, 1, by="b")
    assert (late.state, late.output.value) == ("TIMED_OUT", {"result": 1})


def test_every_attempt_has_a_timer_of_its_own(mistral: Mistral) -> None:
    e = mistral.run("""
version: '2.0'
w:
  tasks:
    t: {action: std.async_noop, timeout: 2, retry: {count: 2, delay: 0}}
""")
    for attempt in range(3):
        run = mistral.task(e.id, "t")
        assert (run.attempt, run.state) == (attempt, "IN_PROGRESS")
        overdue(mistral, run.id)
    assert mistral.execution(e.id).state == "FAILED"


def overdue(mistral: Mistral, run_id: str) -> None:
    """The time that a run may take is over."""
    run = runs.find(run_id)
    assert run is not None
    assert run.memo is not None
    begun, seconds = run.memo.value["limit"]
    TaskRun.objects.filter(id=run_id).update(memo={**run.memo.value, "limit": [begun - 100, seconds]}, due_at=now())
    transact.apply(run.execution_id, Due(run_id))


def test_who_is_called_may_answer_inside_of_the_call(mistral: Mistral, service: Service) -> None:
    e = mistral.run(f"""
version: '2.0'
w:
  tasks:
    one_plus_two:
      action: mistral_http url={service.url}/sum
      input:
        params: {{a: 1, b: 2}}
""")
    (call,) = service.calls
    assert (call.method, call.query) == ("GET", "a=1&b=2")
    run = mistral.task(e.id, "one_plus_two")
    assert call.headers["mistral-action-execution-id"] == run.id
    assert call.headers["mistral-callback-url"] == f"/v2/action_executions/{run.id}"
    assert call.headers["mistral-workflow-execution-id"] == e.id
    assert call.headers["mistral-workflow-name"] == "w"
    assert (run.state, run.runs_on, run.worker, run.due_at) == ("IN_PROGRESS", RunsOn.NOBODY, None, None)
    action_executions.complete(run.id, RunState.COMPLETED, {"sum": 3}, by="service")
    assert mistral.execution(e.id).state == "COMPLETED"


@pytest.mark.django_db(transaction=True)
def test_a_call_back_may_come_before_the_call_has_returned(mistral: Mistral, service: Service) -> None:
    def call_back(call: Call) -> None:
        try:
            action_executions.complete(call.headers["mistral-action-execution-id"], RunState.COMPLETED, 3, by="service")
        finally:
            connection.close()

    service.before = call_back
    e = mistral.run(ASYNC.replace("std.async_noop", f'std.mistral_http url="{service.url}"'))
    assert mistral.execution(e.id).output.value == {"answer": 3}


def test_a_service_that_refuses_fails_the_action_at_once(mistral: Mistral, service: Service) -> None:
    service.status = 500
    e = mistral.run(f"""
version: '2.0'
w:
  tasks:
    t:
      action: std.mistral_http url="{service.url}"
      on-error: h
      publish-on-error: {{s: <% task().result.status %>}}
    h: {{action: std.noop}}
""")
    assert (e.state, e.output.value) == ("COMPLETED", {"s": 500})


def test_an_action_by_itself(mistral: Mistral, service: Service) -> None:
    run = action_executions.run("std.fail", {"error_data": "no"})
    assert (run.state, run.output.value) == ("FAILED", {"result": "no"})
    run = action_executions.run("std.mistral_http", {"url": service.url})
    mistral.courier.deliver()
    (call,) = service.calls
    assert call.headers["mistral-action-execution-id"] == run.id
    assert "mistral-task-id" not in call.headers
    done = action_executions.complete(run.id, RunState.COMPLETED, {"v": 1}, by="service")
    assert (done.state, done.output.value) == ("COMPLETED", {"result": {"v": 1}})
    assert action_executions.asynchronous("std.async_noop", {})
    assert not action_executions.asynchronous("std.noop", {})


@pytest.mark.parametrize(
    ("name", "given", "message"),
    [
        ("no.such", {}, r"Failed to find action \[action_name=no.such"),
        ("std.echo", {"z": 1}, r"missing=\['output'\], unexpected=\['z'\]"),
        ("std.ssh", {"cmd": "ls"}, "std.ssh is not supported"),
    ],
)
def test_an_action_by_itself_that_cannot_be(mistral: Mistral, name: str, given: dict[str, Any], message: str) -> None:
    with pytest.raises(Illegal, match=message):
        action_executions.run(name, given)


def test_unknown_ids(mistral: Mistral) -> None:
    for unknown in ("nonsense", "00000000-0000-0000-0000-000000000000"):
        with pytest.raises(NotFound, match="ActionExecution not found"):
            action_executions.complete(unknown, RunState.COMPLETED, 1, by="a")


@pytest.mark.django_db(transaction=True)
def test_simultaneous_completions_have_one_winner(mistral: Mistral) -> None:
    mistral.define("""
version: '2.0'
w:
  tasks:
    t: {action: std.async_noop, on-success: u}
    u: {action: std.noop}
""")
    e = mistral.start("w")
    run = mistral.task(e, "t")

    def push(n: int) -> bool:
        try:
            for _ in range(1000):
                try:
                    action_executions.complete(run.id, RunState.COMPLETED, n, by=str(n))
                    return True
                except OperationalError:  # the tests' SQLite is in memory, where readers are locked out too
                    continue
            raise AssertionError("always locked")
        except Conflict:
            return False
        finally:
            connection.close()

    with ThreadPoolExecutor(4) as pool:
        assert sorted(pool.map(push, range(4))) == [False, False, False, True]
    assert mistral.tasks(e) == {"t": ["COMPLETED"], "u": ["COMPLETED"]}


ASK_SERVICE = """
version: '2.0'
w:
  tasks:
    ask: {{action: std.mistral_http url="{url}/", on-success: after, publish: {{r: <% task().result %>}}}}
    after: {{action: std.async_noop}}
"""


@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize("status", [202, 500])
def test_a_result_that_comes_between_the_end_of_the_call_and_its_report_counts(
    mistral: Mistral, service: Service, status: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The one order of events in which the worker knows less than everybody else."""
    service.status = status
    report = Driver._report
    completed: list[RunRow] = []

    def late(driver: Driver, run: RunRow, event: Finished) -> Decision | None:
        if run.ref == "ask":
            completed.append(action_executions.complete(run.id, RunState.COMPLETED, 5, by="service"))
        decision = report(driver, run, event)
        assert decision is not None
        assert decision.refused == RUN_ENDED
        return decision

    monkeypatch.setattr(Driver, "_report", late)
    e = mistral.run(ASK_SERVICE.format(url=service.url))
    assert (len(service.calls), [run.state for run in completed]) == (1, ["COMPLETED"])
    assert (mistral.task(e.id, "ask").published or EMPTY).value == {"r": 5}
    assert mistral.tasks(e.id) == {"ask": ["COMPLETED"], "after": ["IN_PROGRESS"]}


@pytest.mark.django_db(transaction=True)
def test_a_result_that_comes_before_the_call_has_been_made_counts_and_nobody_is_called(
    mistral: Mistral, service: Service
) -> None:
    mistral.define(ASK_SERVICE.format(url=service.url))
    started = start(prepared(NamedStart(name="w")))
    assert started is not None
    run = mistral.task(started.id, "ask")
    assert run.state == "SCHEDULED"
    action_executions.complete(run.id, RunState.COMPLETED, 5, by="somebody")
    mistral.courier.deliver()
    assert service.calls == []
    assert mistral.tasks(started.id) == {"ask": ["COMPLETED"], "after": ["IN_PROGRESS"]}

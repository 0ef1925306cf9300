"""Policies of tasks (contracts/mistral.md, section 7.9)."""

from __future__ import annotations

import pytest

from executions import operations
from executions.clock import now
from executions.engine import transact
from executions.engine.events import Due
from executions.models import TaskRun
from executions.states import RunState
from tests.integration.mistral.conftest import Mistral


def body(tasks: str, head: str = "") -> str:
    return f"version: '2.0'\nw:\n{head}  tasks:\n{tasks}"


def let_time_pass(mistral: Mistral, execution_id: str, ref: str) -> None:
    """Whatever a run waits for is over."""
    run = mistral.task(execution_id, ref)
    moment = now()
    TaskRun.objects.filter(id=run.id).update(due_at=moment, start_delay=0)
    transact.apply(execution_id, Due(run.id))
    mistral.courier.deliver()


def attempts(mistral: Mistral, tasks: str) -> tuple[str, int]:
    e = mistral.run(body(tasks))
    return e.state, len(mistral.attempts(e.id, "t"))


@pytest.mark.parametrize(
    ("task", "state", "count"),
    [
        ("{action: std.fail, retry: {count: 2, delay: 0}}", "FAILED", 3),
        ("{action: std.fail, retry: count=1 delay=0, on-error: noop}", "COMPLETED", 2),
        ("{action: std.fail, on-error: noop, retry: {count: 5, delay: 0, break-on: <% true %>}}", "COMPLETED", 1),
        ("{action: std.echo output=5, retry: {count: 2, delay: 0, continue-on: <% task().result = 5 %>}}",
         "COMPLETED", 3),
        ("{action: std.echo output=5, retry: {count: 2, delay: 0, continue-on: <% task().result = 6 %>}}",
         "COMPLETED", 1),
        ("{action: std.fail, on-error: noop, retry: {count: 3, delay: 0, continue-on: <% false %>}}", "COMPLETED", 1),
        ("{action: std.fail, retry: {count: <% 1 + 1 %>, delay: '{{ 0 }}'}}", "FAILED", 3),
    ],
)  # fmt: skip
def test_retries(mistral: Mistral, task: str, state: str, count: int) -> None:
    assert attempts(mistral, f"    t: {task}\n") == (state, count)


def test_a_retry_with_a_delay_waits(mistral: Mistral) -> None:
    e = mistral.run(body("    t: {action: std.fail, retry: {count: 1, delay: 30}}\n"))
    run = mistral.task(e.id, "t")
    assert (run.state, run.start_delay, run.attempt) == ("DELAYED", 30, 1)
    let_time_pass(mistral, e.id, "t")
    assert mistral.execution(e.id).state == "FAILED"


def test_waiting_before_and_after(mistral: Mistral) -> None:
    e = mistral.run(body("    t: {action: std.echo output=1, wait-before: 5, wait-after: 7, on-success: u}\n    u: {}\n"
                         .replace("u: {}", "u: {action: std.noop}")))  # fmt: skip
    run = mistral.task(e.id, "t")
    assert (run.state, run.start_delay, run.started_at) == ("DELAYED", 5, None)
    let_time_pass(mistral, e.id, "t")
    run = mistral.task(e.id, "t")
    assert (run.state, run.output.value) == ("DELAYED", {"result": 1})
    assert run.memo is not None
    assert run.memo.value["ended_as"] == "COMPLETED"
    let_time_pass(mistral, e.id, "t")
    assert mistral.tasks(e.id) == {"t": ["COMPLETED"], "u": ["COMPLETED"]}
    assert mistral.execution(e.id).state == "COMPLETED"


def test_what_waits_after_its_end_cannot_be_completed_again(mistral: Mistral) -> None:
    e = mistral.run(body("    t: {action: std.async_noop, wait-after: 7, publish: {r: <% task().result %>}}\n"))
    mistral.complete(e.id, "t", "first")
    mistral.complete(e.id, "t", "second")
    let_time_pass(mistral, e.id, "t")
    assert mistral.execution(e.id).output.value == {"r": "first"}


def test_pausing_before_a_task(mistral: Mistral) -> None:
    e = mistral.run(
        body("""
    t: {action: std.noop, on-success: u}
    u: {action: std.noop, pause-before: true}
""")
    )
    assert e.state == "PAUSED"
    run = mistral.task(e.id, "u")
    assert (run.state, run.reason) == ("WAITING", "Set by 'pause-before' policy")
    operations.resume(e.id, by="a")
    assert mistral.execution(e.id).state == "COMPLETED"
    assert mistral.tasks(e.id)["u"] == ["COMPLETED"]


def test_a_pause_command_holds_back_what_stands_behind_it(mistral: Mistral) -> None:
    e = mistral.run(
        body("""
    t: {action: std.noop, on-success: [pause, u]}
    u: {action: std.noop}
""")
    )
    assert (e.state, set(mistral.tasks(e.id))) == ("PAUSED", {"t"})
    operations.resume(e.id, by="a")
    assert mistral.execution(e.id).state == "COMPLETED"


def test_failing_on_a_condition_and_defaults_of_tasks(mistral: Mistral) -> None:
    e = mistral.run(body("""
    t: {action: std.echo output=4, fail-on: <% task().result < 5 %>}
    h: {action: std.noop}
""", "  task-defaults:\n    on-error: [h]\n"))  # fmt: skip
    assert e.state == "COMPLETED", e.reason
    run = mistral.task(e.id, "t")
    assert (run.state, run.reason, run.output.value) == ("FAILED", "Failed by 'fail-on' policy", {"result": 4})


def test_a_result_that_is_not_kept_is_published_and_forgotten(mistral: Mistral) -> None:
    e = mistral.run(body("""
    t: {action: std.echo output="big", keep-result: false, publish: {r: <% task().result %>}}
""", "  output: {r: <% $.r %>, after: <% task(t).result %>}\n"))  # fmt: skip
    assert e.output.value == {"r": "big", "after": None}


def test_a_list_of_items_is_retried_as_a_whole(mistral: Mistral) -> None:
    e = mistral.run(
        body("""
    t: {with-items: "i in [1, 2]", action: std.async_noop, retry: {count: 1, delay: 0}}
""")
    )
    first = [r for r in mistral.attempts(e.id, "t") if r.path]
    transact.apply(e.id, _failure(first[0].id))
    transact.apply(e.id, _failure(first[1].id))
    again = [r for r in mistral.attempts(e.id, "t") if r.path and not r.ended]
    assert [r.path for r in again] == ["[0]", "[1]"]
    for run in again:
        transact.apply(e.id, _success(run.id, run.path))
    e = mistral.execution(e.id)
    assert e.state == "COMPLETED"
    assert [i["result"] for i in mistral.task(e.id, "t").output.value["items"]] == ["[0]", "[1]"]


def test_a_list_that_times_out_cancels_its_open_items(mistral: Mistral) -> None:
    e = mistral.run(
        body("""
    t: {with-items: "i in [1, 2]", action: std.async_noop, timeout: 3, on-error: noop}
""")
    )
    run = mistral.task(e.id, "t")
    assert run.memo is not None
    TaskRun.objects.filter(id=run.id).update(memo={**run.memo.value, "limit": [0, 3]}, due_at=now())
    transact.apply(e.id, Due(run.id))
    assert mistral.execution(e.id).state == "COMPLETED"
    assert [r.state for r in mistral.attempts(e.id, "t")] == ["TIMED_OUT", "CANCELED", "CANCELED"]


def _failure(run_id: str):  # type: ignore[no-untyped-def]
    from executions.engine.events import Finished, Result

    return Finished(run_id, Result(state=RunState.FAILED, output={"result": "no"}))


def _success(run_id: str, value: object):  # type: ignore[no-untyped-def]
    from executions.engine.events import Finished, Result

    return Finished(run_id, Result(state=RunState.COMPLETED, output={"result": value}))

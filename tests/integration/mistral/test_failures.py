"""How failures are told, and what they leave (contracts/mistral.md, sections 5.5, 5.6, 7.2 and 7.10)."""

from __future__ import annotations

import pytest

from executions import action_executions, operations
from executions.engine.new_execution import InputRefused
from executions.models import Execution
from executions.operations import Illegal
from executions.start_requests import NamedStart, prepared
from executions.states import ExecutionState, RunState
from tests.integration.mistral.conftest import Mistral


def body(tasks: str, head: str = "") -> str:
    return f"version: '2.0'\nw:\n{head}  tasks:\n{tasks}"


def test_a_failure_names_its_task_and_the_action_behind_it(mistral: Mistral) -> None:
    e = mistral.run(body("    t: {action: std.fail, input: {error_data: {code: 7}}}\n"))
    run = mistral.task(e.id, "t")
    assert e.reason == (
        "Failure caused by error in tasks: t\n\n"
        f"  t [task_ex_id={run.id}] -> {{'code': 7}}\n"
        f"    [action_ex_id={run.id}, idx=0]: {{'code': 7}}\n"
    )
    assert e.output.value == {"result": e.reason}


def test_a_failure_after_a_retry_names_the_task_by_its_first_attempt(mistral: Mistral) -> None:
    e = mistral.run(body("    t: {action: std.fail, retry: {count: 1, delay: 0}}\n"))
    first, last = mistral.attempts(e.id, "t")
    assert f"t [task_ex_id={first.id}]" in (e.reason or "")
    assert f"[action_ex_id={last.id}, idx=1]" in (e.reason or "")


def test_a_failed_list_names_the_items_that_have_failed(mistral: Mistral) -> None:
    e = mistral.run(body("    t: {with-items: a in <% $.l %>, action: <% $.a %>}\n", "  input: [l]\n"),
                    {"l": ["std.noop", "std.fail"]})  # fmt: skip
    assert "t [task_ex_id=" in (e.reason or "")
    assert "] -> One or more actions had failed.\n    [action_ex_id=" in (e.reason or "")
    assert "idx=1]: The action raised an exception" in (e.reason or "")
    assert "idx=0" not in (e.reason or "")


def test_a_failed_execution_puts_out_what_was_published_beside_the_reason(mistral: Mistral) -> None:
    e = mistral.run(body("    t: {action: std.fail, publish-on-error: {p: 1}, on-complete: u}\n"
                         "    u: {publish: {q: 2}}\n"))  # fmt: skip
    assert (e.state, e.output.value) == ("FAILED", {"result": e.reason, "q": 2, "p": 1})


def test_output_on_error_may_say_another_result(mistral: Mistral) -> None:
    e = mistral.run(body("    t: {on-success: ['fail(msg=\"it broke\")']}\n", "  output-on-error: {result: mine}\n"))
    assert (e.reason, e.output.value) == ("it broke", {"result": "mine"})


def test_a_canceled_execution_puts_out_its_reason_alone(mistral: Mistral) -> None:
    e = mistral.run(body("    t: {action: std.async_noop}\n", "  output-on-error: {x: 1}\n"))
    operations.stop(e.id, ExecutionState.TERMINATED, by="a", reason="enough")
    assert mistral.execution(e.id).output.value == {"result": "enough"}


@pytest.mark.parametrize("called", ["nope", "needy"])
def test_a_sub_workflow_that_cannot_start_fails_its_task_only(mistral: Mistral, called: str) -> None:
    mistral.define("version: '2.0'\nneedy:\n  input: [a]\n  tasks: {t: {action: std.noop}}\n")
    e = mistral.run(body(f"    t: {{workflow: {called}, on-error: h}}\n    h: {{publish: {{h: 1}}}}\n"))
    assert (e.state, e.output.value) == ("COMPLETED", {"h": 1})
    assert mistral.tasks(e.id) == {"t": ["FAILED"], "h": ["COMPLETED"]}


def test_an_error_behind_an_action_leaves_the_action_done(mistral: Mistral) -> None:
    e = mistral.run(body("    t: {action: std.echo output=1, publish: {p: <% $.nope %>}}\n"))
    assert e.reason == (
        "Failed to handle action completion [error=Can not evaluate YAQL expression [expression=$.nope, "
        "error='nope'], wf=w, task=t, action=std.echo]"
    )
    run = mistral.task(e.id, "t")
    assert run.memo is not None
    assert run.memo.value["did_well"]


def test_what_was_done_before_fail_on_is_published(mistral: Mistral) -> None:
    e = mistral.run(body("    t: {action: std.echo output=4, fail-on: <% true %>, publish: {p: <% task().result %>}, "
                         "publish-on-error: {q: 1}, on-error: h}\n    h: {publish: {r: <% $.p %>}}\n"))  # fmt: skip
    assert e.output.value == {"p": 4, "q": 1, "r": 4}


def test_variables_that_cannot_be_evaluated_refuse_the_start(mistral: Mistral) -> None:
    mistral.define(body("    t: {action: std.noop}\n", "  vars: {v: <% $.nope %>}\n"))
    with pytest.raises(InputRefused, match="nope"):
        mistral.start("w")
    assert not Execution.objects.exists()


def test_retries_are_counted_anew_after_a_rerun(mistral: Mistral) -> None:
    e = mistral.run(body("    t: {action: std.async_noop, retry: {count: 1, delay: 0}}\n"))
    for result in ("first", "second"):
        action_executions.complete(mistral.task(e.id, "t").id, RunState.FAILED, result, by="a")
    assert mistral.execution(e.id).state == "FAILED"
    operations.run_task_again(mistral.task(e.id, "t").id, by="a")
    for result in ("third", "fourth"):
        assert mistral.execution(e.id).state == "RUNNING"
        action_executions.complete(mistral.task(e.id, "t").id, RunState.FAILED, result, by="a")
    assert (mistral.execution(e.id).state, len(mistral.attempts(e.id, "t"))) == ("FAILED", 4)


def test_a_given_null_is_no_missing_input(mistral: Mistral) -> None:
    e = mistral.run(body("    t: {publish: {b: <% $.b %>}}\n", "  input: [{b: 2}]\n"), {"b": None})
    assert e.output.value == {"b": None}


def test_a_text_is_a_list_of_characters_and_an_object_one_of_keys(mistral: Mistral) -> None:
    head = "  input: [l]\n"
    task = "    t: {with-items: i in <% $.l %>, action: std.echo output=<% $.i %>, publish: {r: <% task().result %>}}\n"
    mistral.define(body(task, head))
    for given, result in (("ab", ["a", "b"]), ({"x": 1, "y": 2}, ["x", "y"])):
        assert mistral.execution(mistral.start("w", {"l": given})).output.value == {"r": result}


def test_an_environment_may_refer_to_itself(mistral: Mistral) -> None:
    mistral.define(body("    t: {action: std.noop}\n"))
    env = {"host": "h", "url": "http://<% env().host %>/", "deep": {"x": ["{{ env().host }}"]}}
    found = prepared(NamedStart(name="w", params={"env": env})).settings
    assert found["env"] == {"host": "h", "url": "http://h/", "deep": {"x": ["h"]}}
    assert found["params"]["env"] == found["env"]
    kept = prepared(NamedStart(name="w", params={"env": env, "evaluate_env": False})).settings
    assert kept["env"] == env
    with pytest.raises(Illegal, match="nope"):
        prepared(NamedStart(name="w", params={"env": {"a": "<% env().nope %>"}}))


def test_an_execution_finds_itself_while_it_begins(mistral: Mistral) -> None:
    e = mistral.run(body("    t: {publish: {n: <% executions(id => execution().id).select($.state) %>}}\n"))
    assert e.output.value == {"n": ["RUNNING"]}

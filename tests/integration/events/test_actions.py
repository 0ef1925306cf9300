"""What event handlers do, each once."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from executions import operations
from executions.events import actions, delivery, keeping
from executions.events.models import EventExecution, EventHandler, EventMessage
from executions.models import Execution
from executions.operations import NotFound
from executions.store import executions
from tests.integration.conftest import run_of, state_of
from tests.integration.events.conftest import Listen, Workflow, action, deliver_all, task, tell

pytestmark = pytest.mark.django_db

EVENT = "conductor:sender:x"


@pytest.fixture
def send(workflow: Workflow) -> Callable[..., str]:
    """Starts the workflow whose EVENT task tells its input; gives its id."""

    def start(**payload: Any) -> str:
        inputs = {key: f"${{workflow.input.{key}}}" for key in payload}
        return workflow("sender", tell(inputParameters=inputs), input=payload).id

    return start


Send = Callable[..., str]


def started(name: str) -> list[Any]:
    found = [executions.read(str(i)) for i in Execution.objects.filter(name=name).values_list("id", flat=True)]
    return [row for row in found if row is not None]


def records() -> list[tuple[str, str, str]]:
    return list(EventExecution.objects.order_by("id").values_list("handler", "action", "state"))


def redo(message: EventMessage) -> None:
    """Delivers again what was delivered, as after a crash before that was noted."""
    EventMessage.objects.filter(pk=message.pk).update(due_at=message.created_at)
    delivery.deliver(message.message_id)


def test_start_workflow_gets_the_payload_and_says_where_it_came_from(
    workflow: Workflow, send: Send, listen: Listen
) -> None:
    workflow("target", task("HUMAN", "stay"))
    Execution.objects.all().delete()
    wanted = {"input": {"got": "${value}", "fixed": "yes"}, "correlationId": "${correlationId}", "version": 1}
    listen(EVENT, action("start_workflow", name="${to}", **wanted))
    send(value={"deep": [1]}, to="target")
    deliver_all()
    (row,) = started("target")
    message = EventMessage.objects.get()
    assert row.input.value == {
        "got": {"deep": [1]},
        "fixed": "yes",
        "conductor.event.messageId": message.message_id,
        "conductor.event.name": EVENT,
    }
    assert row.attributes.value["event"] == EVENT
    record = EventExecution.objects.get()
    assert (record.state, record.output) == ("COMPLETED", {"workflowId": row.id})
    redo(message)
    assert len(started("target")) == 1


def test_the_domains_of_the_payload_count_where_the_action_names_none(workflow: Workflow, listen: Listen) -> None:
    workflow("target", task("HUMAN", "stay"))
    Execution.objects.all().delete()
    listen(EVENT, action("start_workflow", name="target"))
    workflow("sender", tell(), settings={"domains": {"*": "blue"}})
    deliver_all()
    assert started("target")[0].settings.value == {"domains": {"*": "blue"}}


@pytest.mark.parametrize(("kind", "state"), [("complete_task", "COMPLETED"), ("fail_task", "FAILED")])
@pytest.mark.parametrize("waiting", ["WAIT", "HUMAN", "SIMPLE"])
def test_a_waiting_task_is_ended_by_its_reference_name(
    workflow: Workflow, send: Send, listen: Listen, kind: str, state: str, waiting: str
) -> None:
    target = workflow("target", task(waiting, "hold", retryCount=0)).id
    output = {"said": "${value}"}
    listen(EVENT, action(kind, workflowId="${target}", taskRefName="hold", output=output))
    send(value="hello", target=target)
    deliver_all()
    run = run_of(target, "hold")
    assert (run.state, run.output.value["said"]) == (state, "hello")
    assert run.output.value["conductor.event.name"] == EVENT
    assert state_of(target) == state


def test_a_task_is_ended_by_its_id_and_fails_with_the_given_reason(
    workflow: Workflow, send: Send, listen: Listen
) -> None:
    target = workflow("target", task("HUMAN", "hold")).id
    listen(EVENT, action("fail_task", taskId="${task}", reasonForIncompletion="because of ${value}"))
    send(value=7, task=run_of(target, "hold").id)
    deliver_all()
    assert run_of(target, "hold").reason == "because of 7"


def test_a_repeated_delivery_does_not_end_the_next_iteration(workflow: Workflow, send: Send, listen: Listen) -> None:
    loop = task(
        "DO_WHILE",
        "loop",
        loopCondition="if ($.loop['iteration'] < 3) { true; } else { false; }",
        loopOver=[task("HUMAN", "hold")],
    )
    target = workflow("target", loop).id
    listen(EVENT, action("complete_task", workflowId="${target}", taskRefName="hold"))
    send(target=target)
    deliver_all()
    assert [r.state for r in _iterations(target)] == ["COMPLETED", "IN_PROGRESS"]
    EventExecution.objects.update(state="IN_PROGRESS")
    redo(EventMessage.objects.get())
    assert [r.state for r in _iterations(target)] == ["COMPLETED", "IN_PROGRESS"]
    assert records() == [("h", "complete_task", "COMPLETED")]


def _iterations(execution_id: str) -> list[Any]:
    from executions.store import runs

    return runs.read(execution_id, "ref = 'hold'")


def test_terminate_workflow_gives_its_reason(workflow: Workflow, send: Send, listen: Listen) -> None:
    target = workflow("target", task("HUMAN", "hold")).id
    listen(EVENT, action("terminate_workflow", workflowId="${target}", terminationReason="told by ${value}"))
    send(target=target, value="a friend")
    deliver_all()
    row = executions.read(target)
    assert row is not None
    assert (row.state, row.reason) == ("TERMINATED", "told by a friend")


def test_variables_are_replaced_or_with_append_array_extended_once(
    workflow: Workflow, send: Send, listen: Listen
) -> None:
    target = workflow("target", task("SET_VARIABLE", "set", inputParameters={"l": [1], "s": "a"}), task("HUMAN", "h"))
    given = {"workflowId": "${target}", "variables": {"l": "${more}", "s": "b", "n": [9]}}
    listen(EVENT, action("update_workflow_variables", **given, appendArray=True))
    listen(EVENT, action("update_workflow_variables", workflowId="${target}", variables={"r": "${more}"}), name="h2")
    send(target=target.id, more=[2, 3])
    deliver_all()
    redo(EventMessage.objects.get())
    row = executions.read(target.id)
    assert row is not None
    assert row.variables.value == {"l": [1, 2, 3], "s": "b", "n": [9], "r": [2, 3]}


def test_appending_and_its_note_are_one_transaction(
    workflow: Workflow, send: Send, listen: Listen, monkeypatch: pytest.MonkeyPatch
) -> None:
    target = workflow("target", task("HUMAN", "h")).id
    listen(
        EVENT,
        action("update_workflow_variables", workflowId="${target}", variables={"l": [1]}, appendArray=True),
    )
    send(target=target)
    operations.set_variables(target, {"l": []}, by="test")
    with monkeypatch.context() as patch:
        patch.setattr(delivery, "_end", _crash)
        with pytest.raises(KeyboardInterrupt):
            deliver_all()
    redo(EventMessage.objects.get())
    row = executions.read(target)
    assert row is not None
    assert row.variables.value == {"l": [1]}


def _crash(*args: Any, **kwargs: Any) -> None:
    raise KeyboardInterrupt


def test_a_crash_between_an_action_and_its_note_starts_nothing_twice(
    workflow: Workflow, send: Send, listen: Listen, monkeypatch: pytest.MonkeyPatch
) -> None:
    workflow("target", task("HUMAN", "stay"))
    Execution.objects.all().delete()
    listen(EVENT, action("start_workflow", name="target"), action("start_workflow", name="target"))
    send()
    with monkeypatch.context() as patch:
        patch.setattr(delivery, "_end", _crash)
        with pytest.raises(KeyboardInterrupt):
            deliver_all()
    assert len(started("target")) == 1
    redo(EventMessage.objects.get())
    assert len(started("target")) == 2
    assert [state for _, _, state in records()] == ["COMPLETED", "COMPLETED"]


def test_a_crash_before_an_action_loses_nothing(
    workflow: Workflow, send: Send, listen: Listen, monkeypatch: pytest.MonkeyPatch
) -> None:
    workflow("target", task("HUMAN", "stay"))
    Execution.objects.all().delete()
    listen(EVENT, action("start_workflow", name="target"))
    send()
    with monkeypatch.context() as patch:
        patch.setitem(actions.ACTIONS, "start_workflow", _crash)
        with pytest.raises(KeyboardInterrupt):
            deliver_all()
    assert started("target") == []
    redo(EventMessage.objects.get())
    assert len(started("target")) == 1


def test_a_condition_that_is_not_met_skips_the_handler_and_one_that_fails_is_on_record(
    send: Send, listen: Listen
) -> None:
    starts = action("start_workflow", name="nowhere")
    listen(EVENT, starts, name="no", condition="$.value > 1000")
    listen(EVENT, starts, name="wrong", condition="nothing.x > 1")
    send(value=5)
    deliver_all()
    assert sorted(records()) == [("no", "start_workflow", "SKIPPED"), ("wrong", "start_workflow", "FAILED")]
    assert "nothing" in (EventExecution.objects.get(handler="wrong").reason or "")


def test_what_one_action_cannot_do_keeps_no_other_from_being_done(
    workflow: Workflow, send: Send, listen: Listen
) -> None:
    workflow("target", task("HUMAN", "stay"))
    Execution.objects.all().delete()
    listen(
        EVENT,
        action("start_workflow", name="nowhere"),
        action("complete_task", workflowId="${workflowInstanceId}", taskRefName="gone"),
        action("complete_task", taskId="no id"),
        action("terminate_workflow", workflowId="${nothing}"),
        action("update_workflow_variables", workflowId="${workflowInstanceId}", variables={"a": 1}),
        action("start_workflow", name="target"),
    )
    send()
    deliver_all()
    states = [state for _, _, state in records()]
    assert states == ["FAILED"] * 5 + ["COMPLETED"]
    reasons = list(EventExecution.objects.order_by("position").values_list("reason", flat=True))
    assert "No such workflow" in (reasons[0] or "")
    assert "has no open task gone" in (reasons[1] or "")
    assert len(started("target")) == 1
    assert EventMessage.objects.get().due_at is None


def test_texts_with_json_are_expanded_where_the_action_says_so(workflow: Workflow, send: Send, listen: Listen) -> None:
    workflow("target", task("HUMAN", "stay"))
    Execution.objects.all().delete()
    wanted = action("start_workflow", name="target", input={"n": "${value.n}"})
    listen(EVENT, {**wanted, "expandInlineJSON": True}, wanted)
    send(value='{"n": 5}')
    deliver_all()
    assert sorted(str(row.input.value["n"]) for row in started("target")) == ["5", "None"]


def test_handlers_that_are_not_active_or_listen_to_something_else_do_nothing(send: Send, listen: Listen) -> None:
    listen(EVENT, action("start_workflow", name="nowhere"), name="off")
    keeping.switch("off", False, by="test")
    listen("conductor:sender:y", action("start_workflow", name="nowhere"), name="other")
    send()
    deliver_all()
    assert records() == []
    assert EventMessage.objects.get().due_at is None


def test_switching_a_handler_says_since_when_it_listens(listen: Listen) -> None:
    listen("redis:orders", action("start_workflow", name="w"))
    first = EventHandler.objects.get().active_since
    keeping.switch("h", True, by="test")
    assert EventHandler.objects.get().active_since == first
    keeping.switch("h", False, by="test")
    assert EventHandler.objects.get().active_since is None
    with pytest.raises(NotFound):
        keeping.switch("nobody", True, by="test")

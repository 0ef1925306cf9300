"""EVENT tasks: what they store, say and cost."""

from __future__ import annotations

from typing import Any

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from executions import operations
from executions.engine.events import Result
from executions.models import EventMessage
from executions.states import RunState
from executions.store import outbox
from tests.integration.conftest import run_of, state_of
from tests.integration.events.conftest import Workflow, task, tell

pytestmark = pytest.mark.django_db


def test_the_payload_is_the_input_and_what_identifies_the_workflow(workflow: Workflow) -> None:
    execution = workflow(
        "w",
        tell("conductor:${workflow.input.to}", inputParameters={"x": "${workflow.input.x}"}),
        input={"to": "there", "x": [1]},
        correlation_id="k",
        settings={"domains": {"*": "d"}},
    )
    assert execution.state == "COMPLETED"
    run = run_of(execution.id, "tell")
    expected: dict[str, Any] = {
        "event_produced": "conductor:w:there",
        "asyncComplete": False,
        "sink": "conductor:there",
        "x": [1],
        "workflowInstanceId": execution.id,
        "workflowType": "w",
        "workflowVersion": 1,
        "correlationId": "k",
        "taskToDomain": {"*": "d"},
    }
    assert run.output.value == expected
    message = EventMessage.objects.get()
    assert (message.event, message.message_id, message.outgoing) == ("conductor:w:there", run.id, False)
    assert message.payload == expected


def test_the_sink_conductor_alone_is_the_tasks_own(workflow: Workflow) -> None:
    workflow("w", tell("conductor"))
    assert EventMessage.objects.get().event == "conductor:w:tell"


@pytest.mark.parametrize(
    ("sink", "reason"),
    [
        ("sqs:q", "Unknown queue type sqs"),
        ("foo", "Unknown queue type foo"),
        (None, "is empty, or no text"),
        ({"a": 1}, "is empty, or no text"),
        ("redis:", "names no queue"),
    ],
)
def test_a_sink_that_leads_nowhere_fails_the_task_and_stores_nothing(
    workflow: Workflow, sink: Any, reason: str
) -> None:
    execution = workflow("w", tell("${workflow.input.sink}"), input={"sink": sink})
    assert execution.state == "FAILED"
    assert reason in (run_of(execution.id, "tell").reason or "")
    assert not EventMessage.objects.exists()


def test_with_async_complete_the_message_goes_and_the_task_waits(workflow: Workflow) -> None:
    execution = workflow("w", tell(asyncComplete=True), task("NOOP", "after"))
    run = run_of(execution.id, "tell")
    assert (run.state, run.output.value["event_produced"]) == ("IN_PROGRESS", "conductor:w:x")
    assert EventMessage.objects.count() == 1
    operations.report(execution.id, run.id, Result(state=RunState.COMPLETED, output={"by": "hand"}, merge=True))
    assert state_of(execution.id) == "COMPLETED"
    assert run_of(execution.id, "tell").output.value["by"] == "hand"
    assert EventMessage.objects.count() == 1


def test_a_transition_that_is_not_committed_tells_nobody(workflow: Workflow, monkeypatch: pytest.MonkeyPatch) -> None:
    add = outbox.add

    def fail(*args: Any) -> None:
        add(*args)
        raise RuntimeError("the power is off")

    execution = workflow("w", task("HUMAN", "wait"), tell())
    with monkeypatch.context() as patch:
        patch.setattr(outbox, "add", fail)
        with pytest.raises(RuntimeError, match="power"):
            operations.complete_by_hand(run_of(execution.id, "wait").id, by="test")
    assert not EventMessage.objects.exists()
    assert run_of(execution.id, "wait").state == "IN_PROGRESS"
    operations.complete_by_hand(run_of(execution.id, "wait").id, by="test")
    assert EventMessage.objects.count() == 1
    assert state_of(execution.id) == "COMPLETED"


def test_three_events_of_one_decision_cost_one_statement(workflow: Workflow) -> None:
    def cost(events: int) -> int:
        with CaptureQueriesContext(connection) as captured:
            workflow(f"w{events}", *(tell(ref=f"t{i}") for i in range(events)), task("NOOP", "end"))
        return sum("executions_eventmessage" in q["sql"] for q in captured.captured_queries)

    assert (cost(0), cost(1), cost(3)) == (0, 1, 1)

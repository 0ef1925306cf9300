"""Letting executions that wait go on: signals, state updates, variables (contracts/conductor.md, sections 1.4, 1.7)."""

from __future__ import annotations

import pytest

from executions.models import Event
from tests.integration.control.flow import Flow, begin, call, fork, ok, register, report, sub, task

pytestmark = pytest.mark.django_db


def waiting(ref: str = "w", **inputs: str) -> dict[str, object]:
    return task(ref, "WAIT", dict(inputs))


def signal(flow: Flow, status: str = "COMPLETED", **output: object) -> None:
    ok("POST", f"tasks/{flow.id}/{status}/signal", output)


# ---- signals


def test_a_signal_completes_the_task_that_the_workflow_waits_in() -> None:
    flow = begin(waiting("w1"), waiting("w2"), task("end"))
    signal(flow, n=1)
    assert (flow.state("w1"), flow.task("w1")["outputData"]) == ("COMPLETED", {"n": 1})
    signal(flow, n=2)
    assert flow.open() == ["end"]
    signal(flow, n=3)
    assert flow.open() == ["end"]


def test_a_signal_may_fail_the_task_and_reaches_one_with_a_timer() -> None:
    flow = begin(waiting(duration="1 hours"), task("end"))
    signal(flow, "FAILED_WITH_TERMINAL_ERROR", why="no")
    assert (flow.status, flow.task("w")["outputData"]["why"]) == ("FAILED", "no")


def test_a_signal_reaches_into_a_child() -> None:
    register(waiting(), name="inner")
    register(sub("s", "inner"), name="middle")
    flow = begin(sub("m", "middle"), task("end"))
    signal(flow, n=1)
    assert flow.child("m").child("s").output == {"n": 1}
    assert flow.open() == ["end"]


def test_a_wrong_signal_is_refused() -> None:
    flow = begin(waiting())
    assert call("POST", f"tasks/{flow.id}/NONSENSE/signal", {}).status == 400
    assert call("POST", "tasks/nowhere/COMPLETED/signal", {}).status == 404
    assert call("POST", f"tasks/{flow.id}/COMPLETED/signal", [1]).status == 400
    assert flow.open() == ["w"]


def test_a_synchronous_signal_answers_where_the_workflow_waits_next() -> None:
    flow = begin(waiting("w1"), waiting("w2"))
    found = ok("POST", f"tasks/{flow.id}/COMPLETED/signal/sync", {"n": 1})
    assert (found["responseType"], found["status"], found["workflowId"]) == ("TARGET_WORKFLOW", "RUNNING", flow.id)
    task_run = ok("POST", f"tasks/{begin_again().id}/COMPLETED/signal/sync", {}, returnStrategy="BLOCKING_TASK")
    assert (task_run["responseType"], task_run["referenceTaskName"]) == ("BLOCKING_TASK", "w2")
    done = ok("POST", f"tasks/{flow.id}/COMPLETED/signal/sync", {"n": 2}, returnStrategy="BLOCKING_WORKFLOW")
    assert (done["status"], done["output"], done["signalTimeout"]) == ("COMPLETED", {"n": 2}, False)
    assert call("POST", f"tasks/{flow.id}/COMPLETED/signal/sync", {}).status == 404


def begin_again() -> Flow:
    return begin(waiting("w1"), waiting("w2"))


def test_a_synchronous_signal_does_not_wait_for_ever() -> None:
    flow = begin(waiting(), task("end"))
    found = ok("POST", f"tasks/{flow.id}/COMPLETED/signal/sync", {}, timeoutMillis="1")
    assert (found["status"], found["signalTimeout"]) == ("RUNNING", True)


# ---- state updates


def update(flow: Flow, body: object, **query: str) -> dict[str, object]:
    found: dict[str, object] = ok("POST", f"workflow/{flow.id}/state", body, waitForSeconds="1", **query)
    return found


def test_a_state_update_sets_variables_completes_a_task_and_answers_what_came_of_it() -> None:
    flow = begin(task("a"), task("b", "INLINE", {"evaluatorType": "graaljs", "expression": "1"}), waiting())
    request = {
        "taskReferenceName": "a",
        "taskResult": {"status": "COMPLETED", "outputData": {"n": 1}},
        "variables": {"v": 2},
    }
    found = update(flow, request, requestId="r", waitUntilTaskRef="a,b")
    assert (found["requestId"], found["variables"], found["status"]) == ("r", {"v": 2}, "RUNNING")
    assert flow.task("a")["outputData"] == {"n": 1}


def test_a_state_update_may_do_only_one_of_both_and_unknown_names_do_no_harm() -> None:
    flow = begin(waiting("w1"), waiting("w2"))
    assert update(flow, {"variables": {"v": 1}})["variables"] == {"v": 1}
    assert update(flow, {"taskReferenceName": "w1", "taskResult": {}}, waitUntilTaskRef="s,i,m")["status"] == "RUNNING"
    assert flow.state("w1") == "COMPLETED"


def test_a_state_update_that_makes_no_sense_is_refused_and_changes_nothing() -> None:
    flow = begin(waiting())
    for body, status in (
        ({"taskReferenceName": "nowhere", "taskResult": {}, "variables": {"n": 1}}, 404),
        ({"taskReferenceName": "w", "taskResult": {"status": "NONSENSE"}, "variables": {"n": 1}}, 400),
        ({"variables": []}, 400),
        ([], 400),
    ):
        answer = flow.do("POST", "state", body)
        assert answer.status == status, answer
    assert (flow.json["variables"], flow.open()) == ({}, ["w"])
    assert call("POST", "workflow/nowhere/state", {}).status == 404


# ---- variables


def test_variables_are_merged_and_the_workflow_is_answered() -> None:
    flow = begin(task("a"), task("b", inputs={"n": "${workflow.variables.n}"}))
    assert ok("POST", f"workflow/{flow.id}/variables", {"n": 1, "m": 1})["variables"] == {"n": 1, "m": 1}
    assert ok("POST", f"workflow/{flow.id}/variables", {"m": None})["variables"] == {"n": 1, "m": None}
    assert ok("POST", f"workflow/{flow.id}/variables", {})["workflowId"] == flow.id
    assert flow.done("a").task("b")["inputData"] == {"n": 1}
    flow.done("b")
    assert flow.do("POST", "variables", {"n": 2}).status == 409
    assert call("POST", "workflow/nowhere/variables", {}).status == 404


# ---- callbacks


def test_tasks_that_workers_have_put_aside_are_offered_at_once() -> None:
    flow = begin(*fork("f", [task("a")], [task("b")]))
    later = {"workflowInstanceId": flow.id, "status": "IN_PROGRESS", "callbackAfterSeconds": 3600}
    call("POST", "tasks", {**later, "taskId": flow.task("a")["taskId"], "outputData": {"half": 1}})
    assert flow.task("a")["callbackAfterSeconds"] == 3600
    assert call("GET", "tasks/poll/a").status == 204
    assert flow.do("POST", "resetcallbacks").status == 204
    found = ok("GET", "tasks/poll/a")
    assert (found["referenceTaskName"], found["outputData"]) == ("a", {"half": 1})
    assert flow.done("a", "b").status == "COMPLETED"
    assert flow.do("POST", "resetcallbacks").status == 409
    assert call("POST", "workflow/nowhere/resetcallbacks").status == 404


# ---- pause


def test_a_paused_execution_finishes_what_runs_and_schedules_nothing() -> None:
    flow = begin(task("a"), task("b"))
    assert [flow.do("PUT", "pause").status for _ in range(2)] == [200, 200]
    flow.done("a")
    assert (flow.status, flow.story()) == ("PAUSED", ["a COMPLETED"])
    assert flow.do("PUT", "resume").status == 200
    assert flow.open() == ["b"]
    assert flow.do("PUT", "resume").status == 409
    flow.done("b")
    assert [flow.do("PUT", what).status for what in ("pause", "resume")] == [409, 409]


def test_a_late_result_is_taken_without_a_word_and_changes_nothing() -> None:
    flow = begin(task("a"))
    task_id = flow.task("a")["taskId"]
    flow.terminate(reason="enough")
    assert report(flow.id, task_id, {"late": 1}).status == 200
    assert (flow.status, flow.state("a"), flow.task("a")["outputData"]) == ("TERMINATED", "CANCELED", {})


def test_everything_leaves_its_line_in_the_audit() -> None:
    flow = begin(task("a"), task("b"), task("c"))
    for verb, what in (("PUT", "pause"), ("PUT", "resume"), ("PUT", "skiptask/c"), ("POST", "jump/b"),
                       ("POST", "variables"), ("POST", "resetcallbacks")):  # fmt: skip
        assert flow.do(verb, what).status in (200, 204)
    flow.terminate(reason="why")
    flow.do("POST", "retry")
    flow.terminate()
    flow.do("POST", "restart")
    flow.terminate()
    flow.rerun("a")
    flow.terminate()
    flow.do("DELETE", "remove")
    actions = list(Event.objects.filter(execution_id=flow.id).order_by("id").values_list("action", "reason"))
    expected = ["pause", "resume", "skip task", "jump", "set variables", "reset callbacks", "terminate", "retry",
                "terminate", "restart", "terminate", "rerun", "terminate", "archive"]  # fmt: skip
    assert [action for action, _ in actions] == expected
    assert actions[6] == ("terminate", "why")

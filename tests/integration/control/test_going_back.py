"""Retry and restart, with parents, children and versions (contracts/conductor.md, section 3.5)."""

from __future__ import annotations

import pytest

from tests.integration.control.flow import Flow, begin, call, fork, loop, register, sub, switch, task

pytestmark = pytest.mark.django_db


def failed_family() -> tuple[Flow, Flow, Flow]:
    """A grandparent, a parent and a child that has failed in its second task, and with it all of them."""
    register(task("x"), task("y"), name="child")
    register(sub("c", "child"), task("after"), name="parent")
    top = begin(*fork("f", [sub("p", "parent")], [task("beside")]), task("end"), name="top")
    parent = top.child("p")
    child = parent.child("c")
    child.done("x").fail("y", "no disk")
    assert [f.status for f in (top, parent, child)] == ["FAILED"] * 3
    return top, parent, child


# ---- retry


def test_retry_gives_what_failed_another_attempt_at_once() -> None:
    flow = begin(task("a"), task("b", inputs={"n": "${workflow.variables.n}"})).done("a").fail("b")
    first = flow.task("b")
    assert flow.do("POST", "retry").status == 204
    second = flow.task("b")
    assert (flow.status, flow.json.get("reasonForIncompletion"), flow.json["endTime"]) == ("RUNNING", None, 0)
    assert flow.story() == ["a COMPLETED", "b FAILED_WITH_TERMINAL_ERROR", "b SCHEDULED"]
    assert (second["retryCount"], second["retriedTaskId"]) == (1, first["taskId"])
    assert [t["retried"] for t in flow.all("b")] == [True, False]
    assert flow.done("b").status == "COMPLETED"


def test_retry_runs_again_what_the_failure_has_canceled() -> None:
    flow = begin(*fork("f", [task("a")], [task("b")]), task("end")).fail("a")
    flow.do("POST", "retry")
    assert sorted(flow.open()) == ["a", "b", "f_join"]
    flow.done("a", "b", "end")
    assert flow.status == "COMPLETED"


def test_retry_goes_on_in_the_iteration_that_failed() -> None:
    flow = begin(loop("l", task("a"), task("b"), times=2), task("end")).done("a__1", "b__1", "a__2").fail("b__2")
    flow.do("POST", "retry")
    assert sorted(flow.open()) == ["b__2", "l"]
    assert flow.done("b__2", "end").status == "COMPLETED"


def test_retry_of_a_terminated_execution_goes_on() -> None:
    flow = begin(task("a"), task("b")).done("a")
    flow.terminate(reason="enough")
    flow.do("POST", "retry")
    assert flow.open() == ["b"]
    assert flow.done("b").status == "COMPLETED"


def test_retry_is_refused_where_there_is_nothing_to_retry() -> None:
    flow = begin(task("a"))
    running = flow.do("POST", "retry")
    assert (running.status, running.message) == (404, "Workflow is still running.  status=RUNNING")
    flow.done("a")
    nothing = flow.do("POST", "retry")
    assert (nothing.status, nothing.message.startswith("There are no retryable tasks!")) == (409, True)
    assert call("POST", "workflow/nowhere/retry").status == 404


def test_retry_of_a_parent_starts_a_new_child() -> None:
    top, parent, _ = failed_family()
    top.do("POST", "retry")
    fresh = top.child("p")
    assert fresh.id != parent.id
    assert sorted(top.open()) == ["beside", "f_join", "p"]
    fresh.child("c").done("x", "y")
    fresh.done("after")
    top.done("beside", "end")
    assert (top.status, parent.status) == ("COMPLETED", "FAILED")


def test_retry_goes_on_inside_the_children_if_it_is_told_to() -> None:
    top, parent, child = failed_family()
    assert top.do("POST", "retry", resumeSubworkflowTasks="true").status == 204
    assert [f.status for f in (top, parent, child)] == ["RUNNING"] * 3
    assert (top.child("p").id, parent.child("c").id) == (parent.id, child.id)
    assert child.open() == ["y"]
    assert sorted(top.open()) == ["beside", "f_join", "p"]
    child.done("y")
    parent.done("after")
    top.done("beside", "end")
    assert top.status == "COMPLETED"


def test_retry_of_a_child_revives_its_ancestors() -> None:
    top, parent, child = failed_family()
    child.do("POST", "retry")
    assert [f.status for f in (top, parent, child)] == ["RUNNING"] * 3
    child.done("y")
    parent.done("after")
    top.done("beside", "end")
    assert top.status == "COMPLETED"


def test_a_parent_that_tolerates_the_failure_does_not_come_back() -> None:
    register(task("x"), name="child")
    flow = begin(sub("s", "child", optional=True), task("end"), name="top")
    child = flow.child("s").fail("x")
    assert flow.done("end").status == "COMPLETED"
    child.do("POST", "retry")
    assert (child.status, flow.status, flow.state("s")) == ("RUNNING", "COMPLETED", "COMPLETED_WITH_ERRORS")
    child.done("x")
    assert flow.status == "COMPLETED"


# ---- restart


def test_restart_begins_anew_with_the_same_id_and_input() -> None:
    flow = begin(task("a", inputs={"n": "${workflow.input.n}"}), task("b"), input={"n": 1}).done("a", "b")
    old = flow.task("a")["taskId"]
    assert flow.do("POST", "restart").status == 204
    assert (flow.status, flow.story(), flow.output) == ("RUNNING", ["a SCHEDULED"], {})
    assert flow.task("a")["taskId"] != old
    assert flow.task("a")["inputData"] == {"n": 1}
    assert flow.done("a", "b").status == "COMPLETED"


def test_restart_is_refused_while_it_runs_and_where_the_definition_forbids_it() -> None:
    flow = begin(task("a"), restartable=False)
    assert flow.do("POST", "restart").status == 409
    flow.done("a")
    refused = flow.do("POST", "restart")
    assert (refused.status, refused.message) == (404, f"Workflow: {flow.id} is non-restartable")
    broken = begin(task("a"), restartable=False).fail("a")
    assert broken.do("POST", "restart").status == 204
    assert call("POST", "workflow/nowhere/restart").status == 404


def test_restart_with_the_latest_definition() -> None:
    flow = begin(task("a")).done("a")
    register(task("b"), version=2)
    flow.do("POST", "restart")
    assert (flow.open(), flow.json["workflowVersion"]) == (["a"], 1)
    flow.done("a").do("POST", "restart", useLatestDefinitions="true")
    assert (flow.open(), flow.json["workflowVersion"]) == (["b"], 2)
    assert flow.done("b").status == "COMPLETED"


def test_restart_with_the_latest_definition_needs_one() -> None:
    inline = {"name": "inline", "workflowDef": {"name": "inline", "version": 1, "tasks": [task("a")]}}
    flow = Flow(call("POST", "workflow", inline).body).done("a")
    assert flow.do("POST", "restart", useLatestDefinitions="true").status == 404
    assert flow.do("POST", "restart").status == 204
    assert flow.done("a").status == "COMPLETED"


def test_restart_sets_the_variables_back() -> None:
    flow = begin(task("set", "SET_VARIABLE", {"n": 1}), task("a")).done("a")
    flow.do("POST", "restart")
    assert flow.json["variables"] == {"n": 1}
    assert flow.done("a").status == "COMPLETED"


def test_restart_of_a_child_revives_its_parents() -> None:
    top, parent, child = failed_family()
    child.do("POST", "restart")
    assert [f.status for f in (top, parent, child)] == ["RUNNING"] * 3
    assert child.story() == ["x SCHEDULED"]
    child.done("x", "y")
    parent.done("after")
    top.done("beside", "end")
    assert top.status == "COMPLETED"


def test_restart_ends_no_child_of_the_run_before_and_starts_others() -> None:
    top, parent, child = failed_family()
    top.do("POST", "restart")
    assert top.child("p").id != parent.id
    top.child("p").child("c").done("x", "y")
    top.child("p").done("after")
    top.done("beside", "end")
    assert (top.status, parent.status, child.status) == ("COMPLETED", "FAILED", "FAILED")


def test_a_workflow_that_ends_at_once_can_end_otherwise_when_it_is_restarted() -> None:
    flow = begin(switch("s", "x", x=[task("t", "TERMINATE", {"terminationStatus": "FAILED"})]))
    assert flow.status == "FAILED"
    register(task("n", "NOOP"), version=2)
    assert flow.do("POST", "restart", useLatestDefinitions="true").status == 204
    assert (flow.status, flow.story()) == ("COMPLETED", ["n COMPLETED"])

"""Rerun from any kind of task (contracts/conductor.md, section 3.5)."""

from __future__ import annotations

from typing import Any

import pytest

from executions.models import TaskRun
from executions.sweeps import delays
from tests.integration.control.flow import (
    BROKEN,
    Flow,
    begin,
    call,
    dynamic_fork,
    fork,
    loop,
    register,
    report,
    sub,
    switch,
    task,
)

pytestmark = pytest.mark.django_db


def three(**fields: Any) -> Flow:
    """a, b, c, all of them done."""
    flow = begin(
        task("a"),
        task("b", inputs={"x": "${workflow.input.x}", "a": "${a.output.by}"}),
        task("c", inputs={"b": "${b.output.by}"}),
        input={"x": 1},
        **fields,
    ).done("a", "b", "c")
    assert flow.status == "COMPLETED"
    return flow


def test_rerun_begins_the_task_in_its_own_row_and_drops_what_came_after_it() -> None:
    flow = three()
    before = {ref: flow.task(ref)["taskId"] for ref in "abc"}
    assert flow.rerun("b").body == flow.id
    assert flow.story() == ["a COMPLETED", "b SCHEDULED"]
    assert (flow.status, flow.output, flow.json.get("endTime")) == ("RUNNING", {}, 0)
    assert flow.task("b")["taskId"] == before["b"]
    assert flow.task("b")["inputData"] == {"x": 1, "a": "a"}
    assert flow.task("b")["outputData"] == {}
    assert flow.task("b")["pollCount"] == 0
    flow.done("b", output={"by": "again"})
    assert flow.task("c")["taskId"] != before["c"]
    assert flow.task("c")["inputData"] == {"b": "again"}
    flow.done("c")
    assert flow.story() == ["a COMPLETED", "b COMPLETED", "c COMPLETED"]
    assert (flow.status, flow.output) == ("COMPLETED", {"by": "c"})


def test_a_new_input_replaces_the_old_one_as_it_is() -> None:
    flow = three()
    flow.rerun("b", taskInput={"x": "${a.output.by}"}, workflowInput={"y": 2}, correlationId="new")
    assert flow.task("b")["inputData"] == {"x": "${a.output.by}"}
    assert (flow.json["input"], flow.json["correlationId"]) == ({"y": 2}, "new")


def test_rerun_from_the_start_drops_everything_and_keeps_what_is_not_given() -> None:
    flow = three()
    old = flow.task("a")["taskId"]
    created = flow.json["createTime"]
    assert flow.rerun(workflowInput={"x": 2}).body == flow.id
    assert flow.story() == ["a SCHEDULED"]
    assert flow.task("a")["taskId"] != old
    assert (flow.json["input"], flow.status) == ({"x": 2}, "RUNNING")
    assert flow.json["createTime"] >= created
    flow.done("a", "b", "c")
    assert flow.status == "COMPLETED"


def test_rerun_is_refused_where_it_makes_no_sense() -> None:
    running = begin(task("a"))
    assert running.rerun("a").status == 409
    assert running.rerun().status == 409
    done = three()
    for unknown in ("nonsense", "0" * 8 + "-0000-4000-8000-" + "0" * 12, running.task("a")["taskId"]):
        refused = done.rerun(reRunFromTaskId=unknown)
        assert (refused.status, refused.message) == (400, f"Task {unknown} not found")
    assert done.status == "COMPLETED"
    assert call("POST", "workflow/nowhere/rerun", {}).status == 404


def test_a_late_result_of_a_task_that_is_gone_finds_nothing() -> None:
    flow = three()
    gone = flow.task("c")["taskId"]
    flow.rerun("b")
    assert report(flow.id, gone, {"late": True}).status == 404
    assert flow.story() == ["a COMPLETED", "b SCHEDULED"]
    flow.done("b")
    assert report(flow.id, gone, {"late": True}).status == 404
    assert flow.state("c") == "SCHEDULED"


def test_rerun_from_a_failed_task_clears_the_failure() -> None:
    flow = begin(task("a"), task("b")).done("a").fail("b", "no disk")
    assert (flow.status, flow.json["failedReferenceTaskNames"]) == ("FAILED", ["b"])
    flow.rerun("b")
    assert flow.json.get("reasonForIncompletion") is None
    assert flow.json.get("failedReferenceTaskNames") == []
    assert flow.task("b").get("reasonForIncompletion") is None
    assert flow.done("b").status == "COMPLETED"


def test_rerun_from_an_earlier_attempt_drops_the_later_ones() -> None:
    flow = begin(task("a", retryCount=2), task("b"))
    flow.done("a", status="FAILED")
    first = flow.all("a")[0]["taskId"]
    begin_second(flow)
    assert [t.get("retriedTaskId") for t in flow.all("a")] == [None, first]
    flow.done("a", "b")
    assert [t["status"] for t in flow.all("a")] == ["FAILED", "COMPLETED"]
    flow.rerun(reRunFromTaskId=first, taskInput={"n": 1})
    assert [(t["taskId"], t["status"], t["retryCount"]) for t in flow.all("a")] == [(first, "SCHEDULED", 0)]
    flow.done("a", status="FAILED")
    assert [t["retryCount"] for t in flow.all("a")] == [0, 1]
    assert [t.get("retriedTaskId") for t in flow.all("a")] == [None, first]
    begin_second(flow)
    assert flow.done("a", "b").status == "COMPLETED"


def begin_second(flow: Flow) -> None:
    """The delay before the second attempt is over."""
    TaskRun.objects.filter(execution_id=flow.id, state="DELAYED").update(due_at="2020-01-01T00:00:00Z")
    delays.run_once()


# ---- forks


def test_in_a_fork_the_other_branch_stays_and_the_join_waits_again() -> None:
    flow = begin(*fork("f", [task("a1"), task("a2")], [task("b1")]), task("end"))
    flow.done("b1", "a1", "a2", "end")
    joined = flow.task("f_join")["taskId"]
    flow.rerun("a1")
    assert sorted(flow.story()) == ["a1 SCHEDULED", "b1 COMPLETED", "f COMPLETED", "f_join IN_PROGRESS"]
    assert flow.task("f_join")["taskId"] == joined
    flow.done("a1")
    assert flow.state("f_join") == "IN_PROGRESS"
    flow.done("a2", output={"n": 2})
    assert flow.task("f_join")["outputData"] == {"a2": {"n": 2}, "b1": {"by": "b1"}}
    assert flow.done("end").status == "COMPLETED"


def test_in_a_fork_that_failed_what_was_canceled_beside_the_task_runs_again() -> None:
    flow = begin(*fork("f", [task("a")], [task("b")], [task("c")]), task("end")).done("c").fail("a")
    assert (flow.state("b"), flow.state("f_join"), flow.status) == ("CANCELED", "CANCELED", "FAILED")
    flow.rerun("a")
    assert sorted(flow.story()) == ["a SCHEDULED", "b SCHEDULED", "c COMPLETED", "f COMPLETED", "f_join IN_PROGRESS"]
    flow.done("b", "a")
    assert flow.state("f_join") == "COMPLETED"
    assert flow.done("end").status == "COMPLETED"


def test_rerun_from_a_fork_runs_every_branch_again() -> None:
    flow = begin(task("first"), *fork("f", [task("a")], [task("b")]), task("end")).done("first", "a", "b", "end")
    assert flow.rerun("f").status == 200
    assert flow.story()[0] == "first COMPLETED"
    assert sorted(flow.story()[1:]) == ["a SCHEDULED", "b SCHEDULED", "f COMPLETED", "f_join IN_PROGRESS"]
    flow.done("a", "b", "end")
    assert flow.status == "COMPLETED"


def test_rerun_from_a_join_joins_what_is_there() -> None:
    flow = begin(*fork("f", [task("a")], [task("b")]), task("end")).done("a", "b", "end")
    flow.rerun("f_join")
    assert flow.state("f_join") == "COMPLETED"
    assert flow.task("f_join")["outputData"] == {"a": {"by": "a"}, "b": {"by": "b"}}
    assert flow.open() == ["end"]
    assert flow.done("end").status == "COMPLETED"


def test_rerun_from_a_dynamic_fork_makes_the_branches_of_its_new_input() -> None:
    flow = begin(*dynamic_fork("f"), task("end"), input={"f": [task("a"), task("b")]}).done("a", "b", "end")
    assert flow.status == "COMPLETED"
    given = flow.task("f")["inputData"]
    flow.rerun("f")
    assert sorted(flow.open()) == ["a", "b", "f_join"]
    flow.done("a", "b", "end")
    flow.rerun("f", taskInput={**given, "tasks": [task("c")]})
    assert sorted(flow.open()) == ["c", "f_join"]
    flow.done("c", "end")
    assert flow.status == "COMPLETED"
    assert flow.task("f_join")["outputData"] == {"c": {"by": "c"}}


def test_in_a_dynamic_fork_one_branch_runs_again() -> None:
    flow = begin(*dynamic_fork("f"), task("end"), input={"f": [task("a"), task("b")]}).done("a", "b", "end")
    flow.rerun("a")
    assert sorted(flow.story()) == ["a SCHEDULED", "b COMPLETED", "f COMPLETED", "f_join IN_PROGRESS"]
    flow.done("a", output={"n": 7})
    assert flow.task("f_join")["outputData"] == {"a": {"n": 7}, "b": {"by": "b"}}
    assert flow.done("end").status == "COMPLETED"


def test_a_fork_in_a_branch_of_a_fork_runs_again_alone() -> None:
    flow = begin(*fork("f", [*fork("g", [task("a")], [task("b")])], [task("c")]), task("end"))
    flow.done("a", "b", "c", "end")
    assert flow.status == "COMPLETED"
    flow.rerun("a")
    assert sorted(flow.open()) == ["a", "f_join", "g_join"]
    flow.done("a")
    assert flow.open() == ["end"]


# ---- choices


def test_rerun_from_a_switch_decides_anew() -> None:
    flow = begin(
        switch("s", "${workflow.input.way}", left=[task("l")], otherwise=[task("r")]),
        task("end"),
        input={"way": "left"},
    ).done("l", "end")
    flow.rerun("s", taskInput={"v": "right"})
    assert flow.story() == ["s COMPLETED", "r SCHEDULED"]
    assert flow.done("r", "end").status == "COMPLETED"


def test_rerun_from_a_task_of_a_case_goes_on_behind_the_switch() -> None:
    flow = begin(switch("s", "x", x=[task("a"), task("b")]), task("end")).done("a", "b", "end")
    flow.rerun("a")
    assert flow.story() == ["s COMPLETED", "a SCHEDULED"]
    assert flow.done("a", "b", "end").status == "COMPLETED"


# ---- loops


def test_rerun_from_a_loop_begins_with_its_first_iteration() -> None:
    flow = begin(loop("l", task("a"), times=2), task("end")).done("a__1", "a__2", "end")
    assert flow.status == "COMPLETED"
    flow.rerun("l")
    assert flow.story() == ["l IN_PROGRESS", "a__1 SCHEDULED"]
    flow.done("a__1", "a__2", "end")
    assert (flow.status, flow.task("l")["iteration"]) == ("COMPLETED", 2)


def test_rerun_in_an_iteration_drops_the_later_ones_and_the_loop_goes_on() -> None:
    flow = begin(loop("l", task("a"), task("b")), task("end"))
    flow.done("a__1", "b__1", "a__2", "b__2", "a__3", "b__3", "end")
    assert flow.status == "COMPLETED"
    flow.rerun("a__2")
    assert flow.story() == ["l IN_PROGRESS", "a__1 COMPLETED", "b__1 COMPLETED", "a__2 SCHEDULED"]
    assert flow.task("l")["iteration"] == 2
    flow.done("a__2", output={"n": 22})
    flow.done("b__2", "a__3", "b__3", "end")
    assert flow.status == "COMPLETED"
    assert flow.task("l")["outputData"]["2"] == {"a": {"n": 22}, "b": {"by": "b__2"}}
    assert sorted(flow.task("l")["outputData"]) == ["1", "2", "3", "iteration"]


def test_rerun_in_a_loop_within_a_loop() -> None:
    flow = begin(loop("outer", loop("inner", task("a"), times=2), times=2), task("end"))
    for _ in range(4):
        flow.done(next(ref for ref in flow.open() if ref.startswith("a__")))
    flow.done("end")
    assert flow.status == "COMPLETED"
    before = flow.story()
    first = next(t for t in flow.tasks if t["referenceTaskName"].startswith("a__"))
    flow.rerun(reRunFromTaskId=first["taskId"])
    assert flow.state(first["referenceTaskName"]) == "SCHEDULED"
    assert len(flow.open()) == 3
    for _ in range(4):
        flow.done(next(ref for ref in flow.open() if ref.startswith("a__")))
    flow.done("end")
    assert (flow.status, flow.story()) == ("COMPLETED", before)


def test_rerun_in_a_fork_within_a_loop() -> None:
    flow = begin(loop("l", *fork("f", [task("a")], [task("b")]), times=2), task("end"))
    flow.done("a__1", "b__1", "a__2", "b__2", "end")
    flow.rerun("b__1")
    assert sorted(flow.open()) == ["b__1", "f_join__1", "l"]
    flow.done("b__1", "a__2", "b__2", "end")
    assert flow.status == "COMPLETED"


# ---- sub-workflows


@pytest.fixture
def family() -> Flow:
    """A grandparent, a parent and a child, all of them done."""
    register(task("x"), task("y"), name="child")
    register(sub("c", "child", {"n": 1}), task("after"), name="parent")
    flow = begin(sub("p", "parent"), task("end"), name="top")
    child = flow.child("p").child("c")
    child.done("x", "y")
    flow.child("p").done("after")
    flow.done("end")
    assert flow.status == "COMPLETED"
    return flow


def test_rerun_from_a_sub_workflow_starts_a_fresh_child(family: Flow) -> None:
    old = family.child("p").id
    family.rerun("p")
    fresh = family.child("p")
    assert fresh.id != old
    assert family.story() == ["p IN_PROGRESS"]
    fresh.child("c").done("x", "y")
    fresh.done("after")
    assert family.done("end").status == "COMPLETED"
    assert Flow(old).status == "COMPLETED"


def test_rerun_from_a_task_inside_a_child_revives_its_ancestors(family: Flow) -> None:
    parent = family.child("p")
    child = parent.child("c")
    answer = family.rerun(reRunFromTaskId=child.task("y")["taskId"])
    assert answer.status == 200
    assert [f.status for f in (family, parent, child)] == ["RUNNING"] * 3
    assert child.story() == ["x COMPLETED", "y SCHEDULED"]
    assert family.child("p").id == parent.id
    child.done("y")
    parent.done("after")
    assert family.done("end").status == "COMPLETED"


def test_what_a_parent_has_done_behind_its_child_stays(family: Flow) -> None:
    """Only the task of the child is open again; when it ends, the parent has nothing left to do."""
    parent = family.child("p")
    child = parent.child("c")
    child.rerun("x")
    assert parent.open() == ["c"]
    assert family.open() == ["p"]
    child.done("x", "y")
    assert parent.story() == ["c COMPLETED", "after COMPLETED"]
    assert [f.status for f in (child, parent, family)] == ["COMPLETED"] * 3


def test_a_failed_child_runs_again_and_so_does_what_was_canceled_beside_it() -> None:
    register(task("x"), name="child")
    flow = begin(*fork("f", [sub("c", "child")], [task("b")]), task("end"), name="top")
    flow.child("c").fail("x")
    assert (flow.status, flow.state("b")) == ("FAILED", "CANCELED")
    flow.rerun(reRunFromTaskId=flow.child("c").task("x")["taskId"])
    assert (flow.status, flow.state("c"), flow.state("f_join")) == ("RUNNING", "IN_PROGRESS", "IN_PROGRESS")
    flow.child("c").done("x")
    flow.done("b", "end")
    assert flow.status == "COMPLETED"


def test_children_that_the_way_back_has_cut_off_are_ended() -> None:
    register(task("x"), name="child")
    flow = begin(task("a"), *fork("f", [sub("c", "child")], [task("b")])).done("a")
    child = flow.child("c")
    flow.terminate()
    assert child.status == "TERMINATED"
    flow.rerun("a")
    assert flow.story() == ["a SCHEDULED"]
    flow.done("a")
    assert flow.child("c").id != child.id
    assert flow.child("c").status == "RUNNING"
    assert child.status == "TERMINATED"
    flow.child("c").done("x")
    assert flow.done("b").status == "COMPLETED"


# ---- waiting


def test_rerun_from_a_wait_begins_its_time_anew() -> None:
    flow = begin(task("w", "WAIT", {"duration": "1 hours"}), task("end")).done("w", "end")
    first = flow.task("w")["taskId"]
    flow.rerun("w")
    assert flow.story() == ["w IN_PROGRESS"]
    assert flow.task("w")["taskId"] == first
    assert flow.task("w").get("callbackAfterSeconds", 0) >= 0
    assert flow.done("w", "end").status == "COMPLETED"


def test_a_task_that_broke_can_be_rerun_again_and_again() -> None:
    flow = begin(task("a"), task("b"))
    for _ in range(3):
        flow.done("a").done("b", status=BROKEN)
        assert flow.status == "FAILED"
        flow.rerun("a")
        assert flow.story() == ["a SCHEDULED"]
    assert flow.done("a", "b").status == "COMPLETED"


def test_a_switch_that_breaks_when_it_is_rerun_fails_the_execution() -> None:
    """It ends in the decision that has begun it again."""
    choice = task(
        "s",
        "SWITCH",
        {"n": "${workflow.input.n}"},
        evaluatorType="javascript",
        expression="$.n.length > 1 ? 'a' : 'b'",
        decisionCases={"a": [task("t")]},
    )
    flow = begin(choice, input={"n": "long"}).done("t")
    assert flow.status == "COMPLETED"
    assert flow.rerun("s", taskInput={"n": None}).status == 200
    assert (flow.status, flow.story()) == ("FAILED", ["s FAILED"])


def test_what_is_rerun_may_end_at_once() -> None:
    flow = begin(task("a"), switch("s", "${workflow.input.way}", left=[task("l")])).done("a")
    assert flow.status == "COMPLETED"
    flow.rerun("s")
    assert (flow.status, flow.story()) == ("COMPLETED", ["a COMPLETED", "s COMPLETED"])
    other = begin(task("x", "TERMINATE", {"terminationStatus": "FAILED"}), name="ends")
    assert other.status == "FAILED"
    other.rerun("x", taskInput={"terminationStatus": "COMPLETED", "workflowOutput": {"n": 1}})
    assert (other.status, other.output) == ("COMPLETED", {"n": 1})


def test_rerun_inside_the_child_of_a_dynamic_branch_reaches_the_join() -> None:
    register(task("x"), name="child")
    flow = begin(*dynamic_fork("f"), task("end"), input={"f": [sub("c", "child"), task("b")]}).done("b")
    flow.child("c").done("x")
    assert flow.done("end").status == "COMPLETED"
    flow.rerun("c")
    assert sorted(flow.open()) == ["c", "f_join"]
    flow.child("c").done("x")
    assert flow.open() == ["end"]

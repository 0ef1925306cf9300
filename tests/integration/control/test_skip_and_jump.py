"""Skipping tasks ahead, and jumping to them (contracts/conductor.md, sections 1.4 and 3.5)."""

from __future__ import annotations

import pytest

from executions.sweeps import timers
from tests.integration.control.flow import Flow, begin, call, fork, loop, ok, register, report, sub, switch, task

pytestmark = pytest.mark.django_db


# ---- skipping


def skip(flow: Flow, ref: str, **request: object) -> None:
    ok("PUT", f"workflow/{flow.id}/skiptask/{ref}", request)


def test_the_flow_steps_over_a_skipped_task_and_reads_its_output() -> None:
    flow = begin(task("a"), task("b"), task("c", inputs={"n": "${b.output.n}"}))
    skip(flow, "b", taskInput={"i": 1}, taskOutput={"n": 7})
    assert flow.story() == ["a SCHEDULED", "b SKIPPED"]
    assert (flow.task("b")["inputData"], flow.task("b")["outputData"]) == ({"i": 1}, {"n": 7})
    flow.done("a")
    assert flow.task("c")["inputData"] == {"n": 7}
    assert flow.done("c").status == "COMPLETED"


def test_the_last_task_can_be_skipped_and_several_in_a_row() -> None:
    flow = begin(task("a"), task("b"), task("c"))
    skip(flow, "c")
    skip(flow, "b")
    assert flow.done("a").status == "COMPLETED"
    assert sorted(flow.story()) == ["a COMPLETED", "b SKIPPED", "c SKIPPED"]


def test_the_first_task_of_a_case_can_be_skipped() -> None:
    flow = begin(task("a"), switch("s", "x", x=[task("b"), task("c")]), task("end"))
    skip(flow, "b")
    assert flow.done("a").open() == ["c"]
    assert flow.done("c", "end").status == "COMPLETED"


def test_a_skipped_branch_counts_for_its_join() -> None:
    flow = begin(task("a"), *fork("f", [task("b")], [task("c")]), task("end"))
    skip(flow, "b", taskOutput={"n": 1})
    flow.done("a")
    assert sorted(flow.open()) == ["c", "f_join"]
    flow.done("c")
    assert flow.state("f_join") == "COMPLETED"
    assert flow.task("f_join")["outputData"] == {"b": {"n": 1}, "c": {"by": "c"}}
    assert flow.done("end").status == "COMPLETED"


def test_whole_loops_forks_and_sub_workflows_can_be_skipped() -> None:
    register(task("x"), name="child")
    flow = begin(task("a"), loop("l", task("b")), sub("s", "child"), *fork("f", [task("c")], [task("d")]), task("end"))
    skip(flow, "l")
    skip(flow, "s")
    flow.done("a")
    assert sorted(flow.open()) == ["c", "d", "f_join"]
    flow.done("c", "d", "end")
    assert flow.status == "COMPLETED"


def test_a_skipped_join_does_not_wait() -> None:
    flow = begin(task("a"), *fork("f", [task("b")], [task("c")]), task("end"))
    skip(flow, "f_join", taskOutput={"n": 1})
    flow.done("a")
    assert sorted(flow.open()) == ["b", "c", "end"]
    flow.done("end", "b", "c")
    assert flow.status == "COMPLETED"


def test_what_cannot_be_skipped_is_refused() -> None:
    flow = begin(task("a"), loop("l", task("b")))
    for ref, status in (("nowhere", 400), ("a", 409), ("b", 400)):
        refused = flow.do("PUT", f"skiptask/{ref}")
        assert refused.status == status, refused
        assert ref in refused.message
    skip(flow, "l")
    assert flow.do("PUT", "skiptask/l").status == 409
    flow.done("a")
    assert flow.status == "COMPLETED"
    assert flow.do("PUT", "skiptask/a").status == 409
    assert call("PUT", "workflow/nowhere/skiptask/a").status == 404


def test_the_request_may_come_as_the_sdk_for_python_spells_it() -> None:
    flow = begin(task("a"), task("b"))
    given = "{'taskInput': {'a': 'x'}, 'taskOutput': {'b': True, 'n': None}}"
    assert flow.do("PUT", "skiptask/b", skipTaskRequest=given).status == 200
    assert flow.task("b")["outputData"] == {"b": True, "n": None}
    for wrong in ("[1]", "nonsense", "{'taskInput': 1}"):
        assert begin(task("a"), task("b")).do("PUT", "skiptask/b", skipTaskRequest=wrong).status == 400


# ---- jumping


def jump(flow: Flow, ref: str, **input: object) -> None:
    ok("POST", f"workflow/{flow.id}/jump/{ref}", input)


def test_a_jump_forward_passes_over_what_lies_between() -> None:
    flow = begin(task("a"), task("b"), task("c", inputs={"own": 1}), task("d"))
    jump(flow, "c", given=2)
    assert flow.story() == ["a SKIPPED", "c SCHEDULED"]
    assert flow.task("c")["inputData"] == {"own": 1, "given": 2}
    assert flow.done("c", "d").status == "COMPLETED"


def test_a_jump_backward_drops_what_followed() -> None:
    flow = begin(task("a"), task("b"), task("c")).done("a", "b")
    gone = flow.task("c")["taskId"]
    jump(flow, "a", again=True)
    assert flow.story() == ["a SCHEDULED"]
    assert flow.task("a")["inputData"] == {"again": True}
    assert report(flow.id, gone, {}).status == 404
    assert flow.done("a", "b", "c").status == "COMPLETED"


def test_a_jump_to_the_task_that_runs_begins_it_anew() -> None:
    flow = begin(task("a"), task("b"))
    ok("GET", "tasks/poll/a", workerid="w")
    assert flow.state("a") == "IN_PROGRESS"
    jump(flow, "a")
    assert (flow.state("a"), flow.task("a")["pollCount"]) == ("SCHEDULED", 0)
    assert flow.done("a", "b").status == "COMPLETED"


def test_a_jump_past_a_fork_passes_over_its_branches() -> None:
    flow = begin(task("a"), *fork("f", [task("b")], [task("c")]), task("end")).done("a", "b")
    jump(flow, "end")
    assert sorted(flow.story()) == ["a COMPLETED", "b COMPLETED", "c SKIPPED", "end SCHEDULED", "f COMPLETED",
                                    "f_join SKIPPED"]  # fmt: skip
    assert flow.done("end").status == "COMPLETED"


def test_a_jump_to_a_join_joins_what_is_there() -> None:
    flow = begin(task("a"), *fork("f", [task("b")], [task("c")]), task("end")).done("a", "b")
    jump(flow, "f_join")
    assert flow.state("f_join") == "COMPLETED"
    assert flow.task("f_join")["outputData"] == {"b": {"by": "b"}}
    assert flow.open() == ["end"]
    early = begin(task("a"), *fork("f", [task("b")], [task("c")]), task("end"), name="early")
    jump(early, "f_join")
    assert early.open() == ["end"]
    assert early.done("end").status == "COMPLETED"


def test_a_jump_into_a_branch_goes_on_behind_the_join() -> None:
    flow = begin(task("a"), *fork("f", [task("b1"), task("b2")], [task("c")]), task("end"))
    jump(flow, "b1")
    assert flow.story() == ["a SKIPPED", "b1 SCHEDULED"]
    flow.done("b1")
    assert flow.open() == ["b2"]
    flow.done("b2")
    assert flow.state("f_join") == "COMPLETED"
    assert flow.open() == ["end"]
    assert flow.done("end").status == "COMPLETED"


def test_a_jump_back_into_a_branch_lets_the_other_one_run_on() -> None:
    flow = begin(*fork("f", [task("b1"), task("b2")], [task("c")]), task("end")).done("b1")
    jump(flow, "b1")
    assert sorted(flow.open()) == ["b1", "c", "f_join"]
    flow.done("b1", "c", "b2")
    assert flow.open() == ["end"]
    assert flow.done("end").status == "COMPLETED"


def test_a_jump_back_to_a_fork_runs_its_branches_again() -> None:
    flow = begin(*fork("f", [task("b")], [task("c")]), task("end")).done("b", "c")
    jump(flow, "f")
    assert sorted(flow.open()) == ["b", "c", "f_join"]
    assert flow.done("c", "b", "end").status == "COMPLETED"


def test_a_jump_out_of_a_loop_leaves_it() -> None:
    flow = begin(loop("l", task("a")), task("end"))
    flow.done("a__1")
    jump(flow, "end")
    assert flow.open() == ["end"]
    assert flow.state("l") == "SKIPPED"
    assert flow.done("end").status == "COMPLETED"


def test_a_jump_back_ends_the_child_that_it_cuts_off() -> None:
    register(task("x"), name="child")
    flow = begin(task("a"), sub("s", "child"), task("end")).done("a")
    child = flow.child("s")
    jump(flow, "a")
    assert flow.story() == ["a SCHEDULED"]
    timers.run_once()
    assert child.status == "TERMINATED"
    flow.done("a")
    assert flow.child("s").id != child.id
    flow.child("s").done("x")
    assert flow.done("end").status == "COMPLETED"
    assert [t["seq"] for t in flow.tasks] == sorted(t["seq"] for t in flow.tasks)


def test_a_jump_forward_ends_the_child_that_it_passes_over() -> None:
    register(task("x"), name="child")
    flow = begin(sub("s", "child"), task("end"))
    child = flow.child("s")
    jump(flow, "end")
    timers.run_once()
    assert child.status == "TERMINATED"
    assert flow.state("s") == "SKIPPED"
    assert flow.done("end").status == "COMPLETED"


def test_a_jump_that_is_refused_changes_nothing() -> None:
    flow = begin(task("a"), loop("l", task("b")))
    before = flow.json
    for ref in ("nowhere", "b"):
        refused = flow.do("POST", f"jump/{ref}")
        assert refused.status == 400
        assert ref in refused.message
    assert flow.json["tasks"] == before["tasks"]
    flow.do("PUT", "pause")
    assert flow.do("POST", "jump/a").status == 409
    assert call("POST", "workflow/nowhere/jump/a").status == 404


def test_the_sdk_for_python_names_the_task_in_a_parameter() -> None:
    flow = begin(task("a"), task("b"))
    answer = flow.do("POST", "jump/{taskReferenceName}", {"n": 1}, taskReferenceName="b")
    assert answer.status == 200
    assert flow.task("b")["inputData"] == {"n": 1}


def test_a_jump_can_be_made_again_and_again() -> None:
    flow = begin(task("a"), task("b"), task("c"))
    for ref in ("c", "a", "b", "b", "c", "a"):
        jump(flow, ref)
        assert flow.open() == [ref]
    assert flow.done("a", "b", "c").status == "COMPLETED"


def test_a_jump_to_a_sub_workflow_that_runs_ends_its_child_and_starts_a_fresh_one() -> None:
    register(task("x"), name="child")
    flow = begin(task("a"), sub("s", "child"), task("end"))
    flow.done("a")
    old = flow.child("s")
    jump(flow, "s")
    timers.run_once()
    fresh = flow.child("s")
    assert (fresh.id != old.id, old.status, fresh.status) == (True, "TERMINATED", "RUNNING")
    fresh.done("x")
    flow.done("end")
    assert (flow.status, flow.story()) == ("COMPLETED", ["a COMPLETED", "s COMPLETED", "end COMPLETED"])

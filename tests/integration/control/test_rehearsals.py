"""Rehearsals: a definition with made-up results, and nothing else (contracts/conductor.md, section 1.2)."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest

from executions.models import Event, Execution, TaskRun
from tests.integration.conftest import Courier
from tests.integration.control.flow import (
    Json,
    call,
    dynamic_fork,
    fork,
    loop,
    ok,
    register,
    sub,
    switch,
    task,
)
from tests.stub import Stub

pytestmark = pytest.mark.django_db


@pytest.fixture
def stub() -> Iterator[Stub]:
    found = Stub()
    yield found
    found.close()


class Rehearsed:
    """The workflow that a rehearsal answers."""

    def __init__(self, found: Json) -> None:
        self.json = found
        self.status: str = found["status"]
        self.output = found["output"]

    def story(self) -> list[str]:
        return [f"{t['referenceTaskName']} {t['status']}" for t in self.json["tasks"]]

    def task(self, ref: str) -> Json:
        found: Json = [t for t in self.json["tasks"] if t["referenceTaskName"] == ref][-1]
        return found


def request(*tasks: Json, **fields: Any) -> Json:
    definition = {"name": "w", "version": 1, "tasks": list(tasks), **fields.pop("definition", {})}
    return {"name": "w", "workflowDef": definition, **fields}


def rehearse(*tasks: Json, mocks: Json | None = None, **fields: Any) -> Rehearsed:
    return Rehearsed(ok("POST", "workflow/test", request(*tasks, taskRefToMockOutput=mocks or {}, **fields)))


def result(status: str = "COMPLETED", **fields: Any) -> Json:
    return {"status": status, "output": fields.pop("output", {}), **fields}


def test_made_up_results_lead_to_the_end() -> None:
    found = rehearse(
        task("a"),
        task("b", inputs={"n": "${a.output.n}"}),
        mocks={"a": [{"output": {"n": 1}}], "b": [result(output={"m": 2})]},
        input={"x": 1},
        definition={"outputParameters": {"sum": ["${a.output.n}", "${b.output.m}", "${workflow.input.x}"]}},
    )
    assert (found.status, found.output) == ("COMPLETED", {"sum": [1, 2, 1]})
    assert found.task("b")["inputData"] == {"n": 1}


@pytest.mark.parametrize(("way", "taken"), [("left", "l"), ("right", "r")])
def test_every_branch_of_a_switch(way: str, taken: str) -> None:
    choice = switch("s", "${a.output.way}", left=[task("l")], otherwise=[task("r")])
    found = rehearse(task("a"), choice, mocks={"a": [result(output={"way": way})], taken: [result()]})
    assert found.story() == ["a COMPLETED", "s COMPLETED", f"{taken} COMPLETED"]


def test_a_registered_definition_is_rehearsed_by_name() -> None:
    register(task("a"), name="known")
    found = ok("POST", "workflow/test", {"name": "known", "taskRefToMockOutput": {"a": [result()]}})
    assert found["status"] == "COMPLETED"
    assert call("POST", "workflow/test", {"name": "unknown"}).status == 404


def test_results_in_a_row_are_attempts_and_no_delay_is_waited_for() -> None:
    ok("POST", "metadata/taskdefs", [{"name": "a", "retryCount": 2, "retryDelaySeconds": 3600, "ownerEmail": "a@b.c"}])
    found = rehearse(task("a"), mocks={"a": [result("FAILED"), result("FAILED"), result(output={"n": 3})]})
    assert (found.status, found.output) == ("COMPLETED", {"n": 3})
    assert [(t["status"], t["retryCount"]) for t in found.json["tasks"]] == [
        ("FAILED", 0),
        ("FAILED", 1),
        ("COMPLETED", 2),
    ]
    broken = rehearse(task("a"), mocks={"a": [result("FAILED")] * 3})
    assert broken.status == "FAILED"


def test_a_result_that_took_too_long_is_a_timeout() -> None:
    limits = {"name": "a", "retryCount": 0, "timeoutSeconds": 60, "responseTimeoutSeconds": 30, "ownerEmail": "a@b.c"}
    ok("POST", "metadata/taskdefs", [{**limits, "timeoutPolicy": "TIME_OUT_WF"}])
    late = rehearse(task("a"), mocks={"a": [result(executionTime=90_000)]})
    assert (late.status, late.story()) == ("TIMED_OUT", ["a TIMED_OUT"])
    assert rehearse(task("a"), mocks={"a": [result(executionTime=10_000)]}).status == "COMPLETED"


def test_a_task_that_timed_out_is_tried_again() -> None:
    ok(
        "POST",
        "metadata/taskdefs",
        [{"name": "a", "retryCount": 1, "timeoutSeconds": 60, "timeoutPolicy": "RETRY", "ownerEmail": "a@b.c",
          "responseTimeoutSeconds": 59}],
    )  # fmt: skip
    found = rehearse(task("a"), mocks={"a": [result(executionTime=90_000), result(output={"n": 2})]})
    assert (found.story(), found.output) == (["a TIMED_OUT", "a COMPLETED"], {"n": 2})


def test_the_times_of_a_result_can_be_seen() -> None:
    found = rehearse(task("a"), mocks={"a": [result(executionTime=5_000, queueWaitTime=2_000)]}).task("a")
    assert found["endTime"] - found["startTime"] == pytest.approx(5_000, abs=1_000)
    assert found["startTime"] - found["scheduledTime"] == pytest.approx(2_000, abs=1_000)


def test_a_task_in_a_loop_has_results_by_iteration_or_in_a_row() -> None:
    body = loop("l", task("a"), times=3)
    exact = rehearse(body, mocks={f"a__{n}": [result(output={"n": n})] for n in (1, 2, 3)})
    assert exact.status == "COMPLETED"
    assert [exact.task("l")["outputData"][n]["a"]["n"] for n in "123"] == [1, 2, 3]
    in_a_row = rehearse(body, mocks={"a": [result(output={"n": n}) for n in (1, 2, 3)]})
    assert in_a_row.task("l")["outputData"] == exact.task("l")["outputData"]


def test_forks_join_and_dynamic_ones_too() -> None:
    found = rehearse(*fork("f", [task("a")], [task("b")]), mocks={"a": [result(output={"n": 1})], "b": [result()]})
    assert (found.status, found.task("f_join")["outputData"]) == ("COMPLETED", {"a": {"n": 1}})
    dynamic = rehearse(
        *dynamic_fork("f"), mocks={"x": [result()], "y": [result()]}, input={"f": [task("x"), task("y")]}
    )
    assert dynamic.status == "COMPLETED"


def test_variables_scripts_and_ends_are_real() -> None:
    found = rehearse(
        task("set", "SET_VARIABLE", {"n": 20}),
        task("js", "INLINE", {"evaluatorType": "graaljs", "expression": "$.n + 1", "n": "${workflow.variables.n}"}),
        task("jq", "JSON_JQ_TRANSFORM", {"n": "${js.output.result}", "queryExpression": ".n * 2"}),
        task("end", "TERMINATE", {"terminationStatus": "COMPLETED", "workflowOutput": {"n": "${jq.output.result}"}}),
        task("never"),
    )
    assert (found.status, found.output) == ("COMPLETED", {"n": 42})


def test_children_have_results_of_their_own_however_deep() -> None:
    register(task("x"), name="inner", outputParameters={"x": "${x.output.n}"})
    register(sub("i", "inner"), task("y"), name="middle", outputParameters={"x": "${i.output.x}"})
    found = rehearse(
        sub("m", "middle"),
        task("end", inputs={"x": "${m.output.x}"}),
        mocks={"end": [result()]},
        subWorkflowTestRequest={
            "m": {
                "name": "middle",
                "taskRefToMockOutput": {"y": [result()]},
                "subWorkflowTestRequest": {
                    "i": {"name": "inner", "taskRefToMockOutput": {"x": [result(output={"n": 9})]}}
                },
            }
        },
    )
    assert (found.status, found.task("end")["inputData"]) == ("COMPLETED", {"x": 9})


def test_a_child_in_a_dynamic_branch_is_rehearsed_too() -> None:
    register(task("x"), name="child")
    found = rehearse(
        *dynamic_fork("f"),
        input={"f": [sub("c", "child")]},
        subWorkflowTestRequest={"c": {"name": "child", "taskRefToMockOutput": {"x": [result(output={"n": 1})]}}},
    )
    assert (found.status, found.task("f_join")["outputData"]["c"]["n"]) == ("COMPLETED", 1)


def test_a_child_that_fails_fails_its_parent() -> None:
    register(task("x"), name="child")
    child = {"name": "child", "taskRefToMockOutput": {"x": [result("FAILED_WITH_TERMINAL_ERROR")]}}
    found = rehearse(sub("s", "child"), subWorkflowTestRequest={"s": child})
    assert (found.status, found.story()) == ("FAILED", ["s FAILED"])


def test_a_mocked_child_or_service_is_not_run() -> None:
    found = rehearse(
        sub("s", "unknown"),
        task("http", "HTTP", {"http_request": {"uri": "http://127.0.0.1:1/", "method": "GET"}}),
        task("w", "WAIT", {"duration": "1 hours"}),
        task("h", "HUMAN"),
        mocks={ref: [result(output={"of": ref})] for ref in ("s", "http", "w", "h")},
    )
    assert (found.status, found.output) == ("COMPLETED", {"of": "h"})


def test_what_nobody_has_made_up_is_left_open(stub: Stub) -> None:
    http = task("http", "HTTP", {"http_request": {"uri": stub.url("echo/rehearsal"), "method": "GET"}})
    found = rehearse(task("a"), http, mocks={"a": [result()]})
    assert (found.status, found.story()) == ("RUNNING", ["a COMPLETED", "http SCHEDULED"])
    assert stub.seen("echo/rehearsal") == []
    register(task("x"), name="child")
    waiting = rehearse(sub("s", "child"), task("end"), mocks={"end": [result()]})
    assert (waiting.status, waiting.story()[0].split()[0]) == ("RUNNING", "s")


def test_nothing_is_stored_sent_or_offered(courier: Courier) -> None:
    courier.lose_all()
    register(task("add"), name="child")
    rehearse(task("a"), task("add"), sub("s", "child"), task("b"), mocks={"a": [result()], "add": [result()]})
    assert courier.take() is None
    assert (Execution.objects.count(), TaskRun.objects.count(), Event.objects.count()) == (0, 0, 0)
    assert call("GET", "tasks/poll/b").status == 204


def test_a_failure_workflow_is_not_started() -> None:
    register(task("x"), name="rescue")
    found = rehearse(
        task("a"), mocks={"a": [result("FAILED_WITH_TERMINAL_ERROR")]}, definition={"failureWorkflow": "rescue"}
    )
    assert found.status == "FAILED"
    assert Execution.objects.count() == 0


def test_a_workflow_without_end_is_stopped(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("executions.simulation.rehearsal.MOST_STEPS", 50)
    endless = task("l", "DO_WHILE", loopOver=[task("a")], loopCondition="true")
    answer = call("POST", "workflow/test", request(endless, taskRefToMockOutput={"a": [result()] * 1000}))
    assert answer.status == 400
    assert "50 steps" in answer.message


@pytest.mark.parametrize(
    ("mocks", "path"),
    [
        ({"a": {}}, "taskRefToMockOutput[a]"),
        ({"a": [1]}, "taskRefToMockOutput[a][0]"),
        ({"a": [{}, {"status": "DONE"}]}, "taskRefToMockOutput[a][1].status"),
        ({"a": [{"output": []}]}, "taskRefToMockOutput[a][0].output"),
        ({"a": [{"executionTime": -1}]}, "taskRefToMockOutput[a][0]"),
        ({"a": [{"executionTime": "long"}]}, "taskRefToMockOutput[a][0].executionTime"),
        ([], "taskRefToMockOutput"),
    ],
)
def test_what_makes_no_sense_is_refused_with_its_place(mocks: Any, path: str) -> None:
    answer = call("POST", "workflow/test", request(task("a"), taskRefToMockOutput=mocks))
    assert answer.status == 400
    assert f"testWorkflow.testRequest.{path}" in [p["path"] for p in answer.body["validationErrors"]]


def test_what_makes_no_sense_in_a_child_is_refused_with_its_place() -> None:
    nested = {"s": {"taskRefToMockOutput": {"x": 1}}, "t": 5}
    answer = call("POST", "workflow/test", request(task("a"), subWorkflowTestRequest=nested))
    assert answer.status == 400
    assert {p["path"].removeprefix("testWorkflow.testRequest.") for p in answer.body["validationErrors"]} == {
        "subWorkflowTestRequest[s].taskRefToMockOutput[x]",
        "subWorkflowTestRequest[t]",
    }
    for broken in ({}, {"name": "w", "workflowDef": {"name": "w", "tasks": [{}]}}, {"name": "w", "input": None}):
        assert call("POST", "workflow/test", broken).status == 400

"""JOIN tasks whose script says when they are met (contracts/conductor.md, section 4.2)."""

from __future__ import annotations

from typing import Any

import pytest

from tests.integration.conductor.calling import call, complete, poll, register, start, task, task_of, workflow

pytestmark = pytest.mark.django_db

TWO_OF_THREE = """(function() {
  var done = $.joinOn.filter(function(ref) { return $[ref] && $[ref].status === 'COMPLETED'; });
  if (done.length >= 2) return true;
  return {status: 'IN_PROGRESS', reasonForIncompletion: 'only ' + done.length, outputData: {done: done}};
})()"""


def fork(script: str, *branches: dict[str, Any], **fields: Any) -> list[dict[str, Any]]:
    found = list(branches) or [task("SIMPLE", ref) for ref in ("a", "b", "c")]
    join_on = [branch["taskReferenceName"] for branch in found]
    join = task("JOIN", "join", joinOn=join_on, evaluatorType="js", expression=script, **fields)
    return [task("FORK_JOIN", "fork", forkTasks=[[branch] for branch in found]), join, task("SIMPLE", "after")]


def test_the_join_is_met_as_soon_as_its_script_says_so() -> None:
    register(*fork(TWO_OF_THREE))
    workflow_id = start()
    assert task_of(workflow_id, "join")["reasonForIncompletion"] == "only 0"
    complete(poll("a"), {"n": 1})
    waiting = task_of(workflow_id, "join")
    assert (waiting["status"], waiting["outputData"]) == ("IN_PROGRESS", {"a": {"n": 1}, "done": ["a"]})
    complete(poll("b"))
    met = task_of(workflow_id, "join")
    assert (met["status"], met["outputData"]) == ("COMPLETED", {"a": {"n": 1}})
    complete(poll("after"))
    complete(poll("c"))
    assert workflow(workflow_id)["status"] == "COMPLETED"


def test_an_object_completes_it_with_more_output() -> None:
    register(*fork("({status: 'COMPLETED', outputData: {sum: ($.a.output.n || 0) + 1}})", task("NOOP", "a")))
    found = task_of(start(), "join")
    assert (found["status"], found["outputData"]["sum"]) == ("COMPLETED", 1)


def test_an_optional_failure_is_seen_by_the_script() -> None:
    script = "$.joinOn.every(function(r) { return /^COMPLETED/.test($[r].status); })"
    register(*fork(script, task("SIMPLE", "a", optional=True, retryCount=0), task("SIMPLE", "b")))
    workflow_id = start()
    complete(poll("a"), status="FAILED")
    assert task_of(workflow_id, "join")["status"] == "IN_PROGRESS"
    complete(poll("b"))
    assert task_of(workflow_id, "join")["status"] == "COMPLETED"


@pytest.mark.parametrize(
    ("script", "status", "reason"),
    [
        ("false", "FAILED", "does not let it complete"),
        ("({status: 'IN_PROGRESS', reasonForIncompletion: 'never'})", "FAILED", "never"),
        ("({status: 'FAILED', reasonForIncompletion: 'not enough'})", "FAILED", "not enough"),
        ("nowhere.x", "FAILED_WITH_TERMINAL_ERROR", "nowhere is not defined"),
    ],
)
def test_a_join_that_is_never_met_fails_and_says_why(script: str, status: str, reason: str) -> None:
    register(*fork(script, task("NOOP", "a")))
    found = workflow(start())
    assert found["status"] == "FAILED"
    join = next(t for t in found["tasks"] if t["referenceTaskName"] == "join")
    assert join["status"] == status
    assert reason in join["reasonForIncompletion"]


def test_a_script_decides_over_branches_made_at_run_time() -> None:
    register(
        task(
            "FORK_JOIN_DYNAMIC",
            "fork",
            {"tasks": [task("SIMPLE", "a"), task("SIMPLE", "b")], "inputs": {"a": {}, "b": {}}},
            dynamicForkTasksParam="tasks",
            dynamicForkTasksInputParamName="inputs",
        ),
        task("JOIN", "join", evaluatorType="js", expression="$.a.status === 'COMPLETED' && $.joinOn.length === 2"),
    )
    workflow_id = start()
    complete(poll("a"))
    assert task_of(workflow_id, "join")["status"] == "COMPLETED"


def test_a_script_that_is_no_javascript_is_refused() -> None:
    body = [{"name": "w", "tasks": fork("function(")}]
    answer = call("PUT", "metadata/workflow", body, expect=400).json
    assert "not well formatted" in answer["validationErrors"][0]["message"]
    body = [{"name": "w", "tasks": [task("JOIN", evaluatorType="python", expression="True")]}]
    call("PUT", "metadata/workflow", body, expect=400)


def test_a_join_in_a_loop_asks_its_script_in_every_iteration() -> None:
    body = fork("$.a.status === 'COMPLETED'", task("SIMPLE", "a"))[:2]
    register(task("DO_WHILE", "loop", loopOver=body, loopCondition="$.loop['iteration'] < 2"))
    workflow_id = start()
    complete(poll("a"))
    complete(poll("a"))
    found = workflow(workflow_id)
    assert found["status"] == "COMPLETED"
    assert [t["status"] for t in found["tasks"] if t["taskType"] == "JOIN"] == ["COMPLETED", "COMPLETED"]

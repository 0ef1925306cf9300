"""Archive, remove, and the same for many (contracts/conductor.md, sections 1.4 and 1.5)."""

from __future__ import annotations

import pytest

from executions.models import Event, Execution, TaskLog, TaskRun
from tests.integration.control.flow import Flow, begin, call, ok, register, sub, task

pytestmark = pytest.mark.django_db

NOWHERE = "00000000-0000-4000-8000-000000000000"


def ended(name: str = "w") -> Flow:
    flow = begin(task("a"), name=name).done("a")
    assert flow.status == "COMPLETED"
    return flow


# ---- archive


def test_an_archived_execution_stays_readable() -> None:
    flow = ended()
    before = flow.json
    assert flow.do("DELETE", "remove").status == 200
    assert flow.json == before
    assert Execution.objects.get(pk=flow.id).archived_at is not None
    assert flow.do("DELETE", "remove").status == 200


def test_an_archived_execution_refuses_every_change() -> None:
    flow = begin(task("a")).fail("a")
    flow.do("DELETE", "remove")
    before = flow.json
    refused = [
        flow.do("POST", "retry"),
        flow.do("POST", "restart"),
        flow.rerun(),
        flow.rerun("a"),
        flow.terminate(),
        flow.do("PUT", "pause"),
        flow.do("PUT", "resume"),
        flow.do("PUT", "skiptask/a"),
        flow.do("POST", "jump/a"),
        flow.do("POST", "variables", {"n": 1}),
        flow.do("POST", "resetcallbacks"),
    ]
    assert [answer.status for answer in refused] == [409] * len(refused), refused
    assert all("archived" in answer.message for answer in refused[:5])
    flow.done("a")
    assert flow.json == before


def test_an_archived_parent_is_not_revived_by_its_child() -> None:
    register(task("x"), name="child")
    flow = begin(sub("s", "child"), name="top")
    child = flow.child("s").fail("x")
    flow.do("DELETE", "remove")
    child.do("POST", "retry")
    assert (child.status, flow.status) == ("RUNNING", "FAILED")
    child.done("x")
    assert (child.status, flow.status) == ("COMPLETED", "FAILED")


def test_an_open_execution_cannot_be_archived() -> None:
    flow = begin(task("a"))
    refused = flow.do("DELETE", "remove")
    assert (refused.status, refused.message) == (400, f"Cannot archive workflow: {flow.id} with status: RUNNING")
    assert Execution.objects.get(pk=flow.id).archived_at is None
    assert call("DELETE", "workflow/nowhere/remove").status == 404


def test_archiving_frees_the_idempotency_key() -> None:
    register(task("a"))
    request = {"name": "w", "idempotencyKey": "k", "idempotencyStrategy": "FAIL"}
    flow = Flow(ok("POST", "workflow", request)).done("a")
    assert call("POST", "workflow", request).status == 409
    flow.do("DELETE", "remove")
    assert ok("POST", "workflow", request) != flow.id


# ---- remove


def test_a_removed_execution_is_gone_with_its_tasks_and_logs_and_the_audit_stays() -> None:
    flow = ended()
    task_id = flow.task("a")["taskId"]
    call("POST", f"tasks/{task_id}/log", "a line")
    assert flow.do("DELETE", "remove", archiveWorkflow="False").status == 200
    assert call("GET", f"workflow/{flow.id}").status == 404
    assert call("GET", f"tasks/{task_id}").status == 404
    assert not TaskRun.objects.filter(execution_id=flow.id).exists()
    assert not TaskLog.objects.filter(task_run_id=task_id).exists()
    assert Event.objects.get(execution_id=flow.id).action == "remove"
    assert flow.do("DELETE", "remove", archiveWorkflow="false").status == 404


def test_an_archived_execution_can_be_removed() -> None:
    flow = ended()
    flow.do("DELETE", "remove")
    assert flow.do("DELETE", "remove", archiveWorkflow="false").status == 200
    assert not Execution.objects.filter(pk=flow.id).exists()


def test_removing_an_open_execution_ends_its_children_and_they_stay() -> None:
    register(task("x"), name="child")
    flow = begin(sub("s", "child"), name="top")
    child = flow.child("s")
    assert flow.do("DELETE", "remove", archiveWorkflow="false").status == 200
    assert (child.status, child.json.get("parentWorkflowId")) == ("TERMINATED", None)


def test_a_child_whose_parent_is_gone_can_be_restarted_and_ends() -> None:
    register(task("x"), name="child")
    flow = begin(sub("s", "child"), name="top")
    child = flow.child("s").done("x")
    flow.do("DELETE", "remove", archiveWorkflow="false")
    assert child.do("POST", "restart").status == 204
    assert child.done("x").status == "COMPLETED"


def test_terminate_remove_ends_and_puts_away() -> None:
    flow = begin(task("a"))
    assert flow.do("DELETE", "terminate-remove", reason="no more").status == 200
    assert (flow.status, flow.json["reasonForIncompletion"]) == ("TERMINATED", "no more")
    assert Execution.objects.get(pk=flow.id).archived_at is not None
    other = begin(task("a"))
    assert other.do("DELETE", "terminate-remove", archiveWorkflow="false").status == 200
    assert call("GET", f"workflow/{other.id}").status == 404
    assert call("DELETE", "workflow/nowhere/terminate-remove").status == 404


# ---- many


def bulk(verb: str, what: str, *ids: str, **query: str) -> tuple[list[str], dict[str, str]]:
    found = ok(verb, f"workflow/bulk/{what}", list(ids), **query)
    assert found["message"] == "Bulk Request has been processed."
    return found["bulkSuccessfulResults"], found["bulkErrorResults"]


def test_each_is_done_for_itself_and_who_refuses_says_why() -> None:
    one, two, done = begin(task("a")), begin(task("a")), ended()
    succeeded, refused = bulk("PUT", "pause", one.id, NOWHERE, two.id, done.id, "nonsense")
    assert succeeded == [one.id, two.id]
    assert set(refused) == {NOWHERE, done.id, "nonsense"}
    assert refused["nonsense"] == "No such workflow found by id: nonsense"
    assert (one.status, two.status, done.status) == ("PAUSED", "PAUSED", "COMPLETED")
    assert bulk("PUT", "resume", one.id, done.id)[0] == [one.id]
    assert one.status == "RUNNING"


def test_many_are_terminated_retried_and_restarted() -> None:
    one, two = begin(task("a")), begin(task("a"))
    assert bulk("POST", "terminate", one.id, two.id, reason="enough") == ([one.id, two.id], {})
    assert (one.json["reasonForIncompletion"], two.status) == ("enough", "TERMINATED")
    assert bulk("POST", "retry", one.id, two.id)[0] == [one.id, two.id]
    one.done("a")
    succeeded, refused = bulk("POST", "restart", one.id, two.id)
    assert (succeeded, set(refused)) == ([one.id], {two.id})
    assert one.open() == ["a"]


def test_many_are_put_away() -> None:
    one, two, running = ended(), ended(), begin(task("a"))
    succeeded, refused = bulk("DELETE", "remove", one.id, running.id)
    assert (succeeded, set(refused)) == ([one.id], {running.id})
    assert bulk("DELETE", "remove", two.id, archiveWorkflow="false")[0] == [two.id]
    assert call("GET", f"workflow/{two.id}").status == 404
    assert bulk("DELETE", "terminate-remove", running.id, reason="enough")[0] == [running.id]
    assert running.status == "TERMINATED"


def test_many_are_read() -> None:
    one = begin(task("a"))
    found, refused = bulk("POST", "search", one.id, NOWHERE)
    assert [w["workflowId"] for w in found] == [one.id]  # type: ignore[index]
    assert set(refused) == {NOWHERE}


@pytest.mark.parametrize("body", [[], {}, "x", [1], None, ["x"] * 1001], ids=lambda b: str(b)[:20])
def test_a_request_for_none_or_for_too_many_is_refused(body: object) -> None:
    answer = call("PUT", "workflow/bulk/pause", body)
    assert answer.status == 400
    assert answer.message

"""Names that no database could hold, where a request gives them in its body (contracts/conductor.md, section 1.0)."""

from __future__ import annotations

import pytest

from tests.integration.conductor.door import call

pytestmark = pytest.mark.django_db
NUL = "a\0b"


@pytest.mark.parametrize("what", ["pause", "resume"])
def test_a_schedule_of_such_a_name_is_not_there(what: str) -> None:
    answer = call("PUT", f"scheduler/bulk/{what}", [NUL, "none"])
    assert answer.status == 200, answer
    assert sorted(answer.json["bulkErrorResults"]) == sorted([NUL, "none"])


@pytest.mark.parametrize(
    ("method", "path", "body"),
    [
        ("PUT", "workflow/bulk/pause", [NUL]),
        ("PUT", "workflow/bulk/resume", [NUL]),
        ("POST", "workflow/bulk/restart", [NUL]),
        ("POST", "workflow/bulk/retry", [NUL]),
        ("POST", "workflow/bulk/terminate", [NUL]),
        ("DELETE", "workflow/bulk/remove", [NUL]),
        ("DELETE", "workflow/bulk/terminate-remove", [NUL]),
        ("POST", "workflow/bulk/search", [NUL]),
        ("POST", "workflow/w/correlated", [NUL]),
        ("POST", "workflow/correlated/batch", {"correlationIds": [NUL], "workflowNames": [NUL]}),
        ("POST", "workflow", {"name": NUL}),
        ("POST", "workflow/test", {"name": NUL}),
        ("POST", "tasks", {"workflowInstanceId": NUL, "taskId": NUL, "status": "COMPLETED"}),
        ("POST", "tasks/update-v2", {"workflowInstanceId": NUL, "taskId": NUL, "status": "COMPLETED"}),
        ("POST", "metadata/taskdefs", [{"name": NUL}]),
        ("POST", "metadata/workflow", {"name": NUL, "tasks": []}),
        ("POST", "event", {"name": NUL, "event": NUL, "actions": []}),
        ("POST", "scheduler/schedules", {"name": NUL, "cronExpression": "0 0 0 1 1 ?"}),
        ("POST", "metadata/webhook", {"name": NUL}),
    ],
)  # fmt: skip
def test_no_other_request_with_such_a_name_breaks_the_server(method: str, path: str, body: object) -> None:
    assert call(method, path, body).status < 500

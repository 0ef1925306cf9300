"""What every endpoint of the door does with requests that are wrong (contracts/conductor.md, section 1.0)."""

from __future__ import annotations

import json
from typing import Any

import pytest
from django.test import Client

from tests.integration.conductor.door import call, definition, rows, simple, start, task_of

pytestmark = pytest.mark.django_db
EVERYWHERE = [
    ("POST", "workflow"),
    ("POST", "workflow/w"),
    ("POST", "workflow/execute/w/1"),
    ("POST", "metadata/workflow"),
    ("PUT", "metadata/workflow"),
    ("POST", "metadata/workflow/validate"),
    ("POST", "metadata/taskdefs"),
    ("PUT", "metadata/taskdefs"),
    ("POST", "tasks"),
    ("POST", "tasks/update-v2"),
]


@pytest.fixture(autouse=True)
def _workflow() -> None:
    call("POST", "metadata/workflow", definition())


def refused(method: str, path: str, raw: bytes, status: int = 400) -> str:
    """Sends a body that must be refused, and nothing be stored; gives the message."""
    before = rows()
    answer = call(method, path, raw=raw)
    assert answer.status == status, answer
    assert answer.json["status"] == status
    assert answer.json["retryable"] is False
    assert answer.type == "application/json"
    assert rows() == before
    return answer.message


@pytest.mark.parametrize(("method", "path"), EVERYWHERE)
@pytest.mark.parametrize(
    ("raw", "said"),
    [
        (b"{", "JSON parse error"),
        (b'{"name": "w"} x', "JSON parse error: Extra data"),
        (b'{"name": "\xff"}', "the body is not UTF-8"),
        (b'{"a": NaN}', "NaN is not JSON"),
        (b'{"a": -Infinity}', "-Infinity is not JSON"),
        (b'{"a": 1e999}', "the number 1e999 is too large"),
        (b'{"a": ' + b"9" * 5000 + b"}", "JSON parse error"),
        (b'{"a": ' + b"[" * 600 + b"]" * 600 + b"}", "nested more than 500 levels"),
        (b"[" * 100_000, "too deeply nested"),
        (b"\x00", "JSON parse error"),
    ],
    ids=lambda value: repr(value[:12]) if isinstance(value, bytes) else "",
)
def test_a_body_that_is_no_json_is_refused(method: str, path: str, raw: bytes, said: str) -> None:
    assert said in refused(method, path, raw)


@pytest.mark.parametrize(("method", "path"), EVERYWHERE)
@pytest.mark.parametrize("raw", [b"1", b'"text"', b"true", b"[[]]", b"[1]", b"[null]"])
def test_a_body_of_another_kind_is_refused(method: str, path: str, raw: bytes) -> None:
    refused(method, path, raw)


@pytest.mark.parametrize(
    ("method", "path"),
    [("POST", "metadata/workflow"), ("PUT", "metadata/workflow"), ("POST", "metadata/taskdefs"), ("POST", "tasks")],
)
@pytest.mark.parametrize("raw", [b"", b"  ", b"null", b"{}", b"[]"])
def test_an_empty_body_where_something_is_needed_is_refused(method: str, path: str, raw: bytes) -> None:
    refused(method, path, raw)


def test_an_empty_body_is_an_empty_input() -> None:
    answer = call("POST", "workflow/w")
    assert answer.status == 200
    assert call("GET", f"workflow/{answer.text}").json["input"] == {}


def test_of_a_key_that_is_there_twice_the_last_one_counts() -> None:
    answer = call("POST", "workflow", raw=b'{"name": "no such", "name": "w", "input": {"a": 1, "a": 2}}')
    assert call("GET", f"workflow/{answer.text}").json["input"] == {"a": 2}


def test_documents_keep_whatever_json_can_say() -> None:
    given = {
        "nul": "a\0b",
        "half": "\ud800",
        "big": 10**300,
        "deep": json.loads("[" * 400 + "]" * 400),
        "": {"é": None},
    }
    execution = start(input=given)
    assert call("GET", f"workflow/{execution}").json["input"] == given
    body = {"workflowInstanceId": execution, "taskId": task_of(execution)["taskId"], "status": "COMPLETED"}
    assert call("POST", "tasks", {**body, "outputData": given}).status == 200
    ended = call("GET", f"workflow/{execution}").json
    assert (ended["status"], ended["output"]) == ("COMPLETED", given)


@pytest.mark.parametrize("method", ["GET", "POST", "PUT", "DELETE", "PATCH", "OPTIONS"])
@pytest.mark.parametrize("path", ["no/such", "", "workflow/", "metadata", "tasks/a/b/c/d/e", "/workflow"])
def test_an_unknown_path_is_a_404_of_this_door(method: str, path: str) -> None:
    answer = call(method, path, {})
    assert (answer.status, answer.json) == (
        404,
        {"status": 404, "message": f"There is no /api/{path}", "retryable": False},
    )


@pytest.mark.parametrize(("method", "path"), [("PATCH", "workflow"), ("DELETE", "metadata/taskdefs"), ("GET", "tasks")])
def test_a_wrong_method_is_a_405_of_this_door(method: str, path: str) -> None:
    message = refused(method, path, b"{}", 405)
    assert method in message


@pytest.mark.parametrize("accept", ["text/plain", "application/xml", "nonsense", "*/*;q=x"])
@pytest.mark.parametrize("content", ["text/plain", "multipart/form-data", "", "x;y",
                                     "application/x-www-form-urlencoded",
                                     "application/json; charset=latin-1",
                                     "application/json; charset=utf-16"])  # fmt: skip
def test_headers_about_formats_do_not_matter(accept: str, content: str) -> None:
    client = Client(raise_request_exception=False)
    answer = client.generic("POST", "/api/workflow/w?priority=3", b'{"a": 1}', content_type=content, HTTP_ACCEPT=accept)
    assert answer.status_code == 200, answer.content


# ---- names and ids

LONG = "x" * 256


@pytest.mark.parametrize(
    ("method", "path", "body"),
    [
        ("GET", "workflow/{}", None),
        ("DELETE", "workflow/{}", None),
        ("GET", "workflow/{}/status", None),
        ("PUT", "workflow/{}/pause", {}),
        ("POST", "workflow/{}/retry", {}),
        ("GET", "metadata/workflow/{}", None),
        ("DELETE", "metadata/workflow/{}/1", None),
        ("DELETE", "metadata/workflow/w/{}", None),
        ("GET", "metadata/taskdefs/{}", None),
        ("DELETE", "metadata/taskdefs/{}", None),
        ("POST", "workflow/{}", {}),
        ("POST", "workflow/execute/{}/1", {}),
        ("GET", "tasks/{}", None),
        ("POST", "tasks/{}/log", None),
        ("POST", "tasks/{}/t/COMPLETED/sync", {}),
    ],
)
@pytest.mark.parametrize(
    "name",
    [LONG, "a\0b", "²", "٣", "--1", "9" * 30, "9" * 5000, "-1", "{0123456-789abcdef0123456789abcdef}",
     "0x234567-1234-1234-1234-123456789abc", "1234567_-1234-1234-1234-123456789abc", "\U0001f600", "a'b--", "%"],
)  # fmt: skip
def test_what_does_not_exist_is_a_404(method: str, path: str, body: Any, name: str) -> None:
    before = rows()
    answer = call(method, path.format(name), body)
    assert answer.status == 404, answer
    assert answer.message
    assert rows() == before


def test_an_id_has_one_spelling() -> None:
    execution = start()
    assert call("GET", f"workflow/{execution.upper()}").status == 404
    body = {"workflowInstanceId": execution, "taskId": task_of(execution)["taskId"].upper(), "status": "COMPLETED"}
    assert call("POST", "tasks", body).status == 404


# ---- query values


@pytest.mark.parametrize("value", ["True", "true", "TRUE", "1", "yes"])
def test_booleans_come_in_every_spelling(value: str) -> None:
    assert call("POST", "metadata/workflow", definition(simple("other")), overwrite=value).status == 200


@pytest.mark.parametrize("value", ["False", "false", "", "None", "0", "null"])
def test_what_is_false_or_absent_is_so(value: str) -> None:
    assert call("POST", "metadata/workflow", definition(simple("other")), overwrite=value).status == 409


@pytest.mark.parametrize(
    ("method", "path", "name", "value"),
    [
        ("POST", "metadata/workflow", "overwrite", "maybe"),
        ("POST", "metadata/workflow", "overwrite", "tr\0ue"),
        ("GET", "metadata/workflow/w", "version", "one"),
        ("GET", "metadata/workflow/w", "version", "1.5"),
        ("GET", "metadata/workflow/w", "version", "٣"),
        ("GET", "metadata/workflow/w", "version", "1_0"),
        ("GET", "metadata/workflow/w", "version", "9" * 30),
        ("POST", "workflow/w", "version", "x"),
        ("POST", "workflow/w", "priority", "high"),
        ("POST", "workflow/w", "priority", "100"),
        ("POST", "workflow/w", "priority", "-1"),
        ("POST", "workflow/w", "correlationId", "x" * 1025),
        ("POST", "workflow/w", "correlationId", "\0"),
        ("POST", "workflow/execute/w/1", "waitForSeconds", "-1"),
        ("POST", "workflow/execute/w/1", "waitForSeconds", "soon"),
        ("POST", "workflow/execute/w/1", "requestId", "\0"),
        ("GET", "tasks/poll/batch/t", "count", "-1"),
        ("GET", "tasks/poll/batch/t", "count", "many"),
        ("GET", "tasks/poll/batch/t", "timeout", "-1"),
        ("GET", "tasks/poll/batch/t", "timeout", "5001"),
        ("GET", "tasks/poll/batch/t", "workerid", "\0"),
    ],
)
def test_a_query_value_that_makes_no_sense_is_refused(method: str, path: str, name: str, value: str) -> None:
    before = rows()
    body = None if method == "GET" else definition(simple("other")) if path.startswith("metadata") else {}
    query: dict[str, Any] = {name: value}
    answer = call(method, path, body, **query)
    assert answer.status == 400, answer
    assert name in answer.text.lower() + answer.text
    assert rows() == before


@pytest.mark.parametrize("count", ["0", "1000000000000", "9223372036854775807"])
def test_a_huge_or_empty_count_takes_what_there_is(count: str) -> None:
    start()
    found = call("GET", "tasks/poll/batch/t", count=count, timeout=0).json
    assert len(found) == (count != "0")


def test_a_version_that_no_column_holds_is_just_not_there() -> None:
    assert call("GET", "metadata/workflow/w", version=2**62).status == 404
    assert call("POST", "workflow", {"name": "w", "version": 2**31 - 1}).status == 404


def test_too_many_query_values_are_refused() -> None:
    answer = Client(raise_request_exception=False).get(f"/api/tasks/queue/sizes?{'taskType=a&' * 1001}")
    assert (answer.status_code, answer.json()["status"]) == (400, 400)


# ---- size


@pytest.mark.parametrize(("method", "path"), [*EVERYWHERE, ("POST", "tasks/{}/log")])
def test_a_body_that_is_too_large_is_a_413_of_this_door(settings: Any, method: str, path: str) -> None:
    path = path.format(task_of(start())["taskId"])
    settings.DATA_UPLOAD_MAX_MEMORY_SIZE = 1000
    assert "larger" in refused(method, path, b" " * 1001, 413)


@pytest.mark.parametrize(("path", "body"), [("workflow", {"name": "w", "input": {"a": "x" * 100}}),
                                            ("workflow/w", {"a": "x" * 100}),
                                            ("workflow/execute/w/1", {"input": {"a": "x" * 100}})])  # fmt: skip
def test_an_input_that_is_too_large_is_refused(settings: Any, path: str, body: Any) -> None:
    settings.MAX_PAYLOAD = 100
    assert "more than the permissible 100 bytes" in refused("POST", path, json.dumps(body).encode(), 413)


def test_an_output_that_is_too_large_fails_its_task_for_good(settings: Any) -> None:
    settings.MAX_PAYLOAD = 1000
    execution = start()
    body = {"workflowInstanceId": execution, "taskId": task_of(execution)["taskId"], "status": "COMPLETED"}
    assert call("POST", "tasks", {**body, "outputData": {"a": "x" * 1000}}).status == 200
    task = task_of(execution)
    assert (task["status"], task["outputData"]) == ("FAILED_WITH_TERMINAL_ERROR", {})
    assert "is greater than the permissible limit: 1000 bytes" in task["reasonForIncompletion"]
    assert call("GET", f"workflow/{execution}/status").json["status"] == "FAILED"


def test_the_logs_of_a_result_do_not_count_as_its_output(settings: Any) -> None:
    settings.MAX_PAYLOAD = 1000
    execution = start()
    body = {"workflowInstanceId": execution, "taskId": task_of(execution)["taskId"], "status": "COMPLETED"}
    call("POST", "tasks", {**body, "outputData": {"a": "x"}, "logs": [{"log": "x" * 1000}]})
    assert task_of(execution)["status"] == "COMPLETED"

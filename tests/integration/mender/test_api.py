"""The endpoints: starting, batches, lists, status, and what is refused (contracts/mender.md, sections 2 and 3)."""

from __future__ import annotations

from typing import Any

import pytest
from django.db import DatabaseError, connection
from django.test.utils import CaptureQueriesContext
from redis.exceptions import ConnectionError as RedisGone

from api.keys import issuing
from api.mender import status
from api.scopes import Scope
from executions.models import Execution
from tests.integration.conftest import Courier
from tests.integration.mender.conftest import Run
from tests.integration.mender.door import API, META, begin, call, http, register
from tests.integration.mender.service import Service
from workflows_app.models import Version

pytestmark = pytest.mark.django_db
OBJECT = "Go value of type map[string]interface {}"
UNREADABLE = "Unable to parse the input parameters"


@pytest.fixture
def known() -> str:
    """A workflow with two required parameters."""
    return register(inputParameters=["b", "a"], version=3)


# ---- status


def test_the_service_says_that_it_is_there() -> None:
    assert (call("GET", "status").status, call("GET", "status").text) == (200, '{"status":"ok"}')
    answer = call("GET", f"{API}/health")
    assert (answer.status, answer.text) == (204, "")


def test_health_says_what_does_not_answer(monkeypatch: pytest.MonkeyPatch) -> None:
    class Gone:
        def ping(self) -> None:
            raise RedisGone("no address that is for everybody")

        def cursor(self) -> None:
            raise DatabaseError("no address that is for everybody")

    monkeypatch.setattr(status, "client", Gone)
    assert (call("GET", f"{API}/health").status, call("GET", f"{API}/health").error) == (
        503,
        "not connected to the queue",
    )
    monkeypatch.setattr(status, "connection", Gone())
    assert call("GET", f"{API}/health").error == "error reaching the database: it does not answer"


# ---- starting


def test_a_start_is_answered_with_id_and_name(known: str) -> None:
    answer = call("POST", f"{API}/workflow/w", {"a": 1, "b": None, "more": "kept"})
    assert answer.status == 201
    assert list(answer.json) == ["id", "name"]
    assert answer.headers["Content-Type"] == "application/json; charset=utf-8"
    execution = Execution.objects.get()
    assert execution.input == {"a": 1, "b": None, "more": "kept"}
    assert execution.number == 3


@pytest.mark.parametrize(
    ("raw", "error"),
    [
        (b"", "EOF"),
        (b'{"a":', "unexpected EOF"),
        (b"DUMMY", "invalid character 'D' looking for beginning of value"),
        (b"{a:1}", "invalid character 'a' looking for beginning of object key string"),
        (b'{"a":1,}', "invalid character '}' looking for beginning of object key string"),
        (b'{"a" 1}', "invalid character '1' after object key"),
        (b"[]", f"json: cannot unmarshal array into {OBJECT}"),
        (b'"x"', f"json: cannot unmarshal string into {OBJECT}"),
        (b"12 junk", f"json: cannot unmarshal number into {OBJECT}"),
        (b"true", f"json: cannot unmarshal bool into {OBJECT}"),
        (b'{"a": 1e400}', "json: cannot unmarshal number 1e400 into Go value of type float64"),
        (b"[" * 100_000, "exceeded max depth"),
        (b'{"a":' * 600 + b"1" + b"}" * 600, "exceeded max depth"),
    ],
)
def test_what_is_no_json_is_told_even_before_the_name_is_looked_up(known: str, raw: bytes, error: str) -> None:
    for name in ("w", "unknown"):
        answer = call("POST", f"{API}/workflow/{name}", raw=raw)
        assert (answer.status, answer.error) == (400, f"{UNREADABLE}: {error}")
    assert not Execution.objects.exists()


def test_only_the_first_value_of_a_body_counts(known: str) -> None:
    assert call("POST", f"{API}/workflow/w", raw=b'{"a":1,"b":2} junk').status == 201
    register(name="free")
    assert call("POST", f"{API}/workflow/free", raw=b"null").status == 201


def test_an_unknown_workflow_is_404() -> None:
    answer = call("POST", f"{API}/workflow/nope", {})
    assert (answer.status, answer.error) == (404, "Workflow not found")
    assert call("POST", f"{API}/workflow/nul\0", {}).status == 404


def test_missing_parameters_are_named_in_the_order_of_the_definition(known: str) -> None:
    answer = call("POST", f"{API}/workflow/w", {"c": 1})
    assert (answer.status, answer.error) == (400, "Missing input parameters: [b a]")
    assert not Execution.objects.exists()


@pytest.mark.parametrize(
    ("header", "found"),
    [("3", 201), ("2", 201), ("4", 404), ("latest", 201), ("-1", 201), ("9" * 30, 201), ("", 201)],
)
def test_a_minimum_version_can_be_asked_for(known: str, header: str, found: int) -> None:
    answer = call("POST", f"{API}/workflow/w", {"a": 1, "b": 2}, X_Workflows_Min_Version=header)
    assert answer.status == found
    if found == 201:
        assert call("GET", f"{API}/jobs/{answer.json['id']}").json["version"] == header


def test_parameters_that_are_too_large_are_refused(known: str, settings: Any) -> None:
    settings.MAX_PAYLOAD = 100
    answer = call("POST", f"{API}/workflow/w", {"a": "x" * 200, "b": 1})
    assert answer.status == 413
    assert "more than the permissible 100 bytes" in answer.error
    settings.DATA_UPLOAD_MAX_MEMORY_SIZE = 50
    assert call("POST", f"{API}/workflow/w", {"a": "x" * 200, "b": 1}).status == 413


# ---- the first form


def test_the_first_form_looks_the_name_up_first(known: str) -> None:
    assert call("POST", "api/workflow/nope", raw=b"{").error == "Workflow not found: nope"
    assert call("POST", "api/workflow/w", raw=b"{").error == UNREADABLE
    assert call("POST", "api/workflow/w", {"a": ""}).error == "Missing input parameters: b, a"
    answer = call("POST", "api/workflow/w", {"a": 1, "b": False})
    assert (answer.status, list(answer.json)) == (200, ["id", "name", "success"])
    assert call("GET", "api/workflow/w/nope").error == "not found"


# ---- batches


def test_a_batch_starts_all_in_order(known: str) -> None:
    answer = call("POST", f"{API}/workflow/w/batch", [{"a": n, "b": 0} for n in range(3)])
    assert answer.status == 201
    jobs = [call("GET", f"{API}/jobs/{started['id']}").json for started in answer.json]
    assert [started["name"] for started in answer.json] == ["w"] * 3
    assert [job["inputParameters"][0]["value"] for job in jobs] == ["0", "1", "2"]


@pytest.mark.parametrize(
    ("raw", "status", "error"),
    [
        (b"", 400, f"{UNREADABLE}: EOF"),
        (b"{}", 400, f"{UNREADABLE}: json: cannot unmarshal object into Go value of type []map[string]interface {{}}"),
        (b"[1]", 400, f"{UNREADABLE}: json: cannot unmarshal number into {OBJECT}"),
        (b'[{"a":1,"b":2},{"a":1}]', 400, "Missing input parameters: [b]"),
        (b"[null]", 400, "Missing input parameters: [b a]"),
    ],
)
def test_a_batch_with_one_that_is_wrong_starts_none(known: str, raw: bytes, status: int, error: str) -> None:
    answer = call("POST", f"{API}/workflow/w/batch", raw=raw)
    assert (answer.status, answer.error) == (status, error)
    assert not Execution.objects.exists()


def test_a_batch_that_is_too_large_is_refused(known: str) -> None:
    answer = call("POST", f"{API}/workflow/w/batch", [{"a": 1, "b": 1}] * 5001)
    assert (answer.status, answer.error) == (413, "A batch may have 5000 jobs, and this one has 5001")


def test_a_large_batch_costs_few_statements(service: Service, courier: Courier) -> None:
    register(http(service.url("a")))
    with CaptureQueriesContext(connection) as queries:
        assert len(call("POST", f"{API}/workflow/w/batch", [{}] * 300).json) == 300
    assert len(queries) <= 25
    courier.deliver()
    assert len(service.requests) == 300
    assert set(Execution.objects.values_list("state", flat=True)) == {"COMPLETED"}


def test_an_empty_batch_is_no_error_even_for_an_unknown_workflow() -> None:
    for raw in (b"[]", b"null"):
        answer = call("POST", f"{API}/workflow/nope/batch", raw=raw)
        assert (answer.status, answer.text) == (201, "[]")
    assert call("POST", f"{API}/workflow/nope/batch", [{}]).error == "Workflow not found"
    assert call("GET", f"{API}/workflow/nope/batch").error == "not found"


# ---- lists


def test_jobs_are_listed_newest_first_in_pages(service: Service, run: Run, courier: Courier) -> None:
    register(http(service.url("status/${workflow.input.code}")))
    register(name="other")
    started = [run(code=code)["id"] for code in (200, 500, 200)]
    started.append(run("other")["id"])
    started.append(begin(code=200))
    newest_first = started[::-1]
    answer = call("GET", f"{API}/jobs")
    assert [found["id"] for found in answer.json] == newest_first
    assert [found["status"] for found in answer.json] == ["pending", "done", "done", "failed", "done"]
    assert list(answer.json[0]) == ["id", "workflowName", "status", "insert_time", "version"]
    assert answer.headers["X-Total-Count"] == "5"
    second = call("GET", f"{API}/jobs?page=2&perPage=2")
    assert [found["id"] for found in second.json] == newest_first[2:4]
    assert 'page=1&perPage=2>; rel="prev"' in second.headers["Link"]
    assert 'page=3&perPage=2>; rel="last"' in second.headers["Link"]
    assert call("GET", f"{API}/jobs?page=9").json == []


@pytest.mark.parametrize(
    ("query", "count"),
    [
        ("workflow=other", 1),
        ("status=failed", 1),
        ("status=done&workflow=w", 1),
        ("status=pending", 1),
        ("status=processing", 1),
    ],
)
def test_lists_of_jobs_can_be_narrowed(service: Service, run: Run, courier: Courier, query: str, count: int) -> None:
    register({**http(service.url("status/${workflow.input.code}"), retries=1), "retryDelaySeconds": 9})
    register(http(service.url("status/500")), name="other")
    run(code=200)
    run("other")
    run(code=500)  # waits for its second attempt
    begin(code=200)
    assert len(call("GET", f"{API}/jobs?{query}").json) == count


@pytest.mark.parametrize(
    "query", ["page=0", "page=x", "perPage=501", "perPage=-1", "page=99999999999", "status=nope", "page=²"]
)
def test_a_page_that_there_cannot_be_is_refused(query: str) -> None:
    assert call("GET", f"{API}/jobs?{query}").status == 400


@pytest.mark.parametrize(
    "job", ["f" * 24, "nope", "0" * 24, "F" * 24, "a" * 23, "\0", "00000000-0000-8000-8000-000000000000"]
)
def test_an_unknown_job_is_404(job: str) -> None:
    answer = call("GET", f"{API}/jobs/{job}")
    assert (answer.status, answer.error) == (404, "not found")


def test_executions_of_other_formats_are_no_jobs() -> None:
    from tests.integration.conductor.door import call as conductor
    from tests.integration.conductor.door import definition, start

    assert conductor("POST", "metadata/workflow", definition()).status == 200
    assert call("GET", f"{API}/jobs/{start()}").status == 404
    assert call("GET", f"{API}/jobs").json == []


# ---- the catalogue


def test_the_catalogue_has_the_highest_version_of_each_workflow() -> None:
    task = {"name": "t", "type": "http", "retries": 3, "http": {"uri": "http://x", "readTimeOut": 8, "method": "PATCH"}}
    register(version=1)
    register(task, version=2, description="second", inputParameters=["b", "a"], schemaVersion=1)
    register(name="a")
    found = call("GET", META).json
    assert [(w["name"], w["version"]) for w in found] == [("a", 0), ("w", 2)]
    assert found[1]["inputParameters"] == ["b", "a"]
    assert found[1]["tasks"][0]["http"] == {
        "uri": "http://x", "method": "PATCH", "headers": None, "connectionTimeOut": 0, "readTimeOut": 8,
    }  # fmt: skip


def test_only_a_higher_version_replaces_one() -> None:
    register(version=2)
    for version in (2, 1):
        answer = call("POST", META, {"name": "w", "version": version, "description": "other"})
        assert (answer.status, answer.error) == (409, "Workflow already exists")
    assert call("POST", META, {"name": "w", "version": 3}).text == ""
    assert Version.objects.count() == 2


@pytest.mark.parametrize(
    ("raw", "error"),
    [
        (b"", "Error parsing JSON form: unexpected end of JSON input"),
        (b'{"name":"x"} tail', "Error parsing JSON form: invalid character 't' after top-level value"),
        (b"{}", "Workflow missing name"),
        (b"null", "Workflow missing name"),
        (b"[]", "Error parsing JSON form: json: cannot unmarshal array into Go value of type model.Workflow"),
        (
            b'{"name":"x","version":"1"}',
            "Error parsing JSON form: json: cannot unmarshal string into Go struct field Workflow.version of type int",
        ),
        (
            b'{"name":"x","version":1e3}',
            "Error parsing JSON form: json: cannot unmarshal number 1e3 into Go struct field Workflow.version"
            " of type int",
        ),
        (
            b'{"name":"x","tasks":[{},{"retries":256}]}',
            "Error parsing JSON form: json: cannot unmarshal number 256 into Go struct field Task.tasks.retries"
            " of type uint8",
        ),
        (
            b'{"name":"x","tasks":[{"http":{"headers":{"a":1}}}]}',
            "Error parsing JSON form: json: cannot unmarshal number into Go struct field HTTPTask.tasks.http.headers"
            " of type string",
        ),
        (
            b'{"name":"x\\u0000"}',
            "name: must have at most 255 characters, none of them a NUL character or a lone surrogate",
        ),
        (b'{"name":"x","version":2147483648}', "version: must be between -2147483648 and 2147483647"),
        (
            b'{"name":"x","tasks":[{"type":"nats","nats":{"subject":"s"}}]}',
            "tasks[0]: a task of type nats needs a NATS server, and UPBEAT_NATS_URL is not set",
        ),
    ],
)  # fmt: skip
def test_what_cannot_be_registered(raw: bytes, error: str) -> None:
    answer = call("POST", META, raw=raw)
    assert (answer.status, answer.error) == (400, error)
    assert not Version.objects.exists()


# ---- paths


@pytest.mark.parametrize(
    ("method", "path"),
    [
        ("GET", "nope"), ("GET", ""), ("POST", "status"), ("HEAD", "status"), ("OPTIONS", "status"),
        ("DELETE", f"{API}/jobs"), ("PUT", META), ("GET", "api"), ("GET", "nope/"), ("PATCH", "api/workflow/w"),
    ],
)  # fmt: skip
def test_a_path_or_method_that_there_is_not_is_plain_404(method: str, path: str) -> None:
    answer = call(method, path)
    assert answer.status == 404
    assert answer.headers["Content-Type"] == "text/plain"
    assert method == "HEAD" or answer.text == "404 page not found"


@pytest.mark.parametrize(
    ("method", "path"),
    [
        ("POST", "status/"),
        ("PUT", f"{API}/workflow/w/"),
        ("HEAD", "status/"),
        ("OPTIONS", "status/"),
        ("GET", "status//"),
    ],
)
def test_a_slash_too_many_leads_nowhere_where_there_is_no_such_method(method: str, path: str) -> None:
    """Section 2: unknown paths and wrong methods are 404."""
    assert call(method, path).status == 404


def test_a_slash_too_many_leads_to_the_path_without_it() -> None:
    answer = call("GET", f"{API}/jobs/?page=2")
    assert (answer.status, answer.headers["Location"]) == (301, "/mender/api/v1/jobs?page=2")
    answer = call("POST", f"{API}/workflow/w/", {})
    assert (answer.status, answer.headers["Location"]) == (307, "/mender/api/v1/workflow/w")


# ---- access


def test_a_closed_server_wants_keys_with_the_right_scope(settings: Any, django_user_model: Any) -> None:
    register()
    settings.OPEN = False
    assert call("GET", "status").status == 200
    assert call("GET", f"{API}/health").status == 204
    answer = call("POST", f"{API}/workflow/w", {})
    assert answer.status == 401
    assert answer.error
    owner = django_user_model.objects.create_superuser("olga", "", "a-password")
    wanted = {
        ("POST", f"{API}/workflow/w"): Scope.START,
        ("POST", f"{API}/workflow/w/batch"): Scope.START,
        ("POST", "api/workflow/w"): Scope.START,
        ("POST", META): Scope.DEFINE,
        ("GET", META): Scope.VIEW,
        ("GET", f"{API}/jobs"): Scope.VIEW,
        ("POST", f"{API}/jobs/{'f' * 24}/retry"): Scope.OPERATE,
    }
    for scope in (Scope.START, Scope.DEFINE, Scope.VIEW, Scope.OPERATE):
        key, secret = issuing.create(f"key to {scope}", owner, (scope,), by="test")
        for (method, path), needed in wanted.items():
            status = call(method, path, raw=b"", Authorization=f"Bearer {key.pk}.{secret}").status
            assert (status == 403) == (scope != needed), (method, path, scope, status)

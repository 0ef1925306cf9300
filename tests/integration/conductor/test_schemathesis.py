"""Every endpoint does what the OpenAPI document says: its answers have the documented shapes, no parameter is read that
is not documented, and whatever is sent, no answer is a 5xx.

Schemathesis makes the requests from the document, some of them wrong on purpose. ``UPBEAT_FUZZ_REQUESTS`` says how many
for each endpoint. (test_fuzz.py sends worse things, and does not look at the shapes.)
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from typing import Any

import pytest
import schemathesis
from django.core.handlers.wsgi import WSGIHandler
from django.core.signals import request_finished, request_started
from django.db import close_old_connections, transaction
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from schemathesis import Case, checks
from schemathesis.config import (
    CoveragePhaseConfig,
    ExamplesPhaseConfig,
    PhasesConfig,
    ProjectConfig,
    ProjectsConfig,
    SchemathesisConfig,
)

from api.conductor.wire import ConductorView
from tests.integration.conductor.door import call, definition, simple, start, task_of

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("no_waiting")]
REQUESTS = int(os.environ.get("UPBEAT_FUZZ_REQUESTS", "3"))
CHECKS = [
    checks.not_a_server_error,
    checks.status_code_conformance,
    checks.content_type_conformance,
    checks.response_schema_conformance,
]
ONLY_RANDOM = PhasesConfig(examples=ExamplesPhaseConfig(enabled=False), coverage=CoveragePhaseConfig(enabled=False))
# Where the name of a definition and the id of an execution have the same place.
BY_ID = {("get", "/api/workflow/{name}"), ("delete", "/api/workflow/{name}")}
BULK = [("PUT", "pause"), ("PUT", "resume"), ("POST", "restart"), ("POST", "retry"), ("POST", "terminate"),
        ("DELETE", "remove"), ("DELETE", "terminate-remove"), ("POST", "search")]  # fmt: skip


class Handler(WSGIHandler):
    """Leaves the connection open at the ends of requests: the transaction of the tests is open on it. (Django's own
    test client does so, and connects the signals again behind each request.)"""

    def __call__(self, *args: Any) -> Any:
        for signal in (request_started, request_finished):
            signal.disconnect(close_old_connections)
        return super().__call__(*args)


document = schemathesis.openapi.from_wsgi(
    "/openapi.json",
    Handler(),
    config=SchemathesisConfig(projects=ProjectsConfig(default=ProjectConfig(phases=ONLY_RANDOM))),
).include(path_regex="^/api/")
# What there is, by the names of places in paths, and bodies that make sense, by endpoint.
known: dict[str, list[str]] = {}
sensible: dict[str, Any] = {}


@document.hook
def flatmap_path_parameters(context: Any, path_parameters: dict[str, str] | None) -> Any:
    """Most of the time the path leads to something."""
    if not path_parameters:
        return st.just(path_parameters)
    there = {name: st.sampled_from(known.get(name, [made])) for name, made in path_parameters.items()}
    if (context.operation.method, context.operation.path) in BY_ID:
        there["name"] = st.sampled_from(known["workflow_id"])
    return st.one_of(*[st.fixed_dictionaries(there)] * 3, st.just(path_parameters))


@document.hook
def flatmap_body(context: Any, body: Any) -> Any:
    """Half of the time the body can be accepted."""
    return st.sampled_from([body, sensible.get(context.operation.label, body)])


@pytest.fixture(scope="module", autouse=True)
def _something_is_there(django_db_setup: None, django_db_blocker: Any) -> Iterator[None]:
    """The same for every endpoint: made once, in a transaction around those of the tests."""
    with django_db_blocker.unblock(), transaction.atomic():
        _make_something()
        yield
        transaction.set_rollback(True)
    for signal in (request_started, request_finished):
        signal.connect(close_old_connections)


def _make_something() -> None:
    """A thing of each kind, all of the same name; executions that wait in several ways, and one that has ended."""
    task_def, workflow_def = {"name": "w", "retryCount": 0}, definition(simple(), simple("u"))
    wait, human = simple("t", type="WAIT"), simple("t", type="HUMAN")
    action = {"action": "start_workflow", "start_workflow": {"name": "w"}}
    handler = {"name": "w", "event": "conductor:w:x", "active": True, "actions": [action]}
    schedule = {"name": "w", "cronExpression": "0 0 0 1 1 ?", "startWorkflowRequest": {"name": "w"}}
    webhook = {"name": "w", "verifier": "HEADER_BASED", "headers": {"k": "v"}, "workflowsToStart": {"w": 1}}
    stored = [
        call("POST", "metadata/taskdefs", [task_def]),
        call("POST", "metadata/workflow", workflow_def),
        call("POST", "metadata/workflow", definition(wait, simple("u"), name="waits")),
        call("POST", "metadata/workflow", definition(human, simple("u"), name="asks")),
        call("POST", "event", handler),
        call("POST", "scheduler/schedules", schedule),
        call("POST", "metadata/webhook", webhook),
        call("PUT", "secrets/w", raw=b"v"),
        call("PUT", "environment/w", raw=b"v"),
    ]
    assert {answer.status for answer in stored} == {200}, stored
    ids = [start(name, input={"a": 1}, correlationId="c") for name in ("w", "waits", "asks", "w")]
    task_ids = [task_of(i)["taskId"] for i in ids]
    assert call("POST", f"tasks/{task_ids[0]}/log", raw=b"a line").status == 200
    assert call("DELETE", f"workflow/{ids[-1]}").status == 200
    result = {"workflowInstanceId": ids[0], "taskId": task_ids[0], "status": "COMPLETED", "outputData": {"a": 1}}
    known.update(
        workflow_id=ids, task_id=task_ids, name=["w", "conductor:w:x"], version=["1"], number=["1"], ref=["t", "u"],
        task_type=["t"], status=["COMPLETED", "FAILED"], correlation_id=["c"], key=["w"],
        webhook_id=[stored[6].json["id"]],
    )  # fmt: skip
    sensible.update(
        {
            "POST /api/metadata/taskdefs": [task_def],
            "PUT /api/metadata/taskdefs": task_def,
            "POST /api/metadata/workflow": definition(name="other"),
            "POST /api/metadata/workflow/validate": workflow_def,
            "PUT /api/metadata/workflow": [workflow_def],
            "POST /api/event": [{**handler, "name": "other"}],
            "PUT /api/event": handler,
            "POST /api/scheduler/schedules": schedule,
            "POST /api/metadata/webhook": {**webhook, "name": "other"},
            "PUT /api/metadata/webhook/{webhook_id}": webhook,
            "POST /api/workflow": {"name": "w", "input": {"a": 1}},
            "POST /api/workflow/execute/{name}/{version}": {"name": "w", "version": 1},
            "POST /api/workflow/test": {"name": "w", "taskRefToMockOutput": {"t": [{"status": "COMPLETED"}]}},
            "POST /api/workflow/correlated/batch": {"correlationIds": ["c"], "workflowNames": ["w"]},
            "POST /api/workflow/{name}/correlated": ["c"],
            "POST /api/tasks": result,
            "POST /api/tasks/update-v2": result,
            "POST /api/workflow/{workflow_id}/state": {"taskReferenceName": "t", "taskResult": {}},
            "POST /api/workflow/{workflow_id}/rerun": {},
        }
    )
    sensible.update({f"{method} /api/workflow/bulk/{what}": ids for method, what in BULK})


@pytest.fixture
def read(monkeypatch: pytest.MonkeyPatch) -> set[str]:
    """The names of all parameters that a view has asked for."""
    found: set[str] = set()
    texts = ConductorView.texts

    def noting(self: ConductorView, name: str) -> list[str]:
        found.add(name)
        return texts(self, name)

    monkeypatch.setattr(ConductorView, "texts", noting)
    return found


@document.parametrize()
@settings(max_examples=REQUESTS, deadline=None, database=None, suppress_health_check=list(HealthCheck))
def test_it_does_what_the_document_says(case: Case[Any], read: set[str]) -> None:
    read.clear()
    case.call_and_validate(checks=CHECKS)
    assert read <= {parameter.name for parameter in case.operation.query}

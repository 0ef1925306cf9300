"""Payloads that lie beside requests (contracts/conductor.md, sections 1.3 and 6.8)."""

from __future__ import annotations

import os
import time
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import pytest
from django.core import signing
from django.test import Client

from executions.payloads import links, storage
from executions.sweeps import payloads
from tests.integration.conductor.calling import call, poll, register, start, task, workflow

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def folder(settings: Any, tmp_path: Path) -> Path:
    settings.PAYLOADS_DIR = tmp_path / "payloads"
    return tmp_path / "payloads"


def location(operation: str = "WRITE", kind: str = "WORKFLOW_INPUT", path: str = "w", side: str = "workflow") -> Any:
    query: dict[str, Any] = {"path": path, "operation": operation, "payloadType": kind}
    return call("GET", f"{side}/externalstoragelocation", **query).json


def upload(content: bytes = b'{"a": 1}', kind: str = "WORKFLOW_INPUT") -> str:
    """Stores a document as a client does; gives its path."""
    found = location(kind=kind)
    answer = Client().put(urlsplit(found["uri"]).path, content, content_type="application/json")
    assert answer.status_code == 200
    path: str = found["path"]
    return path


def test_what_was_uploaded_can_be_read_by_its_path() -> None:
    path = upload(b'{"a": "\xc3\xbc"}', "TASK_OUTPUT")
    found = location("READ", "TASK_OUTPUT", path, side="tasks")
    assert found["path"] == path
    assert found["uri"].startswith("http://testserver/api/payload/")
    assert Client().get(urlsplit(found["uri"]).path).json() == {"a": "ü"}
    call("GET", "tasks/external-storage-location", path=path, operation="READ", payloadType="TASK_OUTPUT")


def test_an_input_outside_of_the_request_is_read_at_the_start() -> None:
    register(task("NOOP"), outputParameters={"n": "${workflow.input.a}"})
    path = upload()
    workflow_id = call("POST", "workflow", {"name": "w", "externalInputPayloadStoragePath": path}).text
    found = workflow(workflow_id)
    assert (found["input"], found["output"]) == ({"a": 1}, {"n": 1})
    null = {"name": "w", "input": None, "externalInputPayloadStoragePath": path}
    assert workflow(call("POST", "workflow", null).text)["input"] == {"a": 1}
    both = {"name": "w", "input": {"b": 2}, "externalInputPayloadStoragePath": path}
    assert workflow(call("POST", "workflow", both).text)["input"] == {"b": 2}


def test_an_output_outside_of_the_result_is_there_for_the_tasks_that_follow() -> None:
    register(task("SIMPLE", "first"), task("SIMPLE", "second", {"n": "${first.output.a}"}))
    workflow_id = start()
    polled = poll("first")
    result = {
        "workflowInstanceId": workflow_id,
        "taskId": polled["taskId"],
        "status": "COMPLETED",
        "externalOutputPayloadStoragePath": upload(kind="TASK_OUTPUT"),
    }
    call("POST", "tasks", result)
    assert poll("second")["inputData"] == {"n": 1}


@pytest.mark.parametrize("content", [b"[1]", b"nonsense", b"", b"\xff"])
def test_what_is_no_object_is_refused_where_it_is_named(content: bytes) -> None:
    register(task("NOOP"))
    body = {"name": "w", "externalInputPayloadStoragePath": upload(content)}
    answer = call("POST", "workflow", body, expect=400).json
    assert answer["validationErrors"][0]["path"].endswith("externalInputPayloadStoragePath")
    assert "cannot be used" in answer["validationErrors"][0]["message"]


@pytest.mark.parametrize(
    "path",
    [
        f"task/input/{'0' * 8}-0000-4000-8000-{'0' * 12}.json",
        "../../secret_key",
        "/etc/passwd",
        "workflow/input/../../x.json",
        "x",
    ],
)
def test_a_path_where_nothing_is_leads_nowhere(path: str) -> None:
    register(task("NOOP"))
    body = {"name": "w", "externalInputPayloadStoragePath": path}
    answer = call("POST", "workflow", body, expect=400).json
    assert "there is no payload" in answer["validationErrors"][0]["message"]


def test_only_paths_of_this_server_can_be_asked_for() -> None:
    query = {"operation": "READ", "payloadType": "TASK_INPUT"}
    call("GET", "tasks/externalstoragelocation", path="../../secret_key", expect=400, **query)
    message = call(
        "GET", "workflow/externalstoragelocation", path="a", operation="BOGUS", payloadType="TASK_INPUT", expect=400
    ).json["message"]
    assert message == "Invalid input - Operation: BOGUS, PayloadType: TASK_INPUT"
    call("GET", "workflow/externalstoragelocation", expect=400)


def test_a_link_is_for_one_operation_on_one_document_and_for_a_while(monkeypatch: pytest.MonkeyPatch) -> None:
    path = upload()
    read, write = (f"/api/payload/{links.sign(operation, path)}" for operation in ("READ", "WRITE"))
    assert Client().put(read, b"{}").status_code == 403
    assert Client().get(write).status_code == 403
    assert Client().get(read[:-1] + ("a" if read[-1] != "a" else "b")).status_code == 403
    forged = signing.dumps(["READ", path], key="another", salt="upbeat.payloads")
    assert Client().get(f"/api/payload/{forged}").status_code == 403
    monkeypatch.setattr(links, "VALID_SECONDS", -1)
    assert Client().get(read).status_code == 403


def test_a_link_to_what_is_gone_says_so() -> None:
    assert Client().get(f"/api/payload/{links.sign('READ', storage.new_path('TASK_INPUT'))}").status_code == 404


def test_a_document_that_is_too_large_is_refused(settings: Any, folder: Path) -> None:
    settings.DATA_UPLOAD_MAX_MEMORY_SIZE = 100
    found = location()
    answer = Client().put(urlsplit(found["uri"]).path, b'{"a": "' + b"x" * 100 + b'"}')
    assert answer.status_code == 413
    assert not [file for file in folder.rglob("*") if file.is_file()]


def test_documents_are_kept_for_a_day(folder: Path) -> None:
    old, new = upload(), upload()
    long_ago = time.time() - storage.KEPT_SECONDS - 1
    os.utime(folder / old, (long_ago, long_ago))
    assert payloads.run_once() == 1
    assert [str(file.relative_to(folder)) for file in folder.rglob("*.json")] == [new]

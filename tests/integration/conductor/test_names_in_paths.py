"""Names that need encoding in a path (contracts/conductor.md, section 1.0), through the WSGI application."""

from __future__ import annotations

import json
from io import BytesIO
from typing import Any
from urllib.parse import quote, unquote_to_bytes

import pytest
from django.core.signals import request_started
from django.db import close_old_connections

from config.wsgi import application
from tests.integration.conductor.calling import complete, register, start, task, workflow

pytestmark = pytest.mark.django_db

NAMES = ["a/b", "/", "a//b", "100%", "a%2Fb", "two words", "naïve 名前 \U0001f600", "a+b?c#d", "tasks/poll"]


def ask(method: str, *segments: str, query: str = "") -> tuple[int, Any]:
    """A request as a web server hands it over: the path decoded, and beside it as it came."""
    raw = "/api/" + "/".join(quote(segment, safe="") for segment in segments)
    environ = {
        "REQUEST_METHOD": method,
        "PATH_INFO": unquote_to_bytes(raw).decode("latin-1"),
        "RAW_URI": raw + query,
        "QUERY_STRING": query.lstrip("?"),
        "SERVER_NAME": "testserver",
        "SERVER_PORT": "80",
        "wsgi.input": BytesIO(b""),
        "wsgi.url_scheme": "http",
        "CONTENT_LENGTH": "0",
    }
    told: list[str] = []
    # a request of a real server begins with a look at old connections, and the one of the test shall stay
    request_started.disconnect(close_old_connections)
    try:
        body = b"".join(application(environ, lambda status, headers: told.append(status)))
    finally:
        request_started.connect(close_old_connections)
    text = body.decode()
    return int(told[0][:3]), json.loads(text) if text[:1] in ("{", "[") else text


@pytest.mark.parametrize("name", NAMES)
def test_a_workflow_of_any_name_can_be_read_started_and_withdrawn(name: str) -> None:
    register(task("NOOP"), name=name)
    assert ask("GET", "metadata", "workflow", name)[1]["name"] == name
    assert [v["version"] for v in ask("GET", "metadata", "workflow", name, "versions")[1]] == [1]
    status, started = ask("POST", "workflow", name)
    assert (status, workflow(started)["workflowName"]) == (200, name)
    assert ask("POST", "workflow", "execute", name, "1")[1]["status"] == "COMPLETED"
    assert ask("DELETE", "metadata", "workflow", name, "1")[0] == 200
    assert ask("GET", "metadata", "workflow", name)[0] == 404


@pytest.mark.parametrize("name", NAMES)
def test_a_task_of_any_name_can_be_polled_and_its_definition_read(name: str) -> None:
    register({**task("SIMPLE"), "name": name})
    started = start()
    status, polled = ask("GET", "tasks", "poll", name)
    assert (status, polled["taskDefName"]) == (200, name)
    complete(polled)
    assert workflow(started)["status"] == "COMPLETED"
    assert ask("GET", "metadata", "taskdefs", name) == (
        404,
        {"status": 404, "message": f"No such taskType found by name: {name}", "retryable": False},
    )

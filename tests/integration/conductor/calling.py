"""Requests to the Conductor door as its clients make them."""

from __future__ import annotations

import json
from typing import Any
from urllib.parse import quote, urlencode

from django.test import Client


class Answer:
    """What came back: status, text, and the text as JSON."""

    def __init__(self, response: Any) -> None:
        self.status: int = response.status_code
        self.text: str = response.content.decode()
        self.type: str = response.headers.get("Content-Type", "")

    @property
    def json(self) -> Any:
        return json.loads(self.text)

    def __repr__(self) -> str:
        return f"{self.status} {self.text[:1000]}"


def call(method: str, path: str, body: Any = None, /, *, expect: int | None = 200, **query: Any) -> Answer:
    """A request to ``/api/<path>`` with ``body`` as JSON. ``expect``: the status that it must have; None: any."""
    data = b"" if body is None else json.dumps(body).encode()
    target = f"/api/{quote(path)}" + (f"?{urlencode(query, doseq=True)}" if query else "")
    answer = Answer(Client().generic(method, target, data, content_type="application/json"))
    assert expect in (None, answer.status), f"{method} {target}: {answer}"
    return answer


def task(type: str, ref: str = "t", inputs: dict[str, Any] | None = None, **fields: Any) -> dict[str, Any]:
    return {"name": ref, "taskReferenceName": ref, "type": type, "inputParameters": inputs or {}, **fields}


def register(*tasks: dict[str, Any], name: str = "w", **fields: Any) -> str:
    call("PUT", "metadata/workflow", [{"name": name, "version": 1, "tasks": list(tasks), **fields}])
    return name


def start(name: str = "w", input: dict[str, Any] | None = None, **fields: Any) -> str:
    return call("POST", "workflow", {"name": name, "input": input or {}, **fields}).text


def workflow(workflow_id: str) -> dict[str, Any]:
    found: dict[str, Any] = call("GET", f"workflow/{workflow_id}").json
    return found


def task_of(workflow_id: str, ref: str = "t") -> dict[str, Any]:
    """The latest task of a reference name."""
    tasks = [t for t in workflow(workflow_id)["tasks"] if t["referenceTaskName"] == ref]
    found: dict[str, Any] = tasks[-1]
    return found


def poll(name: str) -> dict[str, Any]:
    found: dict[str, Any] = call("GET", f"tasks/poll/{name}").json
    return found


def complete(polled: dict[str, Any], output: dict[str, Any] | None = None, status: str = "COMPLETED") -> None:
    body = {
        "workflowInstanceId": polled["workflowInstanceId"],
        "taskId": polled["taskId"],
        "status": status,
        "outputData": output or {},
    }
    call("POST", "tasks", body)

"""The Conductor door as its clients see it, and the rows that must not be there after a refusal."""

from __future__ import annotations

import json
from typing import Any
from urllib.parse import quote, urlencode

from django.test import Client

from executions.models import Event, Execution, TaskLog, TaskRun
from workflows_app.models import Definition, TaskDefinition, Version

_TABLES = (Definition, Version, TaskDefinition, Execution, TaskRun, TaskLog, Event)


class Answer:
    """What came back: the status, and the body as JSON where it is some."""

    def __init__(self, response: Any) -> None:
        self.status: int = response.status_code
        self.text: str = response.content.decode()
        self.type: str = response.headers.get("Content-Type", "")

    @property
    def json(self) -> Any:
        return json.loads(self.text)

    @property
    def message(self) -> str:
        return str(self.json["message"])

    @property
    def problems(self) -> dict[str, str]:
        """Message by path; the last one of a path."""
        return {p["path"]: p["message"] for p in self.json["validationErrors"]}

    def __repr__(self) -> str:
        return f"{self.status} {self.text[:1000]}"


def call(method: str, path: str, body: Any = None, *, raw: bytes | None = None, **query: Any) -> Answer:
    """A request to ``/api/<path>``: ``body`` as JSON, or ``raw`` as it is."""
    data = raw if raw is not None else b"" if body is None else json.dumps(body).encode()
    target = f"/api/{quote(path)}" + (f"?{urlencode(query, doseq=True)}" if query else "")
    client = Client(raise_request_exception=False)
    return Answer(client.generic(method, target, data, content_type="application/json"))


def rows() -> dict[str, int]:
    """How many rows each table has."""
    return {model.__name__: model.objects.count() for model in _TABLES}


def simple(ref: str = "t", **fields: Any) -> dict[str, Any]:
    """A task for an external worker."""
    return {"name": ref, "taskReferenceName": ref, "type": "SIMPLE", **fields}


def definition(*tasks: dict[str, Any], name: str = "w", **fields: Any) -> dict[str, Any]:
    """A WorkflowDef of these tasks, or of one simple one."""
    return {"name": name, "tasks": list(tasks) or [simple()], **fields}


def start(name: str = "w", **fields: Any) -> str:
    """Starts a workflow; gives its id."""
    answer = call("POST", "workflow", {"name": name, **fields})
    assert answer.status == 200, answer
    return answer.text


def task_of(workflow_id: str, ref: str = "t") -> dict[str, Any]:
    """The latest task of that name, as JSON."""
    tasks = call("GET", f"workflow/{workflow_id}").json["tasks"]
    found: dict[str, Any] = [task for task in tasks if task["referenceTaskName"] == ref][-1]
    return found

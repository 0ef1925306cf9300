"""The Mistral door as its clients see it."""

from __future__ import annotations

import json
from typing import Any
from urllib.parse import quote, urlencode

from django.test import Client


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
        return str(self.json["faultstring"])

    def __repr__(self) -> str:
        return f"{self.status} {self.text[:1000]}"


def call(method: str, path: str, body: Any = None, *, raw: bytes | None = None, **query: Any) -> Answer:
    """A request to ``/v2/<path>``: ``body`` as JSON, a text as YAML, or ``raw`` as it is."""
    if raw is not None:
        data, kind = raw, "text/plain"
    elif isinstance(body, str):
        data, kind = body.encode(), "text/plain"
    else:
        data, kind = b"" if body is None else json.dumps(body).encode(), "application/json"
    target = f"/v2/{quote(path)}" + (f"?{urlencode(query, doseq=True)}" if query else "")
    client = Client(raise_request_exception=False)
    return Answer(client.generic(method, target, data, content_type=kind))


def define(text: str, **query: Any) -> list[str]:
    """Stores the workflows of a text; gives their ids."""
    answer = call("POST", "workflows", text, **query)
    assert answer.status == 201, answer
    return [workflow["id"] for workflow in answer.json["workflows"]]


def start(name: str, **fields: Any) -> str:
    """Starts a workflow; gives the execution's id."""
    answer = call("POST", "executions", {"workflow_name": name, **fields})
    assert answer.status == 201, answer
    found: str = answer.json["id"]
    return found


def execution(execution_id: str) -> dict[str, Any]:
    found: dict[str, Any] = call("GET", f"executions/{execution_id}").json
    return found


def tasks(execution_id: str) -> dict[str, dict[str, Any]]:
    """The tasks of an execution by name, with their results."""
    listed = call("GET", f"executions/{execution_id}/tasks").json["tasks"]
    return {task["name"]: call("GET", f"tasks/{task['id']}").json for task in listed}


def actions(task_id: str) -> list[dict[str, Any]]:
    """The action executions of a task, with their outputs."""
    answer = call("GET", f"tasks/{task_id}/action_executions", include_output="true")
    found: list[dict[str, Any]] = answer.json["action_executions"]
    return found

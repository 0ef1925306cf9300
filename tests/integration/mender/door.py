"""The Mender door as its clients see it, and definitions to try it with."""

from __future__ import annotations

import json
from typing import Any
from urllib.parse import quote

from django.test import Client

API = "api/v1"
META = f"{API}/metadata/workflows"


class Answer:
    def __init__(self, response: Any) -> None:
        self.status: int = response.status_code
        self.text: str = response.content.decode()
        self.headers = response.headers

    @property
    def json(self) -> Any:
        return json.loads(self.text)

    @property
    def error(self) -> str:
        """The text of an error, which is all that its body has."""
        (text,) = self.json.values()
        return str(text)

    def __repr__(self) -> str:
        return f"{self.status} {self.text[:1000]}"


def call(method: str, path: str, body: Any = None, *, raw: bytes | None = None, **headers: str) -> Answer:
    """A request to ``/mender/<path>``: ``body`` as JSON, or ``raw`` as it is."""
    data = raw if raw is not None else b"" if body is None else json.dumps(body).encode()
    where, question, query = path.partition("?")
    target = f"/mender/{quote(where)}{question}{query}"
    client = Client(raise_request_exception=False)
    return Answer(client.generic(method, target, data, headers={n.replace("_", "-"): v for n, v in headers.items()}))


def register(*tasks: dict[str, Any], name: str = "w", **fields: Any) -> str:
    """Registers a workflow of these tasks."""
    answer = call("POST", META, {"name": name, "tasks": list(tasks), **fields})
    assert answer.status == 201, answer
    return name


def begin(name: str = "w", /, **parameters: Any) -> str:
    """Starts a job; gives its id."""
    answer = call("POST", f"{API}/workflow/{name}", parameters)
    assert answer.status == 201, answer
    return str(answer.json["id"])


def job(job_id: str) -> dict[str, Any]:
    answer = call("GET", f"{API}/jobs/{job_id}")
    assert answer.status == 200, answer
    found: dict[str, Any] = answer.json
    return found


def http(
    uri: str, task: str = "call", /, *, retries: int = 0, requires: list[str] | None = None, **http: Any
) -> dict[str, Any]:
    """An http task."""
    return {"name": task, "type": "http", "retries": retries, "requires": requires, "http": {"uri": uri, **http}}

"""Whatever is sent to whatever endpoint: an answer in the door's own words, and never a 5xx.

The endpoints come from the OpenAPI schema, so that new ones are tried without being named here.
``UPBEAT_FUZZ_EXAMPLES`` says how many requests are made.
"""

from __future__ import annotations

import json
import os
import re
from typing import Any
from urllib.parse import quote, urlencode

import pytest
import yaml
from django.test import Client
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from api.mistral import action_executions
from tests.integration.conductor.test_fuzz import as_json, numbers, spoilt, texts, values
from tests.integration.conftest import Courier
from tests.integration.mistral_api.door import call, define, start, tasks

pytestmark = pytest.mark.django_db
EXAMPLES = int(os.environ.get("UPBEAT_FUZZ_EXAMPLES", "1500"))
METHODS = ("get", "post", "put", "delete", "patch")
PARAMETERS = [
    "limit", "marker", "sort_keys", "sort_dirs", "fields", "nulls", "name", "id", "state", "created_at", "accepted",
    "workflow_name", "workflow_id", "task_execution_id", "root_execution_id", "include_output", "max_depth", "scope",
    "errors_only", "statistics_only", "namespace", "force", "processed", "remaining_executions", "bogus",
]  # fmt: skip

WORKFLOWS = {
    "version": "2.0",
    "fuzz": {
        "input": ["a", {"b": 2}],
        "vars": {"v": "<% $.a %>"},
        "output": {"r": "{{ _.b }}"},
        "task-defaults": {"timeout": 100},
        "tasks": {
            "t": {
                "action": "std.async_noop",
                "publish": {"p": "<% task(t).result %>"},
                "on-success": [{"u": "<% $.b > 1 %>"}, "fail(msg='no way')"],
                "retry": {"count": 1, "delay": 1},
            },
            "u": {"with-items": "i in [1, 2]", "concurrency": 1, "action": "std.echo output=<% $.i %>", "join": "one"},
            "s": {"workflow": "fuzz a=1", "on-complete": {"publish": {"global": {"g": 1}}, "next": ["u"]}},
        },
    },
}
WORKBOOK = {
    "version": "2.0",
    "name": "book",
    "tags": ["t"],
    "actions": {"a": {"base": "std.echo", "base-input": {"output": "<% $.x %>"}, "input": ["x"], "output": "<% $ %>"}},
    "workflows": {"w": {"type": "reverse", "tasks": {"x": {"action": "a x=1"}, "y": {"requires": ["x"]}}}},
}
ACTIONS = {"version": "2.0", "act": WORKBOOK["actions"]["a"]}  # type: ignore[index]


def endpoints() -> list[tuple[str, str]]:
    """(method, path with its parameters in braces) of the whole door."""
    schema = Client().get("/openapi.json", HTTP_ACCEPT="application/vnd.oai.openapi+json").json()
    found = [(m, p) for p, item in schema["paths"].items() if p.startswith("/v2") for m in METHODS if m in item]
    return [*found, ("get", "/v2/no/such"), ("patch", "/v2/workflows"), ("post", "/v2/")]


def as_yaml(value: Any) -> bytes:
    return yaml.safe_dump(value, allow_unicode=True).encode("utf-8", "surrogatepass")


def documents(good: list[Any]) -> st.SearchStrategy[bytes]:
    """YAML, whole and torn."""
    written = st.sampled_from(good).flatmap(spoilt).map(as_yaml)
    return st.one_of(
        written,
        written,
        written.flatmap(lambda text: st.integers(0, len(text)).map(lambda n: text[:n])),
        st.sampled_from([b"a: &a [*a]", b"a: &a\n  b: *a\n", b"!!python/object:os.system x", b"? [a]\n: b\n", b"\t",
                         b"- " * 2000, b"{" * 500, b"a: b: c", b"\xff\xfe", b"%YAML 9.9\n---\na", b"<<: 1", b"1: 2",
                         b"a: .inf", b"a: 2026-01-01", b"a: !!binary aGk=", b"a: !!set {b}", b"x: *nobody"]),
    )  # fmt: skip


def bodies(good: list[Any]) -> st.SearchStrategy[bytes]:
    return st.one_of(
        st.sampled_from(good).flatmap(spoilt).map(as_json),
        values.map(as_json),
        st.binary(max_size=20),
        st.sampled_from([b"", b"[" * 100_000, b'{"input":' * 600 + b"1" + b"}" * 600, b"9" * 5000, b"1e999", b"NaN",
                         b'{"input":"{\\"a\\":1e999}"}', b'{"state":"\xed\xa0\x80"}']),
    )  # fmt: skip


def test_nothing_that_is_sent_makes_the_server_fail(courier: Courier, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(action_executions, "PATIENCE", 0)
    workflow = define(yaml.safe_dump(WORKFLOWS))[0]
    assert call("POST", "workbooks", yaml.safe_dump(WORKBOOK)).status == 201
    assert call("POST", "actions", yaml.safe_dump(ACTIONS)).status == 201
    assert call("POST", "environments", {"name": "env", "variables": {"k": 1}}).status == 201
    running, ended = start("fuzz", input={"a": 1}), start("fuzz", input={"a": 2})
    call("PUT", f"executions/{ended}", {"state": "ERROR"})
    task = tasks(running)["t"]["id"]
    alone = call("POST", "action_executions", {"name": "std.async_noop"}).json["id"]
    good = [
        {"workflow_name": "fuzz", "input": {"a": 1}, "params": {"env": "env"}, "description": "d"},
        {"workflow_id": workflow, "input": '{"a": 1}', "params": '{"env": {"k": 2}}', "workflow_namespace": ""},
        {"workflow_name": "book.w", "params": {"task_name": "y"}},
        {"source_execution_id": ended},
        {"state": "PAUSED", "state_info": "why"},
        {"state": "RUNNING", "params": {"env": {"k": 3}}},
        {"description": "new"},
        {"state": "SUCCESS", "output": {"a": [1, "x"]}},
        {"state": "ERROR", "output": '{"a": 1}'},
        {"id": task, "state": "RUNNING", "reset": True, "env": "{}"},
        {"state": "SKIPPED"},
        {"name": "std.echo", "input": {"output": 1}, "params": {"save_result": True, "timeout": 5}},
        {"name": "act", "input": '{"x": 1}', "params": '{"run_sync": true}'},
        {"name": "env2", "variables": {"a": {"b": 1}}, "scope": "private"},
        {"name": "ct", "workflow_name": "fuzz", "workflow_input": '{"a": 1}', "pattern": "* * * * *",
         "remaining_executions": 2, "first_execution_time": "2035-01-01 10:00"},
    ]  # fmt: skip
    names = ["fuzz", "book", "book.w", "env", "ct", "act", "std.echo", workflow, running, ended, task, alone]
    where = endpoints()
    assert len(where) > 40
    client = Client(raise_request_exception=False)

    @settings(max_examples=EXAMPLES, deadline=None, database=None, suppress_health_check=list(HealthCheck))
    @given(data=st.data())
    def send(data: st.DataObject) -> None:
        method, path = data.draw(st.sampled_from(where))
        for parameter in re.findall(r"\{\w+\}", path):
            part = data.draw(st.one_of(st.sampled_from(names), st.sampled_from(names), texts))
            path = path.replace(parameter, quote(part.encode("utf-8", "surrogatepass"), safe=""), 1)
        operated = texts.flatmap(lambda t: st.sampled_from(["", "in:", "gt:", "has:", "neq:"]).map(lambda o: o + t))
        valued = st.one_of(
            operated, numbers.map(str), st.sampled_from([*names, "id,name", "created_at", "desc", "true"])
        )
        query = data.draw(st.dictionaries(st.sampled_from(PARAMETERS), valued, max_size=3))
        encoded = urlencode({k: v.encode("utf-8", "surrogatepass") for k, v in query.items()})
        text = data.draw(st.one_of(bodies(good), documents([WORKFLOWS, WORKBOOK, ACTIONS])))
        body = b"" if method == "get" else text
        answer = client.generic(method.upper(), f"{path}?{encoded}", body, content_type="application/json")
        said = answer.content[:2000]
        assert answer.status_code < 500, said
        if answer.status_code >= 400:
            assert json.loads(answer.content)["faultstring"], said

    send()
    assert call("GET", f"executions/{ended}").status in (200, 404)
    assert call("GET", "executions").status == 200

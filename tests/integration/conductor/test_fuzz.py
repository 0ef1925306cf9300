"""Whatever is sent to whatever endpoint: an answer in the door's own words, and never a 5xx.

The endpoints come from the OpenAPI schema and the names of query parameters from the code of the door, so that new
ones are tried without being named here. ``UPBEAT_FUZZ_EXAMPLES`` says how many requests are made.
"""

from __future__ import annotations

import json
import os
import re
from copy import deepcopy
from pathlib import Path
from typing import Any
from urllib.parse import quote, urlencode

import pytest
from django.test import Client
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

import api.conductor
from tests.integration.conductor.door import call, definition, simple, start, task_of

pytestmark = pytest.mark.django_db
EXAMPLES = int(os.environ.get("UPBEAT_FUZZ_EXAMPLES", "1800"))
METHODS = ("get", "post", "put", "delete", "patch")
_PARAMETER = re.compile(r"self\.(?:text|texts|boolean|integer|count)\(\s*\"(\w+)\"")

SWITCH = {
    "name": "s",
    "taskReferenceName": "s",
    "type": "SWITCH",
    "evaluatorType": "value-param",
    "expression": "x",
    "inputParameters": {"x": "${workflow.input.x}"},
    "decisionCases": {"a": [simple("inner")]},
    "defaultCase": [{"name": "w", "taskReferenceName": "wait", "type": "WAIT", "inputParameters": {"duration": "1h"}}],
}
LOOP = {
    "name": "l",
    "taskReferenceName": "l",
    "type": "DO_WHILE",
    "loopCondition": "$.l.iteration < 2",
    "loopOver": [simple("body")],
}
SUB = {
    "name": "c",
    "taskReferenceName": "c",
    "type": "SUB_WORKFLOW",
    "subWorkflowParam": {"name": "fuzz", "version": 1},
}
FORK = {"name": "f", "taskReferenceName": "f", "type": "FORK_JOIN", "forkTasks": [[simple("b1")], [simple("b2")]]}
JOIN = {"name": "j", "taskReferenceName": "j", "type": "JOIN", "joinOn": ["b1", "b2"]}
TASK_DEF = {
    "name": "t",
    "retryCount": 1,
    "retryLogic": "LINEAR_BACKOFF",
    "retryDelaySeconds": 1,
    "timeoutSeconds": 50,
    "responseTimeoutSeconds": 10,
    "concurrentExecLimit": 3,
    "rateLimitPerFrequency": 3,
    "inputTemplate": {"a": "${workflow.input.a}"},
}


def endpoints() -> list[tuple[str, str]]:
    """(method, path with its parameters in braces) of the whole door."""
    schema = Client().get("/openapi.json").json()
    found = [(m, p) for p, item in schema["paths"].items() if p.startswith("/api/") for m in METHODS if m in item]
    return [*found, ("get", "/api/no/such"), ("patch", "/api/workflow"), ("post", "/api/")]


def parameters() -> list[str]:
    """Names of all query parameters that the door reads."""
    folder = Path(api.conductor.__file__).parent
    return sorted({name for path in folder.glob("*.py") for name in _PARAMETER.findall(path.read_text())})


# ---- what is sent

texts = st.one_of(
    st.text(max_size=8),
    st.sampled_from(["", "\0", "a\0b", "\ud800", "None", "null", "x" * 300, "x" * 2000, "9" * 30, "٣", "²", "1_0",
                     "-1",
                     "${workflow.input.x}", "${", "${nope.output}", "COMPLETED", "FAILED", "t", "fuzz", "%00", "/",
                     "..", "PT1H", "1h", "2030-01-01 00:00", "0001-01-01 00:00 +10"]),
)  # fmt: skip
numbers = st.one_of(
    st.integers(),
    st.sampled_from([0, -1, 1, 99, 100, 2**31, -(2**31), 2**53, 2**63 - 1, 2**63, 10**30, 10**400]),
    st.floats(),
)
values = st.recursive(
    st.one_of(st.none(), st.booleans(), numbers, texts),
    lambda inner: st.one_of(st.lists(inner, max_size=3), st.dictionaries(texts, inner, max_size=3)),
    max_leaves=6,
)


def places(value: Any, here: tuple[Any, ...] = ()) -> list[tuple[Any, ...]]:
    """The path to every value inside of a value."""
    items = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    return [place for key, inner in items for place in ((*here, key), *places(inner, (*here, key)))]


@st.composite
def spoilt(draw: st.DrawFn, good: Any) -> Any:
    """A good body with something in it replaced, removed or added."""
    body = deepcopy(good)
    for _ in range(draw(st.integers(0, 2))):
        found = places(body)
        if not found:
            break
        place = draw(st.sampled_from(found))
        holder = body
        for key in place[:-1]:
            holder = holder[key]
        if isinstance(holder, dict) and draw(st.booleans()):
            del holder[place[-1]]
        else:
            holder[place[-1]] = draw(values)
    return body


def as_json(value: Any) -> bytes:
    return json.dumps(value).encode()


def bodies(good: list[Any]) -> st.SearchStrategy[bytes]:
    return st.one_of(
        st.sampled_from(good).flatmap(spoilt).map(as_json),
        st.sampled_from(good).flatmap(spoilt).map(as_json),
        values.map(as_json),
        st.binary(max_size=20),
        st.sampled_from([b"", b"[" * 100_000, b'{"a":' * 600 + b"1" + b"}" * 600, b"9" * 5000, b"1e999", b'"\xff"',
                         b"\xed\xa0\x80", b'{"name":"a","name":"b"}', b"NaN", b"{}{}", b"\xef\xbb\xbf{}"]),
    )  # fmt: skip


@pytest.mark.usefixtures("no_waiting")
def test_nothing_that_is_sent_makes_the_server_fail() -> None:
    call("POST", "metadata/taskdefs", [TASK_DEF])
    for body in (definition(simple(), SWITCH, name="fuzz"), definition(LOOP, FORK, JOIN, SUB, name="deep")):
        assert call("POST", "metadata/workflow", body).status == 200
    running, ended, deep = start("fuzz"), start("fuzz"), start("deep")
    call("DELETE", f"workflow/{ended}")
    task, other = task_of(running)["taskId"], task_of(deep, "body__1")["taskId"]
    results = [
        {"workflowInstanceId": w, "taskId": t, "status": s, "outputData": {"a": 1}, "logs": [{"log": "x"}]}
        for w, t, s in ((running, task, "IN_PROGRESS"), (deep, other, "COMPLETED"), (running, other, "FAILED"))
    ]
    requests = [
        {"name": "fuzz", "version": 1, "input": {"x": "a"}, "correlationId": "c", "priority": 1,
         "taskToDomain": {"*": "d"}, "idempotencyKey": "k", "idempotencyStrategy": "RETURN_EXISTING"},
        {"name": "inline", "workflowDef": definition(simple(), name="inline"), "input": {}},
    ]  # fmt: skip
    definitions = [definition(SWITCH, simple()), definition(LOOP, FORK, JOIN), definition(SUB)]
    good = [*definitions, definitions, TASK_DEF, [TASK_DEF], *requests, *results, [running, ended], {"a": {"b": 1}}]
    names = ["fuzz", "deep", "t", running, ended, deep, task, other, "1", "COMPLETED", "wait", running.upper()]
    where, query_names = endpoints(), parameters()
    assert len(where) > 30
    assert "waitForSeconds" in query_names
    client = Client(raise_request_exception=False)

    @settings(
        max_examples=EXAMPLES,
        deadline=None,
        database=None,
        suppress_health_check=list(HealthCheck),
    )
    @given(data=st.data())
    def send(data: st.DataObject) -> None:
        method, path = data.draw(st.sampled_from(where))
        for parameter in re.findall(r"\{\w+\}", path):
            part = data.draw(st.one_of(st.sampled_from(names), st.sampled_from(names), texts))
            path = path.replace(parameter, quote(part.encode("utf-8", "surrogatepass"), safe=""), 1)
        query = data.draw(st.dictionaries(st.sampled_from(query_names), st.one_of(texts, numbers.map(str)), max_size=3))
        encoded = urlencode({k: v.encode("utf-8", "surrogatepass") for k, v in query.items()})
        body = b"" if method == "get" else data.draw(bodies(good))
        answer = client.generic(method.upper(), f"{path}?{encoded}", body, content_type="application/json")
        said = answer.content[:2000]
        assert answer.status_code < 500, said
        if answer.status_code >= 400:
            error = json.loads(answer.content)
            assert (error["status"], error["retryable"]) == (answer.status_code, False), said
            assert error["message"], said

    send()
    assert call("GET", f"workflow/{deep}").status == 200

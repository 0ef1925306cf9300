"""Every field and operator finds exactly the right executions, through the door."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from typing import Any
from urllib.parse import urlencode

import pytest
from django.test import Client

from executions.models import Execution
from tests.integration.search.population import NOON, execution, unsaved, version

pytestmark = pytest.mark.django_db

PARENT = "018f0000-0000-7000-8000-00000000000a"
MS = int(NOON.timestamp() * 1000)
FIND = "/api/workflow/search"


@pytest.fixture
def ids() -> dict[str, str]:
    """Five executions by a short name."""
    of = version()
    return {
        "a": execution(of, id=PARENT, name="order", correlation_id="one", priority=5),
        "b": execution(of, minutes=1, name="order", number=2, state="PAUSED", correlation_id="two*"),
        "c": execution(of, minutes=2, name="orders_eu", state="COMPLETED", ended_at=NOON + timedelta(minutes=3)),
        "d": execution(
            of, minutes=3, name="Order", state="FAILED", reason="disk 'full'", ended_at=NOON + timedelta(minutes=9)
        ),
        "e": execution(of, minutes=4, name="in%voice_x", parent_id=PARENT, correlation_id='it\'s (a) "test", ok'),
    }


def search(path: str = FIND, **parameters: Any) -> dict[str, Any]:
    response = Client().get(f"{path}?{urlencode(parameters)}")
    assert response.status_code == 200, response.content
    found: dict[str, Any] = response.json()
    return found


def refused(path: str = FIND, **parameters: Any) -> str:
    response = Client().get(f"{path}?{urlencode(parameters)}")
    assert response.status_code == 400, response.content
    found: dict[str, Any] = response.json()
    return str(found.get("validationErrors") or found["message"])


@pytest.fixture
def found(ids: dict[str, str]) -> Callable[..., str]:
    """The short names of what a query finds, in alphabetical order."""
    names = {execution_id: name for name, execution_id in ids.items()}

    def found(query: str = "", **parameters: Any) -> str:
        answer = search(query=query, **parameters)
        assert answer["totalHits"] == len(answer["results"])
        return "".join(sorted(names[row["workflowId"]] for row in answer["results"]))

    return found


@pytest.mark.parametrize(
    ("query", "expected"),
    [
        ("", "abcde"),
        ("*", "abcde"),
        (f"workflowId={PARENT}", "a"),
        (f"workflowId={PARENT.upper()}", "a"),
        (f"workflowId!={PARENT}", "bcde"),
        ("workflowId=018f0000*", "a"),
        ("workflowId=*00a", "a"),
        ("workflowId STARTS_WITH 018f0000-0000-7", "a"),
        ("workflowId=nonsense", ""),
        ("workflowId NOT IN (nonsense)", "abcde"),
        ("workflowType=order", "ab"),
        ("workflowType = 'order' ", "ab"),
        ("workflowType!=order", "cde"),
        ("workflowType=order*", "abc"),
        ("workflowType=*rder*", "abcd"),
        ("workflowType STARTS_WITH order", "abc"),
        ("workflowType IN (order,Order)", "abd"),
        ("workflowType IN (order*,Order)", "abcd"),
        ("workflowType NOT IN (order*, Order)", "e"),
        ("workflowType=in%voice_x", "e"),
        ("workflowType=in%*", "e"),
        ("workflowType=*_e*", "c"),
        ("workflowType=?rder", ""),
        ("workflowType=[oO]rder", ""),
        ("version=2", "b"),
        ("version>1", "b"),
        ("version<2", "acde"),
        ("version BETWEEN 2 AND 9", "b"),
        ("version IN (1,2)", "abcde"),
        ("version != 2", "acde"),
        ("version <= 99999999999999999999999999", "abcde"),
        ("priority >= 5", "a"),
        ("status=RUNNING", "ae"),
        ("status = running", "ae"),
        ("status IN (RUNNING)", "ae"),
        ("status IN (RUNNING, PAUSED)", "abe"),
        ("status IN (FAILED,TERMINATED)", "d"),
        ("status IN (COMPLETED,FAILED)", "cd"),
        ("status != RUNNING", "bcd"),
        ("status NOT IN (RUNNING,PAUSED)", "cd"),
        ("status = *ED", "bcd"),
        ("status STARTS_WITH RUN", "ae"),
        ("status IS NULL", ""),
        ("status IS NOT NULL", "abcde"),
        ("correlationId=one", "a"),
        (r"correlationId=two\*", "b"),
        ("correlationId=t*", "b"),
        ("correlationId=*", "abe"),
        ("correlationId='it\\'s (a) \"test\", ok'", "e"),
        ("correlationId!=one", "bcde"),
        ("correlationId NOT IN (one)", "bcde"),
        ("correlationId IS NULL", "cd"),
        ("correlationId IS NOT NULL", "abe"),
        (f"startTime={MS}", "a"),
        (f"startTime!={MS}", "bcde"),
        (f"startTime>{MS}", "bcde"),
        (f"startTime>={MS}", "abcde"),
        (f"startTime<{MS + 60_000}", "a"),
        (f"startTime<={MS + 60_000}", "ab"),
        (f"startTime BETWEEN {MS + 60_000} AND {MS + 120_000}", "bc"),
        (f"startTime IN ({MS}, {MS + 120_000})", "ac"),
        ("startTime > 2026-01-31T12:02:00Z", "de"),
        ("startTime > '2026-01-31 12:02:00'", "de"),
        ("startTime > '2026-01-31T13:02:00+01:00'", "de"),
        ("startTime > 2026-01-31", "abcde"),
        ("startTime > 0 AND startTime < 9223372036854775807", "abcde"),
        ("startTime > 99999999999999999999999999", ""),
        (f"endTime > {MS + 180_000}", "d"),
        ("endTime IS NULL", "abe"),
        ("endTime = *", "cd"),
        (f"endTime != {MS + 180_000}", "abde"),
        (f"updateTime >= {MS + 240_000}", "e"),
        (f"parentWorkflowId={PARENT}", "e"),
        ("parentWorkflowId IS NULL", "abcd"),
        ("reasonForIncompletion = \"disk 'full'\"", "d"),
        ("classifier = workflow", "abcde"),
        ("classifier = agent", ""),
        ("workflowType=order AND status=PAUSED", "b"),
        ("workflowType=order OR status=FAILED", "abd"),
        ("(workflowType=order OR status=FAILED) AND startTime>2026-01-31T12:00:30Z", "bd"),
        ("workflowType=order AND version=2 OR correlationId=one AND priority=5", "ab"),
    ],
)
def test_a_query_finds_exactly_what_it_asks_for(found: Callable[..., str], query: str, expected: str) -> None:
    assert found(query) == expected


def test_times_are_known_to_a_millisecond(ids: dict[str, str]) -> None:
    Execution.objects.filter(id=ids["a"]).update(created_at=NOON + timedelta(microseconds=5999))
    assert search(query=f"startTime={MS + 5}")["totalHits"] == 1
    assert search(query=f"startTime<={MS + 5}")["totalHits"] == 1
    assert search(query=f"startTime>{MS + 5}")["totalHits"] == 4
    assert search(query=f"startTime<{MS + 5}")["totalHits"] == 0


@pytest.mark.parametrize(
    ("parameters", "message"),
    [
        ({"query": "color=red"}, "unknown field 'color': there are workflowId, workflowType"),
        ({"query": "status=RUNNING AND color=red"}, "(at character 20)"),
        ({"query": "status ~ RUNNING"}, "unknown operator ~ after status"),
        ({"query": "status=DONE"}, "status cannot be 'DONE': it is one of RUNNING, PAUSED"),
        ({"query": "status>RUNNING"}, "status cannot be compared with >"),
        ({"query": "workflowId<5"}, "workflowId cannot be compared with <"),
        ({"query": "version=two"}, "version needs a whole number, not 'two'"),
        ({"query": "version=1*"}, "version needs a whole number, not '1*'"),
        ({"query": "startTime>yesterday"}, "startTime needs a time"),
        ({"query": "startTime>0001-01-01T00:00:00+24:00"}, "startTime needs a time"),
        ({"query": "workflowType < a*"}, "needs a value without *"),
        ({"query": "status=RUNNING AND"}, "the name of a field was expected"),
        ({"sort": "color:ASC"}, "sort: unknown field 'color'"),
        ({"freeText": '"open'}, "never closed"),
        ({"freeText": "*end"}, "only at the end"),
        ({"size": "5001"}, "Cannot return more than 5000 workflows. Please use pagination."),
        ({"size": "-1"}, "size must not be negative"),
        ({"start": "x"}, "start must be a whole number"),
        ({"start": "100000"}, "beyond the first 100,000"),
    ],
)
def test_what_cannot_be_understood_is_refused_and_named(parameters: dict[str, str], message: str) -> None:
    assert message in refused(**parameters)


@pytest.mark.parametrize(
    "text",
    [
        "'; DROP TABLE executions_execution; --",
        '" OR 1=1 --',
        "x%' OR '1'='1",
        "%s %(a)s {0} \\",
        "\u0001",
        "a' UNION SELECT * FROM auth_user --",
        "NEAR(a b) OR words:x",
    ],
)
def test_no_text_gets_out_of_its_place(ids: dict[str, str], text: str) -> None:
    quoted = "'" + text.replace("\\", "\\\\").replace("'", "\\'").replace("*", "\\*") + "'"
    for field in ("workflowType", "correlationId", "reasonForIncompletion", "workflowId"):
        for operator in ("=", "STARTS_WITH"):
            assert search(query=f"{field} {operator} {quoted}")["totalHits"] == 0
    for parameter in ("query", "freeText", "sort"):
        response = Client().get(f"{FIND}?{urlencode({parameter: text})}")
        assert response.status_code in (200, 400)
    assert Execution.objects.count() == 5


def test_rows_come_newest_first_or_as_asked_for(ids: dict[str, str]) -> None:
    def order(sort: str) -> list[str]:
        names = {execution_id: name for name, execution_id in ids.items()}
        return [names[row["workflowId"]] for row in search(sort=sort)["results"]]

    assert order("") == list("edcba")
    assert order("startTime:ASC") == list("abcde")
    assert order("version:DESC|startTime:ASC") == list("bacde")
    # who has not ended comes last
    assert order("endTime:DESC|startTime:ASC") == list("dcabe")
    assert order("endTime:ASC|startTime:ASC") == list("cdabe")


def test_pages_are_stable_even_where_everything_is_equal() -> None:
    of = version()
    Execution.objects.bulk_create([unsaved(of) for _ in range(57)])
    for sort in ("", "startTime:ASC", "status:DESC", "endTime:ASC"):
        seen = []
        for start in range(0, 70, 10):
            page = search(sort=sort, start=start, size=10)
            assert page["totalHits"] == 57
            seen += [row["workflowId"] for row in page["results"]]
        assert len(seen) == len(set(seen)) == 57
    assert search(size=0) == {"totalHits": 57, "results": []}


def test_the_web_interface_narrows_by_classifier_and_level(found: Callable[..., str]) -> None:
    parameters = {"freeText": "*", "sort": "startTime:DESC", "start": 0, "size": 15}
    assert found("startTime>1", classifier="workflow", **parameters) == "abcde"
    assert found("startTime>1", classifier="agent", **parameters) == ""
    assert found(topLevelOnly="true") == "abcd"
    assert found(queryId="", skipCache="false") == "abcde"


def test_a_summary_has_texts_and_a_workflow_has_values(ids: dict[str, str]) -> None:
    Execution.objects.filter(id=ids["d"]).update(
        input={"n": 1, "ä": [None]}, attributes={"createdBy": "ada"}, failed_refs=[["x_ref", "x"], ["y_ref", "x"]]
    )
    (summary,) = search(query="status=FAILED")["results"]
    assert summary == {
        "workflowType": "Order",
        "version": 1,
        "workflowId": ids["d"],
        "startTime": "2026-01-31T12:03:00.000Z",
        "updateTime": "2026-01-31T12:03:00.000Z",
        "endTime": "2026-01-31T12:09:00.000Z",
        "status": "FAILED",
        "input": '{"n":1,"ä":[null]}',
        "output": "{}",
        "inputSize": 18,
        "outputSize": 2,
        "reasonForIncompletion": "disk 'full'",
        "executionTime": 360_000,
        "failedReferenceTaskNames": "x_ref,y_ref",
        "failedTaskNames": ["x"],
        "priority": 0,
        "createdBy": "ada",
        "taskToDomain": {},
        "parentWorkflowId": "",
        "classifier": "workflow",
    }
    (workflow,) = search("/api/workflow/search-v2", query="status=FAILED")["results"]
    assert (workflow["workflowId"], workflow["input"], workflow["tasks"]) == (ids["d"], {"n": 1, "ä": [None]}, [])
    assert workflow["startTime"] == MS + 180_000

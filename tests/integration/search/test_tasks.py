"""Searching tasks, and workflows by their tasks."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest

from tests.integration.search.population import NOON, execution, task_run, version
from tests.integration.search.test_executions import MS, refused, search
from workflows_app.models import Version

pytestmark = pytest.mark.django_db

TASKS = "/api/tasks/search"


@pytest.fixture
def of() -> Version:
    return version()


@pytest.fixture
def owners(of: Version) -> dict[str, str]:
    return {"1": execution(of, name="one", correlation_id="c1"), "2": execution(of, name="two", minutes=1)}


@pytest.fixture
def ids(of: Version, owners: dict[str, str]) -> dict[str, str]:
    """Six task runs by a short name."""
    one, two = owners["1"], owners["2"]
    ended: Any = {"started_at": NOON + timedelta(seconds=1), "ended_at": NOON + timedelta(seconds=3)}
    return {
        "a": task_run(one, of, name="pack", state="COMPLETED", worker="w1", output={"n": 1}, **ended),
        "b": task_run(one, of, name="pack", state="DELAYED", domain="eu", minutes=1),
        "c": task_run(one, of, name="call", type="HTTP", state="FAILED", reason="no route", minutes=2, **ended),
        "d": task_run(two, of, name="split", type="FORK_JOIN", state="COMPLETED", minutes=3),
        "e": task_run(two, of, name="meet", type="JOIN", state="WAITING", minutes=4),
        "f": task_run(two, of, name="HTTP", type="my_type", state="SCHEDULED", priority=3, minutes=5),
    }


@pytest.fixture
def found(ids: dict[str, str]) -> Callable[[str], str]:
    names = {task_id: name for name, task_id in ids.items()}

    def found(query: str) -> str:
        answer = search(TASKS, query=query)
        assert answer["totalHits"] == len(answer["results"])
        tasks = search(f"{TASKS}-v2", query=query)
        assert [t["taskId"] for t in tasks["results"]] == [t["taskId"] for t in answer["results"]]
        return "".join(sorted(names[row["taskId"]] for row in answer["results"]))

    return found


@pytest.mark.parametrize(
    ("query", "expected"),
    [
        ("", "abcdef"),
        ("taskType=pack", "ab"),
        ("taskType=SIMPLE", ""),
        ("taskType=HTTP", "c"),
        ("taskType=FORK", "d"),
        ("taskType=FORK_JOIN", ""),
        ("taskType=my_type", "f"),
        ("taskType IN (pack, JOIN)", "abe"),
        ("taskType != pack", "cdef"),
        ("taskType NOT IN (pack, FORK, HTTP)", "ef"),
        ("taskType = *o*", "".join(())),
        ("taskType = *O*", "de"),
        ("taskType STARTS_WITH pa", "ab"),
        ("taskDefName=pack", "ab"),
        ("taskDefName=call", "c"),
        ("taskDefName=HTTP", "f"),
        ("taskDefName=FORK", "d"),
        ("taskDefName=split", ""),
        ("taskDefName IN (JOIN, pack)", "abe"),
        ("taskDefName != JOIN", "abcdf"),
        ("taskDefName=*a*", "abc"),
        ("status=COMPLETED", "ad"),
        ("status=IN_PROGRESS", "e"),
        ("status=SCHEDULED", "bf"),
        ("status IN (SCHEDULED, FAILED)", "bcf"),
        ("status!=SCHEDULED", "acde"),
        ("workflowType=one", "abc"),
        ("correlationId=c1", "abc"),
        ("correlationId IS NULL", "def"),
        ("workerId=w1", "a"),
        ("domain=eu", "b"),
        ("domain != eu", "acdef"),
        ("workflowPriority=3", "f"),
        ("reasonForIncompletion = no*", "c"),
        (f"scheduledTime>{MS + 120_000}", "def"),
        (f"startTime={MS + 1000}", "ac"),
        ("startTime IS NULL", "bdef"),
        (f"endTime<{MS + 5000}", "ac"),
        (f"updateTime>={MS + 300_000}", "f"),
        ("taskType=pack AND status=COMPLETED", "a"),
        ("taskType=pack OR (workflowType=two AND status=SCHEDULED)", "abf"),
    ],
)
def test_a_query_finds_exactly_the_tasks_it_asks_for(found: Callable[[str], str], query: str, expected: str) -> None:
    assert found(query) == expected


def test_tasks_are_found_by_their_ids(
    ids: dict[str, str], owners: dict[str, str], found: Callable[[str], str]
) -> None:  # fmt: skip
    assert found(f"taskId={ids['c']}") == "c"
    assert found(f"workflowId={owners['2']}") == "def"
    assert found(f"workflowId={owners['2']} AND taskId IN ({ids['a']}, {ids['f']})") == "f"


@pytest.mark.parametrize(
    ("parameters", "message"),
    [
        ({"query": "version=1"}, "unknown field 'version': there are taskId, taskType"),
        ({"query": "status=PAUSED"}, "status cannot be 'PAUSED'"),
        ({"query": "status=WAITING"}, "status cannot be 'WAITING'"),
        ({"size": "5001"}, "Cannot return more than 5000 tasks"),
        ({"sort": "seq"}, "sort: unknown field 'seq'"),
    ],
)
def test_what_cannot_be_understood_is_refused_and_named(parameters: dict[str, str], message: str) -> None:
    assert message in refused(TASKS, **parameters)


def test_a_summary_of_a_task_has_texts(ids: dict[str, str], owners: dict[str, str]) -> None:
    (summary,) = search(TASKS, query="workerId=w1")["results"]
    assert summary == {
        "workflowId": owners["1"],
        "workflowType": "one",
        "correlationId": "c1",
        "scheduledTime": "2026-01-31T12:00:00.000Z",
        "startTime": "2026-01-31T12:00:01.000Z",
        "updateTime": "2026-01-31T12:00:00.000Z",
        "endTime": "2026-01-31T12:00:03.000Z",
        "status": "COMPLETED",
        "executionTime": 2000,
        "queueWaitTime": 1000,
        "taskDefName": "pack",
        "taskType": "pack",
        "input": "{}",
        "output": '{"n":1}',
        "taskId": ids["a"],
        "workflowPriority": 0,
    }


def test_tasks_are_sorted_and_paged(ids: dict[str, str]) -> None:
    names = {task_id: name for name, task_id in ids.items()}
    order = [names[row["taskId"]] for row in search(TASKS, sort="scheduledTime:DESC")["results"]]
    assert order == list("fedcba")
    pages = [search(TASKS, start=start, size=4) for start in (0, 4, 8)]
    assert [page["totalHits"] for page in pages] == [6, 6, 6]
    assert sorted(row["taskId"] for page in pages for row in page["results"]) == sorted(ids.values())
    assert [row["taskDefName"] for row in search(TASKS, sort="taskDefName", size=2)["results"]] == ["FORK", "HTTP"]


def test_workflows_are_found_by_their_tasks_once_each(ids: dict[str, str], owners: dict[str, str]) -> None:
    one, two = owners["1"], owners["2"]
    for query, expected in (
        ("", [two, one]),
        ("taskType=pack", [one]),
        ("status=SCHEDULED", [two, one]),
        ("status=SCHEDULED AND workflowType=two", [two]),
        ("status=TIMED_OUT", []),
    ):
        found = search("/api/workflow/search-by-tasks", query=query)
        assert ([row["workflowId"] for row in found["results"]], found["totalHits"]) == (expected, len(expected))
    up = search("/api/workflow/search-by-tasks-v2", query="status=SCHEDULED", sort="workflowType:ASC", size=1)
    assert [(row["workflowName"], row["tasks"]) for row in up["results"]] == [("one", [])]
    assert up["totalHits"] == 2
    assert "unknown field 'version'" in refused("/api/workflow/search-by-tasks", query="version=1")

"""Common searches use an index, with 10,000 executions there."""

from __future__ import annotations

import re
from datetime import timedelta
from typing import Any
from uuid import uuid4

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from api.conductor.search_fields import WORKFLOW_FIELDS
from executions.ids import new_id
from executions.models import Execution, TaskRun
from executions.search import find
from tests.integration.search.population import NOON, unsaved, version
from tests.integration.search.test_executions import MS, search

pytestmark = pytest.mark.django_db(transaction=True)

MANY = 10_000


@pytest.fixture
def many(transactional_db: None) -> None:
    of = version()
    executions = [
        unsaved(
            of,
            id=new_id(),
            minutes=n,
            name=f"flow{n % 50}",
            state="RUNNING" if n % 500 == 0 else "FAILED" if n % 100 == 1 else "COMPLETED",
            correlation_id=f"c{n}" if n % 3 else None,
        )
        for n in range(MANY)
    ]
    Execution.objects.bulk_create(executions, batch_size=1000)
    TaskRun.objects.bulk_create(
        [
            TaskRun(
                id=uuid4(),
                execution_id=e.id,
                version=of,
                scope_id=e.id,
                ref="a",
                type="SIMPLE" if n % 2 else "HTTP",
                name=f"task{n % 200}",
                state="COMPLETED",
                scheduled_at=NOON,
                first_scheduled_at=NOON,
                updated_at=NOON + timedelta(minutes=n),
            )
            for n, e in enumerate(executions)
        ],
        batch_size=1000,
    )
    with connection.cursor() as cursor:
        cursor.execute("ANALYZE")


def plan_of(path: str, **parameters: Any) -> tuple[str, int]:
    """How the database finds and counts what a search asks for, and how much that is."""
    statements = []

    def noting(execute: Any, sql: str, values: Any, many: bool, context: Any) -> Any:
        if "LIMIT" in sql:
            statements.append((sql, values))
        return execute(sql, values, many, context)

    with connection.execute_wrapper(noting):
        total = search(path, **parameters)["totalHits"]
    explain = "EXPLAIN" if connection.vendor == "postgresql" else "EXPLAIN QUERY PLAN"
    lines = []
    with connection.cursor() as cursor:
        for sql, values in statements:
            cursor.execute(f"{explain} {sql}", values)
            lines += [str(row[-1]) for row in cursor.fetchall()]
    return "\n".join(lines), total


def whole_tables(plan: str) -> list[str]:
    """Tables that are read from one end to the other."""
    return [line for line in plan.splitlines() if "Seq Scan" in line or re.fullmatch(r"SCAN [et]", line)]


def test_common_searches_use_an_index(many: None) -> None:
    for query, index, total in (
        (f"workflowType=flow7 AND status=COMPLETED AND startTime>{MS}", "execution_name", 200),
        ("workflowType IN (flow7)", "execution_name", 200),
        ("correlationId = c1000", "execution_correlation", 1),
        ("correlationId IN (c1000, c1001)", "execution_correlation", 2),
        ("status=RUNNING", "execution_open", 20),
        ("status IN (RUNNING, PAUSED) AND workflowType=flow0", "execution_open", 20),
        ("status=FAILED", "execution_failed", 100),
        ("status IN (FAILED,TERMINATED) AND startTime>1", "execution_failed", 100),
        (f"startTime>{MS + (MANY - 10) * 60_000}", "execution_created", 9),
    ):
        plan, found = plan_of("/api/workflow/search", query=query, sort="startTime:DESC", size=15)
        assert found == total, query
        assert index in plan, f"{query}\n{plan}"
        assert not whole_tables(plan), f"{query}\n{plan}"
    _the_first_page_of_everything_reads_no_whole_table()
    _running_workflows_and_correlation_ids_are_looked_up_by_index()


def _the_first_page_of_everything_reads_no_whole_table() -> None:
    with CaptureQueriesContext(connection) as queries:
        assert search("/api/workflow/search", size=15)["totalHits"] == MANY
    (page,) = (q["sql"] for q in queries if "OFFSET" in q["sql"])
    with connection.cursor() as cursor:
        cursor.execute(("EXPLAIN " if connection.vendor == "postgresql" else "EXPLAIN QUERY PLAN ") + page)
        plan = "\n".join(str(row[-1]) for row in cursor.fetchall())
    assert "execution_created" in plan
    assert not whole_tables(plan), plan


def _running_workflows_and_correlation_ids_are_looked_up_by_index() -> None:
    for condition, index in (
        (find.where("status IN (RUNNING,PAUSED) AND workflowType=flow0", WORKFLOW_FIELDS), "execution_open"),
        (find.where("correlationId=c100 AND workflowType=flow0", WORKFLOW_FIELDS), "execution_correlation"),
    ):
        explain = "EXPLAIN" if connection.vendor == "postgresql" else "EXPLAIN QUERY PLAN"
        with connection.cursor() as cursor:
            cursor.execute(f"{explain} SELECT id FROM executions_execution e WHERE {condition.text}", condition.values)
            plan = "\n".join(str(row[-1]) for row in cursor.fetchall())
        assert index in plan, plan


def test_tasks_of_a_name_are_found_by_index(many: None) -> None:
    for query, total in (
        ("taskType=task7", 50),
        ("taskDefName=task8 AND status=COMPLETED", 50),
        ("taskType=HTTP AND taskDefName=task8", 50),
    ):
        plan, found = plan_of("/api/tasks/search", query=query, size=15)
        assert found == total, query
        assert "task_run_name" in plan, f"{query}\n{plan}"

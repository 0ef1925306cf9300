"""Free text finds what was committed before, and the engine pays for none of it."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from django.db import connection, transaction

from executions import operations
from executions.engine.events import Result
from executions.engine.rows import ExecutionRow
from executions.models import Execution
from executions.operations import report
from executions.search import documents
from executions.search.databases import database, install
from executions.search.models import SearchDocument, SearchPending
from executions.states import RunState
from executions.sweeps import search_documents
from tests.integration.conftest import run_of
from tests.integration.search.population import execution, task_run, unsaved, version
from tests.integration.search.test_executions import refused, search
from tests.unit.engine.world import graph, task

pytestmark = pytest.mark.django_db

Begin = Callable[..., ExecutionRow]


def found(text: str, **parameters: Any) -> set[str]:
    answer = search(freeText=text, **parameters)
    assert answer["totalHits"] == len(answer["results"])
    return {row["workflowId"] for row in answer["results"]}


def test_words_are_found_in_names_ids_correlation_ids_inputs_and_outputs() -> None:
    of = version()
    mine = execution(
        of,
        name="ship_order",
        correlation_id="Customer/17",
        input={"place": "Zürich-West", "lines": [{"sku": "AB-1000"}], "quote": 'say "no"\nplease'},
        output={"total": 12.5},
        reason="Disk is full",
    )
    execution(of, name="other", input={"place": "Bern"})
    for text in (
        *("ship", "ship_order", "SHIP order", mine, mine[:8], "customer/17", "customer 17"),
        *("zürich", "ZÜRICH-WEST", "ab-10", "sku", "please", '"say no"', "12.5", '"disk is full"', "disk full"),
    ):
        assert found(text) == {mine}, text
    for text in ("hip_order", '"ab-10"', '"full disk"', "full-disk", "zürich bern", "nplease", "west-zürich"):
        assert found(text) == set(), text


def test_free_text_and_query_narrow_each_other() -> None:
    of = version()
    one, two = (execution(of, name=name, input={"k": "needle"}) for name in ("one", "two"))
    assert found("needle") == {one, two}
    assert found("needle", query="workflowType=two") == {two}
    assert found("*", query="workflowType=two") == {two}


def test_a_document_follows_its_execution_to_the_end(begin: Begin) -> None:
    started = begin(graph(task("a")), input={"k": "atfirst"})
    assert found("atfirst") == {started.id}
    assert found("atlast") == set()
    report(started.id, run_of(started.id, "a").id, Result(state=RunState.COMPLETED, output={"k": "atlast"}))
    assert found("atlast") == {started.id}
    operations.restart(started.id, by="somebody")
    assert found("atlast") == set()
    assert found("atfirst") == {started.id}


def test_a_removed_execution_takes_its_document_along() -> None:
    mine = execution(version(), name="gone")
    assert found("gone") == {mine}
    Execution.objects.filter(pk=mine).delete()
    assert SearchDocument.objects.count() == 0
    assert found("gone") == set()


def test_what_changes_while_it_is_read_is_read_again(monkeypatch: pytest.MonkeyPatch) -> None:
    mine = execution(version(), name="slow", reason="before")
    read = documents._documents

    def read_then_change(ids: list[Any]) -> Any:
        rows = read(ids)
        monkeypatch.undo()
        Execution.objects.filter(pk=mine).update(reason="after", revision=7)
        return rows

    monkeypatch.setattr(documents, "_documents", read_then_change)
    assert documents.catch_up(10) == 2
    assert found("before") == set()
    assert found("after") == {mine}


def test_an_older_reading_does_not_replace_a_newer_one() -> None:
    mine = execution(version(), name="first", revision=1)
    documents.catch_up(10)
    SearchDocument.objects.filter(execution_id=mine).update(revision=9, words="newer")
    SearchPending.objects.create(execution_id=mine)
    documents.catch_up(10)
    assert found("newer") == {mine}


def test_the_sweep_leaves_nothing_pending_and_is_idempotent() -> None:
    of = version()
    Execution.objects.bulk_create([unsaved(of, name="many") for _ in range(documents.BATCH + 50)])
    made = list(iter(search_documents.run_once, 0))  # it works in small portions: it is asked until nothing is left
    assert sum(made) == documents.BATCH + 50
    assert SearchPending.objects.count() == 0
    assert len(found("many", size=5000)) == documents.BATCH + 50


def test_a_start_that_is_rolled_back_leaves_nothing_to_index() -> None:
    of = version()
    before = SearchPending.objects.count()
    with transaction.atomic():
        execution(of)
        assert SearchPending.objects.count() == before + 1
        transaction.set_rollback(True)
    assert SearchPending.objects.count() == before


def test_steps_that_change_no_words_are_not_indexed(begin: Begin) -> None:
    started = begin(graph(task("a")))
    documents.catch_up(10)
    operations.pause(started.id, by="somebody")
    operations.resume(started.id, by="somebody")
    operations.advance(started.id)
    assert SearchPending.objects.count() == 0


def test_huge_and_odd_documents_are_indexed_up_to_a_point() -> None:
    of = version()
    huge = execution(of, name="huge", input={"first": "words " * 200_000, "last": "unreachable"})
    odd = execution(of, name="odd", input={"": "\u0000\x01 \U0001f600 \ud83d' \"", "x" * 5000: ["𖠀", "漢字"]})
    assert found("words") == {huge}
    assert found("unreachable") == set()
    assert found("漢字") == {odd}
    assert found("x" * 5000) == {odd}


def test_triggers_that_a_rebuilt_table_lost_come_back() -> None:
    if connection.vendor != "sqlite":
        pytest.skip("only SQLite rebuilds tables")
    with connection.cursor() as cursor:
        cursor.execute("DROP TRIGGER executions_search_inserted")
        install()
        cursor.execute("SELECT name FROM sqlite_master WHERE name = 'executions_search_inserted'")
        assert cursor.fetchone()
    assert found(execution(version())) != set()


def test_the_index_of_words_is_used() -> None:
    of = version()
    Execution.objects.bulk_create([unsaved(of, name=f"n{n}", input={"key": f"k{n}"}) for n in range(2000)])
    documents.catch_up(60)
    condition, values = database().words_match([("k777", False)])
    with connection.cursor() as cursor:
        if connection.vendor == "postgresql":
            cursor.execute("SELECT gin_clean_pending_list('executions_search_words')")
            cursor.execute("ANALYZE executions_searchdocument")
            explain = "EXPLAIN"
        else:
            explain = "EXPLAIN QUERY PLAN"
        cursor.execute(f"{explain} SELECT execution_id FROM executions_searchdocument WHERE {condition}", values)
        plan = str(cursor.fetchall())
    assert "executions_search_words" in plan
    assert "Seq Scan" not in plan


def test_tasks_are_found_by_what_they_contain() -> None:
    of = version()
    owner = execution(of, name="flow", correlation_id="corr-1")
    first = task_run(owner, of, input={"city": 'Zü"rich'}, worker="host-7")
    second = task_run(owner, of, output={"city": "100%_Bern"}, reason="out of disk")

    def tasks(text: str, **parameters: Any) -> set[str]:
        return {row["taskId"] for row in search("/api/tasks/search", freeText=text, **parameters)["results"]}

    assert tasks("HOST-7") == {first}
    assert tasks("ich host") == {first}
    assert tasks("100%_bern") == {second}
    assert tasks("100__bern") == set()
    assert tasks('"of disk"') == {second}
    assert tasks("corr-1") == {first, second}
    assert tasks(second) == {second}
    assert tasks("city", query="status=COMPLETED") == set()
    by_tasks = search("/api/workflow/search-by-tasks", freeText="host-7")
    assert [row["workflowId"] for row in by_tasks["results"]] == [owner]


def test_a_free_text_that_would_look_into_too_many_tasks_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    from executions.search import find

    of = version()
    owner = execution(of)
    for name in ("a", "a", "b"):
        task_run(owner, of, name=name)
    monkeypatch.setattr(find, "WINDOW", 2)
    assert "narrow the query" in refused("/api/tasks/search", freeText="x", size="1")
    assert search("/api/tasks/search", freeText="x", query="taskDefName=a", size="1")["totalHits"] == 0

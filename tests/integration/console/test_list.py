"""The list of executions."""

from __future__ import annotations

import re
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext

from executions import operations
from executions.console import listing
from executions.engine.rows import ExecutionRow
from executions.models import Execution
from executions.states import RunState
from tests.integration.conftest import run_of
from tests.unit.engine.world import graph, task
from workflows_app.graph.model import Graph

pytestmark = pytest.mark.django_db

Begin = Callable[..., ExecutionRow]
URL = "/console/"


def one(name: str = "one") -> Graph:
    return graph(task("a"), name=name)


def ids(client: Client, url: str = URL) -> list[str]:
    return re.findall(r'<tr id="e-([0-9a-f-]{36})"', client.get(url).content.decode())


def chips(client: Client, url: str = URL) -> dict[str, str]:
    html = client.get(url).content.decode()
    return dict(re.findall(r'class="chip [^>]*>([A-Z][a-z ]+) <b>([^<]*)</b>', html))


def link(client: Client, url: str, text: str) -> str:
    found = re.search(rf'href="([^"]*)"[^>]*>{text}<', client.get(url).content.decode())
    assert found, f"no link {text!r}"
    return URL + found[1].replace("&amp;", "&")


def test_the_newest_come_first(client: Client, begin: Begin) -> None:
    executions = [begin(one()).id for _ in range(3)]
    assert ids(client) == executions[::-1]


def test_an_empty_list_says_so(client: Client) -> None:
    assert b"Nothing has run yet" in client.get(URL).content
    assert b"Nothing matches" in client.get(URL + "?name=nobody").content


def test_states_are_counted_and_lead_to_their_executions(client: Client, begin: Begin) -> None:
    running, failed = begin(one()), begin(one())
    operations.complete_by_hand(run_of(failed.id, "a").id, by="ana", state=RunState.FAILED, reason="broken")
    counts = chips(client)
    assert counts == {"All": "2", "Running": "1", "Paused": "0", "Completed": "0", "Failed": "1", "Timed out": "0",
                      "Terminated": "0"}  # fmt: skip
    assert ids(client, URL + "?state=failed") == [failed.id]
    assert ids(client, URL + "?state=running") == [running.id]


def test_counts_are_those_of_the_other_filters(client: Client, begin: Begin) -> None:
    begin(one("wanted"))
    begin(one("other"))
    assert chips(client, URL + "?name=wanted&state=failed")["All"] == "1"


def test_a_failure_is_told_by_the_ref_of_its_task(client: Client, begin: Begin) -> None:
    failed = begin(one())
    operations.complete_by_hand(run_of(failed.id, "a").id, by="ana", state=RunState.FAILED, reason="broken")
    assert b"a: broken" in client.get(URL).content


def test_a_name_is_found_as_a_whole_or_by_its_beginning(client: Client, begin: Begin) -> None:
    order, ordering = begin(one("order")), begin(one("ordering"))
    assert ids(client, URL + "?name=order") == [order.id]
    assert set(ids(client, URL + "?name=order*")) == {order.id, ordering.id}


def test_a_correlation_id_finds_what_belongs_together(client: Client, begin: Begin) -> None:
    mine = begin(one(), correlation_id="a&b <1>")
    begin(one(), correlation_id="other")
    url = link(client, URL, "a&amp;b &lt;1&gt;")
    assert ids(client, url) == [mine.id]


def test_an_id_leads_to_its_execution(client: Client, begin: Begin) -> None:
    execution = begin(one())
    for found in (execution.id, run_of(execution.id, "a").id, execution.id.upper()):
        answer = client.get(URL, {"name": found})
        assert answer["Location"] == f"/console/executions/{execution.id}/"


def test_pages_follow_each_other_without_gap_or_repetition(client: Client, begin: Begin, monkeypatch: Any) -> None:
    monkeypatch.setattr(listing, "PAGE", 3)
    executions = [begin(one()).id for _ in range(8)]
    # a tie in the time is broken by the id
    Execution.objects.update(created_at=datetime(2026, 1, 1, tzinfo=UTC))
    Execution.objects.filter(pk=executions[0]).update(created_at=datetime(2026, 1, 1, 1, tzinfo=UTC))
    seen, url = ids(client), URL
    for _ in range(2):
        url = link(client, url, "Older »")
        seen += ids(client, url)
    assert seen == [executions[0], *sorted(executions[1:], reverse=True)]
    assert b"Older" not in client.get(url).content


def test_what_is_started_meanwhile_does_not_shift_the_pages(client: Client, begin: Begin, monkeypatch: Any) -> None:
    monkeypatch.setattr(listing, "PAGE", 2)
    executions = [begin(one()).id for _ in range(4)]
    second = link(client, URL, "Older »")
    begin(one())
    assert ids(client, second) == executions[1::-1]


@pytest.mark.parametrize(
    "query",
    [
        {"state": "nonsense"}, {"state": "' OR 1=1"}, {"before": "x"}, {"before": "2026-01-01_x"}, {"name": "\0"},
        {"before": "2026-01-01T00:00:00_01890000-0000-7000-8000-000000000000"}, {"correlation_id": "\0"},
        {"before": "9999-99-99T00:00:00+00:00_01890000-0000-7000-8000-000000000000"}, {"name": "%"}, {"name": "*"},
    ],
)  # fmt: skip
def test_nonsense_in_the_address_breaks_nothing(client: Client, begin: Begin, query: dict[str, str]) -> None:
    begin(one())
    assert client.get(URL, query).status_code == 200


def test_html_in_names_is_text(client: Client, begin: Begin) -> None:
    begin(one("<script>alert(1)</script>"), correlation_id='"><img src=x>')
    html = client.get(URL).content.decode()
    assert "<script>alert" not in html
    assert "<img src=x" not in html
    assert "&lt;script&gt;alert(1)&lt;/script&gt;" in html


def test_long_lists_are_counted_as_far_as_they_are_new(client: Client, begin: Begin, monkeypatch: Any) -> None:
    monkeypatch.setattr(listing, "COUNTED", 2)
    for _ in range(3):
        operations.terminate(begin(one()).id, by="ana")
    begin(one())
    counts = chips(client)
    # the newest two are looked at, one of which is open
    assert (counts["Terminated"], counts["Running"]) == ("1", "1")
    monkeypatch.setattr(listing, "COUNTED", 1)
    operations.terminate(begin(one()).id, by="ana")
    assert chips(client)["Terminated"] == "1+"


@pytest.mark.parametrize("count", [1, 40])
def test_the_list_costs_the_same_for_many(
    client: Client, begin: Begin, django_assert_num_queries: Any, count: int
) -> None:
    for number in range(count):
        begin(one(), correlation_id=str(number))
    with django_assert_num_queries(4):
        client.get(URL)


def test_the_first_page_keeps_itself_fresh_and_older_ones_stay(client: Client, begin: Begin) -> None:
    begin(one())
    assert b'data-refresh="5"' in client.get(URL).content
    later = (datetime.now(UTC) + timedelta(days=1)).isoformat()
    answer = client.get(URL, {"before": f"{later}_01890000-0000-7000-8000-000000000000"})
    assert b"data-refresh" not in answer.content


def test_open_executions_are_counted_and_listed_by_their_index(begin: Begin) -> None:
    if connection.vendor != "sqlite":
        pytest.skip("other databases see for themselves that the index covers the condition")
    begin(one())
    with CaptureQueriesContext(connection) as captured:
        listing.listing(listing.Filters(state="RUNNING"), datetime.now(UTC))
    asked = [q["sql"] for q in captured.captured_queries if "IN ('RUNNING', 'PAUSED')" in q["sql"]]
    assert len(asked) == 2
    with connection.cursor() as cursor:
        for sql in asked:
            cursor.execute(f"EXPLAIN QUERY PLAN {sql}")
            assert "INDEX execution_open" in str(cursor.fetchall())

"""The page of one execution."""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any
from uuid import uuid4

import pytest
from django.test import Client

from executions import operations, redis_client, worker_beat
from executions.console import execution_page
from executions.engine import polling
from executions.engine.events import Result
from executions.engine.rows import ExecutionRow
from executions.models import Execution, WorkerBeat
from executions.states import RunState
from executions.store import logs
from tests.integration.conftest import run_of
from tests.unit.engine.world import compute, graph, task
from workflows_app.graph.model import Edge, Graph, Join, Kind, Node
from workflows_app.graph.template import Template
from workflows_app.policies import RetryPolicy, TaskPolicy
from workflows_app.registration import Draft, save

pytestmark = pytest.mark.django_db

Begin = Callable[..., ExecutionRow]
NOW = datetime(2026, 1, 1, tzinfo=UTC)


def simple(ref: str, *following: str, **fields: Any) -> Node:
    return task(ref, "SIMPLE", edges=tuple(Edge(to=to) for to in following), **fields)


def fork(width: int) -> Graph:
    refs = [f"b{i}" for i in range(width)]
    return graph(
        compute("fork", "FORK_JOIN", edges=tuple(Edge(to=ref) for ref in refs), opens="join"),
        *(simple(ref, notifies=("join",)) for ref in refs),
        Node(ref="join", kind=Kind.JOIN, type="JOIN", name="join", join=Join(over=tuple(refs))),
    )


def url_of(execution: ExecutionRow, query: str = "") -> str:
    return f"/console/executions/{execution.id}/{query}"


def page(client: Client, execution: ExecutionRow, query: str = "") -> str:
    answer = client.get(url_of(execution, query))
    assert answer.status_code == 200
    return answer.content.decode()


def text(html: str) -> str:
    """What a reader sees."""
    return " ".join(re.sub(r"<[^>]*>", " ", html).split())


def refs(html: str) -> list[str]:
    return re.findall(r'class="ref"[^>]*>([^<]*)</a>', html)


def end(execution: ExecutionRow, ref: str, state: RunState = RunState.COMPLETED, **result: Any) -> str:
    run = run_of(execution.id, ref)
    operations.report(execution.id, run.id, Result(state=state, **result))
    return run.id


# ---- the head


def test_the_head_says_what_it_is_and_how_it_is(client: Client, begin: Begin) -> None:
    execution = begin(graph(simple("a"), name="order"), input={"n": 1}, correlation_id="c-1", priority=7)
    seen = text(page(client, execution))
    for part in ("order v1", "Running", "Pause", "Terminate", "c-1", execution.id, "Priority 7", "Format test"):
        assert part in seen


def test_an_execution_that_has_ended_has_no_buttons_and_is_not_refreshed(client: Client, begin: Begin) -> None:
    execution = begin(graph(simple("a")))
    assert 'data-refresh="2"' in page(client, execution)
    end(execution, "a", output={"done": True})
    html = page(client, execution)
    assert "data-refresh" not in html
    assert "Terminate" not in html
    assert "Completed" in html


def test_a_failure_comes_first_with_the_name_of_its_task(client: Client, begin: Begin) -> None:
    policy = TaskPolicy(retry=RetryPolicy(limit=1))
    execution = begin(graph(simple("charge", policy=policy)))
    end(execution, "charge", RunState.FAILED, reason="no answer")
    last = end(execution, "charge", RunState.FAILED, reason="card refused")
    html = page(client, execution)
    assert "charge failed at retry 1: card refused" in text(html)
    assert f'href="?run={last}#t-{last}"' in html


def test_an_unknown_execution_is_not_found(client: Client) -> None:
    for execution_id in (uuid4(), "00000000-0000-0000-0000-000000000000"):
        assert client.get(f"/console/executions/{execution_id}/").status_code == 404
    assert client.get("/console/executions/nonsense/").status_code == 404


def test_parent_and_child_lead_to_each_other(client: Client, begin: Begin) -> None:
    child_graph = graph(simple("inner"), name="child")
    save(Draft(format="conductor", name="child", number=1, body={}, graph=child_graph), overwrite=True)
    given = Template(language="literal", value={"subWorkflowName": "child"})
    parent = begin(graph(task("outer", "SUB_WORKFLOW", input=given), name="parent"))
    child = Execution.objects.get(name="child")
    html = page(client, parent)
    assert f'href="/console/executions/{child.pk}/"' in html
    assert "its child execution is running" in html
    inside = client.get(f"/console/executions/{child.pk}/").content.decode()
    assert f'href="/console/executions/{parent.id}/?run={run_of(parent.id, "outer").id}">parent</a>' in inside


# ---- the buttons


def test_pause_and_resume(client: Client, begin: Begin) -> None:
    execution = begin(graph(simple("a")))
    client.post(url_of(execution, "pause"))
    html = page(client, execution)
    assert "Paused. What runs may finish" in text(html).replace(" .", ".")
    assert "Resume" in html
    client.post(url_of(execution, "resume"))
    assert "Pause</button>" in page(client, execution)


def test_terminating_keeps_the_reason_and_who_it_was(client: Client, begin: Begin) -> None:
    execution = begin(graph(simple("a")))
    client.post(url_of(execution, "terminate"), {"reason": " ordered twice "})
    seen = text(page(client, execution))
    assert "Terminated : ordered twice" in seen
    assert "anonymous terminate ordered twice" in seen


def test_a_refusal_is_shown_on_the_page(client: Client, begin: Begin) -> None:
    execution = begin(graph(simple("a")))
    end(execution, "a")
    answer = client.post(url_of(execution, "pause"), follow=True)
    assert "cannot be paused" in answer.content.decode()
    assert client.post(f"/console/executions/{uuid4()}/pause").status_code == 404


# ---- task runs


def test_every_task_run_is_a_row_in_order(client: Client, begin: Begin) -> None:
    html = page(client, begin(fork(3)))
    assert refs(html) == ["fork", "b0", "b1", "b2", "join"]
    assert "waits for its branches (3 left)" in html


def test_it_is_said_who_is_missing(client: Client, begin: Begin) -> None:
    redis_client.client().delete("upbeat:polls")
    execution = begin(graph(simple("send_email")))
    assert "ready for a worker of `send_email` since 0 s; no worker has asked for it yet" in page(client, execution)
    polling.record("send_email", None, "w1")
    assert "since 0 s</div>" in page(client, execution)


def test_it_is_said_when_nobody_serves_a_queue(client: Client, begin: Begin) -> None:
    execution = begin(graph(simple("a", name="other_queue")))
    assert "no worker that is alive serves the queue `mail`" in page(client, execution)
    WorkerBeat.objects.create(name="w@h", kind="w", seen_at=datetime.now(UTC), info={"queues": ["mail"]})
    assert len(worker_beat.alive()) == 1
    assert "ready for a Celery worker of queue `mail` since 0 s</div>" in page(client, execution)


def test_groups_of_states_narrow_the_table(client: Client, begin: Begin) -> None:
    execution = begin(fork(3))
    end(execution, "b1")
    assert refs(page(client, execution, "?group=open")) == ["b0", "b2", "join"]
    assert refs(page(client, execution, "?group=succeeded")) == ["fork", "b1"]
    assert "None of these" in page(client, execution, "?group=failed")
    assert refs(page(client, execution, "?group=nonsense"))[0] == "fork"


def test_many_task_runs_come_in_pages(client: Client, begin: Begin, monkeypatch: Any) -> None:
    monkeypatch.setattr(execution_page, "PAGE", 4)
    execution = begin(fork(6))
    first = page(client, execution)
    assert refs(first) == ["fork", "b0", "b1", "b2"]
    assert 'href="?after=4"' in first
    second = page(client, execution, "?after=4")
    assert refs(second) == ["b3", "b4", "b5", "join"]
    assert "Next »" not in second
    for nonsense in ("?after=x", "?after=-1", "?after=99999999999999999999", "?after=²"):
        assert refs(page(client, execution, nonsense)) == ["fork", "b0", "b1", "b2"]


def test_an_open_row_shows_documents_attempts_and_the_log(client: Client, begin: Begin) -> None:
    policy = TaskPolicy(retry=RetryPolicy(limit=1))
    execution = begin(graph(simple("charge", policy=policy)))
    first = end(execution, "charge", RunState.FAILED, reason="no answer", output={"http": 504})
    second = run_of(execution.id, "charge").id
    logs.add([(first, "calling"), (first, "<b>slow</b>")], NOW)
    seen = text(page(client, execution, f"?run={first}"))
    for part in ("&quot;http&quot;: 504", "no answer", "first", "retry 1", "calling", "&lt;b&gt;slow&lt;/b&gt;", first):
        assert part in seen
    assert f'href="?run={second}"' in page(client, execution, f"?run={first}")


def test_an_open_row_of_another_page_is_shown_above_the_table(client: Client, begin: Begin, monkeypatch: Any) -> None:
    monkeypatch.setattr(execution_page, "PAGE", 2)
    execution = begin(fork(6))
    html = page(client, execution, f"?run={run_of(execution.id, 'b5').id}")
    assert html.index('id="detail"') < html.index('class="runs"')


@pytest.mark.parametrize("run", ["nonsense", "00000000-0000-0000-0000-000000000000", ""])
def test_a_row_that_is_not_there_is_not_opened(client: Client, begin: Begin, run: str) -> None:
    assert 'id="detail"' not in page(client, begin(graph(simple("a"))), f"?run={run}")


def test_the_row_of_another_execution_is_not_opened(client: Client, begin: Begin) -> None:
    mine, other = begin(graph(simple("a"))), begin(graph(simple("a")))
    assert 'id="detail"' not in page(client, mine, f"?run={run_of(other.id, 'a').id}")


# ---- documents


def test_html_is_text_wherever_it_comes_from(client: Client, begin: Begin) -> None:
    evil = "<script>alert(1)</script>"
    execution = begin(graph(simple(evil), name=evil), input={evil: evil}, correlation_id=evil)
    run_id = run_of(execution.id, evil).id
    logs.add([(run_id, evil)], NOW)
    operations.complete_by_hand(run_id, by=evil, state=RunState.FAILED, reason=evil, output={"x": evil})
    html = page(client, execution, f"?run={run_id}")
    assert "<script>alert" not in html
    assert html.count("&lt;script&gt;") > 8


def test_a_large_document_is_cut_and_there_is_all_of_it(client: Client, begin: Begin) -> None:
    rows = {"rows": [{"id": n, "name": "row"} for n in range(20_000)]}
    execution = begin(graph(simple("a")), input=rows)
    html = page(client, execution)
    assert len(html) < 400_000
    assert "open all of it" in html
    assert json.loads(client.get(url_of(execution, "input.json")).content) == rows


def test_documents_are_there_as_they_are(client: Client, begin: Begin) -> None:
    execution = begin(graph(simple("a")), input={"b": 1, "a": "ü"})
    run_id = end(execution, "a", output={"o": 2})
    answer = client.get(url_of(execution, "input.json"))
    assert answer.content.decode() == '{"b":1,"a":"ü"}'
    assert answer["Content-Type"] == "application/json; charset=utf-8"
    assert client.get(url_of(execution, "variables.json")).content == b"{}"
    assert client.get(f"/console/tasks/{run_id}/output.json").content == b'{"o":2}'
    for missing in (url_of(execution, "memo.json"), f"/console/tasks/{run_id}/memo.json",
                    f"/console/tasks/{uuid4()}/input.json", f"/console/executions/{uuid4()}/input.json"):  # fmt: skip
        assert client.get(missing).status_code == 404


def test_half_a_letter_in_a_document_breaks_nothing(client: Client, begin: Begin) -> None:
    execution = begin(graph(simple("a")), input={"half": "\ud800"})
    page(client, execution)
    assert client.get(url_of(execution, "input.json")).content == b'{"half":"\\ud800"}'


# ---- what it costs


@pytest.mark.parametrize("width", [2, 150])
def test_the_page_costs_the_same_for_many_task_runs(
    client: Client, begin: Begin, django_assert_num_queries: Any, width: int
) -> None:
    execution = begin(fork(width))
    run_id = run_of(execution.id, "b0").id
    with django_assert_num_queries(4):
        page(client, execution)
    with django_assert_num_queries(7):
        page(client, execution, f"?run={run_id}")

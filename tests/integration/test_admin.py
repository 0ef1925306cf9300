"""The admin: what it shows, what it refuses, and what that costs."""

from __future__ import annotations

import re
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import uuid4

import pytest
from django.apps import apps
from django.contrib import admin
from django.contrib.auth.models import Permission, User
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse
from django_celery_beat.models import IntervalSchedule, PeriodicTask
from unfold.admin import ModelAdmin

from executions import operations
from executions.engine.rows import ExecutionRow
from executions.models import (
    CachedOutput,
    Event,
    EventExecution,
    EventHandler,
    EventMessage,
    Execution,
    InboxMessage,
    Schedule,
    ScheduleFiring,
    SchedulerPause,
    TaskLimit,
    TaskLog,
    TaskRun,
    WorkerBeat,
)
from executions.search.models import SearchDocument, SearchPending
from executions.store import logs
from tests.integration.conftest import run_of
from tests.integration.console.conftest import plain_static_files  # noqa: F401
from tests.unit.engine.world import graph, task
from workflows_app.graph.model import Edge
from workflows_app.models import Definition, MetadataGeneration, Schema, Tag, TaskDefinition, Version
from workflows_app.policies import Limits, RetryPolicy, TaskPolicy, Timeouts
from workflows_app.registration import Draft, TaskDraft, save, save_task_definition

pytestmark = pytest.mark.django_db

Begin = Callable[..., ExecutionRow]
NOW = datetime(2026, 1, 1, tzinfo=UTC)
EVIL = "<script>alert(1)</script>"

ENGINES_OWN = [Execution, TaskRun, TaskLog, Event, WorkerBeat, TaskLimit, MetadataGeneration, Version, TaskDefinition]
BIG = [Execution, TaskRun, TaskLog, Event]
# the index of words that searches look into: nothing of its own to be seen
UNSEEN = {SearchDocument, SearchPending}
EVENTS_AND_SCHEDULES = [EventHandler, EventMessage, EventExecution, Schedule, ScheduleFiring, SchedulerPause]
ENGINES_OWN = [
    *(Execution, TaskRun, TaskLog, Event, WorkerBeat, TaskLimit, MetadataGeneration, Version, TaskDefinition),
    *EVENTS_AND_SCHEDULES,
]
BIG = [Execution, TaskRun, TaskLog, Event, EventMessage, EventExecution, ScheduleFiring]
ENGINES_OWN += [InboxMessage, CachedOutput, Schema, Tag]
BIG = [Execution, TaskRun, TaskLog, Event, InboxMessage, CachedOutput]
LISTED = [m for m in apps.get_models() if m in admin.site._registry]


@pytest.fixture
def boss(db: None) -> Client:
    """A superuser."""
    client = Client()
    client.force_login(User.objects.create_superuser("boss"))
    return client


@pytest.fixture
def everything(begin: Begin) -> ExecutionRow:
    """At least one row of everything, with HTML wherever text comes from outside."""
    execution = begin(
        graph(task("a", "SIMPLE", edges=(Edge(to=EVIL),)), task(EVIL, "SIMPLE"), name=EVIL),
        input={EVIL: EVIL, "many": list(range(100))},
        correlation_id=EVIL,
    )
    run = run_of(execution.id, "a")
    operations.complete_by_hand(run.id, by=EVIL, reason=EVIL, output={"x": EVIL})
    logs.add([(run.id, EVIL)], NOW)
    operations.pause(execution.id, by=EVIL, reason=EVIL)
    policy = TaskPolicy(retry=RetryPolicy(limit=3, delay=5), timeouts=Timeouts(task=60), limits=Limits(concurrency=2))
    save_task_definition(TaskDraft(name=EVIL, body={"name": EVIL}, policy=policy))
    WorkerBeat.objects.create(name="w@h", kind="w", seen_at=NOW, info={"queues": ["default", EVIL]})
    TaskLimit.objects.create(name=EVIL)
    InboxMessage.objects.create(execution_id=execution.id, payload={"x": EVIL}, received_at=NOW, taken_by=run.id)
    CachedOutput.objects.create(key="k", output={"x": EVIL}, expires_at=NOW)
    Schema.objects.create(name=EVIL, data={"title": EVIL})
    Tag.objects.create(subject="workflow", name=EVIL, key=EVIL, value=EVIL)
    schedule = IntervalSchedule.objects.create(every=5, period="seconds")
    PeriodicTask.objects.create(name=EVIL, task="executions.tick", interval=schedule)
    _events_and_schedules()
    return execution


def _events_and_schedules() -> None:
    times = {"created_at": NOW, "updated_at": NOW}
    EventHandler.objects.create(name=EVIL, event=EVIL, condition=EVIL, actions=[{"action": EVIL}], **times)
    message = EventMessage.objects.create(
        message_id=EVIL, event=EVIL, payload={EVIL: EVIL}, problem=EVIL, created_at=NOW
    )
    EventExecution.objects.create(message=message, handler=EVIL, position=0, action=EVIL, reason=EVIL, **times)
    kept = Schedule.objects.create(
        name=EVIL, workflow_name=EVIL, crons=[[EVIL, "UTC"]], request={EVIL: EVIL}, description=EVIL, **times
    )
    ScheduleFiring.objects.create(
        schedule=kept,
        schedule_name=EVIL,
        workflow_name=EVIL,
        scheduled_at=NOW,
        cron=EVIL,
        zone="UTC",
        execution_id=uuid4(),
        reason=EVIL,
    )
    SchedulerPause.objects.create(since=NOW, by=EVIL)


def list_of(model: Any, query: str = "") -> str:
    return reverse(f"admin:{model._meta.app_label}_{model._meta.model_name}_changelist") + query


def page_of(row: Any) -> str:
    return reverse(f"admin:{row._meta.app_label}_{row._meta.model_name}_change", args=[row.pk])


def text(html: bytes) -> str:
    return " ".join(re.sub(r"<[^>]*>", " ", html.decode()).split())


# ---- every model


def test_every_model_of_ours_has_its_place() -> None:
    ours = [m for app in ("executions", "workflows_app") for m in apps.get_app_config(app).get_models()]
    assert {m.__name__ for m in ours} - {m.__name__ for m in UNSEEN} <= {m.__name__ for m in LISTED}


def test_everything_has_the_same_look() -> None:
    assert [m for m, found in admin.site._registry.items() if not isinstance(found, ModelAdmin)] == []


@pytest.mark.parametrize("model", LISTED, ids=lambda m: m._meta.label)
def test_lists_and_pages_open_and_show_html_as_text(boss: Client, everything: ExecutionRow, model: Any) -> None:
    answer = boss.get(list_of(model))
    assert answer.status_code == 200
    assert EVIL not in answer.content.decode()
    row = model.objects.first()
    if row is not None:
        page = boss.get(page_of(row))
        assert page.status_code == 200
        assert EVIL not in page.content.decode()


@pytest.mark.parametrize("model", ENGINES_OWN, ids=lambda m: m._meta.label)
def test_nobody_adds_changes_or_deletes_what_is_the_engines(boss: Client, everything: ExecutionRow, model: Any) -> None:
    row = model.objects.first()
    before = model.objects.count()
    assert boss.get(list_of(model) + "add/").status_code == 403
    assert boss.post(list_of(model) + "add/", {}).status_code == 403
    assert boss.post(page_of(row), {"name": "other"}).status_code == 403
    delete = reverse(f"admin:{model._meta.app_label}_{model._meta.model_name}_delete", args=[row.pk])
    assert boss.post(delete, {"post": "yes"}).status_code == 403
    action = {"action": "delete_selected", "_selected_action": str(row.pk), "post": "yes"}
    boss.post(list_of(model), action)
    assert model.objects.count() == before
    assert 'name="_save"' not in boss.get(page_of(row)).content.decode()


def test_a_page_that_is_not_there_leads_back(boss: Client) -> None:
    for pk in ("nonsense", "00000000-0000-0000-0000-000000000000"):
        answer = boss.get(reverse("admin:executions_execution_change", args=[pk]))
        assert answer.status_code == 302


def test_who_may_view_one_model_sees_that_one(everything: ExecutionRow) -> None:
    user = User.objects.create_user("dora", is_staff=True)
    user.user_permissions.set(Permission.objects.filter(codename="view_execution"))
    client = Client()
    client.force_login(user)
    html = client.get(list_of(Execution)).content.decode()
    assert list_of(Execution) in html
    assert list_of(TaskRun) not in html
    assert client.get(page_of(Execution.objects.get())).status_code == 200
    assert client.get(list_of(TaskRun)).status_code == 403


def test_nothing_comes_from_elsewhere(boss: Client, everything: ExecutionRow) -> None:
    for url in (reverse("admin:index"), list_of(Execution), page_of(Execution.objects.get())):
        html = boss.get(url).content.decode()
        assert re.findall(r'(?:src|href)="(?:https?:)?//[^"]*"', html) == []


# ---- definitions


def test_a_definition_lists_its_versions_newest_first_and_marks_the_current_ones(boss: Client) -> None:
    for number, marker in ((1, "x"), (2, "x"), (2, "y")):
        draft = Draft(format="test", name="order", number=number, body={"is": marker}, graph=graph(task(marker)))
        save(draft, overwrite=True)
    definition = Definition.objects.get()
    seen = text(boss.get(page_of(definition)).content)
    rows = re.findall(r"(\d) (\d) (current|not current)", seen)
    assert rows == [("2", "2", "current"), ("2", "1", "not current"), ("1", "1", "current")]
    listed = text(boss.get(list_of(Definition)).content)
    assert "order test" in listed


def test_of_a_definition_only_the_description_changes(boss: Client, everything: ExecutionRow) -> None:
    definition = Definition.objects.get()
    boss.post(
        page_of(definition),
        {
            "description": "for people",
            "name": "other",
            "format": "other",
            "versions-TOTAL_FORMS": "0",
            "versions-INITIAL_FORMS": "0",
        },
    )
    definition.refresh_from_db()
    assert (definition.name, definition.format, definition.description) == (EVIL, "test", "for people")
    assert boss.get(list_of(Definition) + "add/").status_code == 403


def test_a_task_definition_says_what_it_promises(boss: Client, everything: ExecutionRow) -> None:
    seen = text(boss.get(list_of(TaskDefinition)).content)
    assert "3, after 5 s" in seen
    assert "task 60 s" in seen
    assert "2 at a time" in seen


# ---- executions


def test_an_execution_shows_its_documents_task_runs_relatives_and_audit(boss: Client, begin: Begin) -> None:
    parent = begin(graph(task("a", "SIMPLE")), input={"order": 4711})
    by = run_of(parent.id, "a").id
    child = begin(graph(task("b", "SIMPLE"), name="child"), parent_id=parent.id, parent_run_id=by)
    operations.pause(parent.id, by="ana", reason="lunch")
    parent_row, child_row = Execution.objects.get(pk=parent.id), Execution.objects.get(pk=child.id)
    html = boss.get(page_of(parent_row)).content
    seen = text(html)
    for part in ("Paused", "&quot;order&quot;: 4711", "Task runs", "SIMPLE", "Child executions", "ana", "lunch"):
        assert part in seen
    for url in (page_of(TaskRun.objects.get(pk=by)), page_of(child_row), f"/console/executions/{parent.id}/"):
        assert f'href="{url}"' in html.decode()
    assert f'href="{page_of(parent_row)}"' in boss.get(page_of(child_row)).content.decode()


def test_a_task_run_says_why_it_waits(boss: Client, begin: Begin) -> None:
    execution = begin(graph(task("a", "SIMPLE", name="send_email")))
    run = TaskRun.objects.get(execution_id=execution.id)
    assert "ready for a worker of `send_email`" in text(boss.get(page_of(run)).content)


def test_a_long_document_is_folded_and_a_short_one_is_not(boss: Client, begin: Begin) -> None:
    execution = begin(graph(task("a")), input={"n": list(range(50))})
    html = boss.get(page_of(Execution.objects.get(pk=execution.id))).content.decode()
    assert '<details class="document"><summary>1 key</summary>' in html
    short = begin(graph(task("a")), input={"n": 1})
    html = boss.get(page_of(Execution.objects.get(pk=short.id))).content.decode()
    assert '<details class="document" open><summary>1 key</summary>' in html


def found(boss: Client, model: Any, query: str) -> set[str]:
    html = boss.get(list_of(model, query)).content.decode()
    return set(re.findall(rf'href="{list_of(model)}([0-9a-f-]{{36}})/change/', html))


def test_executions_are_found_by_name_id_and_correlation_id(boss: Client, begin: Begin) -> None:
    one = begin(graph(task("a"), name="one two"), correlation_id="c 1")
    begin(graph(task("a"), name="other"))
    for term in ("one two", one.id, "c 1", f" {one.id.upper()} "):
        assert found(boss, Execution, f"?q={term}") == {one.id}, term
    assert found(boss, Execution, "?q=nothing") == set()


def test_executions_are_narrowed_by_state_definition_and_time(boss: Client, begin: Begin) -> None:
    one, old = begin(graph(task("a"), name="one")), begin(graph(task("a"), name="two"))
    operations.pause(old.id, by="ana")
    Execution.objects.filter(pk=old.id).update(created_at=datetime.now(UTC) - timedelta(days=3))
    assert found(boss, Execution, "?state__exact=PAUSED") == {old.id}
    assert found(boss, Execution, "?name=one") == {one.id}
    assert found(boss, Execution, "?started=day") == {one.id}
    assert found(boss, Execution, "?started=week") == {one.id, old.id}


def test_task_runs_are_found_by_their_execution(boss: Client, begin: Begin) -> None:
    one = begin(graph(task("a")))
    begin(graph(task("a")))
    run_id = run_of(one.id, "a").id
    assert found(boss, TaskRun, f"?q={one.id}") == found(boss, TaskRun, f"?q={run_id}") == {run_id}


# ---- Beat and people


def test_a_periodic_task_can_be_made(boss: Client, everything: ExecutionRow) -> None:
    url = list_of(PeriodicTask) + "add/"
    assert b"executions.tick" in boss.get(url).content
    schedule = IntervalSchedule.objects.get()
    given = {"name": "mine", "regtask": "executions.tidy", "interval": schedule.pk, "args": "[]", "kwargs": "{}",
             "enabled": "on", "headers": "{}"}  # fmt: skip
    answer = boss.post(url, given)
    assert answer.status_code == 302, text(answer.content)
    assert PeriodicTask.objects.get(name="mine").task == "executions.tidy"


def test_an_account_can_be_made(boss: Client) -> None:
    password = "hU7-long-enough"
    given = {"username": "eve", "password1": password, "password2": password, "usable_password": "true"}
    answer = boss.post(list_of(User) + "add/", given)
    assert answer.status_code == 302, text(answer.content)
    assert User.objects.get(username="eve").check_password(password)


# ---- what it costs


def statements(boss: Client, url: str) -> list[str]:
    boss.get(url)  # content types and the like are looked up once
    with CaptureQueriesContext(connection) as captured:
        assert boss.get(url).status_code == 200
    return [q["sql"] for q in captured.captured_queries]


@pytest.mark.parametrize("model", BIG, ids=lambda m: m._meta.label)
def test_big_tables_are_never_counted(boss: Client, everything: ExecutionRow, model: Any) -> None:
    for query in ("", "?q=00000000-0000-0000-0000-000000000000", "?p=3", "?_facets=True"):
        for sql in statements(boss, list_of(model, query)):
            assert "COUNT(" not in sql.upper(), sql


@pytest.mark.parametrize("model", [*ENGINES_OWN, Definition], ids=lambda m: m._meta.label)
def test_a_list_costs_the_same_for_many_rows(boss: Client, everything: ExecutionRow, begin: Begin, model: Any) -> None:
    few = len(statements(boss, list_of(model)))
    for number in range(5):
        execution = begin(graph(task("a"), name=f"g{number}"))
        operations.pause(execution.id, by="ana")
        logs.add([(run_of(execution.id, "a").id, "line")], NOW)
        save_task_definition(TaskDraft(name=f"t{number}", body={}, policy=TaskPolicy()))
    assert len(statements(boss, list_of(model))) == few
    assert few <= 6


def test_the_page_of_an_execution_costs_the_same_for_many_task_runs(boss: Client, begin: Begin) -> None:
    def cost(width: int) -> int:
        nodes = [task(f"t{n}", "SIMPLE") for n in range(width)]
        execution = begin(graph(*nodes, entry=tuple(n.ref for n in nodes)))
        return len(statements(boss, page_of(Execution.objects.get(pk=execution.id))))

    assert cost(1) == cost(80) <= 6


def test_lists_do_not_load_documents(boss: Client, everything: ExecutionRow) -> None:
    unwanted = {Execution: "variables", TaskRun: "fragment", Version: "graph"}
    for model, column in unwanted.items():
        for sql in statements(boss, list_of(model)):
            assert f'"{column}"' not in sql, sql

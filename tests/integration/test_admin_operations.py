"""The admin as control plane: every operation, who may do it, and what it leaves in the audit."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

import pytest
from django.contrib.auth.models import User
from django.contrib.messages import get_messages
from django.test import Client
from django.urls import reverse

from executions import operations
from executions.control.offers import EXECUTION_OFFERS
from executions.engine.events import Result
from executions.engine.rows import ExecutionRow
from executions.models import Event, Execution, TaskRun
from executions.states import RunState
from executions.store import executions, runs
from tests.integration.conftest import run_of, state_of, story
from tests.integration.console.conftest import person, plain_static_files  # noqa: F401
from tests.unit.engine.world import graph, task
from workflows_app.graph.model import Edge

pytestmark = pytest.mark.django_db

Begin = Callable[..., ExecutionRow]
LIST = "/admin/executions/execution/"
MANY = [offer.name for offer in EXECUTION_OFFERS.values() if offer.many]


@pytest.fixture
def operator(db: None) -> Client:
    """Works in the admin and may operate executions."""
    client = person("ana", "view_execution", "view_taskrun", "operate_execution")
    User.objects.filter(username="ana").update(is_staff=True)
    return client


@pytest.fixture
def viewer(db: None) -> Client:
    """Works in the admin and may only look."""
    client = person("bob", "view_execution", "view_taskrun")
    User.objects.filter(username="bob").update(is_staff=True)
    return client


@pytest.fixture
def two_tasks(begin: Begin) -> Callable[[], str]:
    """Starts an execution of a and b, and gives its id."""

    def started(**fields: Any) -> str:
        nodes = task("a", "SIMPLE", edges=(Edge(to="b"),)), task("b", "SIMPLE")
        return begin(graph(*nodes), **fields).id

    return started


def address(execution_id: str, name: str) -> str:
    return reverse("admin:executions_execution_operate", args=[execution_id, name])


def said(answer: Any) -> list[str]:
    return [str(message) for message in get_messages(answer.wsgi_request)]


def done(execution_id: str, ref: str, state: RunState = RunState.COMPLETED) -> None:
    operations.report(execution_id, run_of(execution_id, ref).id, Result(state=state, output={"by": ref}))


def last_event(execution_id: str) -> tuple[str, str, str]:
    event = Event.objects.filter(execution_id=execution_id).latest("id")
    return event.actor, event.action, event.reason


def snapshot(execution_id: str) -> Any:
    return executions.read(execution_id), runs.read(execution_id), Event.objects.count()


# ---- one execution


def test_pausing_and_resuming(operator: Client, two_tasks: Callable[[], str]) -> None:
    id = two_tasks()
    answer = operator.post(address(id, "pause"), {"reason": "lunch"})
    assert (answer.status_code, answer["Location"]) == (302, f"{LIST}{id}/change/")
    assert (state_of(id), said(answer)) == ("PAUSED", ["It has been paused."])
    assert last_event(id) == ("ana", "pause", "lunch")
    operator.post(address(id, "resume"), {})
    assert state_of(id) == "RUNNING"


def test_terminating_retrying_restarting(operator: Client, two_tasks: Callable[[], str]) -> None:
    id = two_tasks()
    operator.post(address(id, "terminate"), {"reason": "enough"})
    assert (state_of(id), last_event(id)) == ("TERMINATED", ("ana", "terminate", "enough"))
    operator.post(address(id, "retry"), {"reason": "again", "inside": "on"})
    assert (state_of(id), story(id)) == ("RUNNING", ["a CANCELED", "a SCHEDULED"])
    done(id, "a")
    done(id, "b")
    operator.post(address(id, "restart"), {"latest": "on"})
    assert (state_of(id), story(id)) == ("RUNNING", ["a SCHEDULED"])
    assert last_event(id)[:2] == ("ana", "restart")


def test_rerunning_from_a_task_with_edited_input(operator: Client, two_tasks: Callable[[], str]) -> None:
    id = two_tasks()
    done(id, "a")
    done(id, "b")
    run = run_of(id, "b").id
    page = operator.get(address(id, "rerun") + f"?run={run}").content.decode()
    assert f'value="{run}" selected' in page
    given = {"task": run, "input": '{"n": 1}', "execution_input": '{"m": 2}', "reason": "other input"}
    operator.post(address(id, "rerun"), given)
    assert story(id) == ["a COMPLETED", "b SCHEDULED"]
    assert run_of(id, "b").input.value == {"n": 1}
    assert Execution.objects.get(pk=id).input == {"m": 2}
    assert last_event(id) == ("ana", "rerun", "other input")


def test_rerunning_from_the_beginning(operator: Client, two_tasks: Callable[[], str]) -> None:
    id = two_tasks()
    done(id, "a")
    done(id, "b")
    wrong = operator.post(address(id, "rerun"), {"task": "", "input": "{}"})
    assert (wrong.status_code, state_of(id)) == (200, "COMPLETED")
    assert b"The very beginning has none" in wrong.content
    operator.post(address(id, "rerun"), {"task": ""})
    assert story(id) == ["a SCHEDULED"]


def test_skipping_and_jumping(operator: Client, two_tasks: Callable[[], str]) -> None:
    id = two_tasks()
    operator.post(address(id, "skip"), {"task": "b", "output": '{"n": 1}', "reason": "not needed"})
    assert last_event(id) == ("ana", "skip task", "not needed")
    assert run_of(id, "b").output.value == {"n": 1}
    other = two_tasks()
    operator.post(address(other, "jump"), {"task": "b", "input": '{"n": 2}'})
    assert (story(other), run_of(other, "b").input.value) == (["a SKIPPED", "b SCHEDULED"], {"n": 2})
    again = operator.post(address(other, "skip"), {"task": "a"})
    assert (again.status_code, story(other)) == (200, ["a SKIPPED", "b SCHEDULED"])


def test_variables_and_callbacks(operator: Client, two_tasks: Callable[[], str]) -> None:
    id = two_tasks()
    operator.post(address(id, "variables"), {"variables": '{"n": 1}', "reason": "mend"})
    assert (Execution.objects.get(pk=id).variables, last_event(id)) == ({"n": 1}, ("ana", "set variables", "mend"))
    assert "&quot;n&quot;: 1" in operator.get(address(id, "variables")).content.decode()
    operator.post(address(id, "reset-callbacks"), {"reason": "now"})
    assert last_event(id) == ("ana", "reset callbacks", "now")


def test_archiving_and_removing(operator: Client, two_tasks: Callable[[], str]) -> None:
    id = two_tasks()
    refused = operator.post(address(id, "archive"), {})
    assert "Cannot archive workflow" in said(refused)[0]
    operator.post(address(id, "terminate"), {})
    operator.post(address(id, "archive"), {"reason": "old"})
    assert Execution.objects.get(pk=id).archived_at is not None
    page = operator.get(f"{LIST}{id}/change/").content.decode()
    assert "/operate/remove/" in page
    assert "/operate/restart/" not in page
    answer = operator.post(address(id, "remove"), {"reason": "gone"})
    assert answer["Location"] == LIST
    assert not Execution.objects.filter(pk=id).exists()
    assert last_event(id) == ("ana", "remove", "gone")


def test_a_refusal_is_told_in_the_words_of_the_operation(operator: Client, two_tasks: Callable[[], str]) -> None:
    id = two_tasks()
    answer = operator.post(address(id, "resume"), {})
    assert said(answer) == [f"The workflow {id} is not PAUSED so cannot resume."]


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ('{\n  "a": 1,\n  b: 2}', "Line 3, column 3: Expecting property name enclosed in double quotes."),
        ("[1]", "A JSON object was expected"),
        ('{"a": NaN}', "NaN is not JSON"),
        ("", "This field is required."),
    ],
)
def test_json_that_is_wrong_says_where(operator: Client, two_tasks: Callable[[], str], text: str, message: str) -> None:
    id = two_tasks()
    answer = operator.post(address(id, "variables"), {"variables": text})
    assert answer.status_code == 200
    assert message in answer.content.decode()
    if text:
        assert text.splitlines()[0].replace('"', "&quot;") in answer.content.decode()
    assert Execution.objects.get(pk=id).variables == {}


def test_only_what_makes_sense_is_offered(operator: Client, two_tasks: Callable[[], str]) -> None:
    id = two_tasks()

    def offered() -> set[str]:
        page = operator.get(f"{LIST}{id}/change/").content.decode()
        return {name for name in EXECUTION_OFFERS if f"/operate/{name}/" in page}

    assert offered() == {"pause", "skip", "jump", "variables", "reset-callbacks", "terminate", "remove"}
    operations.terminate(id, by="x")
    assert offered() == {"retry", "restart", "rerun", "archive", "remove"}


# ---- task runs


def test_a_task_is_ended_by_hand(operator: Client, two_tasks: Callable[[], str]) -> None:
    id = two_tasks()
    run = run_of(id, "a").id
    url = reverse("admin:executions_taskrun_by_hand", args=[run])
    page = reverse("admin:executions_taskrun_change", args=[run])
    assert url in operator.get(page).content.decode()
    answer = operator.post(url, {"state": "COMPLETED", "output": '{"n": 1}', "reason": "phoned"})
    assert answer["Location"] == page
    assert (story(id), run_of(id, "a").output.value) == (["a COMPLETED", "b SCHEDULED"], {"n": 1})
    assert last_event(id) == ("ana", "set task COMPLETED", "phoned")
    shown = operator.get(page).content.decode()
    assert url not in shown
    failed = run_of(id, "b").id
    operator.post(reverse("admin:executions_taskrun_by_hand", args=[failed]), {"state": "FAILED_WITH_TERMINAL_ERROR"})
    assert state_of(id) == "FAILED"
    again = operator.post(url, {"state": "COMPLETED"})
    assert "cannot be changed" in said(again)[-1]


def test_a_task_run_leads_to_a_rerun_from_it(operator: Client, two_tasks: Callable[[], str]) -> None:
    id = two_tasks()
    operations.terminate(id, by="x")
    run = run_of(id, "a").id
    page = operator.get(reverse("admin:executions_taskrun_change", args=[run])).content.decode()
    assert f"{address(id, 'rerun')}?run={run}" in page


# ---- several


def choose(client: Client, action: str, ids: list[str], **more: str) -> Any:
    return client.post(LIST, {"action": action, "_selected_action": ids, **more})


def test_an_action_asks_first_and_says_what_was_done_and_refused(
    operator: Client, two_tasks: Callable[[], str]
) -> None:
    one, two, ended = two_tasks(), two_tasks(), two_tasks()
    operations.terminate(ended, by="x")
    before = [snapshot(id) for id in (one, two, ended)]
    page = choose(operator, "pause", [one, two, ended])
    assert page.status_code == 200
    assert f'name="_selected_action" value="{two}"' in page.content.decode()
    assert [snapshot(id) for id in (one, two, ended)] == before
    answer = choose(operator, "pause", [one, two, ended], confirmed="yes", reason="night")
    assert answer.status_code == 302
    assert [state_of(id) for id in (one, two, ended)] == ["PAUSED", "PAUSED", "TERMINATED"]
    assert said(answer)[0] == "2 of 3 have been paused."
    assert ended in said(answer)[1]
    assert last_event(one) == ("ana", "pause", "night")


@pytest.mark.parametrize("name", MANY)
def test_every_action_of_the_list_does_its_operation(operator: Client, two_tasks: Callable[[], str], name: str) -> None:
    id = two_tasks()
    if name == "resume":
        operations.pause(id, by="x")
    if name in ("retry", "restart", "archive"):
        operations.terminate(id, by="x")
    assert b"confirmed" in choose(operator, name, [id]).content
    answer = choose(operator, name, [id], confirmed="yes", reason="because")
    assert said(answer) == [f"It has been {EXECUTION_OFFERS[name].done}."]
    assert last_event(id)[0::2] == ("ana", "because")


@pytest.mark.parametrize("name", MANY)
def test_no_action_is_done_without_permission(viewer: Client, two_tasks: Callable[[], str], name: str) -> None:
    id = two_tasks()
    before = snapshot(id)
    page = viewer.get(LIST).content.decode()
    assert f'value="{name}"' not in page
    choose(viewer, name, [id], confirmed="yes")
    assert snapshot(id) == before


@pytest.mark.parametrize("name", list(EXECUTION_OFFERS))
def test_no_page_is_opened_without_permission(
    viewer: Client, client: Client, two_tasks: Callable[[], str], name: str
) -> None:
    id = two_tasks()
    before = snapshot(id)
    assert [viewer.get(address(id, name)).status_code, viewer.post(address(id, name)).status_code] == [403, 403]
    assert client.post(address(id, name)).status_code == 302  # to the login page
    assert "/operate/" not in viewer.get(f"{LIST}{id}/change/").content.decode()
    run = run_of(id, "a").id
    by_hand = reverse("admin:executions_taskrun_by_hand", args=[run])
    assert viewer.post(by_hand, {"state": "COMPLETED"}).status_code == 403
    assert snapshot(id) == before


@pytest.mark.parametrize("name", list(EXECUTION_OFFERS))
def test_looking_at_a_page_changes_nothing(operator: Client, two_tasks: Callable[[], str], name: str) -> None:
    id = two_tasks()
    before = snapshot(id)
    run = run_of(id, "a").id
    query = "?reason=x&task=a&variables={}&confirmed=yes&state=COMPLETED"
    assert operator.get(address(id, name) + query).status_code == 200
    assert operator.get(reverse("admin:executions_taskrun_by_hand", args=[run]) + query).status_code == 200
    operator.get(LIST + f"?action={name}&_selected_action={id}&confirmed=yes")
    assert snapshot(id) == before


def test_a_page_for_what_is_not_there_is_not_found(operator: Client, two_tasks: Callable[[], str]) -> None:
    nowhere = "00000000-0000-4000-8000-000000000000"
    assert operator.get(address(nowhere, "pause")).status_code == 404
    assert operator.get(address(two_tasks(), "nonsense")).status_code == 404
    assert operator.get(reverse("admin:executions_taskrun_by_hand", args=[nowhere])).status_code == 404


def test_a_page_needs_its_token(operator: Client, two_tasks: Callable[[], str]) -> None:
    id = two_tasks()
    strict = Client(enforce_csrf_checks=True)
    strict.force_login(User.objects.get(username="ana"))
    assert strict.post(address(id, "pause")).status_code == 403
    assert state_of(id) == "RUNNING"


def test_archived_executions_are_told_apart(operator: Client, two_tasks: Callable[[], str]) -> None:
    kept, away = two_tasks(), two_tasks()
    operations.terminate(away, by="x")
    operations.archive(away, by="x")
    for query, expected in (("no", {kept}), ("yes", {away})):
        page = operator.get(f"{LIST}?archived={query}").content.decode()
        assert {id for id in (kept, away) if f"{LIST}{id}/change/" in page} == expected


def test_html_in_names_and_reasons_is_text(operator: Client, begin: Begin) -> None:
    evil = "<script>alert(1)</script>"
    id = begin(graph(task("a", "SIMPLE", edges=(Edge(to=evil),)), task(evil, "SIMPLE"), name=evil)).id
    for name in EXECUTION_OFFERS:
        assert evil not in operator.get(address(id, name)).content.decode()
    assert evil not in choose(operator, "pause", [id]).content.decode()
    assert json.dumps(evil) not in operator.get(f"{LIST}{id}/change/").content.decode()


def test_a_join_is_not_ended_by_hand(operator: Client, two_tasks: Callable[[], str]) -> None:
    id = two_tasks()
    TaskRun.objects.filter(execution_id=id).update(type="JOIN")
    run = run_of(id, "a").id
    answer = operator.post(reverse("admin:executions_taskrun_by_hand", args=[run]), {"state": "COMPLETED"})
    assert "waits for other tasks" in said(answer)[0]
    assert state_of(id) == "RUNNING"

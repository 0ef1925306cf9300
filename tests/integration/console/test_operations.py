"""The operations that ask before they do something."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from django.test import Client

from executions import operations
from executions.control.offers import EXECUTION_OFFERS
from executions.engine.rows import ExecutionRow
from executions.models import Event, Execution
from executions.store import executions, runs
from tests.integration.conftest import run_of, state_of, story
from tests.unit.engine.world import graph, task
from workflows_app.graph.model import Edge

pytestmark = pytest.mark.django_db

Begin = Callable[..., ExecutionRow]


@pytest.fixture
def id(begin: Begin) -> str:
    """An execution of a and b."""
    return begin(graph(task("a", "SIMPLE", edges=(Edge(to="b"),)), task("b", "SIMPLE"))).id


def page(id: str, name: str = "") -> str:
    return f"/console/executions/{id}/" + (f"operate/{name}" if name else "")


def by_hand(id: str, ref: str) -> str:
    return f"/console/tasks/{run_of(id, ref).id}/end-by-hand"


def snapshot(id: str) -> Any:
    return executions.read(id), runs.read(id), Event.objects.count()


def test_what_makes_sense_is_offered(alice: Client, bob: Client, id: str) -> None:
    def offered(client: Client) -> set[str]:
        html = client.get(page(id)).content.decode()
        return {name for name in EXECUTION_OFFERS if page(id, name) in html}

    assert offered(alice) == {"skip", "jump", "variables", "reset-callbacks", "remove"}
    assert offered(bob) == set()
    operations.terminate(id, by="x")
    assert offered(alice) == {"retry", "restart", "rerun", "archive", "remove"}


def test_a_task_is_ended_by_hand_rerun_and_jumped_to(alice: Client, id: str) -> None:
    run = run_of(id, "a").id
    html = alice.get(f"{page(id)}?run={run}").content.decode()
    assert by_hand(id, "a") in html
    assert f"{page(id, 'jump')}?run={run}" in html
    answer = alice.post(by_hand(id, "a"), {"state": "COMPLETED", "output": '{"n": 1}', "reason": "phoned"})
    assert answer["Location"] == f"{page(id)}?run={run}#t-{run}"
    assert (story(id), run_of(id, "a").output.value) == (["a COMPLETED", "b SCHEDULED"], {"n": 1})
    assert by_hand(id, "a") not in alice.get(f"{page(id)}?run={run}").content.decode()
    alice.post(page(id, "jump"), {"task": "a", "reason": "once more"})
    assert story(id) == ["a SCHEDULED"]
    operations.terminate(id, by="x")
    html = alice.get(f"{page(id)}?run={run}").content.decode()
    assert f"{page(id, 'rerun')}?run={run}" in html
    alice.post(page(id, "rerun"), {"task": run, "input": '{"n": 2}', "reason": "edited"})
    assert (story(id), run_of(id, "a").input.value) == (["a SCHEDULED"], {"n": 2})
    event = Event.objects.latest("id")
    assert (event.actor, event.action, event.reason) == ("alice", "rerun", "edited")


def test_retrying_restarting_skipping(alice: Client, id: str) -> None:
    alice.post(page(id, "skip"), {"task": "b", "output": "{}"})
    assert story(id) == ["a SCHEDULED", "b SKIPPED"]
    operations.terminate(id, by="x")
    alice.post(page(id, "retry"), {})
    assert state_of(id) == "RUNNING"
    operations.terminate(id, by="x")
    alice.post(page(id, "restart"), {})
    assert story(id) == ["a SCHEDULED"]


def test_wrong_json_is_shown_again_with_its_line(alice: Client, id: str) -> None:
    answer = alice.post(page(id, "variables"), {"variables": '{\n"n": oops}'})
    assert answer.status_code == 200
    assert b"Line 2, column 6: Expecting value." in answer.content
    assert b"oops" in answer.content


def test_a_refusal_is_shown(alice: Client, id: str) -> None:
    html = alice.post(page(id, "archive"), {}, follow=True).content.decode()
    assert f"Cannot archive workflow: {id}" in html


def test_who_removes_an_execution_is_led_to_the_list(alice: Client, id: str) -> None:
    assert alice.post(page(id, "remove"), {})["Location"] == "/console/"
    assert not Execution.objects.filter(pk=id).exists()


@pytest.mark.parametrize("name", list(EXECUTION_OFFERS))
def test_looking_changes_nothing(alice: Client, id: str, name: str) -> None:
    before = snapshot(id)
    assert alice.get(page(id, name) + "?reason=x&task=a&variables={}").status_code == 200
    assert alice.get(by_hand(id, "a") + "?state=COMPLETED").status_code == 200
    assert snapshot(id) == before


@pytest.mark.parametrize("name", list(EXECUTION_OFFERS))
def test_without_permission_nothing_is_asked_and_nothing_done(bob: Client, client: Client, id: str, name: str) -> None:
    before = snapshot(id)
    assert [bob.get(page(id, name)).status_code, bob.post(page(id, name)).status_code] == [403, 403]
    assert bob.post(by_hand(id, "a"), {"state": "COMPLETED"}).status_code == 403
    assert client.post(page(id, name))["Location"].startswith("/console/login")
    assert snapshot(id) == before


def test_what_is_not_there_is_not_found(alice: Client, id: str) -> None:
    assert alice.get(page("00000000-0000-4000-8000-000000000000", "retry")).status_code == 404
    assert alice.get(page(id, "nonsense")).status_code == 404
    assert alice.get("/console/tasks/00000000-0000-4000-8000-000000000000/end-by-hand").status_code == 404

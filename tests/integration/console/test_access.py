"""Who gets into the console, and what its pages may load."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from django.test import Client

from executions.console.access import POLICY
from executions.engine.rows import ExecutionRow
from tests.integration.conftest import state_of
from tests.unit.engine.world import graph, task

pytestmark = pytest.mark.django_db

Begin = Callable[..., ExecutionRow]


def address(execution: ExecutionRow, button: str = "") -> str:
    return f"/console/executions/{execution.id}/{button}"


def test_in_the_open_demo_everybody_sees_and_operates(client: Client, begin: Begin) -> None:
    execution = begin(graph(task("a")))
    assert client.get("/console/").status_code == 200
    assert b"Pause" in client.get(address(execution)).content
    client.post(address(execution, "pause"))
    assert state_of(execution.id) == "PAUSED"


def test_otherwise_a_stranger_is_sent_to_the_login_page(closed: None, client: Client, begin: Begin) -> None:
    for url in ("/console/", address(begin(graph(task("a"))))):
        answer = client.get(url)
        assert answer.status_code == 302
        assert answer["Location"].startswith("/console/login?next=/console/")


def test_a_stranger_operates_nothing(closed: None, client: Client, begin: Begin) -> None:
    execution = begin(graph(task("a")))
    for button in ("pause", "resume", "terminate"):
        answer = client.post(address(execution, button))
        assert (answer.status_code, answer["Location"]) == (302, "/console/login?next=/console/")
    assert state_of(execution.id) == "RUNNING"


def test_who_logs_in_comes_back_to_where_they_wanted_to_go(closed: None, alice: Client, begin: Begin) -> None:
    wanted = address(begin(graph(task("a"))))
    client = Client()
    page = client.get(f"/console/login?next={wanted}")
    assert page["Content-Security-Policy"] == POLICY
    answer = client.post("/console/login", {"username": "alice", "password": "secret", "next": wanted})
    assert (answer.status_code, answer["Location"]) == (302, wanted)


def test_a_wrong_password_is_refused_in_words(closed: None, client: Client) -> None:
    answer = client.post("/console/login", {"username": "alice", "password": "wrong"})
    assert b"Please enter a correct username and password" in answer.content


def test_logging_out_ends_the_session(alice: Client) -> None:
    alice.post("/console/logout")
    assert alice.get("/console/").status_code == 302


def test_an_account_without_permission_is_told_so(charlie: Client, begin: Begin) -> None:
    execution = begin(graph(task("a")))
    for url in ("/console/", address(execution), address(execution, "input.json")):
        answer = charlie.get(url)
        assert answer.status_code == 403
        assert b"no permission" in answer.content


def test_who_may_only_view_has_no_buttons_and_cannot_press_them(bob: Client, begin: Begin) -> None:
    execution = begin(graph(task("a")))
    page = bob.get(address(execution))
    assert page.status_code == 200
    assert b"Terminate" not in page.content
    for button in ("pause", "resume", "terminate"):
        assert bob.post(address(execution, button)).status_code == 403
    assert state_of(execution.id) == "RUNNING"


def test_who_may_operate_has_buttons(alice: Client, begin: Begin) -> None:
    execution = begin(graph(task("a")))
    assert b"Terminate" in alice.get(address(execution)).content
    alice.post(address(execution, "pause"))
    assert state_of(execution.id) == "PAUSED"


def test_a_button_needs_the_token_of_its_page(begin: Begin) -> None:
    execution = begin(graph(task("a")))
    client = Client(enforce_csrf_checks=True)
    assert client.post(address(execution, "pause")).status_code == 403
    client.get(address(execution))
    token = client.cookies["csrftoken"].value
    assert client.post(address(execution, "pause"), {"csrfmiddlewaretoken": token}).status_code == 302
    assert state_of(execution.id) == "PAUSED"


def test_a_button_is_not_a_link(client: Client, begin: Begin) -> None:
    execution = begin(graph(task("a")))
    assert client.get(address(execution, "terminate")).status_code == 405
    assert state_of(execution.id) == "RUNNING"


def test_every_page_allows_nothing_but_our_own_files(client: Client, charlie: Client, begin: Begin) -> None:
    execution = begin(graph(task("a")))
    pages = [charlie.get("/console/"), client.get("/console/login")]
    pages += [client.get(url) for url in ("/console/", address(execution), address(execution, "input.json"))]
    for page in pages:
        assert page["Content-Security-Policy"] == POLICY
        assert "'unsafe" not in POLICY


@pytest.mark.parametrize("path", ["/console/", "execution"])
def test_no_page_has_scripts_or_styles_in_itself(client: Client, begin: Begin, path: str) -> None:
    execution = begin(graph(task("a")))
    html = client.get(address(execution) if path == "execution" else path).content.decode()
    assert html.count("<script") == html.count('<script src="/static/')
    assert "<style" not in html
    assert "style=" not in html
    assert "http://" not in html
    assert "https://" not in html


def test_the_front_door_leads_to_the_console(client: Client) -> None:
    for url in ("/", "/console"):
        assert client.get(url)["Location"] == "/console/"

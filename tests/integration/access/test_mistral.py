"""The Mistral door of a closed server: X-Auth-Token, and the scope that each request takes."""

from __future__ import annotations

from typing import Any

import pytest
from django.test import Client

from tests.integration.access.conftest import Issue, token_of
from tests.integration.mistral_api.door import actions, define, start, tasks

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("_asked")]
ASK = "version: '2.0'\nw:\n  tasks: {ask: {action: std.async_noop}}\n"


class Found:
    execution: str
    action: str


@pytest.fixture
def _asked(settings: Any) -> None:
    """An execution that waits for an action, made while the server was open."""
    settings.OPEN = True
    define(ASK)
    Found.execution = start("w")
    (action,) = actions(tasks(Found.execution)["ask"]["id"])
    Found.action = action["id"]
    settings.OPEN = False


def ask(method: str, path: str, token: str | None = None, data: Any = None) -> Any:
    headers = {"X-Auth-Token": token} if token else {}
    return Client().generic(method, f"/v2/{path}", data or "", content_type="application/json", headers=headers)


def test_nobody_is_let_in_without_a_token() -> None:
    for method, path in (("GET", "executions"), ("POST", "workflows"), ("GET", ""), ("GET", "no/such")):
        refused = ask(method, path)
        assert (refused.status_code, bool(refused.json()["faultstring"])) == (401, True)


def test_a_token_that_is_none_is_refused() -> None:
    assert ask("GET", "executions", "made.up").status_code == 401


def test_whoever_reports_results_can_do_nothing_else(issue: Issue) -> None:
    token = token_of(*issue("work"))
    for method, path in (
        ("GET", "executions"),
        ("POST", "executions"),
        ("POST", "action_executions"),
        ("POST", "workflows"),
        ("PUT", f"executions/{Found.execution}"),
        ("DELETE", f"action_executions/{Found.action}"),
    ):
        refused = ask(method, path, token)
        assert (refused.status_code, "scope" in refused.json()["faultstring"]) == (403, True)
    done = ask("PUT", f"action_executions/{Found.action}", token, '{"state": "SUCCESS"}')
    assert done.status_code == 200


def test_a_key_and_its_secret_are_a_token_too(issue: Issue) -> None:
    key, secret = issue("view")
    assert ask("GET", "executions", f"{key.pk}.{secret}").status_code == 200
    assert ask("POST", "executions", f"{key.pk}.{secret}", '{"workflow_name": "w"}').status_code == 403

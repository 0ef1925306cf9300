"""Environment variables: kept, read, and seen by workflows."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest
from django.contrib.auth.models import User
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext

from executions.store import runs
from tests.integration.access.conftest import Api, define, start
from workflows_app import environment
from workflows_app.models import EnvironmentVariable

pytestmark = pytest.mark.django_db


def test_variables_are_set_read_listed_and_deleted(api: Api) -> None:
    assert api("GET", "environment").json() == []
    assert api("PUT", "environment/REGION", "eu-1").status_code == 200
    assert api("PUT", "environment/REGION", "eu-2").status_code == 200
    assert api("GET", "environment/REGION").content == b"eu-2"
    assert api("GET", "environment").json() == [{"name": "REGION", "value": "eu-2"}]
    assert api("DELETE", "environment/REGION", {}).status_code == 200
    assert api("GET", "environment/REGION").status_code == 404
    assert api("DELETE", "environment/REGION", {}).status_code == 404


@pytest.mark.parametrize("name", ["1x", "a.b", "a b", "x" * 256])
def test_a_name_that_no_expression_could_read_is_refused(api: Api, name: str) -> None:
    response = api("PUT", f"environment/{name}", "x")
    assert response.status_code == 400
    assert "letters, digits" in response.json()["message"]


def test_expressions_read_them_and_parts_of_them(api: Api) -> None:
    api("PUT", "environment/REGION", "eu-1")
    api("PUT", "environment/LIMITS", '{"cpu": [1, 2]}')
    inputs = {
        "region": "in ${workflow.env.REGION}",
        "cpu": "${workflow.env.LIMITS.cpu[1]}",
        "none": "${workflow.env.NONE}",
    }
    define(api, "env", {"taskReferenceName": "a", "inputParameters": inputs})
    (run,) = runs.read(start(api, "env"))
    assert run.input.value == {"region": "in eu-1", "cpu": 2, "none": None}


def test_a_change_is_seen_by_the_next_evaluation_in_the_same_process(
    api: Api, django_capture_on_commit_callbacks: Any
) -> None:
    define(api, "env", {"taskReferenceName": "a", "inputParameters": {"x": "${workflow.env.X}"}})
    for value in ("one", "two"):
        with django_capture_on_commit_callbacks(execute=True):
            api("PUT", "environment/X", value)
        (run,) = runs.read(start(api, "env"))
        assert run.input.value == {"x": value}


def test_a_change_of_another_process_is_seen_after_a_second() -> None:
    environment.put("X", "one")
    assert environment.lookup("X") == "one"
    kept = environment._known
    environment.put("X", "two")
    environment._known = kept  # another process knows nothing of it
    assert environment.lookup("X") == "one"
    environment._known = replace(kept, checked=kept.checked - environment.CHECK_SECONDS)  # that second is over
    assert environment.lookup("X") == "two"


def test_reading_costs_no_statement_while_the_generation_is_fresh() -> None:
    environment.put("X", "one")
    environment.lookup("X")
    with CaptureQueriesContext(connection) as statements:
        for _ in range(100):
            assert environment.lookup("X") == "one"
            assert environment.lookup("Y") is None
    assert len(statements) == 0


def test_the_admin_sets_and_deletes_them() -> None:
    browser = Client()
    browser.force_login(User.objects.create_superuser("olga", "", "x"))
    add, lists = "/admin/workflows_app/environmentvariable/add/", "/admin/workflows_app/environmentvariable/"
    assert browser.post(add, {"name": "bad name", "value": "x"}).status_code == 200
    assert browser.post(add, {"name": "GOOD", "value": "x"}).status_code == 302
    assert EnvironmentVariable.objects.get().updated_by == "olga"
    assert environment.lookup("GOOD") == "x"
    assert "GOOD" in browser.get(lists).content.decode()
    browser.post(f"{lists}GOOD/delete/", {"post": "yes"})
    assert not EnvironmentVariable.objects.exists()

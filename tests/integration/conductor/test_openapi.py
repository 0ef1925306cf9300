"""The OpenAPI document as a whole."""

from __future__ import annotations

import re
from typing import Any

import pytest
from django.core.management import call_command
from django.test import Client

from api.openapi import register

METHODS = ("get", "post", "put", "delete", "patch")


@pytest.fixture(scope="module")
def document() -> dict[str, Any]:
    answer = Client().get("/openapi.json")
    assert answer.headers["Content-Type"] == "application/vnd.oai.openapi+json"
    found: dict[str, Any] = answer.json()
    return found


def operations(document: dict[str, Any]) -> list[dict[str, Any]]:
    """Those of this door."""
    paths = document["paths"].items()
    return [item[m] for path, item in paths if path.startswith("/api/") for m in METHODS if m in item]


def test_it_is_valid_and_made_without_a_warning(capsys: pytest.CaptureFixture[str]) -> None:
    call_command("spectacular", validate=True, fail_on_warn=True)
    assert capsys.readouterr().out.startswith("openapi: 3.")


def test_everything_that_is_referred_to_is_there(document: dict[str, Any]) -> None:
    names = set(re.findall(r"#/components/schemas/(\w+)", str(document)))
    assert {"WorkflowDef", "Workflow", "Task", "Error"} <= names <= document["components"]["schemas"].keys()


def test_every_operation_has_a_name_a_sentence_and_the_shape_of_refusals(document: dict[str, Any]) -> None:
    found = operations(document)
    assert len({operation["operationId"] for operation in found}) == len(found) > 100
    assert [o["operationId"] for o in found if not o.get("summary")] == []
    error = {"$ref": "#/components/schemas/Error"}
    assert all(o["responses"]["default"]["content"]["application/json"]["schema"] == error for o in found)


def test_one_way_to_show_who_one_is_will_do(document: dict[str, Any]) -> None:
    ways: list[dict[str, list[str]]] = [{"token": []}, {"bearer": []}, {"password": []}, {"session": []}]
    assert document["paths"]["/api/workflow"]["post"]["security"] == ways
    assert "security" not in document["paths"]["/api/token"]["post"]
    assert document["components"]["securitySchemes"]["token"]["name"] == "X-Authorization"


def test_ids_are_bare_text(document: dict[str, Any]) -> None:
    answers = document["paths"]["/api/workflow"]["post"]["responses"]
    assert answers["200"]["content"] == {"text/plain": {"schema": {"type": "string"}}}


def test_what_clients_write_is_described_as_it_is_read(document: dict[str, Any]) -> None:
    task = document["components"]["schemas"]["WorkflowTask"]["properties"]
    assert task["decisionCases"]["additionalProperties"]["items"] == {"$ref": "#/components/schemas/WorkflowTask"}
    definition = document["components"]["schemas"]["TaskDef"]["properties"]
    assert definition["retryLogic"] == {
        "type": "string",
        "enum": ["FIXED", "EXPONENTIAL_BACKOFF", "LINEAR_BACKOFF"],
        "default": "FIXED",
        "nullable": True,
    }


def test_two_schemas_cannot_have_the_same_name() -> None:
    with pytest.raises(ValueError, match="there is a schema Task already"):
        register(Task={"type": "object"})

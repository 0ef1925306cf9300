"""Attributes, flags and times as Mistral's clients write and read them."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta, timezone
from typing import Any

import pytest
from django.test import override_settings

from api.mistral.definition_json import input_text, interface
from api.mistral.errors import Refused, not_found
from api.mistral.ids import Of, is_uuid, number_of, public_id
from api.mistral.wire import Attributes, as_flag, as_whole, document, moment_of, stamp


def attributes(**data: Any) -> Attributes:
    return Attributes("wf_ex", data)


def test_a_time_has_neither_zone_nor_fraction_and_is_that_of_greenwich() -> None:
    there = datetime(2026, 1, 31, 23, 30, 5, 999999, tzinfo=timezone(timedelta(hours=-2)))
    assert stamp(there) == "2026-02-01 01:30:05"
    assert stamp(None) is None


@pytest.mark.parametrize(
    "text", ["2026-02-01 01:30:05", "2026-02-01T01:30:05", "2026-02-01T01:30:05Z", "2026-02-01 03:30:05+02:00"]
)
def test_a_time_is_read_in_every_usual_spelling(text: str) -> None:
    assert moment_of(text) == datetime(2026, 2, 1, 1, 30, 5, tzinfo=UTC)


def test_a_document_is_spaced_json_and_keeps_its_characters() -> None:
    assert document({"namespace": "", "env": {}}) == '{"namespace": "", "env": {}}'
    assert document({"a": "é"}) == '{"a": "é"}'
    assert document("\ud800") == '"\\ud800"'


@pytest.mark.parametrize("value", [{"a": 1}, '{"a": 1}'])
def test_an_object_may_come_as_one_or_as_its_text(value: Any) -> None:
    assert attributes(input=value).json_object("input") == {"a": 1}


@pytest.mark.parametrize("value", [None, "", "  ", "null"])
def test_no_object_is_none(value: Any) -> None:
    assert attributes(input=value).json_object("input") is None


@pytest.mark.parametrize("value", [3, "3", "[1]", [1], "hello", "{", "NaN", True])
def test_anything_else_is_no_object_and_the_field_is_named(value: Any) -> None:
    with pytest.raises(Refused, match="input") as caught:
        attributes(input=value).json_object("input")
    assert caught.value.status == 400


@override_settings(MAX_PAYLOAD=20)
def test_an_object_larger_than_a_payload_may_be_is_refused() -> None:
    with pytest.raises(Refused, match="Field size limit exceeded") as caught:
        attributes(input={"a": "x" * 20}).json_object("input")
    assert caught.value.status == 413


@pytest.mark.parametrize(
    ("value", "found"),
    [(3, 3), (0, 0), ("text", "text"), ("3", "3"), ('{"a": 1}', {"a": 1}), ("[1]", [1]), ("{no", "{no"), (None, None)],
)
def test_a_result_may_be_any_json_and_a_text_that_holds_an_object_is_that(value: Any, found: Any) -> None:
    assert attributes(output=value).any_json("output", "none given") == found
    assert attributes().any_json("output", "none given") == "none given"


@pytest.mark.parametrize("value", ["a\0b", "\ud800", ["a"], {"a": 1}, True])
def test_a_text_is_text_that_can_be_stored(value: Any) -> None:
    with pytest.raises(Refused):
        attributes(name=value).name()


def test_a_name_has_at_most_255_characters() -> None:
    assert attributes(name="x" * 255).name() == "x" * 255
    with pytest.raises(Refused, match="255"):
        attributes(name="x" * 256).name()


@pytest.mark.parametrize("text", ["", "1.5", "x", "٣", "9" * 30, "-" * 3, "2147483648"])
def test_a_whole_number_is_one_of_the_databases(text: str) -> None:
    with pytest.raises(Refused):
        as_whole("limit", text)


def test_flags_come_in_many_words() -> None:
    assert as_flag("force", "True")
    assert as_flag("force", "1")
    assert not as_flag("errors_only", "")
    with pytest.raises(Refused, match="maybe"):
        as_flag("force", "maybe")


def test_a_refusal_names_what_was_not_found() -> None:
    refused = not_found("Workflow", workflow_identifier="x", namespace="")
    assert (refused.status, refused.message) == (404, "Workflow not found [workflow_identifier=x, namespace=]")


@pytest.mark.parametrize("number", [1, 77, 2**48 - 1])
def test_a_row_is_found_by_its_public_id_and_by_that_of_nothing_else(number: int) -> None:
    workflow = public_id(Of.WORKFLOW, number)
    assert is_uuid(workflow)
    assert number_of(Of.WORKFLOW, workflow) == number_of(Of.WORKFLOW, workflow.upper()) == number
    assert number_of(Of.CRON_TRIGGER, workflow) is None
    assert number_of(Of.WORKFLOW, "11111111-2222-3333-4444-555555555555") is None
    assert number_of(Of.WORKFLOW, "name") is None


def test_inputs_are_shown_as_one_line() -> None:
    body = {"input": ["a", {"b": 2}, {"c": None}, {"d": {"k": [1]}}], "output": {"r": 1}}
    assert input_text(body) == 'a, b="2", c=null, d={"k": [1]}'
    assert interface(body) == {"input": ["a", {"b": 2}, {"c": None}, {"d": {"k": [1]}}], "output": ["r"]}
    assert input_text({}) == ""
    assert interface({"output": "<% $ %>"}) == {"input": [], "output": []}

"""Secrets are put in where a definition writes a reference, and never where data brings one along."""

from __future__ import annotations

from typing import Any

import pytest

from workflows_app.expressions.conductor import resolve_secrets, resolve_written, secret_names

SECRETS = {"A": "alpha", "B": "beta", "J": '{"user": "me"}'}


@pytest.mark.parametrize(
    ("value", "template", "expected"),
    [
        ("${workflow.secrets.A}", "${workflow.secrets.A}", "alpha"),
        ("${workflow.secrets.J.user}", "${workflow.secrets.J.user}", "me"),
        ("x ${workflow.secrets.A}", "${workflow.input.x} ${workflow.secrets.A}", "x alpha"),
        # data in the place of an expression
        ("${workflow.secrets.A}", "${workflow.input.x}", "${workflow.secrets.A}"),
        ("${workflow.secrets.B} alpha", "${workflow.input.x} alpha", "${workflow.secrets.B} alpha"),
        # data beside a reference gets at most what is there anyway
        (
            "${workflow.secrets.B} ${workflow.secrets.A}",
            "${workflow.input.x} ${workflow.secrets.A}",
            "${workflow.secrets.B} alpha",
        ),
        # an object that an expression gave
        ({"k": "${workflow.secrets.A}"}, "${workflow.input}", {"k": "${workflow.secrets.A}"}),
        # an escaped reference is a text
        ("${workflow.secrets.A}", "$${workflow.secrets.A}", "${workflow.secrets.A}"),
        # a name that the definition computes
        ("${workflow.secrets.B}", "${workflow.secrets.${workflow.input.which}}", "beta"),
        # a secret that is missing
        ("${workflow.secrets.Z}", "${workflow.secrets.Z}", None),
    ],
)
def test_a_reference_counts_where_the_template_writes_it(value: Any, template: Any, expected: Any) -> None:
    given = {"a": [1, {"b": value}], "plain": "text"}
    found = resolve_written(given, [{"a": [1, {"b": template}], "plain": "text"}], SECRETS.get)
    assert found == {"a": [1, {"b": expected}], "plain": "text"}


def test_a_value_that_no_template_has_given_is_left_alone() -> None:
    value = {"extra": "${workflow.secrets.A}", "list": ["${workflow.secrets.A}"] * 2}
    assert resolve_written(value, [{"list": ["${workflow.secrets.A}"]}], SECRETS.get) is value
    assert resolve_written(value, [], SECRETS.get) is value


def test_any_of_several_templates_may_have_written_it() -> None:
    templates = [{"x": "${workflow.input.x}"}, {"x": "${workflow.secrets.A}"}]
    assert resolve_written({"x": "${workflow.secrets.A}"}, templates, SECRETS.get) == {"x": "alpha"}


def test_names_that_are_not_allowed_stay_as_they_are() -> None:
    given = ["${workflow.secrets.A}", "${workflow.secrets.B}", "a ${workflow.secrets.A} b ${workflow.secrets.B}"]
    assert resolve_secrets(given, SECRETS.get, {"A"}.__contains__) == [
        "alpha",
        "${workflow.secrets.B}",
        "a alpha b ${workflow.secrets.B}",
    ]


def test_the_names_in_a_definition_are_found() -> None:
    definition = {"tasks": [{"x": "a ${workflow.secrets.A} ${workflow.secrets.J.user}"}, "$${workflow.secrets.B}"]}
    assert secret_names(definition) == {"A", "J"}

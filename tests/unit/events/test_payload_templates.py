"""Templates whose root is the payload of an event."""

from __future__ import annotations

from typing import Any

import pytest

from workflows_app.expressions import ExpressionError
from workflows_app.expressions.conductor.payload import check, resolve

PAYLOAD = {"id": 7, "order": {"lines": [{"n": 1}, {"n": 2}], "note": None, "key": "id"}, "text": "${id}"}


@pytest.mark.parametrize(
    ("template", "expected"),
    [
        ("${id}", 7),
        ("${order.lines[1].n}", 2),
        ("${order.lines[*].n}", [1, 2]),
        ("${order.note}", None),
        ("${nothing.at.all}", None),
        ("order ${id} of ${order.key}: ${order.note}", "order 7 of id: null"),
        ("${${order.key}}", 7),
        ("$${id}", "${id}"),
        ("${}", ""),
        ("${text}", "${id}"),  # what an expression gives is data
        ({"a": ["${id}", {"b": "${order.lines}"}]}, {"a": [7, {"b": [{"n": 1}, {"n": 2}]}]}),
        (True, True),
    ],
)
def test_an_expression_is_a_path_into_the_payload(template: Any, expected: Any) -> None:
    assert resolve(template, PAYLOAD) == expected


def test_a_payload_that_is_a_list_or_nothing_has_no_members() -> None:
    assert resolve("${id}", [1, 2]) is None
    assert resolve("${id}", None) is None


def test_a_malformed_path_is_refused_before_anything_comes() -> None:
    with pytest.raises(ExpressionError, match="is not a valid expression"):
        check({"a": ["${order[}"]})

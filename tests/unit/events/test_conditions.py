"""When a handler applies to a payload."""

from __future__ import annotations

from typing import Any

import pytest

from executions.events.conditions import expand, holds
from workflows_app.expressions import ScriptError

PAYLOAD = {"n": 5, "inner": '{"kind": "urgent"}', "flag": True}


@pytest.mark.parametrize(
    ("condition", "evaluator", "expected"),
    [
        (None, None, True),
        ("  ", None, True),
        ("$.n > 4", None, True),
        ("$.n > 5", "javascript", False),
        ("$.n", None, True),
        ("$.n - 5", None, False),
        ("'yes'", None, False),
        ("null", None, False),
        ("$.inner.kind == 'urgent'", "graaljs", True),
        ("flag", "value-param", True),
        ("nothing", "value-param", False),
    ],
)
def test_true_and_numbers_above_zero_hold(condition: str | None, evaluator: str | None, expected: bool) -> None:
    assert holds(condition, evaluator, PAYLOAD) is expected


def test_a_condition_that_fails_says_why() -> None:
    with pytest.raises(ScriptError, match="nowhere"):
        holds("nowhere.x", None, PAYLOAD)
    with pytest.raises(ScriptError, match="cobol"):
        holds("1", "cobol", PAYLOAD)


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        ({"a": '{"b": "[1, 2]"}'}, {"a": {"b": [1, 2]}}),
        (['{"a": 1}', "{no json", "1", "true"], [{"a": 1}, "{no json", "1", "true"]),
        (7, 7),
    ],
)
def test_texts_that_hold_objects_and_lists_become_those(value: Any, expected: Any) -> None:
    assert expand(value) == expected

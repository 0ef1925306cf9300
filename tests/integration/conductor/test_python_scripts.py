"""Python in INLINE and SWITCH (contracts/conductor.md, sections 4.2 and 4.5)."""

from __future__ import annotations

from typing import Any

import pytest

from tests.integration.control.flow import Flow, begin, task

pytestmark = pytest.mark.django_db


def inline(expression: str, **inputs: Any) -> Any:
    return {**task("i"), "type": "INLINE",
            "inputParameters": {"evaluatorType": "python", "expression": expression, **inputs}}  # fmt: skip


def ran(expression: str, **inputs: Any) -> Flow:
    return begin(inline(expression, **inputs))


def test_inputs_are_variables_and_the_expression_returns() -> None:
    flow = ran("if n > 1:\n    return {'many': n * 2}\nreturn None", n=4)
    assert (flow.status, flow.task("i")["outputData"]) == ("COMPLETED", {"result": {"many": 8}})


def test_an_error_is_final_and_told_with_its_line() -> None:
    flow = ran("x = 1\nreturn x / 0")
    found = flow.task("i")
    assert found["status"] == "FAILED_WITH_TERMINAL_ERROR"
    assert "ZeroDivisionError" in found["reasonForIncompletion"]
    assert "at line 2" in found["reasonForIncompletion"]


def test_nothing_of_the_host_is_in_reach() -> None:
    assert "PermissionError" in ran("return open('/etc/passwd').read()").task("i")["reasonForIncompletion"]


def test_a_switch_goes_where_python_says() -> None:
    switch = {
        "name": "s", "taskReferenceName": "s", "type": "SWITCH", "evaluatorType": "python",
        "expression": "return 'big' if n > 10 else 'small'", "inputParameters": {"n": 11},
        "decisionCases": {"big": [task("b")], "small": [task("c")]},
    }  # fmt: skip
    flow = begin(switch)
    assert flow.open() == ["b"]
    assert flow.task("s")["outputData"] == {"evaluationResult": ["big"], "selectedCase": "big"}

"""What formats can say about their own executions, for code that knows no format.

A door or a format registers its functions when its app is ready.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from executions.engine.rows import ExecutionRow

FailureInput = Callable[[ExecutionRow], Mapping[str, Any]]

_failure_inputs: dict[str, FailureInput] = {}


def register_failure_input(format: str, function: FailureInput) -> None:
    """``function`` makes the input of the failure workflow of an execution of this format."""
    _failure_inputs[format] = function


def failure_input(execution: ExecutionRow) -> Mapping[str, Any]:
    """The input for the failure workflow of an ended execution: its own input, unless its format says more."""
    function = _failure_inputs.get(execution.format)
    return function(execution) if function else dict(execution.input.value)

"""What formats can say about their own executions, for code that knows no format.

A door or a format registers its functions when its app is ready.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Mapping, Sequence
from typing import Any

from executions.engine.decision import Announcement
from executions.engine.rows import ExecutionRow

logger = logging.getLogger(__name__)

Announcer = Callable[[ExecutionRow, Sequence[Announcement]], None]
FailureInput = Callable[[ExecutionRow], Mapping[str, Any]]

_failure_inputs: dict[str, FailureInput] = {}
_announcer: Announcer | None = None


def register_failure_input(format: str, function: FailureInput) -> None:
    """``function`` makes the input of the failure workflow of an execution of this format."""
    _failure_inputs[format] = function


def register_announcer(function: Announcer) -> None:
    """``function`` gets what definitions announce, within the transaction that changes the task: it may store it for
    delivery, and must not send anything."""
    global _announcer
    _announcer = function


def announce(execution: ExecutionRow, announcements: Sequence[Announcement]) -> None:
    """Hands on what a decision announces. Where nobody delivers announcements, they are told in the log."""
    if _announcer is not None:
        _announcer(execution, announcements)
        return
    for each in announcements:
        logger.info("task run %s %s: %s", each.run_id, each.change, each.kind)


def failure_input(execution: ExecutionRow) -> Mapping[str, Any]:
    """The input for the failure workflow of an ended execution: its own input, unless its format says more."""
    function = _failure_inputs.get(execution.format)
    return function(execution) if function else dict(execution.input.value)

"""WAIT: for a duration, until a time, or until somebody completes it (contracts/conductor.md, section 4.4)."""

from __future__ import annotations

from typing import Any

from executions.engine.events import Result
from executions.engine.tools import Opening, Task
from executions.states import RunState
from executions.task_types.base import TaskType
from workflows_app.durations import DurationError, parse_duration, parse_until


class Wait(TaskType):
    """``duration`` (2s, 1h30m, 1 days 2 hours) or ``until`` (yyyy-MM-dd HH:mm z); with neither it waits for a signal.

    ``wait_until`` is another name for ``until``: an SDK writes it.
    """

    def open(self, task: Task) -> Opening:
        duration = _given(task.input.get("duration"))
        until = _given(task.input.get("until")) or _given(task.input.get("wait_until"))
        if duration is not None and until is not None:
            return _broken("Both 'duration' and 'until' specified. Please provide only one input")
        try:
            if duration is not None:
                timer = task.now + parse_duration(duration)
            elif until is not None:
                timer = parse_until(until)
            else:
                return Opening()
        except (DurationError, OverflowError) as error:
            return _broken(str(error))
        if timer <= task.now:
            return Opening(result=Result(state=RunState.COMPLETED))
        return Opening(timer_at=timer)


def _given(value: Any) -> str | None:
    """A number stands for seconds; null and the empty text for nothing."""
    if value is None or value == "":
        return None
    return f"{value}s" if isinstance(value, int) and not isinstance(value, bool) else str(value)


def _broken(reason: str) -> Opening:
    return Opening(result=Result(state=RunState.FAILED_WITH_TERMINAL_ERROR, reason=reason))

"""std.echo."""

from __future__ import annotations

from typing import Any

from executions.actions.base import Action, ActionContext, ActionFailed


class Echo(Action):
    """The result is its input ``output``, after ``delay`` seconds."""

    pure = True
    waits = True

    def __init__(self, output: Any, delay: Any = 0) -> None:
        self.output = output
        self._delay = delay

    def run(self, context: ActionContext) -> Any:
        return self.output

    def delay(self) -> float:
        return seconds(self._delay, "delay")


def seconds(value: Any, name: str) -> float:
    """A number of seconds, also as a text. Raises ActionFailed."""
    try:
        found = float(value or 0)
    except (TypeError, ValueError):
        raise ActionFailed(f"{name} should be a number of seconds, not {value!r}") from None
    if not 0 <= found < 2**31:
        raise ActionFailed(f"{name} should be a number of seconds, not {value!r}")
    return found

"""std.sleep."""

from __future__ import annotations

from typing import Any

from executions.actions.base import Action, ActionContext
from executions.actions.std.echo import seconds


class Sleep(Action):
    """Is over after so many seconds; no worker waits meanwhile."""

    waits = True

    def __init__(self, seconds: Any = 1) -> None:
        self.seconds = seconds

    def run(self, context: ActionContext) -> None:
        return None

    def delay(self) -> float:
        return seconds(self.seconds, "seconds")

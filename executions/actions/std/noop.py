"""std.noop."""

from __future__ import annotations

from executions.actions.base import Action, ActionContext


class Noop(Action):
    """Does nothing; the result is null."""

    pure = True

    def run(self, context: ActionContext) -> None:
        return None

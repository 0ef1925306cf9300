"""std.fail."""

from __future__ import annotations

from typing import Any

from executions.actions.base import Action, ActionContext, ActionFailed


class Fail(Action):
    """Fails always; the result is ``error_data``."""

    pure = True

    def __init__(self, error_data: Any = None) -> None:
        self.error_data = error_data

    def run(self, context: ActionContext) -> None:
        if self.error_data is not None:
            raise ActionFailed(self.error_data)
        raise ActionFailed(
            "The action raised an exception [action=Fail action,"
            f" action_ex_id={context.action_execution_id}, msg='Fail action expected exception.']"
        )

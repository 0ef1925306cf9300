"""std.test_dict."""

from __future__ import annotations

from typing import Any

from executions.actions.base import Action, ActionContext, ActionFailed

MAX_SIZE = 100_000


class TestDict(Action):
    """An object of ``size`` members, each with the value ``val``: to see what large results do."""

    pure = True

    def __init__(self, size: Any = 0, key_prefix: Any = "", val: Any = "") -> None:
        self.size = size
        self.key_prefix = key_prefix
        self.val = val

    def run(self, context: ActionContext) -> dict[str, Any]:
        try:
            size = int(self.size)
        except (TypeError, ValueError):
            raise ActionFailed(f"size should be a whole number, not {self.size!r}") from None
        if not 0 <= size <= MAX_SIZE:
            raise ActionFailed(f"size should be a number from 0 to {MAX_SIZE}")
        return {f"{self.key_prefix or 'k'}{number}": self.val for number in range(size)}

"""std.async_noop."""

from __future__ import annotations

from executions.actions.base import Action


class AsyncNoop(Action):
    """Does nothing and waits for somebody to push a result."""

    waits = True

    def is_sync(self) -> bool:
        return False

"""Documents for full-text searches are made before somebody has to wait for them."""

from __future__ import annotations

from executions.search.documents import catch_up

# The process that does this fires timers, too: it is asked again while there is something left.
_SECONDS = 0.05


def run_once() -> int:
    """Gives how many documents were made."""
    return catch_up(_SECONDS)

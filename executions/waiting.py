"""Waiting for an execution to get somewhere, on behalf of a request that was asked to."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import TypeVar

_FIRST_PAUSE = 0.005
_LONGEST_PAUSE = 0.1

T = TypeVar("T")


def wait_for(look: Callable[[], T | None], seconds: float) -> T | None:
    """What ``look`` gives as soon as it gives something; None after so many seconds. It is asked once at least."""
    end = time.monotonic() + seconds
    pause = _FIRST_PAUSE
    while True:
        found = look()
        if found is not None:
            return found
        left = end - time.monotonic()
        if left <= 0:
            return None
        time.sleep(min(pause, left))
        pause = min(pause * 1.5, _LONGEST_PAUSE)

"""What tests of the door share."""

from __future__ import annotations

import pytest

from executions import waiting


class Clock:
    """Time that passes by sleeping alone: no request waits for anything."""

    def __init__(self) -> None:
        self.now = 0.0

    def monotonic(self) -> float:
        return self.now

    def sleep(self, seconds: float) -> None:
        self.now += seconds


@pytest.fixture
def no_waiting(monkeypatch: pytest.MonkeyPatch) -> None:
    """Synchronous calls give up at once."""
    monkeypatch.setattr(waiting, "time", Clock())

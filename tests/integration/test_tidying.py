"""What can wait and what cannot share a process: the sweeps of ``tidy`` and those of every tick."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from django.db import DatabaseError

from executions import sweeps


class Clock:
    """Every look at it is a tenth of a second later."""

    def __init__(self) -> None:
        self.now = 0.0

    def monotonic(self) -> float:
        self.now += 0.1
        return self.now


@pytest.fixture
def said(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    found: list[str] = []
    monkeypatch.setattr(sweeps, "_EVERY_TICK", (sweep(found, "timers", 0),))
    monkeypatch.setattr(sweeps, "time", Clock())
    return found


def sweep(said: list[str], name: str, *counts: int) -> Callable[[], int]:
    """A sweep that finds so many things, one time after the other, and then the last number for ever."""
    left = list(counts)

    def run_once() -> int:
        said.append(name)
        return left.pop(0) if len(left) > 1 else left[0]

    return run_once


def test_timers_are_looked_at_in_between(said: list[str], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sweeps, "_NOW_AND_THEN", (sweep(said, "a", 5, 2, 0), sweep(said, "b", 0)))
    assert sweeps.tidy() == 7
    assert said == ["a", "timers", "a", "timers", "a", "b"]


def test_a_sweep_that_always_finds_something_stops_in_time(said: list[str], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sweeps, "_NOW_AND_THEN", (sweep(said, "endless", 1), sweep(said, "b", 0)))
    sweeps.tidy()
    assert 3 <= said.count("endless") <= 7
    assert said[-2:] == ["timers", "b"]


def test_a_sweep_that_fails_does_not_keep_the_others_from_running(
    said: list[str], monkeypatch: pytest.MonkeyPatch, caplog: Any
) -> None:
    def broken() -> int:
        raise DatabaseError("gone")

    monkeypatch.setattr(sweeps, "_NOW_AND_THEN", (broken, sweep(said, "b", 1, 0)))
    assert sweeps.tidy() == 1
    assert "the next tick tries again" in caplog.text

"""When the sweeps run: those of every tick, and those of ``tidy``, which share a process with them."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from django.db import DatabaseError

from executions import sweeps

START = datetime(2030, 1, 1, tzinfo=UTC)


class Clock:
    """Time that passes by sleeping, by work, and by a tenth of a millisecond with every look at it."""

    def __init__(self) -> None:
        self.seconds = 0.0

    def monotonic(self) -> float:
        self.seconds += 0.0001
        return self.seconds

    def sleep(self, seconds: float) -> None:
        assert seconds > 0
        self.seconds += seconds

    def now(self) -> datetime:
        return START + timedelta(seconds=self.monotonic())


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> Clock:
    found = Clock()
    monkeypatch.setattr(sweeps, "time", found)
    monkeypatch.setattr(sweeps, "now", found.now)
    return found


class Timers:
    """Timers that are due so many seconds after the start; each takes some time to fire, and notes how late it was."""

    def __init__(self, clock: Clock, *due: float, work: float = 0.0) -> None:
        self.clock, self.due, self.work = clock, sorted(due), work
        self.late: dict[float, float] = {}
        self.sweeps = 0

    def run_once(self) -> int:
        self.sweeps += 1
        found = [due for due in self.due if due <= self.clock.seconds]
        for due in found:
            self.clock.seconds += self.work
            self.due.remove(due)
            self.late[due] = self.clock.seconds - due
        return len(found)

    def next_due(self, after: datetime) -> datetime | None:
        times = [START + timedelta(seconds=due) for due in self.due]
        return min((time for time in times if time > after), default=None)


@pytest.fixture
def timers(clock: Clock, monkeypatch: pytest.MonkeyPatch) -> Callable[..., Timers]:
    def make(*due: float, work: float = 0.0) -> Timers:
        found = Timers(clock, *due, work=work)
        monkeypatch.setattr(sweeps, "_EVERY_TICK", (found.run_once,))
        monkeypatch.setattr(sweeps, "_NEXT_DUE", (found.next_due,))
        return found

    return make


def test_timers_fire_at_their_time_within_a_tick(clock: Clock, timers: Callable[..., Timers]) -> None:
    found = timers(0.1, 0.15, 0.5, 1.05, 3)
    assert sweeps.tick() == 4
    assert found.due == [3]
    assert max(found.late.values()) < 0.02


def test_what_falls_due_while_others_fire_does_not_wait_for_the_next_tick(timers: Callable[..., Timers]) -> None:
    found = timers(0.1, 0.12, 0.14, work=0.05)
    assert sweeps.tick() == 3
    assert max(found.late.values()) < 0.2


def test_a_timer_that_comes_while_a_tick_waits_is_noticed(clock: Clock, timers: Callable[..., Timers]) -> None:
    found = timers(1.0)
    sleep = clock.sleep

    def sleep_and_add(seconds: float) -> None:
        sleep(seconds)
        if clock.seconds > 0.3 and 0.45 not in found.late and 0.45 not in found.due:
            found.due.insert(0, 0.45)

    clock.sleep = sleep_and_add  # type: ignore[method-assign]
    assert sweeps.tick() == 2
    assert found.late[0.45] < 0.1


def test_a_tick_with_nothing_to_wait_for_ends_at_once(clock: Clock, timers: Callable[..., Timers]) -> None:
    found = timers(5)
    assert sweeps.tick() == 0
    assert found.sweeps == 1
    assert clock.seconds < 0.01


def test_a_tick_ends_though_there_is_always_something_due(clock: Clock, timers: Callable[..., Timers]) -> None:
    timers(*(n / 50 for n in range(1000)))
    sweeps.tick()
    assert 1.0 < clock.seconds < 1.2


def test_what_stays_due_is_not_tried_without_a_pause(
    clock: Clock, timers: Callable[..., Timers], monkeypatch: pytest.MonkeyPatch
) -> None:
    found = timers(0.1)
    tried: list[str] = []
    monkeypatch.setattr(sweeps, "_EVERY_TICK", (sweep(tried, clock, "in vain", 0),))
    sweeps.tick()
    assert found.due == [0.1]
    assert len(tried) == 2


@pytest.fixture
def said(monkeypatch: pytest.MonkeyPatch, clock: Clock) -> list[str]:
    found: list[str] = []
    monkeypatch.setattr(sweeps, "_EVERY_TICK", (sweep(found, clock, "timers", 0),))
    return found


def sweep(said: list[str], clock: Clock, name: str, *counts: int) -> Callable[[], int]:
    """A sweep that finds so many things, one time after the other, and then the last number for ever. It takes time."""
    left = list(counts)

    def run_once() -> int:
        said.append(name)
        clock.sleep(0.1)
        return left.pop(0) if len(left) > 1 else left[0]

    return run_once


def test_timers_are_looked_at_in_between(said: list[str], clock: Clock, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sweeps, "_NOW_AND_THEN", (sweep(said, clock, "a", 5, 2, 0), sweep(said, clock, "b", 0)))
    assert sweeps.tidy() == 7
    assert said == ["a", "timers", "a", "timers", "a", "b"]


def test_a_sweep_that_always_finds_something_stops_in_time(
    said: list[str], clock: Clock, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sweeps, "_NOW_AND_THEN", (sweep(said, clock, "endless", 1), sweep(said, clock, "b", 0)))
    sweeps.tidy()
    assert 3 <= said.count("endless") <= 7
    assert said[-2:] == ["timers", "b"]


def test_a_sweep_that_fails_does_not_keep_the_others_from_running(
    said: list[str], clock: Clock, monkeypatch: pytest.MonkeyPatch, caplog: Any
) -> None:
    def broken() -> int:
        raise DatabaseError("gone")

    monkeypatch.setattr(sweeps, "_NOW_AND_THEN", (broken, sweep(said, clock, "b", 1, 0)))
    assert sweeps.tidy() == 1
    assert "the next tick tries again" in caplog.text

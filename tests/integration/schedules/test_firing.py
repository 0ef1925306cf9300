"""Every due time is fired once: with several sweepers, through crashes, after a stop."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from itertools import pairwise
from typing import Any

import pytest
from django.db import OperationalError, connection

from executions import sweeps
from executions.clock import now
from executions.models import Execution, Schedule, ScheduleFiring
from executions.schedules import firing, keeping
from executions.start_requests import start_requested
from executions.sweeps import schedules as schedule_sweep
from tests.integration.schedules.conftest import Plan, at, inputs, minutes_ago, sweep

pytestmark = pytest.mark.django_db

_State = ScheduleFiring.State


def test_a_fired_schedule_starts_its_request_with_the_marks_of_the_scheduler(plan: Plan) -> None:
    schedule = plan(since=minutes_ago(1))
    due = schedule.next_due
    assert due is not None
    assert sweep() == 1
    (found,) = inputs()
    record = ScheduleFiring.objects.get()
    assert at(found.pop("_scheduledTime")) == due == record.scheduled_at
    assert abs(at(found.pop("_executedTime")) - now()) < timedelta(minutes=1)
    assert found == {
        "a": 1,
        "_startedByScheduler": "s",
        "_executionId": str(record.pk),
        "_schedulerCron": "0 * * * * * UTC",
    }
    assert (record.state, record.schedule_name, record.workflow_name) == (_State.EXECUTED, "s", "job")
    row = Execution.objects.get(pk=record.execution_id)
    assert (row.correlation_id, row.attributes["createdBy"]) == ("k", "ana")
    schedule.refresh_from_db()
    assert schedule.next_due == due + timedelta(minutes=1)
    assert sweep() == 0


def test_two_sweepers_that_see_the_same_fire_it_once(plan: Plan, monkeypatch: pytest.MonkeyPatch) -> None:
    """The second one comes between the first one's look and its UPDATE, and gets ahead of it; likewise for starting."""
    plan(since=minutes_ago(1))
    advance, start = firing._advance, start_requested

    def overtaken(*args: Any) -> bool:
        monkeypatch.setattr(firing, "_advance", advance)
        assert firing.take_due() == 1
        return advance(*args)

    def overtaken_again(*args: Any, **kwargs: Any) -> Any:
        monkeypatch.setattr(firing, "start_requested", start)
        ScheduleFiring.objects.update(due_at=minutes_ago(1))  # the claim is over: a worker may be very slow
        assert firing.start_taken() == 1
        return start(*args, **kwargs)

    monkeypatch.setattr(firing, "_advance", overtaken)
    assert firing.take_due() == 0
    monkeypatch.setattr(firing, "start_requested", overtaken_again)
    firing.start_taken()
    assert len(inputs()) == 1
    assert ScheduleFiring.objects.get().state == _State.EXECUTED


@pytest.mark.parametrize("where", ["before taking", "before storing", "before starting", "before noting"])
def test_a_crash_anywhere_loses_and_doubles_nothing(plan: Plan, monkeypatch: pytest.MonkeyPatch, where: str) -> None:
    schedule = plan(since=minutes_ago(1))
    due = schedule.next_due

    def die(*args: Any, **kwargs: Any) -> Any:
        raise KeyboardInterrupt

    start = start_requested

    def start_and_die(*args: Any, **kwargs: Any) -> Any:
        start(*args, **kwargs)
        raise KeyboardInterrupt

    with monkeypatch.context() as patch:
        if where == "before taking":
            patch.setattr(firing, "_advance", die)
        elif where == "before storing":
            patch.setattr(ScheduleFiring.objects, "create", die)
        elif where == "before starting":
            patch.setattr(firing, "start_requested", die)
        else:
            patch.setattr(firing, "start_requested", start_and_die)
        with pytest.raises(KeyboardInterrupt):
            sweep()
    ScheduleFiring.objects.update(due_at=minutes_ago(1))  # the claim of the dead is over
    sweep()
    (found,) = inputs()
    assert at(found["_scheduledTime"]) == due
    assert ScheduleFiring.objects.get().state == _State.EXECUTED


def test_a_database_that_is_busy_is_asked_again(plan: Plan, monkeypatch: pytest.MonkeyPatch) -> None:
    plan(since=minutes_ago(1))

    def busy(*args: Any, **kwargs: Any) -> Any:
        raise OperationalError("database is locked")

    with monkeypatch.context() as patch:
        patch.setattr(firing, "start_requested", busy)
        with pytest.raises(OperationalError):
            sweep()
    record = ScheduleFiring.objects.get()
    assert record.state == _State.POLLED
    assert record.due_at is not None
    assert keeping.requeue() == [str(record.pk)]
    sweep()
    assert len(inputs()) == 1


def test_after_a_stop_of_hours_without_catching_up_nothing_old_is_fired(plan: Plan) -> None:
    schedule = plan("0 */10 * * * *", since=minutes_ago(300))
    sweep()
    assert inputs() == []
    schedule.refresh_from_db()
    assert schedule.next_due is not None
    assert now() < schedule.next_due <= now() + timedelta(minutes=10)


def test_what_is_late_by_seconds_is_fired_all_the_same(plan: Plan) -> None:
    schedule = plan("*/5 * * * * *", since=now() - timedelta(seconds=22))
    first = schedule.next_due
    sweep()
    found = [at(i["_scheduledTime"]) for i in inputs()]
    assert found[0] == first
    assert len(found) >= 4
    assert {later - earlier for earlier, later in pairwise(found)} == {timedelta(seconds=5)}


def test_after_a_stop_with_catching_up_everything_is_fired_once_and_in_order(plan: Plan) -> None:
    schedule = plan("0 * * * * *", since=minutes_ago(250), catch_up=True)
    first = schedule.next_due
    sweep()
    found = [at(i["_scheduledTime"]) for i in inputs()]
    assert found[0] == first
    assert len(found) in (250, 251)  # a minute may have begun meanwhile
    assert {later - earlier for earlier, later in pairwise(found)} == {timedelta(minutes=1)}


def test_what_cannot_be_started_is_on_record_and_the_schedule_goes_on(plan: Plan) -> None:
    plan(since=minutes_ago(1), request={"name": "nowhere"}, name="a")
    plan(since=minutes_ago(1), name="b")
    assert sweep() == 2
    failed = ScheduleFiring.objects.get(schedule_name="a")
    assert failed.state == _State.FAILED
    assert "No such workflow defined. name=nowhere" in (failed.reason or "")
    assert len(inputs()) == 1
    assert Schedule.objects.filter(next_due__gt=minutes_ago(1)).count() == 2


def test_a_schedule_keeps_within_its_bounds(plan: Plan) -> None:
    start, end = now() + timedelta(hours=3), now() + timedelta(hours=3, minutes=1, seconds=30)
    schedule = plan(start_at=start, end_at=end)
    assert schedule.next_due is not None
    assert start <= schedule.next_due <= end
    last = now().replace(second=0, microsecond=0)
    Schedule.objects.update(next_due=last, start_at=minutes_ago(60), end_at=last + timedelta(seconds=1))
    assert sweep() == 1
    schedule.refresh_from_db()
    assert schedule.next_due is None
    assert plan(end_at=minutes_ago(5)).next_due is None


def test_of_several_cron_expressions_each_is_fired_in_its_own_zone(plan: Plan) -> None:
    schedule = plan(crons=[["0 0 9 * * *", "Asia/Tokyo"], ["0 0 9 * * *", "Europe/London"]])
    slot = firing.slot_after(schedule.crons, datetime(2027, 1, 3, 23, tzinfo=UTC))
    assert slot is not None
    assert slot.zone == "Asia/Tokyo"
    later = firing.slot_after(schedule.crons, slot.at)
    assert later is not None
    assert (later.zone, later.at - slot.at) == ("Europe/London", timedelta(hours=9))


def test_the_tick_knows_when_the_next_schedule_is_due(plan: Plan) -> None:
    schedule = plan("*/1 * * * * *")
    assert schedule_sweep.next_due(now() - timedelta(seconds=5)) == schedule.next_due
    sweeps.tick(1.2)  # a second passes: it is due within it
    found = ScheduleFiring.objects.order_by("scheduled_at").first()
    assert found is not None
    assert found.fired_at is not None
    assert found.fired_at - found.scheduled_at < timedelta(seconds=1)


def test_a_zone_that_the_server_no_longer_knows_pauses_its_schedule_alone(plan: Plan) -> None:
    plan(name="good", since=minutes_ago(1))
    plan(name="bad", since=minutes_ago(1))
    Schedule.objects.filter(name="bad").update(crons=[["0 * * * * *", "Mars/Olympus"]])
    sweep()
    assert len(inputs()) == 1
    bad = Schedule.objects.get(name="bad")
    assert (bad.paused, bad.paused_reason) == (True, "Unknown time-zone ID: Mars/Olympus")


@pytest.mark.django_db(transaction=True)
def test_many_sweepers_at_once_fire_everything_once(plan: Plan) -> None:
    if connection.vendor == "sqlite":
        pytest.skip("the test database of SQLite is in memory and has one writer; a stack is swept by several instead")
    for number in range(5):
        plan("0 * * * * *", name=f"s{number}", since=minutes_ago(20), catch_up=True)

    def work(_: int) -> None:
        try:
            for _ in range(30):
                schedule_sweep.run_once()
        finally:
            connection.close()

    with ThreadPoolExecutor(6) as threads:
        list(threads.map(work, range(6)))
    assert ScheduleFiring.objects.count() >= 100
    assert not ScheduleFiring.objects.exclude(state=_State.EXECUTED).exists()
    found = [(i["_startedByScheduler"], i["_scheduledTime"]) for i in inputs()]
    assert len(found) == len(set(found)) == ScheduleFiring.objects.count()

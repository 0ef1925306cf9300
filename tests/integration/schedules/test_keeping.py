"""What people do to schedules."""

from __future__ import annotations

from datetime import timedelta

import pytest

from executions.clock import now
from executions.models import Event, Schedule, ScheduleFiring, SchedulerPause
from executions.operations import NotFound
from executions.schedules import keeping
from executions.schedules.cron import CronError
from tests.integration.schedules.conftest import Plan, inputs, minutes_ago, sweep

pytestmark = pytest.mark.django_db


def test_a_paused_schedule_is_not_fired_and_what_it_missed_is_not_made_up_for(plan: Plan) -> None:
    plan(since=minutes_ago(200), catch_up=True)
    keeping.pause("s", by="ana", reason="holidays")
    assert sweep() == 0
    paused = Schedule.objects.get()
    assert (paused.paused, paused.paused_reason, paused.next_due) == (True, "holidays", None)
    keeping.pause("s", by="ana")
    keeping.resume("s", by="ana")
    resumed = Schedule.objects.get()
    assert resumed.next_due is not None
    assert resumed.next_due > now() - timedelta(seconds=5)
    assert (resumed.paused, resumed.paused_reason) == (False, None)
    assert list(Event.objects.order_by("id").values_list("action", flat=True)) == [
        "save schedule",
        "pause schedule",
        "pause schedule",
        "resume schedule",
    ]


def test_a_pause_that_comes_while_a_sweeper_is_at_it_counts(plan: Plan, monkeypatch: pytest.MonkeyPatch) -> None:
    from executions.schedules import firing

    plan(since=minutes_ago(1))
    advance = firing._advance

    def overtaken(schedule: Schedule, following: object) -> bool:
        keeping.pause("s", by="ana")
        return advance(schedule, following)  # type: ignore[arg-type]

    monkeypatch.setattr(firing, "_advance", overtaken)
    assert firing.take_due() == 0
    assert Schedule.objects.get().next_due is None


def test_only_what_is_paused_is_resumed() -> None:
    for name in ("nobody",):
        for operation in (keeping.pause, keeping.resume):
            with pytest.raises(NotFound, match="Schedule 'nobody' not found"):
                operation(name, by="ana")


def test_a_schedule_that_is_not_paused_is_not_resumed(plan: Plan) -> None:
    plan()
    with pytest.raises(NotFound, match="is not paused"):
        keeping.resume("s", by="ana")


def test_all_are_paused_and_resumed_and_the_paused_ones_stay_paused(plan: Plan) -> None:
    plan(name="a", since=minutes_ago(30), catch_up=True)
    plan(name="b")
    keeping.pause("b", by="ana")
    keeping.pause_all(by="ana")
    keeping.pause_all(by="ana")
    assert sweep() == 0
    keeping.resume_all(by="ana")
    assert not SchedulerPause.objects.exists()
    assert sweep() == 0
    a, b = Schedule.objects.order_by("name")
    assert a.next_due is not None
    assert a.next_due > now() - timedelta(seconds=5)
    assert b.paused


def test_saving_again_keeps_a_due_time_while_the_times_stay_the_same(plan: Plan) -> None:
    due = plan(since=minutes_ago(1)).next_due
    again = plan(description="new words")
    assert (again.next_due, again.description) == (due, "new words")
    other = plan("30 * * * * *")
    assert other.next_due is not None
    assert other.next_due.second == 30
    assert Schedule.objects.count() == 1


def test_a_schedule_that_is_saved_as_paused_waits(plan: Plan) -> None:
    assert plan(paused=True, paused_reason="not yet").next_due is None
    assert plan(paused=False).next_due is not None


def test_deleting_keeps_the_history_and_starts_what_was_due(plan: Plan) -> None:
    from executions.schedules import firing

    plan(since=minutes_ago(1))
    firing.take_due()
    assert keeping.delete("s", by="ana")
    assert not keeping.delete("s", by="ana")
    firing.start_taken()
    assert len(inputs()) == 1
    record = ScheduleFiring.objects.get()
    assert (record.schedule_id, record.schedule_name) == (None, "s")


def test_a_schedule_of_the_same_name_begins_anew(plan: Plan) -> None:
    plan(since=minutes_ago(1))
    sweep()
    keeping.delete("s", by="ana")
    plan(since=minutes_ago(1))
    assert sweep() == 1
    assert len(inputs()) == 2


def test_the_next_times_of_an_expression_keep_within_bounds() -> None:
    start = now() + timedelta(days=300)
    found = keeping.next_times("0 0 * * * *", 5, start=start, end=start + timedelta(hours=2))
    assert len(found) == 2
    assert all(start <= at <= start + timedelta(hours=2) for at in found)
    assert len(keeping.next_times("0 0 * * * *", 5)) == 5
    with pytest.raises(CronError):
        keeping.next_times("nonsense", 5)

"""Bars of the timeline."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from executions.console.timeline import WIDTH, Bar, Span

BEGIN = datetime(2026, 11, 21, 10, 0, 0, tzinfo=UTC)


def at(seconds: float) -> datetime:
    return BEGIN + timedelta(seconds=seconds)


SPAN = Span(BEGIN, at(100))


def test_a_bar_has_a_stretch_in_the_queue_and_one_at_work() -> None:
    assert SPAN.bar(at(10), at(20), at(50)) == Bar(100, 100, 200, 300)


def test_what_has_not_ended_lasts_to_the_right_edge() -> None:
    assert SPAN.bar(at(10), at(20), None) == Bar(100, 100, 200, 800)
    assert SPAN.bar(at(10), None, None) == Bar(100, 900, 0, 0)


def test_what_was_canceled_in_the_queue_never_was_at_work() -> None:
    assert SPAN.bar(at(10), None, at(30)) == Bar(100, 200, 0, 0)


def test_what_takes_no_time_can_be_seen_and_stays_inside() -> None:
    for moment in (0, 50, 100):
        bar = SPAN.bar(at(moment), at(moment), at(moment))
        assert bar.work_width > 0
        assert bar.work_x + bar.work_width <= WIDTH


def test_what_lies_outside_of_the_span_is_cut_off() -> None:
    bar = SPAN.bar(at(-50), at(-20), at(500))
    assert (bar.queue_width, bar.work_x, bar.work_width) == (0, 0, WIDTH)


def test_an_execution_without_a_duration_has_a_timeline() -> None:
    span = Span(BEGIN, BEGIN)
    assert span.bar(BEGIN, BEGIN, BEGIN).work_width > 0
    assert span.ticks[0] == "0"

"""``make demo``: one example, from start to result."""

from __future__ import annotations

from collections.abc import Callable

from tests.stack import Stack


def test_the_example_runs_and_everything_stops(launch: Callable[..., Stack]) -> None:
    stack = launch("demo")

    assert stack.ended() == 0, "\n".join(stack.lines[-30:])
    assert stack.said("Example  COMPLETED") == 1
    assert stack.said("Result ") == 1
    assert stack.processes() == {}

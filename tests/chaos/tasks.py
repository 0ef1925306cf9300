"""Python functions of the workload; each may run more often than once, as any task may."""

from __future__ import annotations

import time

from executions.functions import task
from executions.task_types.base import Work


class NotYet(Exception):
    """The first attempts fail, as they are told to."""


@task("chaos_add")
def add(a: int, b: int, seconds: float = 0.0) -> dict[str, int]:
    time.sleep(seconds)  # work that takes a while, so that a kill finds somebody at it
    return {"sum": a + b}


@task("chaos_flaky", retries=3, delay=0.1)
def flaky(work: Work, failures: int, value: int) -> dict[str, int]:
    """Fails in its first ``failures`` attempts."""
    if work.run.attempt < failures:
        raise NotYet(f"attempt {work.run.attempt} of {failures} that fail")
    return {"value": value, "attempt": work.run.attempt}


@task("chaos_hopeless", retries=1)
def hopeless() -> None:
    raise NotYet("it never works")


@task("chaos_sum")
def total(values: list[int]) -> dict[str, int]:
    return {"sum": sum(values)}


@task("chaos_branches")
def branches(width: int) -> dict[str, object]:
    """A fork as its author only knows it at run time."""
    return {
        "tasks": [{"name": "chaos_add", "taskReferenceName": f"branch_{i}", "type": "SIMPLE"} for i in range(width)],
        "inputs": {f"branch_{i}": {"a": i, "b": 1} for i in range(width)},
    }

"""Python functions that the tests use as tasks."""

from __future__ import annotations

from executions.functions import Refused, task


@task("noop_function")
def noop_function() -> None:
    return None


@task("add")
def add(a: int = 0, b: int = 0) -> dict[str, int]:
    return {"sum": a + b}


@task("other_queue", queue="mail")
def other_queue() -> str:
    return "sent"


@task("always_fails", retries=2)
def always_fails() -> None:
    raise RuntimeError("it never works")


@task("refuses", retries=5)
def refuses() -> None:
    raise Refused("not with these inputs")

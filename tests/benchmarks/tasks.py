"""Tasks that do nothing, for the workers of the benchmark's stack: one of ours, and one of Celery's own."""

from __future__ import annotations

from celery import shared_task

from executions.functions import task
from executions.redis_client import client

DONE = "bench:done"


@task("bench_nothing")
def nothing() -> None:
    """A step of a workflow."""


@shared_task(name="bench.nothing", ignore_result=True)
def raw_nothing() -> None:
    """A link of a raw chain."""


@shared_task(name="bench.last", ignore_result=True)
def raw_last() -> None:
    """The last link of a raw chain: says that the chain is done."""
    client().incr(DONE)


@shared_task(name="bench.answer", ignore_result=False)
def raw_answer() -> int:
    """A raw task with a result."""
    return 1

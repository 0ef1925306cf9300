"""The entry points for Celery: thin, idempotent, without results.

``run``, ``advance`` and ``deliver`` are doorbells for one task run, one execution and one message. The others are
ticks of Beat: each runs a sweep, and any number of them at a time is safe.
"""

from __future__ import annotations

from typing import Any

from celery import shared_task

from executions import sweeps, worker
from executions.engine.canvas import ADVANCE, DELIVER, RUN
from executions.events import delivery
from executions.worker_beat import note_tick


@shared_task(name=RUN, bind=True, ignore_result=True)
def run(self: Any, run_id: str) -> None:
    """Claims a task run and does it, and goes on with its execution."""
    request = self.request
    worker.run_message(run_id, _queue(request), request.chain or (), bool(request.chord))


@shared_task(name=ADVANCE, bind=True, ignore_result=True)
def advance(self: Any, execution_id: str) -> None:
    """Takes up whatever is on offer in an execution."""
    worker.advance_message(execution_id, _queue(self.request))


@shared_task(name=DELIVER, ignore_result=True)
def deliver(message_id: str) -> None:
    """Delivers a stored message to whoever listens."""
    delivery.deliver(message_id)


@shared_task(name="executions.tick", ignore_result=True)
def tick() -> None:
    """Everything that is due within the next second."""
    note_tick()
    sweeps.tick()


@shared_task(name="executions.tidy", ignore_result=True)
def tidy() -> None:
    """What can wait a little: executions that nothing moves any more, workers that have gone."""
    sweeps.tidy()


def _queue(request: Any) -> str:
    info = request.delivery_info or {}
    return info.get("routing_key") or "default"

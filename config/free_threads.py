"""Has a worker with threads look for its next message as soon as a thread is free.

Such a worker asks Redis for messages only while it has a free thread (``WORKER_DISABLE_PREFETCH``). Celery's event
loop does not notice that a thread has become free: it would look again at the next tick of a timer, up to a second
later, and with a queue that is never empty each thread would do one task a second.
"""

from __future__ import annotations

import contextlib
import os
from typing import Any

from celery import Celery, bootsteps, signals
from celery.concurrency.thread import TaskPool
from kombu.asynchronous import Hub

# Seconds after the end of a task by which the worker has taken it from its list.
_SETTLED = 0.002


class FreeThreads(bootsteps.StartStopStep):
    """A pipe: a thread that ends a task writes into it, and the event loop wakes up."""

    requires = ("celery.worker.consumer.tasks:Tasks",)

    def __init__(self, consumer: Any, **options: Any) -> None:
        # for as long as the process lives: threads may write at any time
        self._reader, self._writer = os.pipe()
        os.set_blocking(self._reader, False)
        os.set_blocking(self._writer, False)
        super().__init__(consumer, **options)

    def include_if(self, consumer: Any) -> bool:
        return isinstance(consumer.pool, TaskPool) and consumer.hub is not None

    def start(self, consumer: Any) -> None:
        """Called again after the connection to the broker was lost: the event loop has forgotten its readers then."""
        consumer.hub.add_reader(self._reader, self._woken, consumer.hub)
        signals.task_postrun.connect(self._wake, dispatch_uid="free threads")

    def _wake(self, **_: Any) -> None:
        with contextlib.suppress(BlockingIOError):  # it is full: the loop will wake up anyway
            os.write(self._writer, b".")

    def _woken(self, hub: Hub) -> None:
        with contextlib.suppress(BlockingIOError):
            os.read(self._reader, 4096)
        hub.call_later(_SETTLED, _look)


def _look() -> None:
    """Nothing: after a timer the event loop looks whether it may ask for messages."""


def install(app: Celery) -> None:
    app.steps["consumer"].add(FreeThreads)

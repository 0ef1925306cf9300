"""Stopping a Celery worker that is told to (SIGTERM): within UPBEAT_STOP_SECONDS, whatever it is at.

Celery itself takes no more messages then, waits for every task to end, however long that takes, and tells nobody in
its pool. So whoever has started the worker would have to kill it, and its tasks would wait for their leases to end.
Here each process of the worker learns that it is leaving (``executions/leaving.py``); when the time is over it gives
back what it has not finished, and then the worker ends.

The main process tells those of its pool by closing a pipe, which needs no lock and so can be done by a signal handler,
and learns from another one that all of them are done.
"""

from __future__ import annotations

import logging
import os
import select
import threading
import time
from collections.abc import Callable
from contextlib import suppress
from typing import Any

from celery import signals
from django.conf import settings

logger = logging.getLogger(__name__)

# For the statements that give tasks back, and for tasks to notice that they are canceled. Whoever stops a worker must
# be patient for so much longer than UPBEAT_STOP_SECONDS.
GIVING_BACK_SECONDS = 4.0


class _Pipe:
    """Its reader sees that all processes that have the writer have closed it, or are no more."""

    def __init__(self) -> None:
        self._reader, self._writer = os.pipe()
        self._closed = False

    def close(self) -> None:
        """Closes this process's writer. May be called by a signal handler, and more than once."""
        if not self._closed:
            self._closed = True
            os.close(self._writer)

    def wait(self, seconds: float | None = None) -> bool:
        """Whether all writers are closed, after so many seconds at most."""
        readable, _, _ = select.select([self._reader], [], [], seconds)
        return bool(readable)


class _Worker:
    """What the processes of one worker share."""

    def __init__(self) -> None:
        self.pid = os.getpid()
        self.leaving = _Pipe()
        self.done = _Pipe()


_worker: _Worker | None = None


def install() -> None:
    signals.worker_init.connect(_prepare)
    signals.worker_process_init.connect(_in_pool)
    signals.worker_ready.connect(_in_main)
    signals.worker_shutting_down.connect(_told_to_stop)


def _prepare(**_: Any) -> None:
    """Before the main process forks."""
    global _worker
    _worker = _Worker()


def _in_pool(**_: Any) -> None:
    if _worker is not None and _worker.pid != os.getpid():  # the solo pool is the main process itself
        _worker.leaving.close()
        _begin(_leave_pool, _worker)


def _in_main(**_: Any) -> None:
    if _worker is not None:
        _begin(_leave, _worker)


def _told_to_stop(**_: Any) -> None:
    """Called by the signal handler of the main process."""
    if _worker is not None:
        _worker.leaving.close()


def _begin(what: Callable[[_Worker], None], worker: _Worker) -> None:
    threading.Thread(target=what, args=(worker,), name="stopping", daemon=True).start()


def _leave_pool(worker: _Worker) -> None:
    from executions import leaving

    worker.leaving.wait()
    leaving.begin()
    time.sleep(settings.STOP_SECONDS)
    leaving.give_back()
    worker.done.close()


def _leave(worker: _Worker) -> None:
    from executions import leaving, worker_beat

    worker.leaving.wait()
    leaving.begin()
    end = time.monotonic() + settings.STOP_SECONDS
    worker_beat.end()  # it serves its queues no more
    time.sleep(max(0.0, end - time.monotonic()))
    # whoever gets here has not ended by itself: somebody in the pool, or a thread, is still at work
    leaving.give_back()
    worker.done.close()
    if not worker.done.wait(GIVING_BACK_SECONDS):
        logger.warning("not all processes could give back what they had: their leases will run out")
    with suppress(OSError):
        logging.shutdown()
    os._exit(0)  # the kernel ends the pool with its parent

"""Signs of life: who serves this installation, read by ``/health``, the admin and the console.

Every Celery worker writes one row every few seconds from a thread of its main process, so a worker whose pool is busy
is alive all the same. A worker that stops takes its row away; the row of one that was killed grows old.
Beat has no row of its own making: that a tick was run shows that Beat sent it.
"""

from __future__ import annotations

import logging
import os
import socket
import threading
import time
from datetime import UTC, datetime, timedelta
from typing import Any

from celery import signals
from django.db import DatabaseError, connection

from executions.models import WorkerBeat

logger = logging.getLogger(__name__)

# Seconds between two signs of life of one worker.
INTERVAL_SECONDS = 3.0
# A worker that was not seen for so many seconds is gone: a few beats may be late when the database is busy.
GONE_AFTER_SECONDS = 15.0
# Seconds between two signs of life of Beat, and how long one lasts.
TICK_INTERVAL_SECONDS = 2.0
BEAT_GONE_AFTER_SECONDS = 10.0

# Rows of machines that never came back are kept so long.
KEEP = timedelta(days=1)

BEAT = "beat"


class SignsOfLife:
    """The thread of one worker that writes its row; ``name`` is the node name, ``work@machine``."""

    def __init__(self, name: str, info: dict[str, Any]) -> None:
        self.name = name
        self._kind = name.partition("@")[0]
        self._info = info
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._beat, name="signs-of-life", daemon=True)

    def start(self) -> None:
        self._thread.start()

    def stop(self) -> None:
        """Ends the thread and removes the row. Blocks for as long as a write that is under way takes."""
        self._stop.set()
        self._thread.join()
        try:
            WorkerBeat.objects.filter(name=self.name).delete()
        except DatabaseError as error:
            logger.warning("the worker's row could not be removed, it will grow old: %s", error)

    def _beat(self) -> None:
        _remove_long_gone()
        while True:
            _write(self.name, self._kind, self._info)
            # pool processes are forked from this process: none may inherit an open connection
            connection.close()
            if self._stop.wait(INTERVAL_SECONDS):
                return


_signs: SignsOfLife | None = None
_next_note = 0.0


@signals.worker_ready.connect
def _begin(sender: Any, **_: Any) -> None:
    global _signs
    _signs = SignsOfLife(sender.hostname, _described(sender))
    _signs.start()


@signals.worker_shutdown.connect
def end(**_: Any) -> None:
    """The worker serves its queues no more. Blocks for as long as a write that is under way takes."""
    global _signs
    signs, _signs = _signs, None
    if signs is not None:
        signs.stop()


def note_tick() -> None:
    """Notes that a tick of Beat is being run: one statement every other second, nothing in between.

    Never raises: a sign of life that could not be written is no reason to leave out the tick.
    """
    global _next_note
    moment = time.monotonic()
    if moment < _next_note:
        return
    _next_note = moment + TICK_INTERVAL_SECONDS
    _write(BEAT, BEAT, {"ticks_run_by": f"{socket.gethostname()}:{os.getpid()}"})


def forget(host: str) -> None:
    """Removes the rows of a machine's workers, and Beat's: those who live write theirs again within seconds."""
    WorkerBeat.objects.filter(name__endswith=f"@{host}").delete()
    WorkerBeat.objects.filter(name=BEAT).delete()


def alive(now: datetime | None = None) -> list[WorkerBeat]:
    """Everybody who was seen lately, Beat included. One query."""
    now = now or datetime.now(UTC)
    oldest = now - timedelta(seconds=GONE_AFTER_SECONDS)
    oldest_beat = now - timedelta(seconds=BEAT_GONE_AFTER_SECONDS)
    seen = WorkerBeat.objects.filter(seen_at__gte=oldest)
    return [row for row in seen if row.kind != BEAT or row.seen_at >= oldest_beat]


def _write(name: str, kind: str, info: dict[str, Any]) -> None:
    row = WorkerBeat(name=name, kind=kind, seen_at=datetime.now(UTC), info=info)
    try:
        WorkerBeat.objects.bulk_create(
            [row], update_conflicts=True, unique_fields=["name"], update_fields=["kind", "seen_at", "info"]
        )
    except DatabaseError as error:
        logger.warning("no sign of life of %s could be written: %s", name, error)


def _remove_long_gone() -> None:
    try:
        WorkerBeat.objects.filter(seen_at__lt=datetime.now(UTC) - KEEP).delete()
    except DatabaseError as error:
        logger.warning("old signs of life could not be removed: %s", error)


def _described(consumer: Any) -> dict[str, Any]:
    controller = consumer.controller
    return {
        "pid": os.getpid(),
        "pool": controller.pool_cls.__module__.rpartition(".")[2],
        "concurrency": controller.concurrency,
        "queues": sorted(consumer.app.amqp.queues.consume_from),
    }

"""Leases of this process, renewed by one thread with one statement.

A task run claimed here is ours until its lease is over. The thread extends all leases three times per lease, and
learns in the same statement which runs are no longer ours: canceled, timed out, or given to somebody else.
"""

from __future__ import annotations

import logging
import os
import socket
import threading
import time
import uuid
from datetime import timedelta

from django.conf import settings
from django.db import DatabaseError, connection

from executions.clock import now
from executions.store import claims

logger = logging.getLogger(__name__)


class Heartbeat:
    """The leases of one process."""

    def __init__(self) -> None:
        self.worker = f"{socket.gethostname()}:{os.getpid()}:{uuid.uuid4().hex[:8]}"
        self._lease = timedelta(seconds=settings.LEASE_SECONDS)
        self._held: dict[str, threading.Event] = {}
        self._lock = threading.Lock()
        self._wake = threading.Event()
        self._thread: threading.Thread | None = None
        self._pid = os.getpid()

    def hold(self, run_id: str) -> threading.Event:
        """Keeps the lease on a claimed run alive from now on. The event is set when the run was taken away."""
        taken_away = threading.Event()
        with self._lock:
            self._held[run_id] = taken_away
            if self._thread is None:
                self._thread = threading.Thread(target=self._beat, name="heartbeat", daemon=True)
                self._thread.start()
        return taken_away

    def release(self, run_id: str) -> None:
        with self._lock:
            self._held.pop(run_id, None)

    def beat_once(self) -> None:
        """Renews all leases."""
        with self._lock:
            held = dict(self._held)
        if not held:
            return
        ours = claims.renew(list(held), self.worker, now() + self._lease)
        for run_id, taken_away in held.items():
            if run_id not in ours:
                taken_away.set()

    def cancel_all(self, seconds: float) -> None:
        """Tells all tasks that they are no longer ours, and lets them end for so long."""
        with self._lock:
            held = list(self._held.values())
        for taken_away in held:
            taken_away.set()
        end = time.monotonic() + seconds
        while self._held and time.monotonic() < end:
            time.sleep(0.02)

    def _beat(self) -> None:
        while not self._wake.wait(self._lease.total_seconds() / 3):
            try:
                self.beat_once()
            except DatabaseError as error:
                # the leases hold for two more beats; the tasks go on
                logger.warning("leases could not be renewed: %s", error)
                connection.close()


_heartbeat: Heartbeat | None = None
_guard = threading.Lock()


def heartbeat() -> Heartbeat:
    """The one of this process; a forked child has its own."""
    global _heartbeat
    with _guard:
        if _heartbeat is None or _heartbeat._pid != os.getpid():
            _heartbeat = Heartbeat()
        return _heartbeat

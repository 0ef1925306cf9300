"""Included by the stack's Celery workers (``-I``): their pool processes are on a leash too.

Without it a pool process in the middle of a task would end the task first, however long that takes.
"""

from __future__ import annotations

import os
from typing import Any

from celery import signals

from config.stack.leash import die_with_parent

# imported by the worker's main process, before it forks
_worker_pid = os.getpid()


@signals.worker_process_init.connect
def _leash(**_: Any) -> None:
    if os.getpid() != _worker_pid:  # the solo pool is the main process itself
        die_with_parent(_worker_pid)

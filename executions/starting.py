"""Starting executions from anywhere that is not a worker: web requests, sweeps, tasks."""

from __future__ import annotations

import os
import socket
from collections.abc import Sequence

from executions.engine.driver import Driver
from executions.engine.new_execution import NewExecution
from executions.engine.rows import ExecutionRow


def driver() -> Driver:
    """A driver for one request: it decides and starts children, and runs no tasks."""
    return Driver(worker=f"web:{socket.gethostname()}:{os.getpid()}")


def start_all(requests: Sequence[NewExecution]) -> list[ExecutionRow]:
    """Starts several executions in one transaction: all of them, or none. See ``beginning.start_all``."""
    return driver().start_all(requests)


def start(request: NewExecution) -> ExecutionRow | None:
    """Starts an execution; None if one of that id was there already. Raises IntegrityError for a taken key."""
    return driver().start(request)

"""The sweeping process as a driver of executions: it decides and starts children, and runs no tasks."""

from __future__ import annotations

import os
import socket

from executions.engine.driver import Driver


def driver() -> Driver:
    return Driver(worker=f"sweep:{socket.gethostname()}:{os.getpid()}")

"""Python functions that leave a line in a file for each time they are run."""

from __future__ import annotations

import os
import time
from pathlib import Path

from executions.functions import task
from executions.task_types.base import IO_QUEUE, Work


@task("noting")
def noting(work: Work, path: str, seconds: float = 0.0, once: bool = False) -> dict[str, int]:
    """Writes its line, the execution's id and the process, and works for a while; with ``once`` only the first time."""
    line = work.run.execution_id
    before = Path(path).read_text() if Path(path).exists() else ""
    with Path(path).open("a") as file:
        file.write(f"{line} {os.getpid()}\n")
    if not (once and line in before):
        time.sleep(seconds)
    return {"pid": os.getpid()}


@task("noting_io", queue=IO_QUEUE)
def noting_io(work: Work, path: str, seconds: float = 0.0, once: bool = False) -> dict[str, int]:
    """The same on the worker with threads."""
    return noting(work, path, seconds, once)


@task("noting_only_once", rerun_lost=False)
def noting_only_once(work: Work, path: str, seconds: float = 0.0) -> dict[str, int]:
    """The same, and never twice."""
    return noting(work, path, seconds)

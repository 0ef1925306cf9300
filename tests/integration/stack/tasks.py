"""Python functions that leave a line in a file for each time they are run."""

from __future__ import annotations

import os
import time
from pathlib import Path

from executions.functions import task
from executions.task_types.base import Work


@task("noting")
def noting(work: Work, path: str, seconds: float = 0.0) -> dict[str, int]:
    """Works for a while after it has written its line: the execution's id and the process."""
    with Path(path).open("a") as file:
        file.write(f"{work.run.execution_id} {os.getpid()}\n")
    time.sleep(seconds)
    return {"pid": os.getpid()}

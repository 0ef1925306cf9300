"""Processes of a stack, found by an environment variable that all of them inherit."""

from __future__ import annotations

import os
import time
from collections.abc import Callable
from pathlib import Path

Condition = Callable[[], object]


def with_environment(name: str, value: str) -> dict[int, str]:
    """Command lines by pid of everything on this machine that has the variable. Zombies have none."""
    wanted = f"{name}={value}".encode()
    found = {}
    for entry in Path("/proc").iterdir():
        if not entry.name.isdigit():
            continue
        try:
            if wanted in (entry / "environ").read_bytes().split(b"\0"):
                found[int(entry.name)] = (entry / "cmdline").read_bytes().replace(b"\0", b" ").decode()
        except OSError:
            continue  # it has gone, or is somebody else's
    return found


def children(pid: int) -> list[int]:
    """The pids of the direct children."""
    tasks = Path(f"/proc/{pid}/task")
    return [int(child) for task in tasks.iterdir() for child in (task / "children").read_text().split()]


def exists(pid: int) -> bool:
    """Whether it runs; a zombie does not."""
    try:
        return "Z" not in Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0]
    except OSError:
        return False


def wait_until(condition: Condition, seconds: float, what: str) -> None:
    """Raises AssertionError, with ``what`` was waited for, if it does not come true in time."""
    end = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < end, f"not within {seconds} s: {what}"
        time.sleep(0.05)


def inherited() -> dict[str, str]:
    """This process's environment without what the tests set for themselves."""
    own = ("UPBEAT_", "DATABASE_URL", "REDIS_URL", "CELERY_BROKER_URL", "DJANGO_SETTINGS_MODULE")
    return {name: value for name, value in os.environ.items() if not name.startswith(own)}

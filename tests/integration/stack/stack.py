"""A stack as its user runs it: a process, its lines, its addresses."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import uuid
from pathlib import Path
from typing import Any

import psycopg
import requests

from tests.environment import free_port
from tests.integration.stack.processes import inherited, wait_until, with_environment

ROOT = Path(__file__).parents[3]
# A machine with two processors that runs other tests too takes its time.
PATIENCE = 60.0


class Stack:
    """``python -m config.stack`` with ports and a data folder of its own."""

    def __init__(self, folder: Path, what: str = "up", **environment: str) -> None:
        self.data = Path(environment.get("UPBEAT_DATA", folder / "data with blanks"))
        self.port = int(environment.get("UPBEAT_PORT", 0)) or free_port()
        self.redis_port = int(environment.get("UPBEAT_REDIS_PORT", 0)) or free_port()
        self.url = f"http://127.0.0.1:{self.port}"
        self._mark = uuid.uuid4().hex
        self._environment = {
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
                env=self._environment,
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
    if not server:
        return {}
    name = f"stack_{uuid.uuid4().hex}"
    with psycopg.connect(server, autocommit=True) as connection:
        connection.execute(f"CREATE DATABASE {name}")
    address, question, options = server.partition("?")
    return {"DATABASE_URL": f"{address.rpartition('/')[0]}/{name}{question}{options}"}

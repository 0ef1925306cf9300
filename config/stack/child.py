"""A running process with its lines."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from collections.abc import Sequence
from contextlib import suppress
from pathlib import Path

from config.stack import leash
from config.stack.environment import BASE_DIR

# What has no end of line by then is a line.
_LONGEST_LINE = 16 * 1024


class Child:
    """A process on a leash, leader of a session and process group of its own: Ctrl-C in the terminal passes it by.

    Create it in the main thread (see ``leash``). Raises OSError if there can be no more processes.
    """

    def __init__(self, command: Sequence[str], pid_file: Path) -> None:
        self.started = time.monotonic()
        self._process = subprocess.Popen(  # noqa: S603 (our own commands)
            [sys.executable, "-I", "-S", leash.__file__, str(os.getpid()), *command],
            cwd=BASE_DIR,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            start_new_session=True,
        )
        assert self._process.stdout is not None
        self.output = self._process.stdout.fileno()
        os.set_blocking(self.output, False)
        self.silent = False  # it has closed its output
        self._rest = b""
        self._pid_file = pid_file
        pid_file.write_text(f"{self._process.pid}\n")

    def lines(self) -> list[str]:
        """Whole lines that have come since the last call; never waits."""
        try:
            new = os.read(self.output, 64 * 1024)
        except BlockingIOError:
            return []
        self.silent = not new
        *whole, self._rest = (self._rest + new).split(b"\n")
        if len(self._rest) > _LONGEST_LINE or (self.silent and self._rest):
            whole.append(self._rest)
            self._rest = b""
        return [_text(line) for line in whole]

    def send(self, number: signal.Signals) -> None:
        """Signals the process alone: it knows best in which order its own children stop."""
        self._process.send_signal(number)

    def kill(self) -> None:
        """SIGKILL to the process and everything that it has started."""
        with suppress(ProcessLookupError, PermissionError):  # nobody is left
            os.killpg(self._process.pid, signal.SIGKILL)

    def ended(self) -> int | None:
        """The exit status, negative for a signal; None while it runs."""
        return self._process.poll()

    def bury(self) -> list[str]:
        """Clears away what has ended, with whatever it left running, and gives its last lines."""
        self.kill()
        last = self.lines()
        if self._rest:
            last.append(_text(self._rest))
        assert self._process.stdout is not None
        self._process.stdout.close()
        self._pid_file.unlink(missing_ok=True)
        return last


def how_it_ended(status: int) -> str:
    """In words: "ended with status 1", "was killed by SIGKILL"."""
    if status >= 0:
        return f"ended with status {status}"
    try:
        return f"was killed by {signal.Signals(-status).name}"
    except ValueError:
        return f"was killed by signal {-status}"


def _text(line: bytes) -> str:
    return line.decode("utf-8", "replace").rstrip()

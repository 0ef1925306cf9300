"""One sandbox process, as its parent sees it."""

from __future__ import annotations

import os
import select
import subprocess
import sys
import time
from importlib.util import find_spec
from pathlib import Path
from typing import IO

from workflows_app.expressions.sandbox.guest import frames

_LIBRARIES = {
    "v8": ("py_mini_racer",),
    "libjq": ("jq",),
    "monty": ("pydantic_monty",),
    "templating": ("yaql", "pbr", "jinja2", "markupsafe", "yaml", "dateutil", "six"),
}
_LAUNCHER = Path(__file__).parent / "guest" / "__main__.py"
_START = 30.0  # seconds that an engine may take to start, on a host that is busy
_GRACE = 1.0  # seconds beyond a script's limit, after which a process is taken to be stuck


class SandboxBroken(RuntimeError):
    """No sandbox process starts here. That is the fault of the installation, not of a script."""


class SandboxGone(Exception):
    """The process had ended before it took the request: another one may take it."""


class SandboxCrashed(Exception):
    """The process ended while it worked on the request."""


class SandboxExpired(Exception):
    """The request took too long; the process has ended."""


class SandboxProcess:
    """A process with one engine. For one thread at a time; after any exception it is good for ``kill`` only."""

    def __init__(self, engine: str) -> None:
        """Starts the process and does not wait for it. Raises SandboxBroken."""
        try:
            # Not PR_SET_PDEATHSIG: it fires when the starting thread ends, not the process. The end of the parent
            # closes the pipe, and until it looks there the process is under its own alarm.
            self._popen = subprocess.Popen(  # noqa: S603
                [sys.executable, "-I", "-S", str(_LAUNCHER), engine, *_directories_of(_LIBRARIES[engine])],
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=subprocess.DEVNULL,
                bufsize=0,
                cwd="/",
                env={},
                start_new_session=True,
            )
        except OSError as error:
            raise SandboxBroken(f"The sandbox for {engine} does not start: {error}") from error
        self._requests, self._replies = _pipe(self._popen.stdin), _pipe(self._popen.stdout)
        self.answered = 0
        self.last = False
        """It said that it takes no more requests."""

    @property
    def pid(self) -> int:
        return self._popen.pid

    def is_ready(self) -> bool:
        """Whether a request would be taken at once. False also for a process that has ended."""
        poll = select.poll()
        poll.register(self._replies, select.POLLIN)
        return [event for _, event in poll.poll(0)] == [select.POLLIN]

    def ask(self, body: bytes, seconds: float) -> bytes:
        """The answer to a request. Waits for the process to be ready first, which does not count.

        Raises SandboxGone, SandboxCrashed, SandboxExpired, SandboxBroken.
        """
        self._await_ready()
        due = time.monotonic() + seconds
        try:
            self._write(frames.REQUEST_HEAD.pack(len(body), seconds) + body, due + _GRACE)
            kind, answer = self._receive(due + _GRACE)
        except SandboxCrashed:
            # The process's own alarm ends it without a word. Its exit status may have been taken by somebody else.
            if time.monotonic() >= due:
                raise SandboxExpired from None
            raise
        if kind == frames.BROKEN:
            raise SandboxCrashed
        self.answered += 1
        self.last = kind == frames.LAST_ANSWER
        return answer

    def stop(self) -> None:
        """Ends the process, from any thread. Whoever waits for its answer gets SandboxCrashed."""
        self._popen.kill()

    def kill(self) -> None:
        """Ends the process and lets go of it. May be called again."""
        self._popen.kill()
        self._popen.wait()
        self._close()

    def abandon(self) -> None:
        """Lets go of a process that belongs to the parent of this one."""
        self._popen.returncode = 0  # not ours to wait for
        self._close()

    def _close(self) -> None:
        for pipe in (self._popen.stdin, self._popen.stdout):
            if pipe is not None:
                pipe.close()

    def _await_ready(self) -> None:
        try:
            kind, reason = self._receive(time.monotonic() + _START)
        except SandboxExpired:
            raise SandboxBroken(f"The sandbox does not start within {_START:g} seconds") from None
        except SandboxCrashed:
            raise SandboxGone from None
        if kind == frames.BROKEN:
            raise SandboxBroken(f"The sandbox does not start: {reason.decode()}")

    def _receive(self, deadline: float) -> tuple[int, bytes]:
        """The next message: its kind and its body. Raises SandboxCrashed, SandboxExpired."""
        length, kind = frames.REPLY_HEAD.unpack(self._read(frames.REPLY_HEAD.size, deadline))
        return kind, self._read(length, deadline)

    def _write(self, message: bytes, deadline: float) -> None:
        rest = memoryview(message)
        while rest:
            try:
                rest = rest[os.write(self._requests, rest) :]
            except BlockingIOError:
                self._wait_for(self._requests, select.POLLOUT, deadline)
            except BrokenPipeError:
                if len(rest) == len(message):
                    raise SandboxGone from None
                raise SandboxCrashed from None

    def _read(self, length: int, deadline: float) -> bytes:
        parts = []
        while length > 0:
            try:
                part = os.read(self._replies, min(length, 2**20))
            except BlockingIOError:
                self._wait_for(self._replies, select.POLLIN, deadline)
                continue
            if not part:
                raise SandboxCrashed
            parts.append(part)
            length -= len(part)
        return b"".join(parts)

    def _wait_for(self, pipe: int, event: int, deadline: float) -> None:
        """Returns when the pipe can be used or has lost its other end. Raises SandboxExpired at the deadline."""
        remaining = deadline - time.monotonic()
        poll = select.poll()
        poll.register(pipe, event)
        if remaining <= 0 or not poll.poll(remaining * 1000):
            raise SandboxExpired


def _pipe(stream: IO[bytes] | None) -> int:
    assert stream is not None
    os.set_blocking(stream.fileno(), False)
    return stream.fileno()


def _directories_of(libraries: tuple[str, ...]) -> list[str]:
    """Where to import them from. Raises SandboxBroken."""
    return list(dict.fromkeys(_directory_of(library) for library in libraries))


def _directory_of(library: str) -> str:
    """The directory to import it from: the process is told this one alone. Raises SandboxBroken."""
    spec = find_spec(library)
    if spec is None or spec.origin is None:
        raise SandboxBroken(f"The library {library} is not installed")
    found = Path(spec.origin)
    return str(found.parent.parent if spec.submodule_search_locations else found.parent)

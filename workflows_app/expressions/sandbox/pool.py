"""A few sandbox processes of one engine, shared by the threads of this process."""

from __future__ import annotations

import atexit
import os
import threading
import weakref
from collections.abc import Iterator
from contextlib import contextmanager, suppress

from workflows_app.expressions.sandbox.process import SandboxBroken, SandboxGone, SandboxProcess

_SHORT = 1.0  # seconds; a longer limit makes a request that leaves one process to the short ones
_ATTEMPTS = 3  # to find a process that takes a request; one that had ended costs an attempt


class Pool:
    """At most ``size`` processes, started when they are first needed and replaced after ``lifetime`` answers.

    Every process taken away is replaced at once, in the background, so that the next caller need not wait for the
    engine to start. After a fork, the child begins with none.
    """

    def __init__(self, engine: str, size: int = 2, lifetime: int = 5000) -> None:
        self._engine = engine
        self._size = size
        self._most_long = max(1, size - 1)
        self._lifetime = lifetime
        self._forget()
        _pools.add(self)

    def ask(self, body: bytes, seconds: float) -> bytes:
        """The answer to a request. Waiting for a free process does not count as time of the request.

        Raises SandboxCrashed, SandboxExpired, SandboxBroken.
        """
        for _ in range(_ATTEMPTS):
            with suppress(SandboxGone), self._lease(long=seconds > _SHORT) as process:
                return process.ask(body, seconds)
        raise SandboxBroken(f"The sandbox for {self._engine} ends as soon as it starts")

    def pids(self) -> list[int]:
        """The processes that run now."""
        with self._changed:
            return [process.pid for process in self._processes]

    def close(self) -> None:
        """Ends the processes. Those in use end too, and their callers get SandboxCrashed."""
        with self._changed:
            processes, self._processes, self._idle = self._processes, set(), []
        for process in processes:
            process.kill()

    @contextmanager
    def _lease(self, *, long: bool) -> Iterator[SandboxProcess]:
        """A process for one request. It is used again only if it has answered and is good for more."""
        with self._changed:
            self._changed.wait_for(lambda: self._leased < self._size and not (long and self._long >= self._most_long))
            self._leased += 1
            self._long += long
            process = self._pick()
        try:
            if process is None:
                process = self._start()
            yield process
            if process.last or process.answered >= self._lifetime:
                self._replace(process)
            else:
                self._put_back(process)
        except BaseException:  # also a soft time limit of Celery's, raised anywhere: the pipes may hold half a message
            if process is not None:
                self._replace(process)
            raise
        finally:
            with self._changed:
                self._leased -= 1
                self._long -= long
                self._changed.notify_all()

    def _pick(self) -> SandboxProcess | None:
        """The idle process used last, unless it still cleans up and another one does not. The lock is held."""
        if not self._idle:
            return None
        ready = [process for process in reversed(self._idle) if process.is_ready()]
        process = ready[0] if ready else self._idle[-1]
        self._idle.remove(process)
        return process

    def _start(self) -> SandboxProcess:
        process = SandboxProcess(self._engine)
        with self._changed:
            self._processes.add(process)
        return process

    def _put_back(self, process: SandboxProcess) -> None:
        with self._changed:
            if process in self._processes:  # else the pool was closed meanwhile
                self._idle.append(process)

    def _replace(self, process: SandboxProcess) -> None:
        process.kill()
        with self._changed:
            wanted = process in self._processes
            self._processes.discard(process)
        if wanted:
            with suppress(SandboxBroken):  # the next caller will try again, and be told
                self._put_back(self._start())

    def _forget(self) -> None:
        """A new beginning: also for the lock, which another thread may hold while this process is forked."""
        self._changed = threading.Condition()
        self._processes: set[SandboxProcess] = set()
        self._idle: list[SandboxProcess] = []
        self._leased = 0
        self._long = 0

    def abandon(self) -> None:
        """Leaves the processes to the parent of this one, from which they come."""
        for process in self._processes:
            process.abandon()
        self._forget()


_pools: weakref.WeakSet[Pool] = weakref.WeakSet()


def _abandon_all() -> None:
    for pool in _pools:
        pool.abandon()


def _close_all() -> None:
    for pool in list(_pools):
        pool.close()


os.register_at_fork(after_in_child=_abandon_all)
atexit.register(_close_all)

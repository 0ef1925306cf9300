"""A few sandbox processes of one engine, shared by the threads of this process."""

from __future__ import annotations

import atexit
import os
import threading
import weakref
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field

from workflows_app.expressions.sandbox.process import SandboxBroken, SandboxGone, SandboxProcess

_SHORT = 1.0  # seconds; requests with a longer limit leave one process to those with a shorter one
_ATTEMPTS = 3  # to find a process that takes a request; one that had ended costs an attempt


@dataclass
class _Shared:
    """What the threads share, under the lock of ``changed``."""

    changed: threading.Condition = field(default_factory=threading.Condition)
    processes: set[SandboxProcess] = field(default_factory=set)
    idle: list[SandboxProcess] = field(default_factory=list)  # the one used last is last
    leases: dict[object, bool] = field(default_factory=dict)  # whether each is for a long request


class Pool:
    """At most ``size`` processes, started when they are first needed and replaced after ``lifetime`` answers.

    Every process taken away is replaced at once, in the background, so that the next caller need not wait for the
    engine to start. After a fork, the child begins with none.
    """

    def __init__(self, engine: str, size: int = 2, lifetime: int = 5000) -> None:
        self.engine = engine
        self._size = size
        self._most_long = max(1, size - 1)
        self._lifetime = lifetime
        self._shared = _Shared()
        _pools.add(self)

    def ask(self, body: bytes, seconds: float) -> bytes:
        """The answer to a request. Waiting for a free process does not count as time of the request.

        Raises SandboxCrashed, SandboxExpired, SandboxBroken.
        """
        for _ in range(_ATTEMPTS):
            with suppress(SandboxGone), self._lease(long=seconds > _SHORT) as process:
                return process.ask(body, seconds)
        raise SandboxBroken(f"The sandbox for {self.engine} ends as soon as it starts")

    def pids(self) -> list[int]:
        """The processes that run now."""
        with self._shared.changed:
            return sorted(process.pid for process in self._shared.processes)

    def close(self) -> None:
        """Ends the processes. Whoever waits for an answer gets SandboxCrashed."""
        shared = self._shared
        with shared.changed:
            processes, idle = set(shared.processes), list(shared.idle)
            shared.processes.clear()
            shared.idle.clear()
        for process in processes:
            process.stop()
        for process in idle:
            process.kill()

    def abandon(self) -> None:
        """Called in the child of a fork: the processes are its parent's, and so is whoever holds the lock."""
        for process in self._shared.processes:
            process.abandon()
        self._shared = _Shared()

    @contextmanager
    def _lease(self, *, long: bool) -> Iterator[SandboxProcess]:
        """A process for one request. It is used again only if it has answered and is good for more."""
        shared = self._shared
        lease, process = object(), None
        try:
            with shared.changed:
                shared.changed.wait_for(lambda: self._may_lease(long))
                shared.leases[lease] = long
                process = self._pick()
            if process is None:
                process = self._start()
            yield process
            if process.last or process.answered >= self._lifetime:
                self._replace(process)
            else:
                self._put_back(process)
        except BaseException:  # also a soft time limit, which may strike anywhere, with half a message in the pipes
            if process is not None:
                self._replace(process)
            raise
        finally:
            with shared.changed:
                shared.leases.pop(lease, None)
                shared.changed.notify_all()

    def _may_lease(self, long: bool) -> bool:
        leases = self._shared.leases
        return len(leases) < self._size and not (long and sum(leases.values()) >= self._most_long)

    def _pick(self) -> SandboxProcess | None:
        """The idle process used last, unless it still cleans up and another one does not. The lock is held."""
        idle = self._shared.idle
        if not idle:
            return None
        picked = next((process for process in reversed(idle) if process.is_ready()), idle[-1])
        idle.remove(picked)
        return picked

    def _start(self) -> SandboxProcess:
        process = SandboxProcess(self.engine)
        with self._shared.changed:
            self._shared.processes.add(process)
        return process

    def _put_back(self, process: SandboxProcess) -> None:
        with self._shared.changed:
            wanted = process in self._shared.processes  # not if the pool was closed meanwhile
            if wanted:
                self._shared.idle.append(process)
        if not wanted:
            process.kill()

    def _replace(self, process: SandboxProcess) -> None:
        process.kill()
        with self._shared.changed:
            wanted = process in self._shared.processes
            self._shared.processes.discard(process)
        if wanted:
            with suppress(SandboxBroken):  # the next caller will try again, and be told
                self._put_back(self._start())


_pools: weakref.WeakSet[Pool] = weakref.WeakSet()


def _abandon_all() -> None:
    for pool in _pools:
        pool.abandon()


def _close_all() -> None:
    for pool in list(_pools):
        pool.close()


os.register_at_fork(after_in_child=_abandon_all)
atexit.register(_close_all)

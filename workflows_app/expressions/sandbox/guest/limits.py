"""What a sandbox process may still do once its engine has started."""

from __future__ import annotations

import ctypes
import os
import resource
import signal

_PR_SET_NO_NEW_PRIVS = 38
_PAGE = os.sysconf("SC_PAGE_SIZE")
_DATA_COLUMN = 5  # of /proc/self/statm: data and stack, in pages


class Memory:
    """The private memory of this process since it was confined. Where there is no /proc it is always 0."""

    def __init__(self) -> None:
        try:
            self._statm: int | None = os.open("/proc/self/statm", os.O_RDONLY | os.O_CLOEXEC)
        except OSError:
            self._statm = None
        self._at_start = self._used()

    def limit(self, allowance: int) -> None:
        """From now on, refuses whatever goes beyond what is in use by more than ``allowance`` bytes."""
        if self._statm is not None:
            _lower(resource.RLIMIT_DATA, self._at_start + allowance)

    def grown(self) -> int:
        """Bytes more than at the start."""
        return self._used() - self._at_start

    def _used(self) -> int:
        if self._statm is None:
            return 0
        return int(os.pread(self._statm, 200, 0).split()[_DATA_COLUMN]) * _PAGE


def confine() -> None:
    """Gives up files, sockets, processes and privileges for good. What is open stays open.

    Whatever cannot be given up on this system is left: the engines offer no way to use it in the first place.
    """
    for what in (resource.RLIMIT_NOFILE, resource.RLIMIT_NPROC, resource.RLIMIT_FSIZE, resource.RLIMIT_CORE):
        _lower(what, 0)
    prctl = getattr(ctypes.CDLL(None), "prctl", None)
    if prctl is not None:
        prctl(_PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0)


def let_alarms_kill() -> None:
    """Undoes what may have been inherited: a process that ignores or blocks SIGALRM would run for ever."""
    signal.signal(signal.SIGALRM, signal.SIG_DFL)
    signal.pthread_sigmask(signal.SIG_SETMASK, ())


def die_in(seconds: float) -> None:
    """The kernel ends this process in so many seconds, whatever it is doing then. 0 calls it off."""
    signal.setitimer(signal.ITIMER_REAL, seconds)


def _lower(what: int, limit: int) -> None:
    _soft, hard = resource.getrlimit(what)
    if hard != resource.RLIM_INFINITY:
        limit = min(limit, hard)
    resource.setrlimit(what, (limit, limit))

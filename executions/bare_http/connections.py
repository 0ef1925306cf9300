"""Connections: guarded where they are made, and kept by the thread that made them."""

from __future__ import annotations

import select
import socket
import threading
import time
from collections.abc import Callable

from executions.bare_http.addresses import Address
from executions.outbound import connected

# As Go's client: seconds to connect, seconds a connection may be kept without use, how many of them.
CONNECT_SECONDS = 30.0
IDLE_SECONDS = 90.0
MAX_KEPT = 20
_CHUNK = 64 * 1024
# Seconds after which a wait looks whether its task was canceled.
_LOOK = 1.0

_local = threading.local()

Key = tuple[str, str, int]


class Canceled(Exception):
    """Nobody waits for the answer any more."""


class Limits:
    """``seconds``: for all that is done with it together, from now on, 0 for no limit. ``canceled``: whether nobody
    waits for it any more."""

    __slots__ = ("_canceled", "_end")

    def __init__(self, seconds: float, canceled: Callable[[], bool]) -> None:
        self._end = time.monotonic() + seconds if seconds > 0 else None
        self._canceled = canceled

    @property
    def over(self) -> bool:
        return self._end is not None and time.monotonic() >= self._end

    def left(self, most: float) -> float:
        """Seconds that may be waited for, at most so many. Raises TimeoutError and Canceled."""
        if self._canceled():
            raise Canceled("the task was canceled")
        if self._end is None:
            return most
        left = self._end - time.monotonic()
        if left <= 0:
            raise TimeoutError("the time is over")
        return min(left, most)


class Connection:
    """A connection, with the bytes that were received and not read yet. ``used``: an answer has come over it."""

    __slots__ = ("_kept_since", "_sock", "key", "limits", "received", "used")

    def __init__(self, key: Key, sock: socket.socket, limits: Limits) -> None:
        self.key = key
        self.limits = limits
        self.received = b""
        self.used = False
        self._sock = sock
        self._kept_since = 0.0

    def send(self, data: bytes) -> None:
        """Raises OSError, TimeoutError and Canceled."""
        view = memoryview(data)
        while view:
            self._sock.settimeout(self.limits.left(_LOOK))
            try:
                view = view[self._sock.send(view) :]
            except TimeoutError:
                continue

    def receive(self) -> bool:
        """Waits for more bytes; False: there will be none. Raises OSError, TimeoutError and Canceled."""
        while True:
            self._sock.settimeout(self.limits.left(_LOOK))
            try:
                data = self._sock.recv(_CHUNK)
            except TimeoutError:
                continue
            self.received = self.received + data if self.received else data
            return bool(data)

    def keep(self) -> None:
        """For the next request of this thread to the same place."""
        self._kept_since, self.used = time.monotonic(), True
        kept = _kept()
        kept[self.key] = self
        if len(kept) > MAX_KEPT:
            kept.pop(next(iter(kept))).close()  # the one that was used least recently

    @property
    def usable(self) -> bool:
        """Whether a kept connection is still open, with nothing received that nobody has asked for."""
        if time.monotonic() - self._kept_since > IDLE_SECONDS:
            return False
        poll = select.poll()
        poll.register(self._sock, select.POLLIN)
        return not poll.poll(0)

    def close(self) -> None:
        self._sock.close()

    def __del__(self) -> None:
        """The thread that has kept it has ended."""
        self._sock.close()


def connection(address: Address, limits: Limits) -> Connection:
    """A kept connection, or a new one. Raises OSError, TimeoutError and Canceled."""
    key = (address.scheme, address.host, address.port)
    found = _kept().pop(key, None)
    if found is not None:
        if found.usable:
            found.limits = limits
            return found
        found.close()
    return Connection(key, connected(*key, limits.left(CONNECT_SECONDS)), limits)


def _kept() -> dict[Key, Connection]:
    """At most one to each place: a thread makes one request at a time."""
    found: dict[Key, Connection] | None = getattr(_local, "kept", None)
    if found is None:
        found = _local.kept = {}
    return found

"""Wake-up calls for those who wait for work, through Redis.

Whoever offers tasks to external workers says so; every process that serves polls listens, and knows of each queue
whether it has seen it empty since. So an idle poll costs no statement, and work that arrives is handed out at once.
A lost call costs a little time: what is known of a queue is believed for a second only, and not at all without Redis.
"""

from __future__ import annotations

import logging
import os
import threading
import time
from collections.abc import Iterable
from dataclasses import dataclass, field

from redis.exceptions import RedisError

from executions import redis_client

logger = logging.getLogger(__name__)

_CHANNEL = "upbeat:work"
# What was seen of a queue is believed for so many seconds.
BELIEVED_SECONDS = 1.0
_AGAIN_SECONDS = 1.0
_MANY = 10_000


def work_arrived(queues: Iterable[str]) -> None:
    """Tells those who poll these queues that there is work. Call it after the commit."""
    names = sorted(set(queues))
    if names:
        board.call(names)
        redis_client.quietly(lambda redis: redis.publish(_CHANNEL, "\n".join(names)))


@dataclass(slots=True)
class _Queue:
    arrivals: int = 0
    empty_until: float = 0.0
    changed: threading.Condition = field(default_factory=threading.Condition)


class Board:
    """What this process knows of queues. Its thread starts with the first question."""

    def __init__(self) -> None:
        self._queues: dict[str, _Queue] = {}
        self._lock = threading.Lock()
        self._pid = 0
        self._listening = False

    def arrivals(self, queue: str) -> int:
        """A number that grows with every call for a queue; ask before you look, and name it in ``seen_empty``."""
        self._start()
        return self._queue(queue).arrivals

    def seen_empty(self, queue: str, arrivals: int, seconds: float = BELIEVED_SECONDS) -> None:
        """A look at the table found nothing, and none is needed for so long, unless there was a call meanwhile."""
        known = self._queue(queue)
        with known.changed:
            if known.arrivals == arrivals:
                known.empty_until = time.monotonic() + seconds

    def is_empty(self, queue: str) -> bool:
        """Whether a look at the table would be in vain, as far as this process knows."""
        return self._listening and self._queue(queue).empty_until > time.monotonic()

    def wait(self, queue: str, seconds: float) -> None:
        """Until there is a call, or reason to look again, for so long at most."""
        known = self._queue(queue)
        with known.changed:
            left = known.empty_until - time.monotonic()
            if left > 0 and self._listening:
                known.changed.wait(min(seconds, left))
                return
        time.sleep(min(seconds, 0.05))  # nobody calls: look from time to time

    def call(self, queues: Iterable[str]) -> None:
        """There is work in these queues."""
        for name in queues:
            known = self._queues.get(name)
            if known is not None:
                with known.changed:
                    known.arrivals += 1
                    known.empty_until = 0.0
                    known.changed.notify_all()

    def _queue(self, name: str) -> _Queue:
        known = self._queues.get(name)
        if known is None:
            with self._lock:
                if len(self._queues) >= _MANY:
                    self._queues = {}
                known = self._queues.setdefault(name, _Queue())
        return known

    def _start(self) -> None:
        if self._pid == os.getpid():
            return
        with self._lock:
            if self._pid != os.getpid():  # also in a process that was forked from one that listened
                self._pid = os.getpid()
                self._listening = False
                threading.Thread(target=self._listen, name="wake-up calls", daemon=True).start()

    def _listen(self) -> None:
        while True:
            try:
                with redis_client.client().pubsub(ignore_subscribe_messages=True) as calls:  # type: ignore[no-untyped-call]
                    calls.subscribe(_CHANNEL)
                    calls.get_message(timeout=5)  # the subscription is confirmed
                    self._forget_all()
                    self._listening = True
                    while True:
                        message = calls.get_message(timeout=5)
                        if message is not None:
                            self.call(message["data"].decode().split("\n"))
            except (RedisError, OSError) as error:
                logger.debug("no wake-up calls: %s", error)
            self._listening = False
            self._forget_all()
            time.sleep(_AGAIN_SECONDS)

    def _forget_all(self) -> None:
        self.call(list(self._queues))


board = Board()

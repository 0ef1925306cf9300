"""Kills, freezes and empties what a running stack consists of, by a plan that a seed determines."""

from __future__ import annotations

import contextlib
import os
import random
import signal
import threading
import time
from collections import Counter
from collections.abc import Callable

import redis

from tests.processes import children
from tests.stack import Stack

FROZEN_SECONDS = 5.0


class Monkey(threading.Thread):
    """Acts until ``rest`` is called; ``done`` counts what it did."""

    def __init__(self, stack: Stack, seed: int, pause: float) -> None:
        super().__init__(name="monkey", daemon=True)
        self._stack = stack
        self._random = random.Random(seed)
        self._pause = pause
        self._enough = threading.Event()
        self.done: Counter[str] = Counter()
        self._acts: tuple[tuple[int, str, Callable[[], None]], ...] = (
            (8, "kill a pool process", self._kill_pool_process),
            (2, "kill the worker group", lambda: self._kill_group("work")),
            (2, "kill the io group", lambda: self._kill_group("io")),
            (2, "kill the web group", lambda: self._kill_group("web")),
            (1, "kill the ticks group", lambda: self._kill_group("ticks")),
            (1, "kill Beat", lambda: self._kill_group("beat")),
            (1, "kill Redis", lambda: self._kill_group("redis")),
            (3, "flush Redis", self._flush),
            (1, "freeze the workers", lambda: self._freeze("work")),
            (1, "freeze Beat", lambda: self._freeze("beat")),
        )

    def run(self) -> None:
        # everything once, in any order; then as the weights say
        first = list(self._acts)
        self._random.shuffle(first)
        while not self._enough.wait(self._random.uniform(0.5, 1.5) * self._pause):
            _, name, act = first.pop() if first else self._random.choices(self._acts, [a[0] for a in self._acts])[0]
            with contextlib.suppress(ProcessLookupError, FileNotFoundError, redis.RedisError):
                act()
                self.done[name] += 1

    def rest(self) -> None:
        self._enough.set()
        self.join()

    def has_done(self, least: int) -> bool:
        """Whether it has done everything it can, and so many things in all."""
        return len(self.done) == len(self._acts) and self.done.total() >= least

    def _kill_pool_process(self) -> None:
        pool = children(self._pid("work"))
        if pool:
            os.kill(self._random.choice(pool), signal.SIGKILL)

    def _kill_group(self, program: str) -> None:
        os.killpg(self._pid(program), signal.SIGKILL)

    def _freeze(self, program: str) -> None:
        """Longer than a lease: what comes back believes that it still holds its tasks."""
        group = self._pid(program)
        os.killpg(group, signal.SIGSTOP)
        time.sleep(FROZEN_SECONDS)
        os.killpg(group, signal.SIGCONT)

    def _flush(self) -> None:
        with redis.Redis(port=self._stack.redis_port, socket_timeout=1) as server:
            server.flushall()

    def _pid(self, program: str) -> int:
        pid = self._stack.pid(program)
        if not pid:
            raise ProcessLookupError(program)
        return pid

"""What runs in the embedded stack, in the order in which it starts; and the command lines for any installation."""

from __future__ import annotations

import sys
import time
from collections.abc import Callable, Sequence
from pathlib import Path

from config import env
from config.stack import embedded_redis, environment, prepare
from config.stack.program import Program

REDIS = "redis"
PREPARE = "prepare"
STATIC = "static"
WEB = "web"
WORK = "work"
IO = "io"
TICKS = "ticks"
BEAT = "beat"
WELCOME = "welcome"

_SERVING = frozenset({PREPARE, STATIC})
# Said once by the supervisor instead of six lines by each worker.
_AS_ROOT = ("-W", "ignore:You're running the worker with superuser privileges")
_WORKER = ("--without-gossip", "--without-mingle", "--without-heartbeat", "-I", "config.stack.pool_leash")


def build(folder: Path, redis_port: int | None, demo_only: bool) -> list[Program]:
    """The programs of a stack with its data in ``folder``; without Redis if ``redis_port`` is None.

    Raises CannotStart if there is no Redis to start.
    """
    began = f"{time.monotonic()}"
    redis = [
        Program(name=REDIS, command=embedded_redis.command(folder / "redis", port), outlives=True)
        for port in ([] if redis_port is None else [redis_port])
    ]
    return [
        *redis,
        Program(name=PREPARE, command=_python("config.stack.prepare"), step=True, required=True),
        Program(name=STATIC, command=_python("config.stack.static_files"), step=True, required=True),
        Program(name=WEB, command=web, after=_SERVING),
        # the queues of Python functions are known when ``prepare`` has imported them
        Program(name=WORK, command=lambda: work(prepare.queues_of_work(folder)), after=frozenset({PREPARE})),
        Program(name=IO, command=io, after=frozenset({PREPARE})),
        Program(name=TICKS, command=ticks, after=frozenset({PREPARE})),
        Program(name=BEAT, command=beat, after=frozenset({PREPARE})),
        Program(
            name=WELCOME,
            command=_python("config.stack.welcome", began, *(["--demo-only"] if demo_only else [])),
            step=True,
            after=_SERVING,
        ),
    ]


def web() -> Sequence[str]:
    """The web server."""
    return _module("gunicorn", "-c", "config/gunicorn.py")


def work(queues: Sequence[str]) -> Sequence[str]:
    """The worker with processes, for Python functions and short work."""
    processes = str(environment.pool_processes())
    return _worker(WORK, "-P", "prefork", "-c", processes, "-O", "fair", "-Q", ",".join(queues))


def io() -> Sequence[str]:
    """The worker with threads, for what others answer, and for the topics that have a queue of their own."""
    queues = [IO, *(f"topic.{topic}" for topic in env.words("UPBEAT_TOPICS"))]
    return _worker(IO, "-P", "threads", "-c", str(environment.io_threads()), "-Q", ",".join(queues))


def ticks() -> Sequence[str]:
    """The worker that runs the sweeps."""
    return _worker(TICKS, "-P", "solo", "-Q", TICKS)


def beat() -> Sequence[str]:
    return _celery("beat")


def _worker(name: str, *arguments: str) -> Sequence[str]:
    return _celery("worker", "-n", f"{name}@%h", *_WORKER, *arguments)


def _celery(command: str, *arguments: str) -> Sequence[str]:
    # the checks would load the admin and all doors into each of them
    return _module("celery", "--quiet", "--skip-checks", "-A", "config", command, *arguments, options=_AS_ROOT)


def _python(module: str, *arguments: str) -> Callable[[], Sequence[str]]:
    return lambda: _module(module, *arguments)


def _module(module: str, *arguments: str, options: Sequence[str] = ()) -> Sequence[str]:
    return [sys.executable, *options, "-m", module, *arguments]

"""1,000 jobs of one http task beside calling the same stub directly with requests, from as many processes.

One process makes the calls of Upbeat, the worker "io"; so one process calls the stub directly, once with a session,
which keeps its connection as the worker does, and once with ``requests.get``. Jobs are started in batches, and a round
counts until all have ended. The stub is a process of its own; it answers at once, and then after as many milliseconds
as a service takes that has something to do.
"""

from __future__ import annotations

import multiprocessing
import os
import statistics
import time
from collections.abc import Callable
from multiprocessing.connection import Connection

import requests

JOBS = 1000
BATCH = 100
ROUNDS = 3
MILLISECONDS = (0, 20)


def main() -> None:
    """Runs inside the environment of a stack (see ``__main__``)."""
    import django

    django.setup()
    context = multiprocessing.get_context("spawn")
    here, there = context.Pipe()
    stub = context.Process(target=serve, args=(there,), daemon=True)
    stub.start()
    try:
        port = here.recv()
        for milliseconds in MILLISECONDS:
            measure(f"http://127.0.0.1:{port}/slow?ms={milliseconds}", milliseconds)
    finally:
        stub.kill()
        stub.join()


def serve(there: Connection) -> None:
    from tests.stub import Stub

    there.send(Stub().port)
    time.sleep(3600)


def measure(address: str, milliseconds: int) -> None:
    """Prints the rates of all three, and the medians of the ratios."""
    door = f"http://127.0.0.1:{os.environ['UPBEAT_PORT']}/mender/api/v1"
    task = {"name": "call", "type": "http", "http": {"uri": address, "method": "GET"}}
    name = f"bench_http_{milliseconds}_{time.time_ns()}"
    requests.post(f"{door}/metadata/workflows", json={"name": name, "tasks": [task]}, timeout=30).raise_for_status()
    ways: list[Callable[[], None]] = [
        lambda: jobs(door, name, JOBS),
        lambda: in_a_session(address),
        lambda: one_by_one(address),
    ]
    jobs(door, name, BATCH)  # warm-up: connections, graphs, code
    rates = [[JOBS / _seconds(way) for way in ways] for _ in range(ROUNDS)]
    ours, session, single = (statistics.median(rate[i] for rate in rates) for i in range(3))
    ratios = [statistics.median(rate[0] / rate[i] for rate in rates) for i in (1, 2)]
    print(
        f"a stub that takes {milliseconds:>2} ms: {ours:6.1f} jobs/s; requests in a session {session:6.1f}/s,"
        f" ratio {ratios[0]:.2f}; requests.get {single:6.1f}/s, ratio {ratios[1]:.2f}",
        flush=True,
    )


def jobs(door: str, name: str, count: int) -> None:
    """Starts so many, and waits for the end of the last one."""
    from executions.models import Execution
    from executions.states import ExecutionState

    done = Execution.objects.filter(name=name, state=ExecutionState.COMPLETED)
    wanted = done.count() + count
    with requests.Session() as session:
        for _ in range(count // BATCH):
            session.post(f"{door}/workflow/{name}/batch", json=[{}] * BATCH, timeout=60).raise_for_status()
    end = time.monotonic() + 300
    while done.count() < wanted:
        if time.monotonic() > end:
            raise SystemExit(f"{count} jobs did not end within five minutes")
        time.sleep(0.02)


def in_a_session(address: str) -> None:
    with requests.Session() as session:
        for _ in range(JOBS):
            session.get(address, timeout=30).raise_for_status()


def one_by_one(address: str) -> None:
    for _ in range(JOBS):
        requests.get(address, timeout=30).raise_for_status()


def _seconds(way: Callable[[], None]) -> float:
    begun = time.perf_counter()
    way()
    return time.perf_counter() - begun


if __name__ == "__main__":
    main()

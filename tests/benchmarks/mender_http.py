"""1,000 jobs of one http task beside calling the same stub directly with requests, from as many processes.

As many processes start jobs, a request each, as call the stub directly. The stub is a process of its own; it answers at
once, and then after so many milliseconds as a service takes that has something to do. A round of jobs counts until the
stub has been called for each of them and all have ended.
"""

from __future__ import annotations

import multiprocessing
import os
import statistics
import time
from collections.abc import Callable
from multiprocessing.connection import Connection
from multiprocessing.pool import Pool

import requests

JOBS = 1000
PROCESSES = 2
ROUNDS = 3
MILLISECONDS = (0, 50)
NAME = "bench_http"


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
        with context.Pool(PROCESSES) as pool:
            for milliseconds in MILLISECONDS:
                measure(pool, f"http://127.0.0.1:{port}/slow?ms={milliseconds}", milliseconds)
    finally:
        stub.kill()
        stub.join()


def serve(there: Connection) -> None:
    from tests.stub import Stub

    there.send(Stub().port)
    time.sleep(3600)


def measure(pool: Pool, address: str, milliseconds: int) -> None:
    """Prints the rates of both, and the median of their ratios."""
    door = f"http://127.0.0.1:{os.environ['UPBEAT_PORT']}/mender/api/v1"
    task = {"name": "call", "type": "http", "http": {"uri": address, "method": "GET"}}
    name = f"{NAME}_{milliseconds}_{time.time_ns()}"
    requests.post(f"{door}/metadata/workflows", json={"name": name, "tasks": [task]}, timeout=30).raise_for_status()
    _jobs(pool, door, name, JOBS // 10)  # warm-up: connections, graphs, code
    rates, ratios = [], []
    for _ in range(ROUNDS):
        direct, ours = JOBS / _each(pool, JOBS, call, address), JOBS / _jobs(pool, door, name, JOBS)
        rates.append((direct, ours))
        ratios.append(ours / direct)
    direct, ours = (statistics.median(rate[i] for rate in rates) for i in (0, 1))
    print(
        f"a stub that takes {milliseconds:>2} ms: {ours:6.1f} jobs/s; directly {direct:6.1f} calls/s;"
        f" ratio {statistics.median(ratios):.2f} ({min(ratios):.2f} to {max(ratios):.2f})",
        flush=True,
    )


def _jobs(pool: Pool, door: str, name: str, count: int) -> float:
    """Seconds from the first start to the last end."""
    from executions.models import Execution
    from executions.states import ExecutionState

    done = Execution.objects.filter(name=name, state=ExecutionState.COMPLETED)
    before = done.count()
    begun = time.perf_counter()
    _each(pool, count, begin, f"{door}/workflow/{name}")
    end = time.monotonic() + 300
    while done.count() < before + count:
        if time.monotonic() > end:
            raise SystemExit(f"{count} jobs did not end within five minutes")
        time.sleep(0.02)
    return time.perf_counter() - begun


def _each(pool: Pool, count: int, work: Callable[[str, int], None], address: str) -> float:
    """Does so many, spread over all processes; gives the seconds."""
    begun = time.perf_counter()
    pool.starmap(work, [(address, count // PROCESSES)] * PROCESSES, chunksize=1)
    return time.perf_counter() - begun


def call(address: str, count: int) -> None:
    with requests.Session() as session:
        for _ in range(count):
            session.get(address, timeout=30).raise_for_status()


def begin(address: str, count: int) -> None:
    with requests.Session() as session:
        for _ in range(count):
            session.post(address, json={}, timeout=30).raise_for_status()


if __name__ == "__main__":
    main()

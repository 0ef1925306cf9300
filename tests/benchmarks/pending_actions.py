"""What asynchronous actions cost while they wait: one completion among 10 pending ones, and among 100,000.

Every action is the first task of an execution of its own, with a timeout of a week; its result is pushed as a third
party does it, by ``PUT /v2/action_executions/<id>``, and the execution ends with it. For each that is completed another
one is started, so that their number stays. Also told: the memory and the threads of the stack's programs before and
after, how long a sweep takes, and how long the lists of clients do.
"""

from __future__ import annotations

import os
import random
import statistics
import time
from collections import defaultdict
from collections.abc import Callable, Sequence
from pathlib import Path

import requests

FEW = 10
MANY = int(os.environ.get("PENDING_ACTIONS", "100000"))
COMPLETIONS = 50
BATCH = 250
# Seconds for the programs to come to rest: several turns of every sweep.
REST = 15
NAME = "bench_pending"
TEXT = f"""
version: '2.0'
{NAME}:
  output: {{answer: <% $.answer %>}}
  tasks:
    ask: {{action: std.async_noop, timeout: 604800, publish: {{answer: <% task().result %>}}, on-success: note}}
    note: {{action: std.noop}}
"""
LISTS = {
    "executions": "executions?limit=100&sort_keys=created_at&sort_dirs=desc",
    "tasks": "tasks?limit=100&sort_keys=created_at&sort_dirs=desc",
    "actions": "action_executions?limit=100&sort_keys=created_at&sort_dirs=desc",
    "running actions": "action_executions?limit=100&state=RUNNING&sort_keys=created_at&sort_dirs=desc",
}


def main() -> None:
    """Runs inside the environment of a stack (see ``__main__``)."""
    import django

    django.setup()
    url = f"http://127.0.0.1:{os.environ['UPBEAT_PORT']}/v2"
    session = requests.Session()
    session.post(f"{url}/workflows", data=TEXT, timeout=30).raise_for_status()
    pending = start(FEW)
    for action_id in start(20):  # warm-up
        complete(session, url, action_id)
    time.sleep(REST)
    before = programs()
    report(f"completed among {FEW}", completions(session, url, pending))
    begun = time.perf_counter()
    pending += start(MANY - len(pending))
    print(f"{MANY} actions are pending; to start them took {time.perf_counter() - begun:.0f} s", flush=True)
    time.sleep(REST)
    report(f"completed among {MANY}", completions(session, url, pending))
    time.sleep(REST)
    compare(before, programs())
    sweeps()
    for name, path in LISTS.items():
        times = [timed(lambda path=path: session.get(f"{url}/{path}", timeout=300)) for _ in range(5)]  # type: ignore[misc]
        print(f"the latest 100 {name}: {statistics.median(times) * 1000:.0f} ms", flush=True)


def start(count: int) -> list[str]:
    """Starts so many executions, by the engine's own path for many; gives the ids of their actions."""
    from executions.ids import run_id
    from executions.start_requests import NamedStart, prepared
    from executions.starting import start_all

    found: list[str] = []
    request = NamedStart(name=NAME)
    for first in range(0, count, BATCH):
        rows = start_all([prepared(request) for _ in range(min(BATCH, count - first))])
        found += [run_id(row.id, row.epoch, "ask", "", 0) for row in rows]
    return found


def completions(session: requests.Session, url: str, pending: list[str]) -> list[float]:
    """Seconds that each of some completions takes."""
    chance = random.Random(7)
    times = []
    for _ in range(COMPLETIONS):
        number = chance.randrange(len(pending))
        times.append(timed(lambda number=number: complete(session, url, pending[number])))  # type: ignore[misc]
        pending[number] = start(1)[0]
    return times


def complete(session: requests.Session, url: str, action_id: str) -> None:
    """Pushes a result; the execution has ended with the answer."""
    answer = session.put(
        f"{url}/action_executions/{action_id}", json={"state": "SUCCESS", "output": {"x": 1}}, timeout=300
    )
    assert answer.status_code == 200, answer.text
    assert answer.json()["state"] == "SUCCESS", answer.text


def timed(do: Callable[[], object]) -> float:
    begun = time.perf_counter()
    do()
    return time.perf_counter() - begun


def report(what: str, times: Sequence[float]) -> None:
    ordered = sorted(times)
    worst = ordered[min(len(ordered) - 1, round(0.99 * len(ordered)))]
    print(f"{what}: median {statistics.median(ordered) * 1000:.1f} ms, p99 {worst * 1000:.1f} ms", flush=True)


# ---- the programs of the stack


def programs() -> dict[str, tuple[int, int, float]]:
    """For each kind of program of the stack: its processes, their threads, and their memory in MiB (proportional)."""
    data = f"UPBEAT_DATA={os.environ['UPBEAT_DATA']}".encode()
    found: dict[str, list[tuple[int, float]]] = defaultdict(list)
    for folder in Path("/proc").glob("[0-9]*"):
        try:
            if int(folder.name) == os.getpid() or data not in (folder / "environ").read_bytes().split(b"\0"):
                continue
            words = (folder / "cmdline").read_bytes().decode(errors="replace").split("\0")
            memory = _figure(folder / "smaps_rollup", "Pss:") / 1024
            found[_kind(words)].append((int(_figure(folder / "status", "Threads:")), memory))
        except (OSError, ValueError):
            continue  # it has ended
    return {
        kind: (len(rows), sum(threads for threads, _ in rows), sum(memory for _, memory in rows))
        for kind, rows in sorted(found.items())
    }


def _figure(path: Path, name: str) -> float:
    return next(float(line.split()[1]) for line in path.read_text().splitlines() if line.startswith(name))


def _kind(words: Sequence[str]) -> str:
    for name, kind in (("gunicorn", "web"), ("celery", "workers and Beat"), ("config.stack", "supervisor")):
        if any(name in word for word in words):
            return kind
    return "others"


def compare(before: dict[str, tuple[int, int, float]], after: dict[str, tuple[int, int, float]]) -> None:
    for kind in sorted(before.keys() | after.keys()):
        one, two = before.get(kind, (0, 0, 0.0)), after.get(kind, (0, 0, 0.0))
        print(
            f"{kind}: {one[0]} -> {two[0]} processes, {one[1]} -> {two[1]} threads, {one[2]:.0f} -> {two[2]:.0f} MiB",
            flush=True,
        )


def sweeps() -> None:
    """The slowest of five turns of every sweep."""
    from executions import sweeps as module

    for sweep in (*module._EVERY_TICK, *module._NOW_AND_THEN):
        name = sweep.__module__.rpartition(".")[2]
        print(f"sweep {name}: {max(timed(sweep) for _ in range(5)) * 1000:.1f} ms", flush=True)
    from django.db import connection

    connection.close()


if __name__ == "__main__":
    main()

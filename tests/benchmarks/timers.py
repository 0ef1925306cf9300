"""How late timers fire while 10,000 others are pending: waits, timeouts, and delays before retries.

What is pending is due in a week. Beside it 200 of each kind fall due five seconds after they were started: spread over
ten seconds, and all in one burst. Times are those that the database has: when a task ended, or came into the hands of a
polling worker.
"""

from __future__ import annotations

import os
import threading
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import datetime, timedelta
from typing import Any

import requests

PENDING = 10_000
COUNT = 200
SPREAD = 10.0
SECONDS = 5
PATIENCE = 120.0
CLIENTS = 2
RETRIED, IGNORED = "bench_retried", "bench_ignored"


def main() -> None:
    """Runs inside the environment of a stack (see ``__main__``)."""
    import django

    django.setup()
    url = f"http://127.0.0.1:{os.environ['UPBEAT_PORT']}/api"
    _define(url)
    begun = time.perf_counter()
    _start("bench_wait_long", PENDING)
    print(f"{PENDING} waits are pending; to start them took {time.perf_counter() - begun:.0f} s", flush=True)
    worker = threading.Thread(target=_work, args=(url,), daemon=True)
    worker.start()
    for how, spread in (("over 10 s", SPREAD), ("in one burst", 0.0)):
        _report(f"{COUNT} waits {how}", _lateness(_start("bench_wait", COUNT, spread), _ended))
        _report(f"{COUNT} timeouts {how}", _lateness(_start(f"bench_{IGNORED}", COUNT, spread), _ended))
        _report(f"{COUNT} retries {how}", _lateness(_start(f"bench_{RETRIED}", COUNT, spread), _retried))


def _define(url: str) -> None:
    """WAITs, a task that nobody takes within its time, and one that fails at first."""
    tasks = [
        {"name": IGNORED, "retryCount": 0, "pollTimeoutSeconds": SECONDS},
        {"name": RETRIED, "retryCount": 1, "retryLogic": "FIXED", "retryDelaySeconds": SECONDS},
    ]
    wait = {"name": "t", "taskReferenceName": "t", "type": "WAIT"}
    definitions = [
        {"name": "bench_wait", "tasks": [{**wait, "inputParameters": {"duration": f"{SECONDS}s"}}]},
        {"name": "bench_wait_long", "tasks": [{**wait, "inputParameters": {"duration": "7d"}}]},
        *({"name": f"bench_{n}", "tasks": [{"name": n, "taskReferenceName": "t"}]} for n in (IGNORED, RETRIED)),
    ]
    requests.post(f"{url}/metadata/taskdefs", json=tasks, timeout=30).raise_for_status()
    requests.put(f"{url}/metadata/workflow", json=definitions, timeout=30).raise_for_status()


def _start(name: str, count: int, spread: float = 0.0) -> list[str]:
    """Starts so many executions in the course of so many seconds; gives their ids."""
    from executions.engine.new_execution import NewExecution
    from executions.starting import start
    from workflows_app.models import Version

    version = Version.objects.get(name=name, current=True)
    request = NewExecution(version_id=version.pk, format=version.format, name=name, number=version.number)
    begun, found = time.monotonic(), []
    for number in range(count):
        time.sleep(max(begun + spread * number / count - time.monotonic(), 0))
        started = start(request)
        assert started is not None
        found.append(started.id)
    return found


def _work(url: str) -> None:
    """A worker whose tasks fail the first time."""
    session = requests.Session()
    query: dict[str, str | int] = {"workerid": "bench", "count": COUNT, "timeout": 1000}

    def report(task: dict[str, Any]) -> None:
        result = {key: task[key] for key in ("workflowInstanceId", "taskId")}
        status = "COMPLETED" if task["retryCount"] else "FAILED"
        requests.post(f"{url}/tasks", json={**result, "status": status}, timeout=30).raise_for_status()

    with ThreadPoolExecutor(CLIENTS) as reports:  # whoever reports cannot poll
        while True:
            for task in session.get(f"{url}/tasks/poll/batch/{RETRIED}", params=query, timeout=30).json():
                reports.submit(report, task)


def _ended(run: Any) -> datetime | None:
    ended: datetime | None = run.ended_at
    return ended


def _retried(run: Any) -> datetime | None:
    started: datetime | None = run.started_at if run.attempt else None
    return started


def _lateness(ids: list[str], fired: Callable[[Any], datetime | None]) -> list[float]:
    """Seconds from when each was due to when it fired, as soon as all have."""
    from executions.models import TaskRun

    deadline = time.monotonic() + PATIENCE
    while True:
        times = [(run.scheduled_at, fired(run)) for run in TaskRun.objects.filter(execution_id__in=ids)]
        found = [(at - since - timedelta(seconds=SECONDS)).total_seconds() for since, at in times if at is not None]
        if len(found) == len(ids):
            return found
        if time.monotonic() > deadline:
            raise SystemExit(f"{len(ids) - len(found)} of {len(ids)} did not fire within {PATIENCE:.0f} s")
        time.sleep(0.5)


def _report(what: str, lateness: list[float]) -> None:
    late = sorted(1000 * seconds for seconds in lateness)
    median, most = late[len(late) // 2], late[int(len(late) * 0.99) - 1]
    print(f"{what:>26}: median {median:6.1f} ms late, p99 {most:6.1f} ms, at most {late[-1]:6.1f} ms", flush=True)


if __name__ == "__main__":
    main()

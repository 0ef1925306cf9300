"""From a start request to COMPLETED over REST: one step on an idle stack, beside a raw Celery task with its result."""

from __future__ import annotations

import os
import statistics
import time
from collections.abc import Callable

import requests

TIMES = 200


def main() -> None:
    import django

    django.setup()
    url = f"http://127.0.0.1:{os.environ['UPBEAT_PORT']}/api"
    session = requests.Session()
    _report("SET_VARIABLE over REST", _workflow(session, url, {"type": "SET_VARIABLE", "inputParameters": {"n": 1}}))
    _report("Python @task over REST", _workflow(session, url, {"type": "SIMPLE", "name": "bench_nothing"}))
    _report("raw Celery task with its result", _raw())


def _report(what: str, once: Callable[[], None]) -> None:
    for _ in range(20):
        once()
    times = []
    for _ in range(TIMES):
        begun = time.perf_counter()
        once()
        times.append((time.perf_counter() - begun) * 1000)
        time.sleep(0.01)
    times.sort()
    print(
        f"{what:>33}: median {statistics.median(times):5.1f} ms, p99 {times[int(len(times) * 0.99) - 1]:5.1f} ms",
        flush=True,
    )


def _workflow(session: requests.Session, url: str, task: dict[str, object]) -> Callable[[], None]:
    name = f"bench_latency_{task['type']}"
    definition = {"name": name, "tasks": [{"name": "s", "taskReferenceName": "s", **task}]}
    session.put(f"{url}/metadata/workflow", json=[definition]).raise_for_status()

    def once() -> None:
        workflow_id = session.post(f"{url}/workflow/{name}", json={}).text
        while session.get(f"{url}/workflow/{workflow_id}?includeTasks=false").json()["status"] != "COMPLETED":
            pass

    return once


def _raw() -> Callable[[], None]:
    from tests.benchmarks.tasks import raw_answer

    def once() -> None:
        raw_answer.delay().get(timeout=10)

    return once


if __name__ == "__main__":
    main()

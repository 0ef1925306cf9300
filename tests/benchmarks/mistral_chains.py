"""Executions of a chain of three ``std.noop`` tasks, submitted over the Mistral API: workflows per second.

The work of contracts/mistral.md, section 10: 100 executions are asked for one after the other, by one client and by
four at a time; a round is over when all of them are SUCCESS.
"""

from __future__ import annotations

import os
import statistics
import sys
import time
import uuid
from concurrent.futures import ThreadPoolExecutor
from threading import local

import requests

COUNT = int(os.environ.get("MISTRAL_CHAINS", "100"))
ROUNDS = 5
CLIENTS = (1, 4)
CHAIN = """
version: '2.0'
{name}:
  tasks:
    one: {{action: std.noop, on-success: two}}
    two: {{action: std.noop, on-success: three}}
    three: {{action: std.noop}}
"""
_kept = local()


def main() -> None:
    """Runs against the stack whose environment this is (see ``__main__``), or against the URL that is given."""
    url = sys.argv[1] if len(sys.argv) > 1 else f"http://127.0.0.1:{os.environ['UPBEAT_PORT']}/v2"
    name = f"chain_{uuid.uuid4().hex[:8]}"
    answer = _session().post(f"{url}/workflows", data=CHAIN.format(name=name), timeout=60)
    answer.raise_for_status()
    _round(url, name, 20, 1)  # warm-up: connections, graphs, code
    for clients in CLIENTS:
        rates = [COUNT / _round(url, name, COUNT, clients) for _ in range(ROUNDS)]
        print(
            f"{COUNT} chains of 3, {clients} client{'s' if clients > 1 else ' '}: "
            f"{statistics.median(rates):6.1f} workflows/s ({min(rates):.1f} to {max(rates):.1f})",
            flush=True,
        )


def _round(url: str, name: str, count: int, clients: int) -> float:
    """Seconds from the first request until all executions have succeeded."""
    begun = time.perf_counter()
    with ThreadPoolExecutor(clients) as pool:
        ids = list(pool.map(lambda _: _start(url, name), range(count)))
    open_ids = set(ids)
    deadline = time.monotonic() + 300
    while open_ids:
        for execution_id in list(open_ids):
            state = _session().get(f"{url}/executions/{execution_id}?fields=state", timeout=60).json()["state"]
            if state != "SUCCESS":
                if state != "RUNNING" or time.monotonic() > deadline:
                    sys.exit(f"execution {execution_id} is {state}")
                time.sleep(0.01)
                break
            open_ids.discard(execution_id)
    return time.perf_counter() - begun


def _start(url: str, name: str) -> str:
    answer = _session().post(f"{url}/executions", json={"workflow_name": name}, timeout=60)
    answer.raise_for_status()
    found: str = answer.json()["id"]
    return found


def _session() -> requests.Session:
    """One connection for each thread, as a client keeps it."""
    if not hasattr(_kept, "session"):
        _kept.session = requests.Session()
    found: requests.Session = _kept.session
    return found


if __name__ == "__main__":
    main()

"""Executions end as they should while what runs them is killed, frozen and emptied (DESIGN section 3).

``make test`` runs a short form, ``make chaos`` the long one (UPBEAT_CHAOS=long) on both databases.
"""

from __future__ import annotations

import itertools
import json
import os
import subprocess
import sys
import time
from collections import Counter
from typing import Any

import pytest

from tests.chaos.clients import Client, PollingWorker
from tests.chaos.monkey import Monkey
from tests.chaos.workload import DEFINITIONS, FAILS, FAILURE_HANDLER, KINDS, TASK_DEFINITIONS, Kind
from tests.processes import wait_until
from tests.stack import DATABASES, ROOT, Stack, running

LONG = os.environ.get("UPBEAT_CHAOS") == "long"
ATTACKS = 60 if LONG else 10
SEED = int(os.environ.get("UPBEAT_CHAOS_SEED", "1"))
# Seconds between two attacks, between two starts, and until everything has ended once the attacks are over.
ATTACK_PAUSE = 1.5
START_PAUSE = 0.05
RECOVERY = 180.0
HERE = "postgresql" if "UPBEAT_TEST_DATABASE_URL" in os.environ else "sqlite"


@pytest.mark.parametrize("database", DATABASES if LONG else (HERE,))
def test_all_executions_end_as_they_should_whatever_is_killed(database: str) -> None:
    with running(database, UPBEAT_LEASE_SECONDS="3") as stack:
        client = Client(stack.url)
        client.call("POST", "metadata/taskdefs", list(TASK_DEFINITIONS))
        client.call("PUT", "metadata/workflow", list(DEFINITIONS))
        workers = [PollingWorker(stack.url) for _ in range(2)]
        monkey = Monkey(stack, SEED, ATTACK_PAUSE)
        for thread in (*workers, monkey):
            thread.start()
        started: list[tuple[Kind, int, str]] = []
        for n, kind in enumerate(itertools.cycle(KINDS)):
            started.append((kind, n, client.start(kind.name, f"chaos-{n}", kind.input(n))))
            if monkey.has_done(ATTACKS):
                break
            time.sleep(START_PAUSE)  # a load, not a wait: new work for as long as the attacks go on
        monkey.rest()
        rested = time.monotonic()
        wait_until(lambda: not audit(stack)["open"], RECOVERY, "everything has ended")

        for worker in workers:
            worker.stop()
        recovery = time.monotonic() - rested
        print(f"\n{database}: {len(started)} executions, all ended {recovery:.0f} s after the last of")
        print(dict(monkey.done))
        for kind, n, execution_id in started:
            check(kind, n, client.call("GET", f"workflow/{execution_id}").json())
        found = audit(stack)
        assert {k: v for k, v in found.items() if k != "executions"} == {
            "open": [],
            "unsettled": [],
            "due": [],
            "doubles": [],
            "stalled": [],
        }
        assert {(name, state): n for name, state, n in found["executions"]} == how_many(started)


def check(kind: Kind, n: int, execution: dict[str, Any]) -> None:
    """State, output and task runs are what they would have been on a quiet day."""
    assert execution["status"] == kind.state, execution
    output = {k: v for k, v in execution["output"].items() if not k.startswith("conductor.")}
    assert output == kind.output(n), execution
    runs = Counter(task["referenceTaskName"] for task in execution["tasks"])
    expected = {ref: runs[ref] if count is None else count for ref, count in kind.runs.items()}
    assert runs == expected, execution
    assert all(runs[ref] for ref in kind.runs)


def how_many(started: list[tuple[Kind, int, str]]) -> dict[tuple[str, str], int]:
    """Executions by name and state, with the children and failure workflows that belong to them."""
    expected: Counter[tuple[str, str]] = Counter()
    for kind, _, _ in started:
        expected[kind.name, kind.state] += 1
        child = FAILURE_HANDLER if kind is FAILS else "chaos_chain"
        if kind.children:
            expected[child, "COMPLETED"] += kind.children
    return dict(expected)


def audit(stack: Stack) -> dict[str, Any]:
    found = subprocess.run(
        [sys.executable, "-m", "tests.chaos.audit"], cwd=ROOT, env=stack.environment, check=True, capture_output=True
    )
    result: dict[str, Any] = json.loads(found.stdout.splitlines()[-1])
    return result

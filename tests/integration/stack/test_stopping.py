"""Workers that are told to stop while they are at work.

A lease lasts for longer than these tests are patient: nothing is taken up again because a lease has run out.
"""

from __future__ import annotations

import os
import signal
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.integration.stack.work import Office, noting, runs
from tests.processes import wait_until
from tests.stack import PATIENCE, Stack

LONG = 600.0


@pytest.fixture(scope="module")
def stack(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stack]:
    found = Stack(
        tmp_path_factory.mktemp("stopping"),
        UPBEAT_TASK_MODULES="tests.integration.stack.tasks",
        UPBEAT_LEASE_SECONDS="600",
        UPBEAT_STOP_SECONDS="2",
        UPBEAT_WORKERS="2",
    )
    try:
        found.wait_until_healthy()
        yield found
    finally:
        found.kill_all()


@pytest.fixture
def office(stack: Stack) -> Office:
    stack.wait_until_healthy()
    return Office(stack)


@pytest.mark.parametrize(("program", "function"), [("work", "noting"), ("io", "noting_io")])
def test_short_tasks_end_and_long_ones_go_to_the_next_worker(
    stack: Stack, office: Office, tmp_path: Path, program: str, function: str
) -> None:
    office.register("short", noting("a", function, seconds=1.0), noting("b", function))
    office.register("long", noting("a", function, seconds=LONG, once=True))
    path = str(tmp_path / "runs")
    long, short = office.start("long", path=path), office.start("short", path=path)
    wait_until(lambda: {execution for execution, _ in runs(path)} == {long, short}, PATIENCE, "both are under way")
    target = os.pidfd_open(stack.pid(program))

    signal.pidfd_send_signal(target, signal.SIGTERM)

    executions = office.ended([long, short])
    assert [found["status"] for found in executions] == ["COMPLETED", "COMPLETED"]
    for execution_id in (long, short):
        # the long one twice; of the short one its first task, and then the second, which was left to the next worker
        first, second = (pid for execution, pid in runs(path) if execution == execution_id)
        assert first != second
    assert [task["retryCount"] for found in executions for task in found["tasks"]] == [0, 0, 0]
    assert stack.said(f"{program} ended with status 0; it is started again in") == 1


def test_what_must_not_run_twice_has_failed(stack: Stack, office: Office, tmp_path: Path) -> None:
    office.register("only_once", noting("a", "noting_only_once", seconds=LONG))
    path = str(tmp_path / "runs")
    execution_id = office.start("only_once", path=path)
    wait_until(lambda: runs(path), PATIENCE, "it is under way")

    os.kill(stack.pid("work"), signal.SIGTERM)

    (execution,) = office.ended([execution_id])
    assert execution["status"] == "FAILED"
    assert "was stopped" in execution["reasonForIncompletion"]
    assert len(runs(path)) == 1


def test_a_stack_that_is_stopped_goes_on_at_its_next_start(stack: Stack, office: Office, tmp_path: Path) -> None:
    office.register("long", noting("a", seconds=LONG, once=True), noting("b", "noting_io"))
    path = str(tmp_path / "runs")
    execution_id = office.start("long", path=path)
    wait_until(lambda: runs(path), PATIENCE, "it is under way")

    assert stack.interrupt() == 0
    assert stack.said("and is killed") == 0
    assert stack.processes() == {}

    stack.start()
    stack.wait_until_healthy()
    (execution,) = office.ended([execution_id])
    assert execution["status"] == "COMPLETED"
    assert len(runs(path)) == 3
    assert stack.interrupt() == 0

"""Handling failures, retries and rate limits: the task registration of the SDK's documentation, and what it does."""

from __future__ import annotations

import time
from typing import Any

import pytest
import requests
from conductor.client.http.models import TaskDef

from tests.clients.conductor.conftest import Conductor
from tests.clients.waiting import eventually
from tests.stack import Stack

# the SDK asks its own models for fields that it calls deprecated
pytestmark = pytest.mark.filterwarnings("ignore:Call to deprecated function:DeprecationWarning")


def task_def(name: str, **fields: Any) -> TaskDef:
    """The documentation's task: every policy is set."""
    found = TaskDef()
    found.name = name
    found.retry_count = 3
    found.retry_logic = "LINEAR_BACKOFF"
    found.retry_delay_seconds = 1

    # only allow 3 tasks at a time to be in the IN_PROGRESS status
    found.concurrent_exec_limit = 3

    # timeout the task if not polled within 60 seconds of scheduling
    found.poll_timeout_seconds = 60

    # timeout the task if the task does not COMPLETE in 2 minutes
    found.timeout_seconds = 120

    # for the long running tasks, timeout if the task does not get updated in COMPLETED or IN_PROGRESS status in
    # 60 seconds after the last update
    found.response_timeout_seconds = 60

    # only allow 100 executions in a 10-second window! -- Note, this is complementary to concurrent_exec_limit
    found.rate_limit_per_frequency = 100
    found.rate_limit_frequency_in_seconds = 10
    for field, value in fields.items():
        setattr(found, field, value)
    return found


@pytest.fixture
def name(conductor: Conductor) -> str:
    return conductor.name("task_with_retries")


def started(conductor: Conductor, name: str, count: int = 1) -> list[str]:
    workflow = conductor.register(conductor.name("wf"), {"name": name, "taskReferenceName": "t", "type": "SIMPLE"})
    return [conductor.start(workflow) for _ in range(count)]


def polled(conductor: Conductor, name: str, count: int) -> list[Any]:
    """What a worker that asks several times gets, up to so many tasks."""
    found: list[Any] = []
    deadline = time.monotonic() + 20
    while len(found) < count and time.monotonic() < deadline:
        found += conductor.tasks.batch_poll_tasks(name, worker_id="w", count=count, timeout_in_millisecond=500)
    return found


def report(conductor: Conductor, task: Any, status: str) -> None:
    conductor.executor.update_task(task.task_id, task.workflow_instance_id, {}, status)


def test_task_registration(conductor: Conductor, name: str) -> None:
    conductor.metadata.register_task_def(task_def=task_def(name))

    found = conductor.metadata.get_task_def(name)
    assert found.to_dict()["retry_logic"] == "LINEAR_BACKOFF"
    for field in ("retry_count", "retry_delay_seconds", "concurrent_exec_limit", "poll_timeout_seconds",
                  "timeout_seconds", "response_timeout_seconds", "rate_limit_per_frequency",
                  "rate_limit_frequency_in_seconds"):  # fmt: skip
        assert getattr(found, field) == getattr(task_def(name), field), field


def test_task_registration_with_json(stack: Stack, conductor: Conductor, name: str) -> None:
    body = {
        "name": name,
        "retryCount": 3,
        "retryLogic": "LINEAR_BACKOFF",
        "retryDelaySeconds": 1,
        "backoffScaleFactor": 1,
        "timeoutSeconds": 120,
        "responseTimeoutSeconds": 60,
        "pollTimeoutSeconds": 60,
        "timeoutPolicy": "TIME_OUT_WF",
        "concurrentExecLimit": 3,
        "rateLimitPerFrequency": 0,
        "rateLimitFrequencyInSeconds": 1,
    }
    assert requests.post(f"{stack.url}/api/metadata/taskdefs", json=[body], timeout=20).status_code == 200

    found = requests.get(f"{stack.url}/api/metadata/taskdefs/{name}", timeout=20).json()
    assert {key: found[key] for key in body} == body


def test_a_task_is_tried_again_after_delays_that_grow(conductor: Conductor, name: str) -> None:
    conductor.metadata.register_task_def(task_def=task_def(name, retry_count=2))
    (workflow_id,) = started(conductor, name)

    for _ in range(3):
        (task,) = polled(conductor, name, 1)
        report(conductor, task, "FAILED")

    done = conductor.ends(workflow_id, "FAILED")
    assert [(t.status, t.retry_count) for t in done.tasks] == [("FAILED", 0), ("FAILED", 1), ("FAILED", 2)]
    pauses = [after.start_time - before.end_time for before, after in zip(done.tasks, done.tasks[1:], strict=False)]
    assert pauses[0] >= 1000
    assert pauses[1] >= 2000


def test_a_terminal_error_is_not_tried_again(conductor: Conductor, name: str) -> None:
    conductor.metadata.register_task_def(task_def=task_def(name))
    (workflow_id,) = started(conductor, name)
    (task,) = polled(conductor, name, 1)

    report(conductor, task, "FAILED_WITH_TERMINAL_ERROR")

    assert len(conductor.ends(workflow_id, "FAILED").tasks) == 1


def test_no_more_tasks_are_handed_out_than_may_be_in_progress(conductor: Conductor, name: str) -> None:
    conductor.metadata.register_task_def(task_def=task_def(name))
    ids = started(conductor, name, 5)

    first = polled(conductor, name, 3)
    assert len(first) == 3
    assert conductor.tasks.batch_poll_tasks(name, worker_id="w", count=5, timeout_in_millisecond=300) == []

    report(conductor, first[0], "COMPLETED")
    (fourth,) = polled(conductor, name, 1)
    for task in (*first[1:], fourth):
        report(conductor, task, "COMPLETED")
    (fifth,) = polled(conductor, name, 1)
    report(conductor, fifth, "COMPLETED")
    for workflow_id in ids:
        conductor.ends(workflow_id)


def test_no_more_tasks_are_handed_out_than_a_window_of_time_allows(conductor: Conductor, name: str) -> None:
    limits = {"rate_limit_per_frequency": 2, "rate_limit_frequency_in_seconds": 3, "concurrent_exec_limit": 100}
    conductor.metadata.register_task_def(task_def=task_def(name, **limits))
    ids = started(conductor, name, 4)

    tasks = polled(conductor, name, 4)

    times = sorted(task.start_time for task in tasks)
    assert len(times) == 4
    assert all(times[n + 2] - times[n] >= 2900 for n in range(2)), times
    for task in tasks:
        report(conductor, task, "COMPLETED")
    for workflow_id in ids:
        conductor.ends(workflow_id)


def test_a_task_that_nobody_polls_in_time_times_out(conductor: Conductor, name: str) -> None:
    conductor.metadata.register_task_def(task_def=task_def(name, poll_timeout_seconds=1, retry_count=0))
    (workflow_id,) = started(conductor, name)

    assert conductor.ends(workflow_id, "TIMED_OUT").tasks[0].status == "TIMED_OUT"


def test_a_task_that_shows_no_sign_of_life_is_given_to_another_worker(conductor: Conductor, name: str) -> None:
    definition = task_def(name, response_timeout_seconds=1, retry_delay_seconds=0, timeout_policy="RETRY")
    conductor.metadata.register_task_def(task_def=definition)
    (workflow_id,) = started(conductor, name)
    (lost,) = polled(conductor, name, 1)

    (again,) = polled(conductor, name, 1)
    assert (again.retry_count, again.task_id) == (1, again.task_id)
    assert again.task_id != lost.task_id
    report(conductor, again, "COMPLETED")

    done = conductor.ends(workflow_id)
    assert [t.status for t in done.tasks] == ["TIMED_OUT", "COMPLETED"]
    report(conductor, lost, "COMPLETED")  # too late, and no error
    assert eventually(lambda: conductor.get(workflow_id), "it is there").status == "COMPLETED"

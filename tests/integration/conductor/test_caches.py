"""cacheConfig: a task need not run whose output is known (contracts/conductor.md, section 4.7)."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest

from executions.clock import now
from executions.models import CachedOutput
from executions.sweeps import cache
from tests.integration.conductor.calling import call, complete, poll, register, start, task, task_of, workflow
from tests.integration.conftest import Courier

pytestmark = pytest.mark.django_db


def cached(name: str = "mine", key: str = "${id}-${kind}", seconds: int = 60) -> dict[str, Any]:
    inputs = {"id": "${workflow.input.id}", "kind": "${workflow.input.kind}", "other": "${workflow.input.other}"}
    return {**task("SIMPLE", "t", inputs, cacheConfig={"key": key, "ttlInSecond": seconds}), "name": name}


def test_the_same_key_gives_the_same_output_without_a_worker() -> None:
    register(cached())
    start(input={"id": 1, "kind": "x", "other": 1})
    complete(poll("mine"), {"n": 1})
    hit = workflow(start(input={"id": 1, "kind": "x", "other": 2}))
    assert (hit["status"], hit["output"]) == ("COMPLETED", {"n": 1})
    assert hit["tasks"][0]["pollCount"] == 0
    log = call("GET", f"tasks/{hit['tasks'][0]['taskId']}/log").json
    assert log[0]["log"] == "the output was kept under the key '1-x'; the task was not run"
    call("GET", "tasks/poll/mine", expect=204)


def test_another_key_another_name_and_a_failure_are_no_hit() -> None:
    register(cached())
    register(cached("yours"), name="w2")
    start(input={"id": 1, "kind": "x"})
    complete(poll("mine"), {"n": 1})
    assert task_of(start(input={"id": 2, "kind": "x"}))["status"] == "SCHEDULED"
    assert task_of(start("w2", {"id": 1, "kind": "x"}))["status"] == "SCHEDULED"
    complete(poll("mine"), {"n": 2}, status="FAILED")
    assert CachedOutput.objects.count() == 1


def test_what_is_kept_expires() -> None:
    register(cached(seconds=60))
    start(input={"id": 1, "kind": "x"})
    complete(poll("mine"), {"n": 1})
    CachedOutput.objects.update(expires_at=now() - timedelta(seconds=1))
    assert task_of(start(input={"id": 1, "kind": "x"}))["status"] == "SCHEDULED"
    complete(poll("mine"), {"n": 2})  # replaces what has expired
    assert workflow(start(input={"id": 1, "kind": "x"}))["output"] == {"n": 2}
    assert cache.run_once() == 0
    CachedOutput.objects.update(expires_at=now() - timedelta(seconds=1))
    assert cache.run_once() == 1


def test_a_hit_does_not_make_the_output_live_longer() -> None:
    register(cached())
    start(input={"id": 1, "kind": "x"})
    complete(poll("mine"), {"n": 1})
    expires = CachedOutput.objects.get().expires_at
    start(input={"id": 1, "kind": "x"})
    assert CachedOutput.objects.get().expires_at == expires


def test_functions_and_later_tasks_are_served_as_well(courier: Courier) -> None:
    add = {**task("SIMPLE", "sum", {"a": 1, "b": 2}, cacheConfig={"key": "${a}+${b}", "ttlInSecond": 9}), "name": "add"}
    register(task("SIMPLE", "first"), add)
    for deliveries in (1, 0):
        workflow_id = start()
        complete(poll("first"))
        assert courier.deliver() == deliveries
        assert workflow(workflow_id)["output"] == {"sum": 3}


def test_a_key_may_name_the_workflow_and_other_tasks() -> None:
    register(task("SIMPLE", "first"), cached(key="${first.output.k}/${workflow.input.id}"))
    for n in (1, 2):
        workflow_id = start(input={"id": 7})
        complete(poll("first"), {"k": "same"})
        if n == 1:
            complete(poll("mine"), {"n": n})
        assert workflow(workflow_id)["output"] == {"n": 1}


@pytest.mark.parametrize(
    "config", [{"key": 1, "ttlInSecond": 1}, {"key": "k", "ttlInSecond": "long"}, {"key": "k", "ttlInSecond": -1}]
)
def test_a_cache_that_makes_no_sense_is_refused(config: dict[str, Any]) -> None:
    body = [{"name": "w", "tasks": [task("SIMPLE", cacheConfig=config)]}]
    answer = call("PUT", "metadata/workflow", body, expect=400).json
    assert "cacheConfig" in answer["validationErrors"][0]["message"]

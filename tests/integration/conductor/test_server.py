"""The server's own endpoints, and help for tasks that are stuck (contracts/conductor.md, sections 1.7, 1.11, 9.4)."""

from __future__ import annotations

import uuid
from typing import Any

import pytest
from django.conf import settings

from executions.engine.rows import RunRow
from executions.store import runs
from tests.integration.conductor.calling import call, complete, poll, register, start, task, task_of, workflow
from tests.integration.conftest import Courier

pytestmark = pytest.mark.django_db


def test_the_version_is_bare_text() -> None:
    answer = call("GET", "version")
    assert answer.text == settings.VERSION
    assert answer.type.startswith("text/plain")


def test_health_has_the_shape_that_clients_know() -> None:
    answer = call("GET", "health").json
    assert answer["healthy"] is True
    assert answer["suppressedHealthResults"] == []
    assert [r["details"]["name"] for r in answer["healthResults"]] == ["database", "redis"]


def test_the_configuration_shows_no_secret_and_no_address() -> None:
    shown = call("GET", "admin/config").json
    assert shown["upbeat.version"] == settings.VERSION
    assert all(isinstance(value, str) for value in shown.values())
    text = str(shown)
    assert settings.SECRET_KEY not in text
    assert settings.REDIS_URL not in text


def test_there_are_no_agents() -> None:
    assert call("GET", "agent/list").json == []


def test_the_size_of_a_workflow_grows_with_its_payloads() -> None:
    register(task("SIMPLE"))
    small, large = start(input={"a": "x"}), start(input={"a": "ü" * 1000})
    sizes = [call("GET", f"workflow/{i}/size").json for i in (small, large)]
    assert sizes[1]["sizeBytes"] - sizes[0]["sizeBytes"] == 1999
    assert sizes[0]["limitBytes"] == 0
    call("GET", f"workflow/{uuid.uuid4()}/size", expect=404)


def test_pending_tasks_are_those_that_are_open() -> None:
    register(task("SIMPLE", "mine"), task("SIMPLE", "mine_too"))
    ids = [start() for _ in range(3)]
    complete(poll("mine"))
    found = call("GET", "admin/task/mine").json
    assert [t["workflowInstanceId"] for t in found] == ids[1:]
    assert [t["taskType"] for t in found] == ["mine", "mine"]
    assert [t["workflowInstanceId"] for t in call("GET", "admin/task/mine", start=1, count=1).json] == ids[2:]
    assert call("GET", "admin/task/nobody").json == []


def test_verbose_queues_tell_what_waits_from_what_a_worker_has() -> None:
    register(task("SIMPLE", "mine"))
    for _ in range(3):
        start()
    poll("mine")
    assert call("GET", "tasks/queue/all/verbose").json == {"mine": {"a": {"size": 2, "uacked": 1}}}


def test_requeued_tasks_are_offered_again_and_the_first_result_counts() -> None:
    register(task("SIMPLE", "mine"))
    workflow_id = start()
    lost = poll("mine")
    assert call("GET", "tasks/poll/mine", expect=204).text == ""
    assert call("POST", "tasks/queue/requeue/mine").text == "1"
    again = poll("mine")
    assert again["taskId"] == lost["taskId"]
    complete(lost, {"n": 1})
    complete(again, {"n": 2})
    assert workflow(workflow_id)["output"] == {"n": 1}
    assert call("POST", "tasks/queue/requeue/mine").text == "0"


def test_requeuing_a_function_rings_for_it(courier: Courier) -> None:
    register({**task("SIMPLE"), "name": "noop_function"})
    workflow_id = start()
    courier.lose_all()
    assert call("POST", "tasks/queue/requeue/noop_function").text == "1"
    assert courier.deliver() == 1
    assert workflow(workflow_id)["status"] == "COMPLETED"


def test_repair_takes_the_consequences_of_what_was_left_undone() -> None:
    register(task("SIMPLE", "first"), task("SIMPLE", "second"))
    workflow_id = start()
    assert call("POST", f"admin/consistency/verifyAndRepair/{workflow_id}").text == "false"
    run = _end_behind_the_back_of_the_engine(task_of(workflow_id, "first")["taskId"])
    assert run.state == "COMPLETED"
    assert call("POST", f"admin/consistency/verifyAndRepair/{workflow_id}").text == "true"
    assert task_of(workflow_id, "second")["status"] == "SCHEDULED"
    assert call("POST", f"admin/sweep/requeue/{workflow_id}").text == f"true.{workflow_id}"
    call("POST", f"admin/sweep/requeue/{uuid.uuid4()}", expect=404)
    call("POST", f"admin/consistency/verifyAndRepair/{uuid.uuid4()}", expect=404)


def _end_behind_the_back_of_the_engine(run_id: str) -> RunRow:
    """A row that has ended, and nothing follows: as if a hand had been in the table."""
    from executions.models import TaskRun

    TaskRun.objects.filter(id=run_id).update(state="COMPLETED", due_at=None)
    found = runs.find(run_id)
    assert found is not None
    return found


def test_lists_of_definitions_can_be_short_and_by_kind() -> None:
    register(task("NOOP"), name="plain")
    register(task("NOOP"), name="helper", metadata={"agent_sdk": "python"})
    register(task("NOOP"), name="line", metadata={"classifier": "pipeline"})

    def names(**query: Any) -> list[str]:
        return [d["name"] for d in call("GET", "metadata/workflow", **query).json]

    assert names() == ["helper", "line", "plain"]
    assert names(classifier="workflow") == ["plain"]
    assert names(classifier="agent") == ["helper"]
    assert names(name="plain") == ["plain"]
    short = call("GET", "metadata/workflow", short="true", metadata="true", access="READ", includeShared="false").json
    assert all(d["tasks"] == [] and d["version"] == 1 for d in short)
    assert call("GET", "metadata/workflow", name="plain").json[0]["tasks"][0]["type"] == "NOOP"


def test_every_list_that_the_web_ui_asks_for_is_answered() -> None:
    register(task("SIMPLE", "mine"))
    workflow_id = start()
    call("POST", "metadata/taskdefs", [{"name": "mine"}])
    task_id = task_of(workflow_id, "mine")["taskId"]
    pages: tuple[tuple[str, dict[str, Any]], ...] = (
        ("metadata/taskdefs", {"access": "READ", "metadata": "true"}),
        ("metadata/taskdefs/mine", {}),
        ("metadata/workflow/w", {"version": "1"}),
        (f"workflow/{workflow_id}", {"summarize": "true"}),
        (f"workflow/{workflow_id}/tasks", {"count": "20", "start": "0", "status": "SCHEDULED"}),
        ("tasks/queue/polldata/all", {}),
        ("tasks/queue/all", {}),
        ("schema", {}),
    )
    for path, query in pages:
        assert call("GET", path, **query).json is not None
    call("GET", f"tasks/{task_id}/log", expect=204)

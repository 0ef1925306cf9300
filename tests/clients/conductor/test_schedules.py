"""Schedules through the SDK, and fired by a real stack with several sweepers."""

from __future__ import annotations

import subprocess
import sys
import time
from collections.abc import Iterator
from typing import Any

import pytest
import requests
from conductor.client.http.models import StartWorkflowRequest
from conductor.client.http.models.save_schedule_request import SaveScheduleRequest
from conductor.client.http.rest import ApiException
from conductor.client.orkes.models.metadata_tag import MetadataTag
from conductor.client.orkes_clients import OrkesClients

from tests.clients.conductor.conftest import Conductor
from tests.clients.waiting import eventually
from tests.stack import ROOT, Stack

YEARLY = "0 0 3 1 1 ?"


@pytest.fixture
def schedules(conductor: Conductor) -> Iterator[Any]:
    """The SDK's client; whatever a test saves is deleted."""
    client = OrkesClients(configuration=conductor.configuration).get_scheduler_client()
    yield client
    for schedule in client.get_all_schedules():
        if schedule.name.endswith(conductor.suffix):
            client.delete_schedule(schedule.name)


def save(conductor: Conductor, schedules: Any, cron: str, what: str = "s", **fields: Any) -> str:
    """Saves a schedule of a workflow that ends at once; gives the schedule's name."""
    noop = {"name": "n", "taskReferenceName": "n", "type": "NOOP"}
    workflow = conductor.register(conductor.name("job"), noop)
    start = StartWorkflowRequest(name=workflow, input={"a": 1}, correlation_id="k")
    name = conductor.name(what)
    schedules.save_schedule(
        SaveScheduleRequest(name=name, cron_expression=cron, start_workflow_request=start, **fields)
    )
    return name


def fired(stack: Stack, name: str, **more: Any) -> list[dict[str, Any]]:
    query = {"query": f"scheduleName = '{name}'", "size": 500, "sort": "scheduledTime:ASC", **more}
    answer = requests.get(f"{stack.url}/api/scheduler/search/executions", params=query, timeout=10)
    results: list[dict[str, Any]] = answer.json()["results"]
    return results


@pytest.mark.filterwarnings("ignore:Call to deprecated:DeprecationWarning")  # the SDK's own tags
def test_a_schedule_is_saved_read_paused_resumed_tagged_and_deleted(conductor: Conductor, schedules: Any) -> None:
    name = save(conductor, schedules, YEARLY, zone_id="Asia/Tokyo", description="happy new year", created_by="ana")
    got = schedules.get_schedule(name)
    assert (got.cron_expression, got.zone_id, got.paused) == (YEARLY, "Asia/Tokyo", False)
    assert (got.description, got.created_by, got.start_workflow_request.input) == ("happy new year", "ana", {"a": 1})
    assert name in {s.name for s in schedules.get_all_schedules(conductor.name("job"))}
    schedules.pause_schedule(name, "holidays")
    paused = schedules.get_schedule(name)
    assert (paused.paused, paused.paused_reason) == (True, "holidays")
    schedules.resume_schedule(name)
    assert schedules.get_schedule(name).paused is False
    with pytest.raises(ApiException) as refused:
        schedules.resume_schedule(name)
    assert refused.value.status == 404
    schedules.set_scheduler_tags([MetadataTag("team", "a"), MetadataTag("tier", "1")], name)
    schedules.delete_scheduler_tags([MetadataTag("tier", "1")], name)
    assert [(t.key, t.value) for t in schedules.get_scheduler_tags(name)] == [("team", "a")]
    schedules.delete_schedule(name)
    with pytest.raises(ApiException) as refused:
        schedules.get_schedule(name)
    assert refused.value.status == 404
    schedules.delete_schedule(name)


def test_the_next_times_are_epoch_milliseconds(schedules: Any) -> None:
    start = 1_900_000_000_000
    found = schedules.get_next_few_schedule_execution_times("0 0 12 * * MON-FRI", schedule_start_time=start, limit=3)
    assert found == [1_900_065_600_000, 1_900_152_000_000, 1_900_238_400_000]
    assert len(schedules.get_next_few_schedule_execution_times("0 * * * * *")) == 5
    with pytest.raises(ApiException) as refused:
        schedules.get_next_few_schedule_execution_times("nonsense")
    assert refused.value.status == 400


def test_a_schedule_is_fired_every_second_once_with_several_sweepers(
    stack: Stack, conductor: Conductor, schedules: Any
) -> None:
    script = (
        "import django, time; django.setup()\n"
        "from executions import sweeps\n"
        "end = time.monotonic() + 12\n"
        "while time.monotonic() < end: sweeps.tick(0.3)\n"
    )
    sweepers = [subprocess.Popen([sys.executable, "-c", script], cwd=ROOT, env=stack.environment) for _ in range(2)]
    try:
        name = save(conductor, schedules, "* * * * * *")
        eventually(lambda: len(fired(stack, name)) >= 6, "six seconds are fired", 60)
        schedules.pause_schedule(name)
    finally:
        for sweeper in sweepers:
            assert sweeper.wait(60) == 0
    eventually(lambda: all(f["state"] == "EXECUTED" for f in fired(stack, name)), "all are started")
    records = fired(stack, name)
    times = [f["scheduledTime"] for f in records]
    assert times == list(range(times[0], times[-1] + 1, 1000))
    assert len({f["workflowId"] for f in records}) == len(records)
    one = conductor.ends(records[0]["workflowId"])
    assert one.input["_startedByScheduler"] == name
    assert one.input["_scheduledTime"] == times[0]
    assert one.input["_schedulerCron"] == "* * * * * * UTC"
    assert (one.input["a"], one.correlation_id) == (1, "k")


def test_all_schedules_are_paused_and_resumed(stack: Stack, conductor: Conductor, schedules: Any) -> None:
    name = save(conductor, schedules, "* * * * * *", run_catchup_schedule_instances=True)
    eventually(lambda: fired(stack, name), "it is fired")
    schedules.pause_all_schedules()
    try:
        seen = -1
        while seen != (seen := len(fired(stack, name))):
            time.sleep(2.5)  # more than two due times
        assert schedules.get_schedule(name).paused is False
    finally:
        schedules.resume_all_schedules()
    eventually(lambda: len(fired(stack, name)) > seen, "it is fired again")
    schedules.requeue_all_execution_records()


def test_what_cannot_be_started_is_a_failed_execution_of_the_schedule(
    stack: Stack, conductor: Conductor, schedules: Any
) -> None:
    start = StartWorkflowRequest(name=conductor.name("nowhere"))
    name = conductor.name("f")
    schedules.save_schedule(SaveScheduleRequest(name=name, cron_expression="* * * * * *", start_workflow_request=start))
    (failed, *_) = eventually(lambda: fired(stack, name), "it is fired")
    eventually(lambda: fired(stack, name)[0]["state"] == "FAILED", "it has failed")
    assert "No such workflow defined" in fired(stack, name)[0]["reason"]
    assert failed["workflowName"] == conductor.name("nowhere")
    found = schedules.search_schedule_executions(start=0, size=5, query="state IN (FAILED)")
    assert {f.state for f in found.results} == {"FAILED"}


def test_the_web_pages_calls_are_answered(stack: Stack, conductor: Conductor, schedules: Any) -> None:
    names = [save(conductor, schedules, YEARLY, what) for what in ("a b/c", "x")]
    url = f"{stack.url}/api/scheduler"

    def search(**query: Any) -> dict[str, Any]:
        found: dict[str, Any] = requests.get(f"{url}/schedules/search", params=query, timeout=10).json()
        return found

    assert search(start=0, size=1, workflowName=conductor.name("job"))["totalHits"] == 2
    assert len(search(start=0, size=1, workflowName=conductor.name("job"))["results"]) == 1
    assert [s["name"] for s in search(freeText=conductor.suffix, sort="name:DESC")["results"]] == names[::-1]
    encoded = names[0].replace(" ", "%20").replace("/", "%2F")
    assert requests.get(f"{url}/schedules/{encoded}/pause", timeout=10).status_code == 200
    assert [s["name"] for s in search(scheduleName=conductor.suffix, paused="true")["results"]] == names[:1]
    assert requests.get(f"{url}/schedules/{encoded}/resume", timeout=10).status_code == 200
    both = requests.put(f"{url}/bulk/pause", json=[*names, "nobody"], timeout=10).json()
    assert both["bulkSuccessfulResults"] == names
    assert both["bulkErrorResults"] == {"nobody": "Schedule 'nobody' not found"}
    query: dict[str, Any] = {"start": 0, "size": 15, "sort": "startTime:DESC", "freeText": "*", "query": ""}
    assert "totalHits" in requests.get(f"{url}/search/executions", params=query, timeout=10).json()
    bad = requests.get(f"{url}/search/executions", params={"query": "state ~ 1"}, timeout=10)
    assert (bad.status_code, "Cannot read the query" in bad.json()["message"]) == (400, True)
    assert (
        requests.get(f"{url}/search/executions", params={"query": "workflowId = 7"}, timeout=10).json()["results"] == []
    )


@pytest.mark.parametrize(
    ("change", "path"),
    [
        ({"cronExpression": "nonsense"}, "cronExpression"),
        ({"zoneId": "Mars"}, "cronExpression"),
        ({"startWorkflowRequest": None}, "startWorkflowRequest"),
        ({"cronSchedules": [{"cronExpression": "0 0 0 * * *", "zoneId": "Mars"}]}, "cronSchedules[0]"),
        ({"scheduleStartTime": 2_000, "scheduleEndTime": 1_000}, "scheduleEndTime"),
    ],
)
def test_bad_schedules_are_refused_with_the_field(stack: Stack, change: dict[str, Any], path: str) -> None:
    wanted = {"name": "bad", "cronExpression": YEARLY, "startWorkflowRequest": {"name": "w"}, **change}
    answer = requests.post(f"{stack.url}/api/scheduler/schedules", json=wanted, timeout=10)
    assert answer.status_code == 400
    assert [e["path"] for e in answer.json()["validationErrors"]] == [f"saveSchedule.schedule.{path}"]
    assert requests.get(f"{stack.url}/api/scheduler/schedules/bad", timeout=10).status_code == 404

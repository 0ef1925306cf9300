"""Cron triggers: schedules that know how often."""

from __future__ import annotations

import json
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
import time_machine

from executions.models import Execution, Schedule, ScheduleFiring
from executions.schedules.unix_cron import translated
from executions.sweeps import schedules
from tests.integration.mistral_api.conftest import Store, wait
from tests.integration.mistral_api.door import Answer, call, execution

pytestmark = pytest.mark.django_db
EPOCH = datetime(2030, 1, 1, 10, 0, 30, tzinfo=UTC)


@pytest.fixture
def clock() -> Iterator[time_machine.Traveller]:
    with time_machine.travel(EPOCH, tick=False) as found:
        yield found


@pytest.fixture(autouse=True)
def _workflow(store: Store) -> None:
    store("nightly", wait("t"), body={"input": ["a"]})


def create(name: str = "ct", **fields: Any) -> Answer:
    wanted = {"workflow_name": "nightly", "workflow_input": '{"a": 1}', "workflow_params": "{}", **fields}
    return call("POST", "cron_triggers", {"name": name, **wanted})


def sweep() -> list[dict[str, Any]]:
    """What has been started so far, after a sweep."""
    schedules.run_once()
    return [execution(str(pk)) for pk in Execution.objects.order_by("created_at", "id").values_list("id", flat=True)]


def test_a_trigger_says_when_it_is_due_next(clock: time_machine.Traveller) -> None:
    answer = create(pattern="0 3 * * *", remaining_executions=5)
    assert answer.status == 201
    found = answer.json
    assert (found["name"], found["workflow_name"], found["pattern"]) == ("ct", "nightly", "0 3 * * *")
    assert (found["remaining_executions"], found["next_execution_time"]) == (5, "2030-01-02 03:00:00")
    assert (found["workflow_input"], found["workflow_params"], found["scope"]) == ('{"a": 1}', "{}", "private")
    for identifier in ("ct", found["id"]):
        assert call("GET", f"cron_triggers/{identifier}").json == found
    assert call("GET", "cron_triggers", workflow_name="nightly").json["cron_triggers"] == [found]
    assert call("GET", "cron_triggers", remaining_executions="gt:5").json["cron_triggers"] == []


def test_it_starts_its_workflow_once_for_every_due_time_and_goes_with_the_last(clock: time_machine.Traveller) -> None:
    trigger = create(pattern="* * * * *", remaining_executions=2, workflow_params='{"env": {"k": 1}}').json
    assert sweep() == []
    clock.shift(60)
    (first,) = sweep()
    assert len(sweep()) == 1
    assert (first["workflow_name"], first["input"], '"k": 1' in first["params"]) == ("nightly", '{"a": 1}', True)
    told = json.loads(first["description"])
    assert told["triggered_by"] == {"type": "cron_trigger", "id": trigger["id"]}
    assert told["description"] == f"Workflow execution created by cron trigger '({trigger['id']})'."
    assert call("GET", "cron_triggers/ct").json["remaining_executions"] == 1
    clock.shift(60)
    assert len(sweep()) == 2
    assert call("GET", "cron_triggers/ct").status == 404
    clock.shift(600)
    assert len(sweep()) == 2


def test_a_first_time_without_a_pattern_is_the_only_one(clock: time_machine.Traveller) -> None:
    found = create(first_execution_time="2030-01-01 10:05").json
    assert (found["next_execution_time"], found["remaining_executions"]) == ("2030-01-01 10:05:00", 1)
    clock.move_to(EPOCH + timedelta(hours=3))  # nobody was there: it is late, and not lost
    assert len(sweep()) == 1
    assert not Schedule.objects.exists()


def test_a_first_time_comes_before_those_of_the_pattern(clock: time_machine.Traveller) -> None:
    found = create(first_execution_time="2030-01-01 10:05", pattern="0 12 * * *").json
    assert found["next_execution_time"] == "2030-01-01 10:05:00"
    clock.move_to(EPOCH + timedelta(minutes=5))
    assert len(sweep()) == 1
    assert call("GET", "cron_triggers/ct").json["next_execution_time"] == "2030-01-01 12:00:00"


def test_of_the_times_that_were_missed_one_is_made_up_for(clock: time_machine.Traveller) -> None:
    create(pattern="* * * * *")
    clock.shift(3600)
    assert len(sweep()) == 1
    assert call("GET", "cron_triggers/ct").json["next_execution_time"] == "2030-01-01 11:01:00"


def test_a_workflow_that_is_gone_by_then_is_told_in_the_history(clock: time_machine.Traveller) -> None:
    create(pattern="* * * * *")
    Schedule.objects.update(request={**Schedule.objects.get().request, "name": "no_such"})
    clock.shift(60)
    assert sweep() == []
    firing = ScheduleFiring.objects.get()
    assert (firing.state, "Workflow not found" in (firing.reason or "")) == ("FAILED", True)


@pytest.mark.parametrize(
    ("fields", "status", "part"),
    [
        ({"pattern": "bad"}, 400, "The specified pattern is not valid: bad"),
        ({"pattern": "0 0 30 2 *"}, 400, "The specified pattern is not valid"),
        ({"pattern": "61 * * * *"}, 400, "The specified pattern is not valid"),
        ({}, 400, "Pattern or first_execution_time must be specified"),
        ({"first_execution_time": "2001-01-01 10:00"}, 400, "at least 1 minute in the future"),
        ({"first_execution_time": "2030-01-01 10:01"}, 400, "at least 1 minute in the future"),
        ({"first_execution_time": "garbage"}, 400, "garbage"),
        ({"first_execution_time": "2031-01-01 10:00", "remaining_executions": 2}, 400, "Pattern must be provided"),
        ({"pattern": "* * * * *", "remaining_executions": 0}, 400, "1 or more"),
        ({"pattern": "* * * * *", "workflow_input": "{}"}, 400, "missing=['a']"),
        ({"pattern": "* * * * *", "workflow_name": "no_such"}, 404, "Workflow not found"),
        ({"pattern": "* * * * *", "workflow_name": None}, 400, "must be provided"),
        ({"pattern": "* * * * *", "name": ""}, 400, "name"),
        ({"pattern": "* * * * *", "bogus": 1}, 400, "bogus"),
    ],
)
def test_a_trigger_that_makes_no_sense_is_refused(
    clock: time_machine.Traveller, fields: dict[str, Any], status: int, part: str
) -> None:
    answer = create(**fields)
    assert (answer.status, part in answer.message) == (status, True), answer
    assert not Schedule.objects.exists()


def test_a_name_is_taken_once_and_the_workflow_stays_while_it_is_triggered() -> None:
    assert create(pattern="0 3 * * *").status == 201
    again = create(pattern="0 3 * * *")
    assert (again.status, "Duplicate" in again.message) == (409, True)
    refused = call("DELETE", "workflows/nightly")
    assert (refused.status, "cron triggers associated" in refused.message) == (400, True)
    assert call("GET", "workflows/nightly").status == 200
    assert call("DELETE", "cron_triggers/ct").status == 204
    assert call("DELETE", "cron_triggers/ct").status == 404
    assert call("DELETE", "workflows/nightly").status == 204


@pytest.mark.parametrize(
    ("pattern", "expressions"),
    [
        ("*/5 * * * *", ["0 */5 * * * *"]),
        ("* * * * * */10", ["*/10 * * * * *"]),
        ("30 8 * * mon-fri", ["0 30 8 * * mon-fri"]),
        ("0 0 13 * 5", ["0 0 0 13 * *", "0 0 0 * * 5"]),
        ("0 0 1 2 0", ["0 0 0 1 2 *", "0 0 0 * 2 0"]),
        ("@daily", ["@daily"]),
    ],
)
def test_a_unix_pattern_means_what_it_means_on_unix(pattern: str, expressions: list[str]) -> None:
    assert translated(pattern) == expressions

"""What a job does, from its start to its document (contracts/mender.md, sections 7 to 10)."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

import pytest
import time_machine

from executions import operations, sweeps
from executions.clock import now
from executions.models import Execution, TaskLog, TaskRun
from tests.integration.conftest import Courier
from tests.integration.mender.conftest import Run
from tests.integration.mender.door import API, begin, call, http, job, register
from tests.integration.mender.service import Service

pytestmark = pytest.mark.django_db


def names(found: dict[str, Any]) -> list[str]:
    return [result["name"] for result in found["results"] or []]


# ---- the document


def test_a_job_is_there_at_once_and_pending(service: Service, courier: Courier) -> None:
    register(http(service.url("a")))
    found = job(begin(x=1))
    assert found["status"] == "pending"
    assert found["results"] is None
    assert list(found) == ["id", "workflowName", "inputParameters", "status", "results", "insert_time", "version"]


def test_the_document_of_a_finished_job(service: Service, run: Run) -> None:
    register(http(service.url("json"), headers={"X-MEN-RequestID": "${workflow.input.id}"}, method="GET"))
    found = run(id="7", list=["2", 3], object={"b": 1, "a": 2.0})
    assert found["status"] == "done"
    assert found["workflowName"] == "w"
    assert found["version"] == ""
    assert {"name": "list", "value": "2,3"} in found["inputParameters"]
    assert {"name": "object", "value": '{"a":2,"b":1}'} in found["inputParameters"]
    assert datetime.fromisoformat(found["insert_time"].replace("Z", "+00:00")).tzinfo is not None
    assert found["results"] == [
        {
            "name": "call",
            "type": "http",
            "success": True,
            "skipped": False,
            "httpRequest": {
                "uri": service.url("json"),
                "method": "GET",
                "body": "",
                "headers": ["X-MEN-RequestID: 7"],
            },
            "httpResponse": {"statusCode": 200, "body": '{"id": "doc-1", "tags": ["a", "b"], "nul": "\\u0000"}'},
        }
    ]


def test_a_job_without_parameters_and_tasks_has_null_for_both(run: Run) -> None:
    register()
    found = run()
    assert (found["status"], found["inputParameters"], found["results"]) == ("done", None, None)


def test_a_job_goes_by_its_own_id_and_by_that_of_its_execution(run: Run) -> None:
    register()
    found = run()
    assert len(found["id"]) == 24
    assert int(found["id"], 16)
    execution = Execution.objects.get()
    assert job(str(execution.id)) == found
    assert call("GET", f"{API}/workflow/w/{found['id']}").json == found
    assert call("GET", f"{API}/workflow/another/{found['id']}").status == 404


def test_the_first_form_of_a_job_has_both_sets_of_names(service: Service, courier: Courier) -> None:
    register(http(service.url("status/404"), method="PUT", payload="p=${workflow.input.x}", statusCodes=[404]))
    answer = call("POST", "api/workflow/w", {"x": "1"})
    assert answer.status == 200
    assert answer.json["success"] is True
    courier.deliver()
    found = call("GET", f"api/workflow/w/{answer.json['id']}").json
    assert found["workflow_name"] == found["workflowName"] == "w"
    assert found["input_parameters"] == [{"Name": "x", "Value": "1"}]
    (result,) = found["results"]
    assert result["request"] == {"uri": service.url("status/404"), "method": "PUT", "payload": "p=1", "headers": None}
    assert result["response"] == {"statuscode": "404 Not Found", "body": '{"status": 1}'}
    assert result["httpResponse"]["statusCode"] == 404


# ---- order, outputs, skipping


def test_tasks_run_in_order_and_read_what_came_before(service: Service, run: Run) -> None:
    register(
        http(service.url("json"), "fetch"),
        http(service.url("json"), "fetch"),
        http(service.url("x/${fetch.json.tags.[1]}/${push.json.id|not yet}"), "push", method="POST"),
    )
    assert names(run()) == ["fetch", "fetch", "push"]
    assert service.lines == ["GET /json", "GET /json", "POST /x/b/not%20yet"]


def test_a_failed_task_ends_the_job(service: Service, run: Run) -> None:
    register(http(service.url("status/400"), "first"), http(service.url("a"), "second"))
    found = run()
    assert found["status"] == "failed"
    assert names(found) == ["first"]
    assert found["results"][0]["success"] is False
    assert "error" not in found
    assert len(service.requests) == 1


@pytest.mark.parametrize(("code", "wanted", "status"), [
    (399, [], "done"), (400, [], "failed"), (404, [202, 404], "done"), (200, [202, 404], "failed"), (204, None, "done"),
])  # fmt: skip
def test_which_answers_are_good(service: Service, run: Run, code: int, wanted: list[int] | None, status: str) -> None:
    register(http(service.url(f"status/{code}"), statusCodes=wanted))
    assert run()["status"] == status


def test_a_task_whose_requirement_is_empty_is_skipped(service: Service, run: Run) -> None:
    register(
        http(service.url("maybe"), "maybe", requires=["yes", "${workflow.input.feature}"]),
        http(service.url("after/${maybe.json.id|nothing}"), "after"),
    )
    found = run()
    assert found["status"] == "done"
    assert found["results"][0] == {"name": "maybe", "type": "http", "success": True, "skipped": True}
    assert service.lines == ["GET /after/nothing"]
    assert [r["skipped"] for r in run(feature="on")["results"]] == [False, False]


# ---- retries


def test_a_failed_attempt_is_repeated_and_only_the_last_one_shown(service: Service, run: Run) -> None:
    register(http(service.url("flaky/2"), "call", retries=2), http(service.url("a"), "after"))
    found = run()
    assert found["status"] == "done"
    assert names(found) == ["call", "after"]
    assert found["results"][0]["httpResponse"] == {"statusCode": 200, "body": '{"attempt": 3}'}
    assert len(service.requests) == 4


def test_attempts_come_to_an_end(service: Service, run: Run) -> None:
    register(http(service.url("flaky/9"), retries=2))
    found = run()
    assert found["status"] == "failed"
    assert names(found) == ["call"]
    assert len(service.requests) == 3


def test_between_attempts_is_a_pause_in_which_the_task_has_no_result(service: Service, courier: Courier) -> None:
    register({**http(service.url("flaky/1"), retries=1), "retryDelaySeconds": 60})
    started = begin()
    courier.deliver()
    found = job(started)
    assert (found["status"], found["results"]) == ("processing", None)
    with time_machine.travel(now() + timedelta(seconds=61)):
        sweeps.tick()
        courier.deliver()
        assert job(started)["status"] == "done"


def test_a_service_that_does_not_answer_is_tried_again_and_told_of(run: Run) -> None:
    register(http("http://127.0.0.1:1/", retries=1))
    found = run()
    (result,) = found["results"]
    assert found["status"] == "failed"
    assert result["success"] is False
    assert "httpResponse" not in result
    assert result["error"] == (
        "GET http://127.0.0.1:1/: Failed to establish a new connection: [Errno 111] Connection refused"
    )
    assert TaskRun.objects.count() == 2


# ---- what cannot be run


@pytest.mark.parametrize(
    ("task", "error"),
    [
        ({"name": "odd", "type": "carrier-pigeon"}, "Unrecognized task type: carrier-pigeon"),
        ({"name": "odd"}, "Unrecognized task type: "),
        (
            {"name": "odd", "type": "http", "cli": {"command": ["true"]}},
            "Error: Task definition incompatible with specified type (http)",
        ),
    ],
)
def test_a_task_that_makes_no_sense_fails_with_the_reason(
    service: Service, run: Run, task: dict[str, Any], error: str
) -> None:
    register(task, http(service.url("after"), "after"))
    found = run()
    assert found["status"] == "failed"
    expected = {"name": "odd", "type": task.get("type", ""), "success": False, "skipped": False, "error": error}
    assert found["results"] == [expected]
    assert not service.requests


def test_a_job_that_somebody_has_ended_says_so(service: Service, courier: Courier) -> None:
    register(http(service.url("a")))
    started = begin()
    found = call("POST", f"{API}/jobs/{started}/cancel", {"reason": "no longer needed"}).json
    assert (found["status"], found["results"], found["error"]) == ("failed", None, "no longer needed")


def test_types_are_read_in_any_case(service: Service, run: Run) -> None:
    register({"name": "call", "type": "HTTP", "http": {"uri": service.url("a")}})
    assert run()["results"][0]["type"] == "HTTP"


# ---- ephemeral jobs


def test_an_ephemeral_job_that_ends_well_leaves_nothing(service: Service, courier: Courier) -> None:
    register(http(service.url("a")), ephemeral=True)
    started = begin()
    assert job(started)["status"] == "pending"
    courier.deliver()
    assert call("GET", f"{API}/jobs/{started}").status == 404
    assert (Execution.objects.count(), TaskRun.objects.count(), TaskLog.objects.count()) == (0, 0, 0)


def test_an_ephemeral_job_that_fails_stays(service: Service, run: Run) -> None:
    register(http(service.url("status/500")), ephemeral=True)
    found = run()
    assert (found["status"], names(found)) == ("failed", ["call"])


def test_an_ephemeral_job_that_is_retried_goes_as_well(service: Service, courier: Courier, run: Run) -> None:
    register(http(service.url("flaky/1")), ephemeral=True)
    failed = run()
    assert call("POST", f"{API}/jobs/{failed['id']}/retry").status == 200
    courier.deliver()
    assert not Execution.objects.exists()


def test_an_ephemeral_job_whose_worker_died_before_it_was_removed_is_removed_later(
    service: Service, courier: Courier, monkeypatch: pytest.MonkeyPatch
) -> None:
    from executions.engine import debts

    register(http(service.url("a")), ephemeral=True)
    begin()
    with monkeypatch.context() as patched:
        patched.setattr(debts, "settle", lambda driver, execution: None)  # dead before it comes to that
        courier.deliver()
    assert Execution.objects.get().state == "COMPLETED"
    with time_machine.travel(now() + timedelta(minutes=2)):
        sweeps.tick()
    assert not Execution.objects.exists()


# ---- retry and rerun


def test_a_failed_job_goes_on_where_it_failed(service: Service, courier: Courier, run: Run) -> None:
    register(http(service.url("a"), "first"), http(service.url("flaky/1"), "second"))
    failed = run()
    assert failed["status"] == "failed"
    answer = call("POST", f"{API}/jobs/{failed['id']}/retry", {"reason": "mended"})
    assert answer.status == 200
    assert answer.json["status"] == "processing"
    courier.deliver()
    assert job(failed["id"])["status"] == "done"
    assert service.lines == ["GET /a", "GET /flaky/1", "GET /flaky/1"]


def test_an_ended_job_runs_again_from_any_of_its_tasks(service: Service, courier: Courier, run: Run) -> None:
    register(http(service.url("a"), "first"), http(service.url("b"), "second"))
    done = run()
    service.requests.clear()
    assert call("POST", f"{API}/jobs/{done['id']}/rerun", {"task": "second"}).status == 200
    courier.deliver()
    assert service.lines == ["GET /b"]
    assert call("POST", f"{API}/jobs/{done['id']}/rerun").status == 200
    courier.deliver()
    assert service.lines == ["GET /b", "GET /a", "GET /b"]
    assert names(job(done["id"])) == ["first", "second"]


def test_what_cannot_be_done_to_a_job_is_refused(service: Service, run: Run) -> None:
    register(http(service.url("a")))
    done = run()["id"]
    assert call("POST", f"{API}/jobs/{done}/retry").status == 409
    assert call("POST", f"{API}/jobs/{done}/cancel").status == 409
    assert call("POST", f"{API}/jobs/{done}/rerun", {"task": "nope"}).error == "the task 'nope' has not run"
    assert call("POST", f"{API}/jobs/{done}/rerun", {"task": 1}).status == 400
    assert call("POST", f"{API}/jobs/{done}/rerun", raw=b"[]").status == 400
    assert call("POST", f"{API}/jobs/{'f' * 24}/retry").error == "not found"
    assert job(done)["status"] == "done"


# ---- recovery


def test_a_job_whose_worker_was_lost_goes_on_after_its_last_finished_task(
    service: Service, courier: Courier, monkeypatch: pytest.MonkeyPatch
) -> None:
    from executions import worker

    register(http(service.url("a"), "first"), http(service.url("b"), "second"))
    started = begin()
    perform = worker.perform

    def die_in_the_second(found: Any) -> Any:
        result = perform(found)
        if found.ref == "second":
            raise SystemExit("killed")
        return result

    with monkeypatch.context() as patched:
        patched.setattr(worker, "perform", die_in_the_second)
        with pytest.raises(SystemExit):
            courier.deliver()
    assert names(job(started)) == ["first"]
    with time_machine.travel(now() + timedelta(minutes=5)):
        sweeps.tick()
        courier.deliver()
        assert job(started)["status"] == "done"
    assert service.lines == ["GET /a", "GET /b", "GET /b"]


def test_a_job_all_of_whose_messages_are_lost_is_found(service: Service, courier: Courier) -> None:
    register(http(service.url("a")))
    started = begin()
    courier.lose_all()
    with time_machine.travel(now() + timedelta(minutes=1)):
        sweeps.tick()
        courier.deliver()
    assert job(started)["status"] == "done"


# ---- versions and topics


def test_a_job_keeps_the_version_that_it_was_started_with(service: Service, courier: Courier) -> None:
    register(http(service.url("v1")), version=1)
    old = begin()
    register(http(service.url("v2")), version=2)
    new = begin()
    courier.deliver()
    assert service.lines == ["GET /v1", "GET /v2"]
    assert job(old)["status"] == job(new)["status"] == "done"


def test_a_topic_with_workers_of_its_own_has_a_queue_of_its_own(
    service: Service, courier: Courier, settings: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    settings.TOPICS = ["reporting"]
    register(http(service.url("a")), name="own", topic="reporting")
    register(http(service.url("b")), name="usual", topic="nobody")
    begin("own")
    begin("usual")
    courier.deliver()
    assert service.lines == ["GET /b"]
    monkeypatch.setattr(courier, "queues", ("topic.reporting",))
    courier.deliver()
    assert service.lines == ["GET /b", "GET /a"]


# ---- other doors


def test_other_doors_see_the_execution(service: Service, run: Run) -> None:
    from tests.integration.conductor.door import call as conductor

    register(http(service.url("status/500")))
    run(x=1)
    found = conductor("GET", f"workflow/{Execution.objects.get().id}")
    assert found.status == 200
    assert found.json["status"] == "FAILED"
    assert conductor("GET", "workflow/search").status == 200


def test_a_job_that_was_started_elsewhere_is_a_job_as_well(service: Service, courier: Courier) -> None:
    from executions.engine.new_execution import NewExecution
    from executions.starting import start
    from workflows_app.catalog import Catalog

    register(http(service.url("a/${workflow.input.x|none}")))
    version = Catalog().find("mender", "w")
    assert version is not None
    execution = start(
        NewExecution(version_id=version.id, format="mender", name="w", number=version.number, input={"x": 2})
    )
    assert execution is not None
    courier.deliver()
    assert service.lines == ["GET /a/2"]
    found = job(execution.id)
    assert (found["id"], found["status"]) == (execution.id, "done")
    operations.remove(execution.id, by="test")
    assert call("GET", f"{API}/jobs/{execution.id}").status == 404

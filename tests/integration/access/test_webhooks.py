"""Webhooks: who may send, what a request does, and that it does it once."""

from __future__ import annotations

import hashlib
import hmac
import json
import time
from base64 import b64encode
from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from cryptography.hazmat.primitives.asymmetric.ec import ECDSA, SECP256R1, generate_private_key
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat
from django.contrib.auth.models import User
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext

from executions import operations, sweeps
from executions.clock import now
from executions.models import Event, Execution, TaskRun, Webhook, WebhookDelivery
from executions.secrets import store
from executions.webhooks import deliveries
from tests.integration.access.conftest import Api, Issue, define, start, token_of
from tests.integration.conftest import run_of, state_of, story

pytestmark = pytest.mark.django_db

SECRET = "a-shared-secret"
WAIT = {
    "taskReferenceName": "hook",
    "type": "WAIT_FOR_WEBHOOK",
    "inputParameters": {"matches": {"$['type']": "paid", "$.order.id": "${workflow.input.order}"}},
}
Send = Callable[..., Any]


def configure(api: Api, **fields: Any) -> str:
    """A webhook that wants the header X-Token; gives its id."""
    wanted = {
        "name": "payments",
        "verifier": "HEADER_BASED",
        "headers": {"X-Token": SECRET},
        "receiverWorkflowNamesToVersions": {"order": 1},
        **fields,
    }
    response = api("POST", "metadata/webhook", wanted)
    assert response.status_code == 200, response.content
    found: str = response.json()["id"]
    return found


def send(webhook_id: str, payload: Any, *, path: str = "/webhook/", **headers: str) -> Any:
    """A request with the right header."""
    body = payload if isinstance(payload, bytes) else json.dumps(payload).encode()
    content_type = headers.pop("content_type", "application/json")
    return Client().generic(
        "POST", f"{path}{webhook_id}", body, content_type=content_type, headers={"X-Token": SECRET, **headers}
    )


def paid(order: Any, **more: Any) -> dict[str, Any]:
    return {"type": "paid", "order": {"id": order}, **more}


# ---- completing tasks


@pytest.mark.parametrize("path", ["/webhook/", "/api/webhook/"])
def test_a_request_completes_the_task_that_it_matches_and_no_other(api: Api, path: str) -> None:
    define(api, "order", WAIT, outputParameters={"amount": "${hook.output.amount}"})
    mine, other = start(api, "order", {"order": "o-1"}), start(api, "order", {"order": "o-2"})
    webhook = configure(api)
    response = send(webhook, paid("o-1", amount=7), path=path)
    assert response.status_code == 200
    assert response.json()["workflowIds"] == [mine]
    assert (state_of(mine), state_of(other)) == ("COMPLETED", "RUNNING")
    found = api("GET", f"workflow/{mine}").json()
    assert found["output"] == {"amount": 7}
    assert found["tasks"][0]["outputData"] == paid("o-1", amount=7)
    event = Event.objects.get(execution_id=mine)
    assert (event.actor, event.action) == ("webhook payments", "complete task")


def test_all_tasks_that_match_are_completed(api: Api) -> None:
    define(api, "order", WAIT)
    waiting = [start(api, "order", {"order": "same"}) for _ in range(3)]
    assert sorted(send(configure(api), paid("same")).json()["workflowIds"]) == sorted(waiting)


@pytest.mark.parametrize("payload", [{}, [], "text", {"type": "paid"}, paid("other"), {"order": {"id": "o-1"}}, None])
def test_what_matches_nothing_does_nothing(api: Api, payload: Any) -> None:
    define(api, "order", WAIT)
    execution = start(api, "order", {"order": "o-1"})
    response = send(configure(api), payload)
    assert (response.status_code, response.json()["matched"]) == (200, False)
    assert state_of(execution) == "RUNNING"


@pytest.mark.parametrize(
    ("expected", "given", "matches"),
    [
        (1, 1.0, True),
        (1, "1", False),
        (True, 1, False),
        (None, None, True),
        ({"a": 1, "b": [2]}, {"b": [2.0], "a": 1}, True),
        ([1, 2], [2, 1], False),
    ],
)
def test_values_match_as_json(api: Api, expected: Any, given: Any, matches: bool) -> None:
    define(api, "order", WAIT)
    start(api, "order", {"order": expected})
    assert send(configure(api), paid(given)).json()["matched"] == matches


def test_only_workflows_and_versions_that_the_webhook_names_receive(api: Api) -> None:
    define(api, "order", WAIT)
    define(api, "stranger", WAIT)
    first = start(api, "order", {"order": 1})
    stranger = start(api, "stranger", {"order": 1})
    second_version = {**WAIT, "name": "hook"}
    api("PUT", "metadata/workflow", [{"name": "order", "version": 2, "tasks": [second_version]}])
    second = start(api, "order", {"order": 1})
    webhook = configure(api, receiverWorkflowNamesToVersions={"order": 2})
    assert send(webhook, paid(1)).json()["workflowIds"] == [second]
    assert [state_of(e) for e in (first, stranger, second)] == ["RUNNING", "RUNNING", "COMPLETED"]
    any_version = configure(api, name="any", receiverWorkflowNamesToVersions={"order": None})
    assert send(any_version, paid(1)).json()["workflowIds"] == [first]


def test_an_execution_of_an_older_revision_is_found_by_its_own_paths(api: Api) -> None:
    define(api, "order", WAIT)
    execution = start(api, "order", {"order": 1})
    define(api, "order", {**WAIT, "inputParameters": {"matches": {"$.other": 1}}})
    assert send(configure(api), paid(1)).json()["workflowIds"] == [execution]


def test_matches_that_are_computed_are_found(api: Api) -> None:
    define(api, "order", {**WAIT, "inputParameters": {"matches": "${workflow.input.matches}"}})
    execution = start(api, "order", {"matches": {"$.a[0].b": "x"}})
    start(api, "order", {"matches": {"$.a[0].b": "y"}})
    assert send(configure(api), {"a": [{"b": "x"}]}).json()["workflowIds"] == [execution]


def test_a_branch_made_at_run_time_is_found(api: Api) -> None:
    fork = {
        "taskReferenceName": "fork",
        "type": "FORK_JOIN_DYNAMIC",
        "dynamicForkTasksParam": "tasks",
        "dynamicForkTasksInputParamName": "inputs",
        "inputParameters": {"tasks": "${workflow.input.tasks}", "inputs": {}},
    }
    define(api, "order", fork, {"taskReferenceName": "join", "type": "JOIN", "joinOn": []})
    branch = {**WAIT, "name": "hook", "inputParameters": {"matches": {"$.k": 1}}}
    execution = start(api, "order", {"tasks": [branch]})
    assert send(configure(api), {"k": 1}).json()["workflowIds"] == [execution]
    assert state_of(execution) == "COMPLETED", story(execution)


def test_a_loop_waits_anew_in_each_iteration(api: Api) -> None:
    loop = {
        "taskReferenceName": "loop",
        "type": "DO_WHILE",
        "loopCondition": "$.loop['iteration'] < 2",
        "loopOver": [{**WAIT, "name": "hook"}],
    }
    define(api, "order", loop)
    execution = start(api, "order", {"order": 1})
    webhook = configure(api)
    for _ in range(2):
        assert state_of(execution) == "RUNNING"
        assert send(webhook, paid(1)).json()["matched"]
    assert state_of(execution) == "COMPLETED"


@pytest.mark.parametrize("matches", [None, {}, [], "text", {"$[": 1}])
def test_a_task_that_could_never_be_matched_fails(api: Api, matches: Any) -> None:
    define(api, "order", {**WAIT, "inputParameters": {"matches": "${workflow.input.matches}"}})
    execution = start(api, "order", {"matches": matches})
    run = run_of(execution, "hook")
    assert run.state == "FAILED_WITH_TERMINAL_ERROR"
    assert "'matches'" in (run.reason or "")


def test_waiting_tasks_are_found_by_an_index_and_in_few_statements(api: Api) -> None:
    define(api, "order", WAIT)
    for order in range(30):
        start(api, "order", {"order": order})
    webhook = configure(api)
    with CaptureQueriesContext(connection) as statements:
        assert not send(webhook, paid("none")).json()["matched"]
    looks = [q["sql"] for q in statements if TaskRun._meta.db_table in q["sql"]]
    assert len(looks) == 1
    if connection.vendor == "sqlite":
        with connection.cursor() as cursor:
            cursor.execute(f"EXPLAIN QUERY PLAN {looks[0]}")
            assert "task_run_webhook" in str(cursor.fetchall())


# ---- starting workflows


def test_a_request_starts_workflows_with_its_body_as_input(api: Api) -> None:
    define(api, "greet", {"taskReferenceName": "a", "type": "NOOP"}, outputParameters={"who": "${workflow.input.who}"})
    webhook = configure(api, receiverWorkflowNamesToVersions={}, workflowsToStart={"greet": 1})
    (started,) = send(webhook, {"who": "Ada"}).json()["startedWorkflowIds"]
    found = api("GET", f"workflow/{started}").json()
    assert (found["status"], found["output"]) == ("COMPLETED", {"who": "Ada"})
    assert found["event"] == f"webhook:{webhook}"


def test_a_body_that_is_no_object_becomes_a_member(api: Api) -> None:
    define(api, "greet", {"taskReferenceName": "a", "type": "NOOP"})
    webhook = configure(api, workflowsToStart={"greet": None})
    (started,) = send(webhook, [1, 2]).json()["startedWorkflowIds"]
    assert api("GET", f"workflow/{started}").json()["input"] == {"payload": [1, 2]}


def test_a_form_becomes_an_object(api: Api) -> None:
    define(api, "greet", {"taskReferenceName": "a", "type": "NOOP"})
    webhook = configure(api, workflowsToStart={"greet": None})
    response = send(webhook, b"who=Ada&of=London", content_type="application/x-www-form-urlencoded")
    (started,) = response.json()["startedWorkflowIds"]
    assert api("GET", f"workflow/{started}").json()["input"] == {"who": "Ada", "of": "London"}


def test_a_workflow_that_does_not_exist_is_told_and_holds_up_nothing(api: Api) -> None:
    define(api, "greet", {"taskReferenceName": "a", "type": "NOOP"})
    webhook = configure(api, workflowsToStart={"missing": 1, "greet": 1})
    found = send(webhook, {}).json()
    assert len(found["startedWorkflowIds"]) == 1
    assert "missing" in found["problems"][0]


# ---- once


def test_a_delivery_that_is_repeated_is_done_once(api: Api) -> None:
    define(api, "greet", {"taskReferenceName": "a", "type": "NOOP"})
    webhook = configure(api, workflowsToStart={"greet": None})
    first, second = (send(webhook, {}, **{"X-GitHub-Delivery": "d-1"}).json() for _ in range(2))
    assert first["startedWorkflowIds"] == second["startedWorkflowIds"]
    assert Execution.objects.count() == 1
    assert send(webhook, {}, **{"X-GitHub-Delivery": "d-2"}).json()["startedWorkflowIds"] != first["startedWorkflowIds"]
    assert send(webhook, {}).status_code == 200
    assert Execution.objects.count() == 3


def test_a_repeated_delivery_does_not_complete_what_began_to_wait_later(api: Api) -> None:
    define(api, "order", WAIT)
    webhook = configure(api)
    first = start(api, "order", {"order": 1})
    send(webhook, paid(1), **{"Idempotency-Key": "d-1"})
    later = start(api, "order", {"order": 1})
    send(webhook, paid(1), **{"Idempotency-Key": "d-1"})
    assert (state_of(first), state_of(later)) == ("COMPLETED", "RUNNING")


@pytest.mark.parametrize("killed_in", ["_start", "_complete", "save"])
def test_a_delivery_whose_process_is_killed_is_carried_out_by_the_sweep_once(
    api: Api, monkeypatch: pytest.MonkeyPatch, killed_in: str
) -> None:
    class Killed(BaseException):
        pass

    define(api, "order", WAIT)
    define(api, "greet", {"taskReferenceName": "a", "type": "NOOP"})
    execution = start(api, "order", {"order": 1})
    webhook = configure(api, workflowsToStart={"greet": None})

    def kill(*args: Any, **kwargs: Any) -> Any:
        raise Killed

    with monkeypatch.context() as killing:
        if killed_in == "save":
            save = WebhookDelivery.save
            killing.setattr(
                WebhookDelivery, "save", lambda self, **k: save(self, **k) if "force_insert" in k else kill()
            )
        else:
            killing.setattr(deliveries, killed_in, kill)
        with pytest.raises(Killed):
            send(webhook, paid(1), **{"Idempotency-Key": "d-1"})
    assert send(webhook, paid(1), **{"Idempotency-Key": "d-1"}).status_code == 200
    assert deliveries.carry_out_lost() == 0  # whoever has it may still be at it
    WebhookDelivery.objects.update(due_at=now() - timedelta(seconds=1))
    for _ in range(2):
        sweeps.tidy()
    assert state_of(execution) == "COMPLETED"
    assert Execution.objects.filter(name="greet").count() == 1
    assert Event.objects.filter(execution_id=execution, action="complete task").count() <= 1
    delivery = WebhookDelivery.objects.get()
    assert delivery.done_at is not None
    assert len(delivery.starts) == 1


def test_a_delivery_that_never_works_is_given_up(api: Api, monkeypatch: pytest.MonkeyPatch) -> None:
    webhook = configure(api)
    send(webhook, {})
    WebhookDelivery.objects.update(due_at=now(), done_at=None, tries=deliveries.MAX_TRIES)
    deliveries.carry_out_lost()
    delivery = WebhookDelivery.objects.get()
    assert delivery.due_at is None
    assert delivery.problems == ["given up after 10 tries"]


def test_old_deliveries_are_forgotten(api: Api) -> None:
    webhook = configure(api)
    send(webhook, {})
    send(webhook, {})
    old = WebhookDelivery.objects.last()
    assert old is not None
    WebhookDelivery.objects.filter(pk=old.pk).update(received_at=now() - timedelta(days=8))
    sweeps.tidy()
    assert [d.pk for d in WebhookDelivery.objects.all()] != []
    assert not WebhookDelivery.objects.filter(pk=old.pk).exists()


# ---- who sends


def signed(body: bytes, secret: bytes = SECRET.encode()) -> bytes:
    return hmac.new(secret, body, hashlib.sha256).digest()


def slack(body: bytes, at: float) -> dict[str, str]:
    digest = signed(b"v0:%d:" % at + body)
    return {"X-Slack-Request-Timestamp": str(int(at)), "X-Slack-Signature": f"v0={digest.hex()}"}


def stripe(body: bytes, at: float) -> dict[str, str]:
    return {"Stripe-Signature": f"t={int(at)},v1={'0' * 64},v1={signed(b'%d.' % at + body).hex()}"}


SIGNERS: dict[str, tuple[dict[str, Any], Callable[[bytes], dict[str, str]]]] = {
    "HEADER_BASED": ({"headers": {"X-Key": "v"}}, lambda body: {"X-Key": "v"}),
    "SIGNATURE_BASED": (
        {"headerKey": "X-Hub-Signature-256", "secretValue": SECRET},
        lambda body: {"X-Hub-Signature-256": f"sha256={signed(body).hex()}"},
    ),
    "HMAC_BASED": (
        {"headerKey": "X-Hmac", "secretValue": b64encode(SECRET.encode()).decode()},
        lambda body: {"X-Hmac": b64encode(signed(body)).decode()},
    ),
    "SLACK_BASED": ({"secretValue": SECRET}, lambda body: slack(body, time.time())),
    "STRIPE": ({"secretValue": SECRET}, lambda body: stripe(body, time.time())),
    "TWITTER": (
        {"secretValue": SECRET},
        lambda body: {"x-twitter-webhooks-signature": f"sha256={b64encode(signed(body)).decode()}"},
    ),
}


def post(webhook_id: str, body: bytes, headers: dict[str, str]) -> Any:
    return Client().generic("POST", f"/webhook/{webhook_id}", body, content_type="application/json", headers=headers)


@pytest.mark.parametrize("verifier", SIGNERS)
def test_a_signed_request_comes_in_and_any_other_does_not(closed: None, issue: Issue, verifier: str) -> None:
    api = Api(token_of(*issue("define", "view")))
    fields, sign = SIGNERS[verifier]
    webhook = configure(api, verifier=verifier, **{"headers": {}, **fields})
    body = b'{"n": 1}'
    good = sign(body)
    for headers in ({}, {name: "x" for name in good}, {name: value[:-2] for name, value in good.items()}):
        assert post(webhook, body, headers).status_code == 401, headers
    if verifier != "HEADER_BASED":
        assert post(webhook, body + b" ", good).status_code == 401
    assert WebhookDelivery.objects.count() == 0
    assert api("GET", f"metadata/webhook/{webhook}").json()["urlVerified"] is False
    assert post(webhook, body, good).status_code == 200
    assert api("GET", f"metadata/webhook/{webhook}").json()["urlVerified"] is True


@pytest.mark.parametrize(("verifier", "sign"), [("SLACK_BASED", slack), ("STRIPE", stripe)])
@pytest.mark.parametrize("age", [-400, 400])
def test_a_request_that_was_recorded_is_refused(api: Api, verifier: str, sign: Any, age: int) -> None:
    webhook = configure(api, verifier=verifier, secretValue=SECRET, headers={})
    assert post(webhook, b"{}", sign(b"{}", time.time() - age)).status_code == 401


def test_sendgrid_signs_with_a_key_of_its_own(api: Api) -> None:
    key = generate_private_key(SECP256R1())
    public = key.public_key().public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)
    webhook = configure(api, verifier="SENDGRID", secretValue=b64encode(public).decode(), headers={})
    body, at = b"[]", str(int(time.time()))
    headers = {
        "X-Twilio-Email-Event-Webhook-Timestamp": at,
        "X-Twilio-Email-Event-Webhook-Signature": b64encode(key.sign(at.encode() + body, ECDSA(SHA256()))).decode(),
    }
    assert post(webhook, body, headers).status_code == 200
    assert post(webhook, b"[1]", headers).status_code == 401


def test_slack_gets_its_challenge_back(api: Api) -> None:
    webhook = configure(api, verifier="SLACK_BASED", secretValue=SECRET, headers={})
    body = b'{"type": "url_verification", "challenge": "abc"}'
    assert post(webhook, body, slack(body, time.time())).json() == {"challenge": "abc"}
    assert post(webhook, body, {}).status_code == 401
    assert WebhookDelivery.objects.count() == 0


def test_twitter_gets_its_token_signed(api: Api) -> None:
    webhook = configure(api, verifier="TWITTER", secretValue=SECRET, headers={})
    answer = Client().get(f"/webhook/{webhook}?crc_token=abc").json()
    assert answer == {"response_token": f"sha256={b64encode(signed(b'abc')).decode()}"}


def test_a_ping_of_github_starts_nothing(api: Api) -> None:
    define(api, "greet", {"taskReferenceName": "a", "type": "NOOP"})
    webhook = configure(api, workflowsToStart={"greet": None})
    assert send(webhook, {"zen": "..."}, **{"X-GitHub-Event": "ping"}).status_code == 200
    assert not Execution.objects.exists()


def test_the_secret_may_be_a_reference_to_one_that_is_kept(api: Api) -> None:
    store.put("HOOK", SECRET, by="test")
    reference = "${workflow.secrets.HOOK}"
    webhook = configure(
        api, verifier="SIGNATURE_BASED", headerKey="X-Sig", secretValue=reference, headers={}, name="by reference"
    )
    assert api("GET", f"metadata/webhook/{webhook}").json()["secretValue"] == reference
    assert post(webhook, b"{}", {"X-Sig": f"sha256={signed(b'{}').hex()}"}).status_code == 200
    store.delete("HOOK", by="test")
    assert post(webhook, b"{}", {"X-Sig": f"sha256={signed(b'{}', b'').hex()}"}).status_code == 401


def test_an_address_that_is_none_is_unknown(api: Api) -> None:
    for path in ("/webhook/nothing", "/api/webhook/nothing"):
        assert Client().post(path).status_code == 404
        assert Client().get(path).status_code == 404


# ---- their configuration


def test_a_configuration_is_read_changed_and_deleted_without_showing_its_secrets(api: Api) -> None:
    webhook = configure(api)
    for shown in (api("GET", f"metadata/webhook/{webhook}"), api("GET", "metadata/webhook")):
        assert SECRET not in shown.content.decode()
    found = api("GET", f"metadata/webhook/{webhook}").json()
    assert found["headers"] == {"X-Token": "***"}
    assert api("PUT", f"metadata/webhook/{webhook}", {**found, "name": "renamed"}).status_code == 200
    assert send(webhook, {}).status_code == 200
    changed = api("PUT", f"metadata/webhook/{webhook}", {**found, "headers": {"X-Token": "new"}}).json()
    assert changed["headers"] == {"X-Token": "***"}
    assert send(webhook, {}).status_code == 401
    assert api("DELETE", f"metadata/webhook/{webhook}", {}).status_code == 200
    assert send(webhook, {}).status_code == 404
    assert api("GET", f"metadata/webhook/{webhook}").status_code == 404
    assert SECRET not in str(list(Webhook.objects.values())) + str(list(Event.objects.values()))


def test_the_history_shows_what_came_in(api: Api) -> None:
    webhook = configure(api)
    send(webhook, {}, **{"Idempotency-Key": "d-1"})
    (delivery,) = api("GET", f"metadata/webhook/{webhook}").json()["webhookExecutionHistory"]
    assert (delivery["eventId"], delivery["matched"]) == ("d-1", False)


@pytest.mark.parametrize(
    ("fields", "path"),
    [
        ({"name": ""}, "name"),
        ({"name": 1}, "name"),
        ({"verifier": "NONE"}, "verifier"),
        ({"headers": {}}, "headers"),
        ({"headers": []}, "headers"),
        ({"headers": {"X": 1}}, "headers.X"),
        ({"headers": {"X": "***"}}, "headers.X"),
        ({"verifier": "STRIPE"}, "secretValue"),
        ({"verifier": "SIGNATURE_BASED", "secretValue": "x"}, "headerKey"),
        ({"verifier": "HMAC_BASED", "headerKey": "X", "secretValue": "not base64!"}, "secretValue"),
        ({"receiverWorkflowNamesToVersions": {}}, "receiverWorkflowNamesToVersions"),
        ({"receiverWorkflowNamesToVersions": {"x": "one"}}, "receiverWorkflowNamesToVersions.x"),
        ({"workflowsToStart": []}, "workflowsToStart"),
        ({"tags": [1]}, "[0].key"),
    ],
)
def test_a_configuration_that_makes_no_sense_is_refused_by_field(api: Api, fields: dict[str, Any], path: str) -> None:
    wanted = {
        "name": "x",
        "verifier": "HEADER_BASED",
        "headers": {"X": "y"},
        "receiverWorkflowNamesToVersions": {"order": 1},
        **fields,
    }
    response = api("POST", "metadata/webhook", wanted)
    assert response.status_code == 400, response.content
    assert path in [error["path"] for error in response.json()["validationErrors"]]
    assert not Webhook.objects.exists()


def test_two_webhooks_have_two_names(api: Api) -> None:
    configure(api)
    response = api(
        "POST",
        "metadata/webhook",
        {
            "name": "payments",
            "verifier": "HEADER_BASED",
            "headers": {"X": "y"},
            "receiverWorkflowNamesToVersions": {"order": 1},
        },
    )
    assert response.status_code == 409


def test_tags_are_added_and_taken_off(api: Api) -> None:
    webhook = configure(api)
    tag = {"key": "team", "type": "METADATA", "value": "a"}
    assert api("PUT", f"metadata/webhook/{webhook}/tags", [tag]).status_code == 200
    assert api("GET", f"metadata/webhook/{webhook}/tags").json() == [tag]
    assert api("DELETE", f"metadata/webhook/{webhook}/tags", [tag]).status_code == 200
    assert api("GET", f"metadata/webhook/{webhook}").json()["tags"] == []


def test_the_admin_makes_and_changes_them(api: Api) -> None:
    browser = Client()
    browser.force_login(User.objects.create_superuser("olga", "", "x"))
    base = "/admin/executions/webhook/"
    form = {
        "name": "made by hand",
        "source_platform": "Custom",
        "verifier": "HEADER_BASED",
        "headers": json.dumps({"X-Token": SECRET}),
        "receivers": '{"order": null}',
        "starts": "{}",
    }
    assert browser.post(f"{base}add/", {**form, "headers": "{}"}).status_code == 200
    assert browser.post(f"{base}add/", form).status_code == 302
    webhook = Webhook.objects.get()
    page = browser.get(f"{base}{webhook.pk}/change/")
    assert page.status_code == 200
    assert SECRET not in page.content.decode()
    changed = {**form, "name": "renamed", "headers": '{"X-Token": "***"}'}
    assert browser.post(f"{base}{webhook.pk}/change/", changed).status_code == 302
    assert send(webhook.pk, {}).status_code == 200
    for address in (base, "/admin/executions/webhookdelivery/"):
        assert browser.get(address).status_code == 200


def test_a_task_that_waits_can_be_completed_by_hand(api: Api) -> None:
    define(api, "order", WAIT)
    execution = start(api, "order", {"order": 1})
    operations.complete_by_hand(run_of(execution, "hook").id, by="somebody")
    assert state_of(execution) == "COMPLETED"
    assert not send(configure(api), paid(1)).json()["matched"]

"""The unmodified SDK with a key and a secret, on a stack that lets nobody in without."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import uuid
import warnings
from collections.abc import Iterator
from typing import Any

import pytest
import requests
from conductor.client.configuration.configuration import Configuration
from conductor.client.configuration.settings.authentication_settings import AuthenticationSettings
from conductor.client.http.models import StartWorkflowRequest, TaskResult
from conductor.client.http.models.task_result_status import TaskResultStatus
from conductor.client.http.rest import ApiException, AuthorizationException
from conductor.client.orkes.models.metadata_tag import MetadataTag
from conductor.client.orkes_clients import OrkesClients
from conductor.client.workflow.conductor_workflow import ConductorWorkflow
from conductor.client.workflow.task.wait_for_webhook_task import WaitForWebHookTask

from tests.clients.waiting import eventually
from tests.stack import ROOT, Stack, running

Key = tuple[str, str]


@pytest.fixture(scope="module")
def closed() -> Iterator[Stack]:
    """A stack that lets nobody in without credentials; its tokens are good for two seconds."""
    database = "postgresql" if "UPBEAT_TEST_DATABASE_URL" in os.environ else "sqlite"
    with running(database, UPBEAT_OPEN="0", UPBEAT_API_TOKEN_SECONDS="2") as found:
        yield found


def key(stack: Stack, *scopes: str) -> Key:
    """A new key of the first account, as an operator makes it."""
    arguments = [argument for scope in scopes for argument in ("--scope", scope)]
    done = subprocess.run(
        [sys.executable, "manage.py", "create_api_key", "a test", *arguments],
        cwd=ROOT,
        env=stack.environment,
        capture_output=True,
        text=True,
        check=True,
    )
    found = dict(line.split("=", 1) for line in done.stdout.splitlines() if line.startswith("CONDUCTOR_AUTH_"))
    return found["CONDUCTOR_AUTH_KEY"], found["CONDUCTOR_AUTH_SECRET"]


@pytest.fixture(scope="module")
def everything(closed: Stack) -> Key:
    return key(closed, "define", "start", "operate", "work", "view", "secrets", "read_secrets")


def configuration(stack: Stack, given: Key) -> Configuration:
    # (the SDK keeps the token in a class attribute: each test its own class)
    cls = type("Configuration", (Configuration,), {"AUTH_TOKEN": None})
    found: Configuration = cls(
        server_api_url=f"{stack.url}/api", authentication_settings=AuthenticationSettings(*given)
    )
    return found


def clients(stack: Stack, given: Key) -> OrkesClients:
    return OrkesClients(configuration=configuration(stack, given))


def name(what: str) -> str:
    return f"{what}_{uuid.uuid4().hex[:8]}"


def test_without_a_key_the_sdk_is_refused(closed: Stack) -> None:
    bare = OrkesClients(configuration=Configuration(server_api_url=f"{closed.url}/api"))
    with pytest.raises(AuthorizationException) as refused:
        bare.get_metadata_client().get_all_workflow_defs()
    assert refused.value.status == 401


def test_a_wrong_secret_is_refused(closed: Stack, everything: Key) -> None:
    wrong = clients(closed, (everything[0], "wrong"))
    with pytest.raises(AuthorizationException):
        wrong.get_metadata_client().get_all_workflow_defs()


def test_the_program_of_the_documentation_runs_with_a_key(closed: Stack, everything: Key) -> None:
    environment = {"CONDUCTOR_SERVER_URL": f"{closed.url}/api", "CONDUCTOR_AUTH_KEY": everything[0]}
    done = subprocess.run(
        [sys.executable, "-m", "tests.clients.conductor.dynamic_app", uuid.uuid4().hex[:8]],
        cwd=ROOT,
        env={**os.environ, **environment, "CONDUCTOR_AUTH_SECRET": everything[1]},
        capture_output=True,
        text=True,
        timeout=90,
        check=False,
    )
    lines = [line for line in done.stdout.splitlines() if line.startswith("{")]
    assert lines, f"{done.stdout}\n{done.stderr[-3000:]}"
    assert json.loads(lines[-1])["status"] == "COMPLETED"


def test_the_sdk_fetches_a_new_token_when_its_own_has_expired(closed: Stack, everything: Key) -> None:
    metadata = clients(closed, everything).get_metadata_client()
    metadata.get_all_workflow_defs()
    holder = metadata.api_client.configuration
    first = holder.AUTH_TOKEN

    def renewed() -> bool:
        metadata.get_all_workflow_defs()  # raises if the SDK does not get over it
        token = holder.AUTH_TOKEN
        return bool(token != first)

    eventually(renewed, "the token is renewed")
    response = requests.get(f"{closed.url}/api/metadata/workflow", headers={"X-Authorization": first}, timeout=10)
    assert (response.status_code, response.json()["error"]) == (401, "EXPIRED_TOKEN")


def test_a_worker_needs_the_scope_to_work_and_nothing_else(closed: Stack, everything: Key) -> None:
    boss, worker = clients(closed, everything), clients(closed, key(closed, "work"))
    task = name("task")
    boss.get_metadata_client().register_workflow_def(
        {"name": task, "version": 1, "tasks": [{"name": task, "taskReferenceName": "a", "type": "SIMPLE"}]},
        overwrite=True,
    )
    execution = boss.get_workflow_client().start_workflow(StartWorkflowRequest(name=task, input={}))
    with pytest.raises(AuthorizationException) as refused:
        worker.get_workflow_client().get_workflow(execution, True)
    assert refused.value.status == 403
    with pytest.raises(AuthorizationException):
        worker.get_workflow_client().terminate_workflow(execution)
    tasks = worker.get_task_client()
    found = tasks.poll_task(task)
    result = TaskResult(workflow_instance_id=execution, task_id=found.task_id, status=TaskResultStatus.COMPLETED)
    tasks.add_task_log(found.task_id, "a line")
    tasks.update_task(result)
    assert boss.get_workflow_client().get_workflow(execution, True).status == "COMPLETED"


@pytest.mark.filterwarnings("ignore:Call to deprecated:DeprecationWarning")  # the SDK's own, about its tags
def test_the_secret_client_works_and_a_worker_gets_the_secret(closed: Stack, everything: Key) -> None:
    orkes = clients(closed, everything)
    secrets, tasks = orkes.get_secret_client(), orkes.get_task_client()
    secret, task = name("SECRET"), name("task")
    value = 'line one\nline two with "quotes"'
    assert secrets.secret_exists(secret) is False
    secrets.put_secret(secret, value)
    assert secrets.secret_exists(secret) is True
    assert secret in secrets.list_all_secret_names()
    assert secret in secrets.list_secrets_that_user_can_grant_access_to()
    assert secrets.get_secret(secret) == value
    tag = MetadataTag("team", "a")
    secrets.set_secret_tags([tag], secret)
    assert [(t.key, t.value) for t in secrets.get_secret_tags(secret)] == [("team", "a")]
    secrets.delete_secret_tags([tag], secret)
    assert secrets.get_secret_tags(secret) == []

    workflow = {
        "name": task,
        "version": 1,
        "tasks": [
            {
                "name": task,
                "taskReferenceName": "a",
                "type": "SIMPLE",
                "inputParameters": {"key": f"${{workflow.secrets.{secret}}}"},
            }
        ],
    }
    orkes.get_metadata_client().register_workflow_def(workflow, overwrite=True)
    execution = orkes.get_workflow_client().start_workflow(StartWorkflowRequest(name=task, input={}))
    assert tasks.poll_task(task).input_data == {"key": value}
    shown = orkes.get_workflow_client().get_workflow(execution, True)
    assert shown.tasks[0].input_data == {"key": f"${{workflow.secrets.{secret}}}"}

    secrets.delete_secret(secret)
    with pytest.raises(ApiException) as missing:
        secrets.get_secret(secret)
    assert missing.value.status == 404


def test_a_server_side_http_task_sends_the_secret_and_keeps_none_of_it(
    closed: Stack, everything: Key, stub: Any
) -> None:
    orkes = clients(closed, everything)
    secret, workflow = name("SECRET"), name("calls")
    orkes.get_secret_client().put_secret(secret, "a-token-nobody-sees")
    request = {
        "uri": stub.url("echo"),
        "method": "GET",
        "headers": {"Authorization": f"Bearer ${{workflow.secrets.{secret}}}"},
    }
    task = {"name": "call", "taskReferenceName": "call", "type": "HTTP", "inputParameters": {"http_request": request}}
    orkes.get_metadata_client().register_workflow_def({"name": workflow, "version": 1, "tasks": [task]}, overwrite=True)
    execution = orkes.get_workflow_client().start_workflow(StartWorkflowRequest(name=workflow, input={}))

    def ended() -> Any:
        found = orkes.get_workflow_client().get_workflow(execution, True)
        return found if found.is_completed() else None

    found = eventually(ended, "the workflow ends")
    assert found.status == "COMPLETED", found.reason_for_incompletion
    assert stub.seen("echo")[-1].headers["authorization"] == "Bearer a-token-nobody-sees"
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", DeprecationWarning)  # of the SDK, about fields of its own
        assert "a-token-nobody-sees" not in str(found.to_dict())
    assert "***" in str(found.tasks[0].output_data)
    assert "a-token-nobody-sees" not in "\n".join(closed.lines)


def test_a_workflow_of_the_sdk_waits_for_a_webhook(closed: Stack, everything: Key) -> None:
    orkes = clients(closed, everything)
    workflow = ConductorWorkflow(executor=orkes.get_workflow_executor(), name=name("hooked"), version=1)
    workflow >> WaitForWebHookTask(
        "hook", matches={"$['type']": "customer_created", "$['customer_id']": "${workflow.input.customer_id}"}
    )
    workflow.register(overwrite=True)
    execution = workflow.start_workflow_with_input(workflow_input={"customer_id": "c-1"})
    token = requests.post(
        f"{closed.url}/api/token", json={"keyId": everything[0], "keySecret": everything[1]}, timeout=10
    ).json()["token"]
    webhook = requests.post(
        f"{closed.url}/api/metadata/webhook",
        json={
            "name": name("hook"),
            "verifier": "HEADER_BASED",
            "headers": {"X-Key": "let me in"},
            "receiverWorkflowNamesToVersions": {workflow.name: 1},
        },
        headers={"X-Authorization": token},
        timeout=10,
    ).json()["id"]
    payload = {"type": "customer_created", "customer_id": "c-1"}
    address = f"{closed.url}/webhook/{webhook}"
    assert requests.post(address, json=payload, timeout=10).status_code == 401
    assert requests.post(address, json=payload, headers={"X-Key": "let me in"}, timeout=10).json()["workflowIds"] == [
        execution
    ]
    found = orkes.get_workflow_client().get_workflow(execution, True)
    assert (found.status, found.tasks[0].output_data) == ("COMPLETED", payload)

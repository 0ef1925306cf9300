"""Secrets: written, handed to whoever runs a task, and seen by nobody else."""

from __future__ import annotations

import logging
from collections.abc import Callable
from io import StringIO
from typing import Any

import pytest
from django.contrib.auth.models import User
from django.core.exceptions import ImproperlyConfigured
from django.core.management import CommandError, call_command
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext

from executions import functions
from executions.engine.events import Result
from executions.models import Event, Secret, TaskLog, TaskRun
from executions.operations import report
from executions.secrets import encryption, store
from executions.states import RunState
from executions.store import runs
from executions.task_types.base import Work
from tests.integration.access.conftest import Api, Issue, define, start, token_of
from tests.integration.conftest import Courier, run_of, state_of

pytestmark = pytest.mark.django_db

VALUE = "a-very-secret-value"
REFERENCE = "${workflow.secrets.TOKEN}"
Seen = list[dict[str, Any]]


@pytest.fixture
def token() -> str:
    store.put("TOKEN", VALUE, by="test")
    return VALUE


@pytest.fixture
def function() -> Any:
    """``function(call)`` registers a Python function as the task ``secretive`` for the length of a test."""

    def register(call: Callable[..., Any]) -> str:
        functions.task("secretive")(call)
        return "secretive"

    yield register
    functions._functions.pop("secretive", None)
    functions._types.pop("secretive", None)


def everything_stored() -> str:
    """All that the database keeps, but for the table of secrets."""
    found = []
    with connection.cursor() as cursor:
        for table in connection.introspection.table_names(cursor):
            if table.startswith(("executions_", "workflows_app_", "api_")) and table != Secret._meta.db_table:
                cursor.execute(f'SELECT * FROM "{table}"')
                found.append(str(cursor.fetchall()))
    return "\n".join(found)


# ---- the endpoints


def test_secrets_are_set_listed_and_deleted(api: Api) -> None:
    assert api("GET", "secrets/TOKEN/exists").json() is False
    assert api("PUT", "secrets/TOKEN", VALUE).status_code == 200
    assert api("GET", "secrets/TOKEN/exists").json() is True
    assert api("GET", "secrets").json() == ["TOKEN"]
    assert api("POST", "secrets", {}).json() == ["TOKEN"]
    assert api("GET", "secrets/TOKEN").content.decode() == VALUE
    assert api("DELETE", "secrets/TOKEN", {}).status_code == 200
    assert api("GET", "secrets/TOKEN").status_code == 404
    assert api("DELETE", "secrets/TOKEN", {}).status_code == 404


@pytest.mark.parametrize(
    ("sent", "kept"),
    [
        ("plain", "plain"),
        ('"quoted"', "quoted"),
        (r"one\ntwo \"x\"", 'one\ntwo "x"'),
        ("ends with \\", 'ends with "'),  # what an SDK sends for a value that ends with a quotation mark
        ('{"user": "me"}', '{"user": "me"}'),
        ("12345", "12345"),
        ("line one\nline two", "line one\nline two"),
    ],
)
def test_a_value_is_kept_as_clients_send_it(api: Api, sent: str, kept: str) -> None:
    assert api("PUT", "secrets/TOKEN", sent).status_code == 200
    assert api("GET", "secrets/TOKEN").content.decode() == kept


@pytest.mark.parametrize(
    ("name", "value"), [("1x", "v"), ("a.b", "v"), ("TOKEN", ""), ("TOKEN", b"\xff"), ("TOKEN", "x" * 70_000)]
)
def test_what_cannot_be_a_secret_is_refused_without_quoting_it(api: Api, name: str, value: Any) -> None:
    response = api("PUT", f"secrets/{name}", value)
    assert response.status_code == 400
    assert len(response.content) < 300
    assert not Secret.objects.exists()


def test_tags_are_added_and_taken_off(api: Api, token: str) -> None:
    one, two = ({"key": k, "type": "METADATA", "value": k} for k in ("one", "two"))
    assert api("PUT", "secrets/TOKEN/tags", [one, two]).status_code == 200
    assert api("PUT", "secrets/TOKEN/tags", [one]).status_code == 200
    assert api("GET", "secrets/TOKEN/tags").json() == [one, two]
    assert api("DELETE", "secrets/TOKEN/tags", [one]).status_code == 200
    assert api("GET", "secrets-v2").json() == [{"name": "TOKEN", "tags": [two]}]
    assert api("PUT", "secrets/TOKEN/tags", [{"value": 1}]).json()["validationErrors"][0]["path"] == "[0].key"
    assert api("GET", "secrets/NONE/tags").status_code == 404


def test_reading_a_value_takes_a_scope_of_its_own(closed: None, issue: Issue, token: str) -> None:
    writer = Api(token_of(*issue("define", "start", "operate", "view", "work", "secrets")))
    assert writer("GET", "secrets").json() == ["TOKEN"]
    assert writer("GET", "secrets/TOKEN").status_code == 403
    reader = Api(token_of(*issue("read_secrets")))
    assert reader("GET", "secrets/TOKEN").content.decode() == VALUE
    assert Event.objects.get(action="read secret").actor == "olga (key a key)"


def test_the_audit_tells_of_changes_and_not_of_values(api: Api) -> None:
    api("PUT", "secrets/TOKEN", VALUE)
    api("DELETE", "secrets/TOKEN", {})
    events = Event.objects.order_by("id")
    assert [e.action for e in events] == ["set secret", "delete secret"]
    assert VALUE not in everything_stored()


# ---- encryption


def test_what_is_stored_is_encrypted(token: str) -> None:
    assert VALUE not in str(Secret.objects.values().get())


def test_one_secret_cannot_pass_for_another(token: str) -> None:
    store.put("OTHER", "something else", by="test")
    Secret.objects.filter(name="OTHER").update(sealed=Secret.objects.get(name="TOKEN").sealed)
    with pytest.raises(encryption.Unreadable, match="for another name"):
        store.reveal("OTHER", by="test")


def test_keys_are_rotated(settings: Any, token: str) -> None:
    settings.ENCRYPTION_KEYS = ["n" * 40, settings.SECRET_KEY]
    assert store.reveal("TOKEN", by="test") == VALUE
    out = StringIO()
    call_command("rotate_secrets", stdout=out)
    assert "1 secrets" in out.getvalue()
    settings.ENCRYPTION_KEYS = ["n" * 40]
    assert store.reveal("TOKEN", by="test") == VALUE


def test_without_the_key_nothing_is_read_and_nothing_is_rotated(settings: Any, api: Api, token: str) -> None:
    before = Secret.objects.get().sealed
    settings.ENCRYPTION_KEYS = ["x" * 40]
    assert api("GET", "secrets/TOKEN").status_code == 409
    with pytest.raises(CommandError, match="TOKEN"):
        call_command("rotate_secrets")
    assert Secret.objects.get().sealed == before


def test_a_key_that_is_too_short_is_refused(settings: Any) -> None:
    settings.ENCRYPTION_KEYS = ["short"]
    with pytest.raises(ImproperlyConfigured, match="32 characters"):
        store.put("TOKEN", VALUE, by="test")


# ---- polled tasks


def polled(api: Api, task_type: str) -> dict[str, Any]:
    response = api("GET", f"tasks/poll/{task_type}")
    assert response.status_code == 200, response.content
    found: dict[str, Any] = response.json()
    return found


def test_a_worker_gets_the_secret_and_nobody_else_does(api: Api, token: str) -> None:
    inputs = {"header": f"Bearer {REFERENCE}", "plain": "${workflow.input.x}"}
    define(api, "w", {"taskReferenceName": "polled_a", "inputParameters": inputs})
    execution = start(api, "w", {"x": 1})
    task = polled(api, "polled_a")
    assert task["inputData"] == {"header": f"Bearer {VALUE}", "plain": 1}
    for path in (f"tasks/{task['taskId']}", f"workflow/{execution}"):
        shown = api("GET", path).content.decode()
        assert VALUE not in shown
        assert REFERENCE in shown
    assert VALUE not in everything_stored()


def test_the_next_task_in_the_answer_to_an_update_has_its_secret(api: Api, token: str) -> None:
    define(api, "w", {"taskReferenceName": "polled_b", "inputParameters": {"t": REFERENCE}})
    first, second = start(api, "w"), start(api, "w")
    task = polled(api, "polled_b")
    update = {"workflowInstanceId": task["workflowInstanceId"], "taskId": task["taskId"], "status": "COMPLETED"}
    following = api("POST", "tasks/update-v2", update).json()
    assert {task["workflowInstanceId"], following["workflowInstanceId"]} == {first, second}
    assert following["inputData"] == {"t": VALUE}


def test_a_whole_batch_costs_one_statement_for_secrets_and_none_without_references(api: Api, token: str) -> None:
    def cost(reference: str) -> int:
        name = f"polled_{'with' if '$' in reference else 'without'}"
        define(api, name, {"taskReferenceName": name, "inputParameters": {"t": reference}})
        for _ in range(5):
            start(api, name)
        with CaptureQueriesContext(connection) as statements:
            assert len(api("GET", f"tasks/poll/batch/{name}?count=5").json()) == 5
        return len([q for q in statements if Secret._meta.db_table in q["sql"]])

    assert cost("nothing") == 0
    assert cost(REFERENCE) == 1


def test_a_task_whose_secret_cannot_be_decrypted_fails_and_is_not_handed_out(
    api: Api, token: str, settings: Any
) -> None:
    define(api, "w", {"taskReferenceName": "polled_c", "inputParameters": {"t": REFERENCE}})
    execution = start(api, "w")
    settings.ENCRYPTION_KEYS = ["x" * 40]
    assert api("GET", "tasks/poll/polled_c").status_code == 204
    run = run_of(execution, "polled_c")
    assert run.state == "FAILED_WITH_TERMINAL_ERROR"
    assert run.reason == "The secret TOKEN cannot be decrypted: it was encrypted with a key that is not configured"


def test_a_secret_that_does_not_exist_is_null(api: Api) -> None:
    define(api, "w", {"taskReferenceName": "polled_d", "inputParameters": {"t": REFERENCE, "x": f"<{REFERENCE}>"}})
    start(api, "w")
    assert polled(api, "polled_d")["inputData"] == {"t": None, "x": "<>"}


def test_data_that_looks_like_a_reference_gets_no_secret(api: Api, token: str) -> None:
    inputs = {"mine": REFERENCE, "theirs": "${workflow.input.x}", "all": "${workflow.input}"}
    define(api, "w", {"taskReferenceName": "polled_e", "inputParameters": inputs})
    start(api, "w", {"x": REFERENCE})
    assert polled(api, "polled_e")["inputData"] == {"mine": VALUE, "theirs": REFERENCE, "all": {"x": REFERENCE}}


def test_the_defaults_of_a_task_definition_may_refer_to_secrets(api: Api, token: str) -> None:
    api("POST", "metadata/taskdefs", [{"name": "polled_f", "inputTemplate": {"t": REFERENCE, "u": REFERENCE}}])
    define(api, "w", {"taskReferenceName": "polled_f", "inputParameters": {"u": "${workflow.input.x}"}})
    start(api, "w", {"x": "given"})
    assert polled(api, "polled_f")["inputData"] == {"t": VALUE, "u": "given"}


@pytest.mark.parametrize(("named_by_definition", "expected"), [(True, VALUE), (False, REFERENCE)])
def test_a_branch_made_at_run_time_gets_secrets_that_its_definition_names(
    api: Api, token: str, named_by_definition: bool, expected: str
) -> None:
    inputs = {
        "dynamicTasks": "${workflow.input.tasks}",
        "dynamicTasksInputs": "${workflow.input.inputs}",
        **({"named": REFERENCE} if named_by_definition else {}),
    }
    fork = {
        "taskReferenceName": "fork",
        "type": "FORK_JOIN_DYNAMIC",
        "dynamicForkTasksParam": "dynamicTasks",
        "dynamicForkTasksInputParamName": "dynamicTasksInputs",
        "inputParameters": inputs,
    }
    name = define(api, f"w_{named_by_definition}", fork, {"taskReferenceName": "join", "type": "JOIN"})
    branch = {"name": "polled_g", "taskReferenceName": "g", "type": "SIMPLE"}
    start(api, name, {"tasks": [branch], "inputs": {"g": {"t": REFERENCE}}})
    assert polled(api, "polled_g")["inputData"]["t"] == expected


# ---- server-side tasks


def run(api: Api, courier: Courier, name: str, **task: Any) -> str:
    define(api, "w", {"taskReferenceName": "a", "name": name, **task})
    execution = start(api, "w")
    courier.deliver()
    return execution


def test_a_function_gets_the_secret_and_its_row_does_not(api: Api, courier: Courier, token: str, function: Any) -> None:
    seen: Seen = []

    def secretive(t: str) -> None:
        seen.append({"t": t})

    execution = run(api, courier, function(secretive), inputParameters={"t": REFERENCE})
    assert seen == [{"t": VALUE}]
    assert state_of(execution) == "COMPLETED"
    assert run_of(execution, "a").input.value == {"t": REFERENCE}
    assert VALUE not in everything_stored()


def test_what_a_task_reports_is_masked(
    api: Api, courier: Courier, token: str, function: Any, caplog: pytest.LogCaptureFixture
) -> None:
    def secretive(t: str, work: Work) -> None:
        work.log(f"trying {t}")
        raise RuntimeError(f"no access with {t}")

    caplog.set_level(logging.DEBUG)
    execution = run(api, courier, function(secretive), inputParameters={"t": REFERENCE})
    assert state_of(execution) == "FAILED"
    assert run_of(execution, "a").reason == "RuntimeError: no access with ***"
    assert TaskLog.objects.filter(message="trying ***").exists()
    assert VALUE not in everything_stored()
    assert VALUE not in caplog.text


def test_an_output_that_holds_the_secret_is_masked(api: Api, courier: Courier, token: str, function: Any) -> None:
    execution = run(api, courier, function(lambda t: {"echo": [f"got {t}"]}), inputParameters={"t": REFERENCE})
    assert run_of(execution, "a").output.value == {"echo": ["got ***"]}


def test_a_server_side_task_without_references_costs_no_statement_for_secrets(
    api: Api, courier: Courier, token: str, function: Any
) -> None:
    define(api, "w", {"taskReferenceName": "a", "name": function(lambda: None), "inputParameters": {"x": 1}})
    start(api, "w")
    with CaptureQueriesContext(connection) as statements:
        courier.deliver()
    assert not [q for q in statements if Secret._meta.db_table in q["sql"]]


def test_a_server_side_task_whose_secret_cannot_be_decrypted_fails_for_good(
    api: Api, courier: Courier, token: str, function: Any, settings: Any
) -> None:
    settings.ENCRYPTION_KEYS = ["x" * 40]
    execution = run(api, courier, function(lambda t: None), inputParameters={"t": REFERENCE})
    found = run_of(execution, "a")
    assert found.state == "FAILED_WITH_TERMINAL_ERROR"
    assert "TOKEN cannot be decrypted" in (found.reason or "")


def test_a_started_workflow_does_not_get_the_secret_into_its_input(api: Api, courier: Courier, token: str) -> None:
    define(api, "inner", {"taskReferenceName": "polled_h", "inputParameters": {"t": "${workflow.input.t}"}})
    request = {"startWorkflow": {"name": "inner", "input": {"t": REFERENCE}}}
    run(api, courier, "starter", type="START_WORKFLOW", inputParameters=request)
    # it is data there, and no reference of that definition
    assert polled(api, "polled_h")["inputData"] == {"t": REFERENCE}
    assert VALUE not in everything_stored()


def test_control_tasks_see_references_and_no_secrets(api: Api, token: str) -> None:
    inputs = {"evaluatorType": "javascript", "expression": "$.t", "t": REFERENCE}
    define(api, "w", {"taskReferenceName": "a", "type": "INLINE", "inputParameters": inputs})
    execution = start(api, "w")
    assert run_of(execution, "a").output.value == {"result": REFERENCE}


def test_a_retry_gets_the_secret_of_its_time(api: Api, token: str) -> None:
    api("POST", "metadata/taskdefs", [{"name": "polled_i", "retryCount": 1, "retryDelaySeconds": 0}])
    define(api, "w", {"taskReferenceName": "polled_i", "inputParameters": {"t": REFERENCE}})
    execution = start(api, "w")
    first = polled(api, "polled_i")
    store.put("TOKEN", "rotated-value", by="test")
    report(execution, first["taskId"], Result(state=RunState.FAILED, reason="no"))
    assert polled(api, "polled_i")["inputData"] == {"t": "rotated-value"}
    assert len(runs.read(execution)) == 2


# ---- the admin


def test_the_admin_writes_secrets_and_never_shows_them(token: str) -> None:
    browser = Client()
    browser.force_login(User.objects.create_superuser("olga", "", "x"))
    base = "/admin/executions/secret/"
    assert browser.post(f"{base}add/", {"name": "bad name", "value": "x"}).status_code == 200
    assert browser.post(f"{base}add/", {"name": "NEW", "value": "of the admin"}).status_code == 302
    assert store.reveal("NEW", by="test") == "of the admin"
    for page in (base, f"{base}TOKEN/change/"):
        shown = browser.get(page)
        assert shown.status_code == 200
        assert VALUE not in shown.content.decode()
        assert Secret.objects.get(name="TOKEN").sealed not in shown.content.decode()
    assert browser.post(f"{base}TOKEN/change/", {"value": "changed by hand"}).status_code == 302
    assert store.reveal("TOKEN", by="test") == "changed by hand"
    browser.post(f"{base}TOKEN/delete/", {"post": "yes"})
    assert not store.exists("TOKEN")


def test_the_console_shows_references(api: Api, token: str) -> None:
    define(api, "w", {"taskReferenceName": "polled_j", "inputParameters": {"t": REFERENCE}})
    execution = start(api, "w")
    polled(api, "polled_j")
    run_id = TaskRun.objects.get(execution_id=execution).pk
    for page in (f"/console/executions/{execution}/?task={run_id}", f"/console/tasks/{run_id}/input.json"):
        shown = Client().get(page)
        assert shown.status_code == 200, page
        assert VALUE not in shown.content.decode()

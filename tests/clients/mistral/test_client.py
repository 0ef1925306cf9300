"""What users of the library and of the ``mistral`` command do all day."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from mistralclient.api.base import APIException

from tests.clients.mistral.conftest import Mistral
from tests.clients.waiting import eventually

WAITS = """---
version: '2.0'
NAME:
  description: waits
  tags: [a, b]
  input: [{a: 1}]
  output: {r: <% $.r %>}
  tasks:
    ask: {action: std.async_noop, publish: {r: <% task(ask).result %>}}
"""


def test_an_execution_from_a_file_to_its_output_with_the_command(mistral: Mistral, tmp_path: Path) -> None:
    name = mistral.name()
    text = WAITS.replace("NAME", name)
    (tmp_path / "wf.yaml").write_text(text)
    assert mistral.table("workflow-validate", "wf.yaml") == {"Valid": True, "Error": None}
    (workflow,) = mistral.table("workflow-create", "wf.yaml")
    assert (workflow["Name"], workflow["Input"], workflow["Scope"]) == (name, 'a="1"', "private")
    assert "Duplicate" in mistral.command("workflow-create", "wf.yaml", fails=True)
    assert mistral.command("workflow-get-definition", name) == text
    execution = mistral.table("execution-create", name, '{"a": 2}', "-d", "by hand")["ID"]
    assert mistral.table("execution-get", execution)["State"] == "RUNNING"
    assert json.loads(mistral.command("execution-get-input", execution)) == {"a": 2}
    action = mistral.action(execution, "ask")
    mistral.command("action-execution-update", action.id, "--state", "SUCCESS", "--output", '{"sum": 3}')
    mistral.ends(execution)
    assert json.loads(mistral.command("execution-get-output", execution)) == {"r": {"sum": 3}}
    (task,) = mistral.table("task-list", execution)
    assert json.loads(mistral.command("task-get-result", task["ID"])) == {"sum": 3}
    assert json.loads(mistral.command("task-get-published", task["ID"])) == {"r": {"sum": 3}}
    assert f"workflow '{name}' [SUCCESS] {execution}" in mistral.command(
        "execution-get-report", execution, "--no-errors-only"
    )
    assert "accepted" in mistral.command("execution-delete", execution)
    assert "not found" in mistral.command("execution-get", execution, fails=True)
    mistral.command("workflow-delete", name)
    assert "not found" in mistral.command("workflow-get", name, fails=True)


def test_an_execution_is_paused_resumed_and_stopped_with_the_command(mistral: Mistral) -> None:
    execution = mistral.start(WAITS).id

    def state(*words: str) -> str:
        return mistral.command("execution-update", execution, *words, "-f", "value", "-c", "State").strip()

    assert state("-s", "PAUSED") == "PAUSED"
    assert state("-s", "RUNNING") == "RUNNING"
    assert state("-d", "a note") == "RUNNING"
    assert mistral.api.executions.get(execution).description == "a note"
    assert state("-s", "CANCELLED") == "CANCELLED"
    told = mistral.command("execution-update", execution, "-s", "PAUSED", fails=True)
    assert "Can't change workflow execution state from CANCELLED to PAUSED" in told


def test_actions_are_run_by_themselves(mistral: Mistral) -> None:
    assert json.loads(mistral.command("run-action", "std.echo", '{"output": {"x": 1}}')) == {"result": {"x": 1}}
    action = mistral.table("run-action", "std.async_noop", "-s")
    assert (action["State"], action["Task ID"]) == ("RUNNING", None)
    mistral.command("action-execution-update", action["ID"], "--state", "SUCCESS", "--output", '{"n": 1}')
    assert mistral.table("action-execution-get", action["ID"])["State"] == "SUCCESS"
    mistral.command("action-execution-delete", action["ID"])
    assert "not found" in mistral.command("action-execution-get", action["ID"], fails=True)
    assert "no.such" in mistral.command("run-action", "no.such", fails=True)


def test_a_sleeping_action_is_waited_for(mistral: Mistral) -> None:
    kept = mistral.api.action_executions.create("std.sleep", {"seconds": 1}, run_sync=True, save_result=True)
    assert (kept.state, json.loads(kept.output)) == ("SUCCESS", {"result": None})
    assert mistral.api.action_executions.get(kept.id).state == "SUCCESS"


def test_ad_hoc_actions_make_inputs_and_results_over(mistral: Mistral) -> None:
    name = mistral.name("act")
    text = f"""---
version: '2.0'
{name}:
  description: twice
  base: std.echo
  base-input: {{output: <% $.n * 2 %>}}
  input: [n]
  output: {{twice: <% $ %>}}
"""
    (created,) = mistral.api.actions.create(text)
    assert (created.name, created.input, created.description, created.is_system) == (name, "n", "twice", False)
    with pytest.raises(APIException, match="Duplicate"):
        mistral.api.actions.create(text)
    execution = mistral.start(
        f"version: '2.0'\nNAME:\n  output: {{r: <% task(t).result %>}}\n  tasks:\n    t: {{action: {name} n=4}}\n"
    )
    assert json.loads(mistral.ends(execution.id).output) == {"r": {"twice": 8}}
    (updated,) = mistral.api.actions.update(text.replace("twice\n", "thrice\n"))
    assert (updated.id, updated.description) == (created.id, "thrice")
    assert name in [action.name for action in mistral.api.actions.list()]
    assert mistral.api.actions.get(name).definition.startswith("---")
    mistral.api.actions.delete(name)
    for lost in (name, "std.echo"):
        with pytest.raises(APIException) as refused:
            mistral.api.actions.delete(lost)
        assert refused.value.error_code == 404


def test_a_workbook_brings_its_workflows_and_actions(mistral: Mistral) -> None:
    name = mistral.name("wb")
    text = f"""---
version: '2.0'
name: {name}
tags: [t]
actions:
  greet: {{base: std.echo, base-input: {{output: "hello <% $.who %>"}}, input: [who]}}
workflows:
  outer:
    output: {{r: <% task(t).result %>}}
    tasks:
      t: {{workflow: inner who="you"}}
  inner:
    input: [who]
    output: {{said: <% task(t).result %>}}
    tasks:
      t: {{action: greet who=<% $.who %>}}
"""
    book = mistral.api.workbooks.create(text)
    assert (book.name, book.tags, book.definition) == (name, ["t"], text)
    execution = mistral.api.executions.create(f"{name}.outer")
    assert json.loads(mistral.ends(execution.id).output) == {"r": {"said": "hello you"}}
    mistral.api.workbooks.update(text.replace("hello", "good morning"))
    execution = mistral.api.executions.create(f"{name}.outer")
    assert json.loads(mistral.ends(execution.id).output) == {"r": {"said": "good morning you"}}
    assert mistral.api.workbooks.validate(text) == {"valid": True}
    assert mistral.api.workbooks.validate("name: x")["valid"] is False
    assert mistral.api.workbooks.get(name).updated_at
    mistral.api.workbooks.delete(name)
    assert mistral.api.workflows.get(f"{name}.outer").name == f"{name}.outer"


def test_an_environment_is_read_by_expressions(mistral: Mistral) -> None:
    name = mistral.name("env")
    mistral.api.environments.create(name=name, variables=json.dumps({"k": "v"}), description="d")
    execution = mistral.start(
        "version: '2.0'\nNAME:\n  output: {r: <% env().k %>}\n  tasks:\n    t: {action: std.noop}\n", env=name
    )
    assert json.loads(mistral.ends(execution.id).output) == {"r": "v"}
    mistral.api.environments.update(name=name, variables=json.dumps({"k": 2}))
    assert mistral.api.environments.get(name).variables == {"k": 2}
    mistral.api.environments.delete(name)


def test_a_cron_trigger_starts_its_workflow_as_often_as_it_says(mistral: Mistral) -> None:
    workflow = mistral.define("version: '2.0'\nNAME:\n  tasks:\n    t: {action: std.noop}\n")
    name = mistral.name("cron")
    mistral.api.cron_triggers.create(name, workflow, {}, {}, "* * * * * *", None, 2)

    def started() -> bool:
        return len(mistral.api.executions.list(workflow_name=workflow, state="SUCCESS")) == 2

    eventually(started, "two executions")
    with pytest.raises(APIException) as gone:
        mistral.api.cron_triggers.get(name)
    assert gone.value.error_code == 404
    mistral.api.workflows.delete(workflow)


def test_a_text_that_is_no_definition_is_refused_with_its_place(mistral: Mistral, tmp_path: Path) -> None:
    (tmp_path / "bad.yaml").write_text("version: '2.0'\nx:\n  tasks:\n    t: {action: std.noop, on-success: nope}\n")
    told = mistral.command("workflow-create", "bad.yaml", fails=True)
    assert "line 4" in told
    assert "nope" in told
    assert mistral.table("workflow-validate", "bad.yaml")["Valid"] is False


def test_lists_of_the_command_come_back(mistral: Mistral) -> None:
    for what in ("workflow", "workbook", "action", "environment", "execution", "task", "action-execution",
                 "cron-trigger", "event-trigger"):  # fmt: skip
        mistral.command(f"{what}-list")

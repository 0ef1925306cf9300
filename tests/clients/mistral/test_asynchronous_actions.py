"""The document "How to work with asynchronous actions", step by step: with a real web service that is asked for a sum,
with the real ``mistral`` command, and with plain HTTP, all as the document writes it."""

from __future__ import annotations

import json
from typing import Any

import pytest
import requests

from tests.clients.mistral.conftest import Mistral
from tests.clients.waiting import eventually
from tests.stub import Seen, Stub

# word for word, but for the name and the address: a bare action name and an unquoted URL
WORKFLOW = """---
version: '2.0'

NAME:
  tasks:
    one_plus_two:
      action: mistral_http url=http://my.webservice.com
      input:
        params:
          a: 1
          b: 2
"""


def ask(mistral: Mistral, stub: Stub) -> tuple[Any, Seen]:
    """Starts the workflow; what the web service has been asked."""
    place = mistral.name("sum")
    execution = mistral.start(WORKFLOW.replace("http://my.webservice.com", stub.url(place)))
    return execution, eventually(lambda: stub.seen(place), "the web service is called")[0]


def test_the_web_service_is_told_whose_result_is_wanted(mistral: Mistral, stub: Stub) -> None:
    execution, seen = ask(mistral, stub)
    assert (seen.method, seen.query) == ("GET", {"a": "1", "b": "2"})
    action = mistral.action(execution.id, "one_plus_two")
    task = mistral.task(execution.id, "one_plus_two")
    assert seen.headers["mistral-workflow-name"] == execution.workflow_name
    assert seen.headers["mistral-workflow-execution-id"] == execution.id
    assert seen.headers["mistral-task-id"] == task.id
    assert seen.headers["mistral-action-execution-id"] == action.id
    assert seen.headers["mistral-callback-url"] == f"/v2/action_executions/{action.id}"
    # the answer to the request was not the result
    assert (task.state, action.state, mistral.api.executions.get(execution.id).state) == ("RUNNING",) * 3


def test_a_person_pushes_the_result_with_the_command(mistral: Mistral, stub: Stub) -> None:
    execution, seen = ask(mistral, stub)
    action = seen.headers["mistral-action-execution-id"]
    mistral.command("action-execution-update", action, "--state", "SUCCESS", "--output", "3")
    mistral.ends(execution.id)
    task = mistral.task(execution.id, "one_plus_two")
    assert (task.state, json.loads(task.result)) == ("SUCCESS", 3)


@pytest.mark.parametrize("method", ["POST", "PUT"])
@pytest.mark.parametrize("resource", ["action-executions", "action_executions"])
def test_a_program_pushes_the_result_over_http(mistral: Mistral, stub: Stub, method: str, resource: str) -> None:
    execution, seen = ask(mistral, stub)
    a, b = int(seen.query["a"]), int(seen.query["b"])
    url = f"{mistral.url}/{resource}/{seen.headers['mistral-action-execution-id']}"
    answer = requests.request(method, url, json={"state": "SUCCESS", "output": a + b}, timeout=60)
    assert answer.status_code == 200, answer.text
    assert json.loads(answer.json()["output"]) == {"result": 3}
    mistral.ends(execution.id)
    assert json.loads(mistral.task(execution.id, "one_plus_two").result) == 3


def test_a_result_is_pushed_once(mistral: Mistral, stub: Stub) -> None:
    execution, seen = ask(mistral, stub)
    action = seen.headers["mistral-action-execution-id"]
    mistral.api.action_executions.update(action, "SUCCESS", {"sum": 3})
    mistral.ends(execution.id)
    told = mistral.command("action-execution-update", action, "--state", "ERROR", fails=True)
    assert "already completed" in told
    assert json.loads(mistral.task(execution.id, "one_plus_two").result) == {"sum": 3}


def test_async_noop_waits_for_a_result_that_says_why_it_failed(mistral: Mistral) -> None:
    execution = mistral.start("version: '2.0'\nNAME:\n  tasks:\n    t: {action: async_noop}\n")
    action = mistral.action(execution.id, "t")
    mistral.command("action-execution-update", action.id, "--state", "ERROR", "--output", '"no answer"')
    ended = mistral.ends(execution.id, "ERROR")
    assert "no answer" in ended.state_info

"""Details of what clients see, compared with Mistral itself (contracts/mistral.md, sections 3, 5.6, 6.2 and 7.12)."""

from __future__ import annotations

import json
from typing import Any

import pytest

from executions import operations
from executions.clock import now
from executions.engine import transact
from executions.engine.events import Due
from executions.models import TaskRun
from executions.store import runs
from tests.integration.mistral_api.door import actions, call, define, execution, start, tasks
from workflows_app.models import Version

pytestmark = pytest.mark.django_db


def begun(text: str, **fields: Any) -> str:
    """Defines the workflow ``w`` and starts it."""
    define(f"version: '2.0'\nw:\n{text}")
    return start("w", **fields)


def run_out_of_time(run_id: str) -> None:
    run = runs.find(run_id)
    assert run is not None
    assert run.memo is not None
    since, seconds = run.memo.value["limit"]
    memo = {**run.memo.value, "limit": [since - 100, seconds]}
    TaskRun.objects.filter(id=run_id).update(memo=memo, due_at=now())
    transact.apply(run.execution_id, Due(run_id))


def listed(state: str) -> list[str]:
    return [a["id"] for a in call("GET", "action_executions", state=state).json["action_executions"]]


def test_the_action_of_a_task_that_has_timed_out_waits_on_until_its_result_comes() -> None:
    running = begun("  tasks: {t: {action: std.async_noop, timeout: 5, on-error: noop}}\n")
    (action,) = actions(tasks(running)["t"]["id"])
    run_out_of_time(action["id"])
    task = tasks(running)["t"]
    assert (task["state"], task["result"]) == ("ERROR", "[]")
    (found,) = actions(task["id"])
    assert (found["state"], found["accepted"], found["output"]) == ("RUNNING", False, None)
    assert (listed("RUNNING"), listed("ERROR")) == ([action["id"]], [])
    assert call("PUT", f"action_executions/{action['id']}", {"state": "SUCCESS", "output": 7}).json["accepted"]
    (found,) = actions(task["id"])
    assert (found["state"], found["accepted"], found["output"]) == ("SUCCESS", True, '{"result": 7}')
    assert (listed("RUNNING"), listed("SUCCESS")) == ([], [action["id"]])
    assert (tasks(running)["t"]["state"], tasks(running)["t"]["result"]) == ("ERROR", "7")


def test_nothing_has_run_in_a_join_that_has_failed() -> None:
    ended = begun("""  tasks:
    a: {on-success: j}
    b: {action: std.fail, on-success: j, on-error: noop}
    j: {join: all}
""")
    join = tasks(ended)["j"]
    assert (join["state"], join["state_info"]) == ("ERROR", "Failed by tasks: ['b']")
    assert (join["result"], join["started_at"], actions(join["id"])) == ("[]", None, [])
    assert call("GET", f"action_executions/{join['id']}").status == 404


def test_nothing_has_run_in_a_task_whose_input_cannot_be_evaluated() -> None:
    ended = begun("  tasks: {t: {action: std.echo output=<% $.nope %>}}\n")
    task = tasks(ended)["t"]
    assert (task["state"], task["result"], actions(task["id"])) == ("ERROR", "[]", [])


def test_no_action_is_seen_of_what_was_cut_off_while_it_waited() -> None:
    running = begun("""  tasks:
    a: {action: std.async_noop, on-success: j}
    b: {on-success: j}
    j: {join: all}
    d: {action: std.noop, wait-before: 30}
""")
    call("PUT", f"executions/{running}", {"state": "CANCELLED"})
    found = tasks(running)
    assert {name: len(actions(task["id"])) for name, task in found.items()} == {"a": 1, "b": 1, "j": 0, "d": 0}
    for name in ("j", "d"):
        assert call("GET", f"action_executions/{found[name]['id']}").status == 404


def test_a_task_that_is_run_again_may_meet_a_join_that_has_failed_without_it() -> None:
    running = begun("""  tasks:
    a: {action: std.async_noop, on-success: j}
    b: {on-success: j}
    j: {join: all, publish: {j: 1}}
""")
    (action,) = actions(tasks(running)["a"]["id"])
    call("PUT", f"action_executions/{action['id']}", {"state": "ERROR"})
    task = tasks(running)["a"]
    assert (execution(running)["state"], tasks(running)["j"]["state"]) == ("ERROR", "ERROR")
    assert call("PUT", f"tasks/{task['id']}", {"state": "RUNNING", "reset": True}).status == 200
    assert tasks(running)["j"]["state"] == "WAITING"
    (_, action) = sorted(actions(task["id"]), key=lambda a: a["state"] == "RUNNING")
    call("PUT", f"action_executions/{action['id']}", {"state": "SUCCESS"})
    assert (execution(running)["state"], execution(running)["output"]) == ("SUCCESS", '{"j": 1}')


def test_items_of_an_earlier_attempt_are_not_accepted() -> None:
    ended = begun("  tasks: {t: {with-items: 'i in [1, 2]', action: std.fail, retry: {count: 1, delay: 0}}}\n")
    found = actions(tasks(ended)["t"]["id"])
    assert sorted(a["accepted"] for a in found) == [False, False, True, True]
    for action in found:
        assert call("GET", f"action_executions/{action['id']}").json["accepted"] == action["accepted"]
    accepted = call("GET", "action_executions", accepted="true").json["action_executions"]
    assert {a["id"] for a in accepted} == {a["id"] for a in found if a["accepted"]}


def test_variables_of_the_definition_are_not_what_tasks_have_published() -> None:
    ended = begun("""  vars: {v: 1}
  tasks:
    t:
      on-success: {publish: {branch: {b: 2}, global: {g: 3}}}
""")
    assert json.loads(execution(ended)["published_global"]) == {"g": 3}
    assert json.loads(tasks(ended)["t"]["published_global"]) == {"g": 3}
    assert json.loads(tasks(ended)["t"]["published"]) == {"b": 2}


def test_what_publishes_nothing_for_all_says_nothing_of_it() -> None:
    assert "published_global" not in tasks(begun("  tasks: {t: {publish: {b: 2}}}\n"))["t"]


def test_tags_are_those_of_the_definition() -> None:
    ended = begun("  tags: [x, y]\n  tasks: {t: {tags: [z], action: std.noop}}\n")
    assert (execution(ended)["tags"], tasks(ended)["t"]["tags"]) == (["x", "y"], ["z"])


def test_a_window_is_told() -> None:
    running = begun("  tasks: {t: {with-items: 'i in [1, 2, 3]', concurrency: 2, action: std.async_noop}}\n")
    found = json.loads(tasks(running)["t"]["runtime_context"])
    assert (found["concurrency"], found["with_items"]) == (2, {"count": 3, "capacity": 2})


def test_a_rerun_is_no_retry() -> None:
    running = begun("  tasks: {t: {action: std.async_noop}}\n")
    task = tasks(running)["t"]
    (action,) = actions(task["id"])
    call("PUT", f"action_executions/{action['id']}", {"state": "ERROR", "output": {"e": 1}})
    assert tasks(running)["t"]["state_info"] == "{'e': 1}"
    assert call("PUT", f"tasks/{task['id']}", {"state": "RUNNING", "reset": True}).status == 200
    assert "retry_task_policy" not in json.loads(tasks(running)["t"]["runtime_context"])


def test_defaults_of_the_environment_are_seen_in_the_input_of_an_action() -> None:
    env = {"__actions": {"std.echo": {"output": "from env"}}}
    ended = begun("  tasks: {t: {action: std.echo}}\n", params={"env": env})
    (action,) = actions(tasks(ended)["t"]["id"])
    assert (action["input"], action["output"]) == ('{"output": "from env"}', '{"result": "from env"}')


def test_variables_that_cannot_be_evaluated_are_a_bad_request() -> None:
    define("version: '2.0'\nw:\n  vars: {v: <% $.nope %>}\n  tasks: {t: {action: std.noop}}\n")
    answer = call("POST", "executions", {"workflow_name": "w"})
    assert (answer.status, "$.nope" in answer.message) == (400, True)
    assert call("GET", "executions").json["executions"] == []


def test_the_time_left_is_guessed_by_former_executions() -> None:
    text = "  tasks: {t: {action: std.async_noop}}\n"
    first = begun(text)
    report = call("GET", f"executions/{first}/report").json["statistics"]
    assert report["estimated_time"] == -1
    operations.stop(first, "COMPLETED", by="a")  # type: ignore[arg-type]  # its value
    second = start("w")
    assert call("GET", f"executions/{second}/report").json["statistics"]["estimated_time"] == 1
    assert call("GET", f"executions/{first}/report").json["statistics"]["estimated_time"] == 0


@pytest.mark.parametrize("fields", [{"name": "nope.nope"}, {"name": "std.echo", "input": {"z": 1}}])
def test_what_cannot_be_run_leaves_nothing(fields: dict[str, Any]) -> None:
    before = Version.objects.count()
    assert call("POST", "action_executions", fields).status == 400
    assert Version.objects.count() == before


def test_a_transition_that_is_there_twice_is_refused() -> None:
    answer = call(
        "POST", "workflows", "version: '2.0'\nw:\n  tasks:\n    t: {on-success: [u, u]}\n    u: {join: all}\n"
    )
    assert (answer.status, "'u' is there twice" in answer.message) == (400, True)
    assert answer.message.count("Invalid DSL") == 1


def test_errors_say_whose_fault_they_are_where_no_text_was_sent() -> None:
    assert call("GET", "workflows/nope").json["faultcode"] == "Client"
    assert "faultcode" not in call("POST", "workflows", "[").json


def test_maintenance_is_asked_at_the_root_of_the_server() -> None:
    from django.test import Client

    assert Client().get("/maintenance").json() == {"status": "RUNNING"}

"""Reverse workflows, workbooks, ad-hoc actions, environments, other executions (contracts/mistral.md, section 7)."""

from __future__ import annotations

import pytest

from executions import action_executions
from executions.actions import Action, ActionContext, ActionFailed
from executions.actions.registry import action
from executions.states import RunState
from tests.integration.mistral.conftest import Mistral
from tests.integration.mistral.service import Service, body_of
from workflows_app.formats.mistral.start import CannotStart

REVERSE = """
version: '2.0'
w:
  type: reverse
  input: [x]
  output: {sum: <% $.sum %>}
  tasks:
    a: {action: std.echo output=<% $.x %>, publish: {a: <% task().result %>}}
    b: {action: std.echo output=2, publish: {b: <% task().result %>}}
    c: {action: std.echo output=<% $.a + $.b %>, publish: {sum: <% task().result %>}, requires: [a, b]}
    d: {action: std.fail, requires: [c]}
"""


def test_a_reverse_workflow_runs_what_its_target_needs(mistral: Mistral) -> None:
    e = mistral.run(REVERSE, {"x": 1}, params={"task_name": "c"})
    assert (e.state, e.output.value) == ("COMPLETED", {"sum": 3}), e.reason
    assert set(mistral.tasks(e.id)) == {"a", "b", "c"}
    with pytest.raises(CannotStart, match="Invalid task name"):
        mistral.start("w", {"x": 1})


@pytest.mark.parametrize(("given", "said"), [({}, "missing=['a']"), ({"a": 1, "z": 2}, "unexpected=['z']")])
def test_an_input_that_does_not_fit(mistral: Mistral, given: dict[str, int], said: str) -> None:
    mistral.define("version: '2.0'\nw:\n  input: [a, {b: 2}]\n  tasks:\n    t: {action: std.noop}\n")
    with pytest.raises(CannotStart) as problem:
        mistral.start("w", given)
    assert said in str(problem.value)


def test_ad_hoc_actions_stack(mistral: Mistral) -> None:
    mistral.define_actions("""
version: '2.0'
twice:
  input: [n, {plus: 0}]
  base: std.echo
  base-input: {output: "<% $.n * 2 + $.plus %>"}
  output: {doubled: <% $ %>}
four_times:
  input: [n]
  base: twice n=<% $.n * 2 %>
  output: <% $.doubled + 1 %>
""")
    e = mistral.run("""
version: '2.0'
w:
  tasks:
    a: {action: twice n=5 plus=1, publish: {a: <% task().result %>}, on-success: b}
    b: {action: four_times n=5, publish: {b: <% task().result %>}, on-success: c}
    c: {action: "<% 'twi' + 'ce' %>", input: {n: 1}, publish: {c: <% task().result.doubled %>}}
""")
    assert e.output.value == {"a": {"doubled": 11}, "b": 21, "c": 2}, e.reason


def test_an_ad_hoc_action_on_an_asynchronous_one_makes_the_pushed_result_over(mistral: Mistral) -> None:
    mistral.define_actions("""
version: '2.0'
ask:
  base: std.async_noop
  output: {answer: <% $.value %>}
""")
    e = mistral.run("version: '2.0'\nw:\n  tasks:\n    t: {action: ask, publish: {r: <% task().result %>}}\n")
    run = mistral.task(e.id, "t")
    assert (run.state, run.runs_on) == ("IN_PROGRESS", "nobody")
    assert action_executions.is_asynchronous(run)
    action_executions.complete(run.id, RunState.COMPLETED, {"value": 42}, by="a")
    assert mistral.execution(e.id).output.value == {"r": {"answer": 42}}


def test_unknown_actions_and_wrong_inputs_end_the_execution(mistral: Mistral) -> None:
    for task, said in (
        ("{action: no.such.thing}", "Failed to find action [action_name=no.such.thing"),
        ("{action: std.echo}", "missing=['output']"),
        ("{action: std.http url='http://x' zz=1}", "unexpected=['zz']"),
        ("{action: std.ssh cmd=ls}", "std.ssh is not supported"),
    ):
        e = mistral.run(f"version: '2.0'\nw:\n  tasks:\n    t: {task}\n")
        assert e.state == "FAILED", task
        assert said in (e.reason or ""), e.reason


def test_a_workbook_finds_its_own_workflows_and_actions_first(mistral: Mistral) -> None:
    mistral.define("version: '2.0'\nchild:\n  output: {from: outside}\n  tasks:\n    t: {action: std.noop}\n")
    mistral.define_workbook("""
version: '2.0'
name: book
actions:
  greet:
    input: [name]
    base: std.echo output="Hello <% $.name %>"
workflows:
  main:
    output: {r: <% $.r %>, g: <% $.g %>}
    tasks:
      a: {workflow: child, publish: {r: <% task().result.from %>}, on-success: b}
      b: {action: greet name="you", publish: {g: <% task().result %>}}
  child:
    output: {from: inside}
    tasks:
      t: {action: std.noop}
""")
    e = mistral.execution(mistral.start("book.main"))
    assert e.output.value == {"r": "inside", "g": "Hello you"}, e.reason


def test_the_environment_reaches_sub_workflows_and_actions(mistral: Mistral) -> None:
    e = mistral.run(
        """
version: '2.0'
w:
  output: {own: <% env().k %>, below: <% $.below %>, echo: <% $.echo %>}
  tasks:
    a: {workflow: child, publish: {below: <% task().result.k %>}, on-success: b}
    b: {action: std.echo, publish: {echo: <% task().result %>}}
child:
  output: {k: "{{ env().k }}"}
  tasks:
    t: {action: std.noop}
""",
        env={"k": "v", "__actions": {"std.echo": {"output": "by default"}}},
    )
    assert e.output.value == {"own": "v", "below": "v", "echo": "by default"}, e.reason


def test_tasks_of_this_and_other_executions(mistral: Mistral) -> None:
    e = mistral.run("""
version: '2.0'
w:
  output:
    here: <% tasks(execution().id).select($.name) %>
    below: <% tasks(execution().id, true).len() %>
    failed: <% tasks(execution().id, true, ERROR).select($.name) %>
    runs: <% executions(execution().id).select($.name) %>
  tasks:
    a: {workflow: child, on-error: b}
    b: {action: std.noop}
child:
  tasks:
    t: {action: std.fail}
""")
    assert e.output.value == {"here": ["a", "b"], "below": 3, "failed": ["a", "t"], "runs": ["w"]}, e.reason


def test_http_requests(mistral: Mistral, service: Service) -> None:
    service.answer = b'{"n": [1, 2]}'
    e = mistral.run(f"""
version: '2.0'
w:
  output: {{r: <% $.r %>}}
  tasks:
    t:
      action: std.http
      input:
        url: {service.url}/x
        method: POST
        params: {{q: "a b"}}
        json: {{a: 1}}
        headers: {{X-Mine: 5}}
        cookies: {{c: 1}}
        auth: me:secret
      publish: {{r: <% task().result %>}}
""")
    (call,) = service.calls
    assert (call.method, call.path, call.query) == ("POST", "/x", "q=a+b")
    assert body_of(call) == {"a": 1}
    assert call.headers["x-mine"] == "5"
    assert call.headers["cookie"] == "c=1"
    assert call.headers["authorization"] == "Basic bWU6c2VjcmV0"
    assert call.headers["user-agent"].startswith("python-requests")
    result = e.output.value["r"]
    assert (result["status"], result["content"], result["cookies"]) == (200, {"n": [1, 2]}, {"a": "b"})
    assert result["url"] == f"{service.url}/x?q=a+b"


def test_javascript(mistral: Mistral) -> None:
    e = mistral.run("""
version: '2.0'
w:
  tasks:
    t:
      action: std.js
      input: {script: "return $.n * 2 + 1;", context: {n: 3}}
      publish: {r: <% task().result %>}
""")
    assert e.output.value == {"r": 7}, e.reason


@action("tests.divide")
class Divide(Action):
    """The first by the second."""

    def __init__(self, a: float, b: float = 1) -> None:
        self.a, self.b = a, b

    def run(self, context: ActionContext) -> float:
        if self.b == 0:
            raise ActionFailed({"code": "zero"})
        return self.a / self.b


@action("tests.delegate")
class Delegate(Action):
    """Somebody else does it."""

    def is_sync(self) -> bool:
        return False

    def run(self, context: ActionContext) -> str:
        assert context.callback_url.endswith(context.action_execution_id)
        return "ignored"


def test_actions_written_in_python(mistral: Mistral) -> None:
    e = mistral.run("""
version: '2.0'
w:
  tasks:
    a: {action: tests.divide a=7 b=2, publish: {a: <% task().result %>}, on-success: b}
    b:
      action: tests.divide a=1 b=0
      publish-on-error: {b: <% task().result.code %>}
      on-error: c
    c: {action: tests.delegate, publish: {c: <% task().result %>}}
""")
    assert e.state == "RUNNING"
    action_executions.complete(mistral.task(e.id, "c").id, RunState.COMPLETED, "done", by="a")
    assert mistral.execution(e.id).output.value == {"a": 3.5, "b": "zero", "c": "done"}


def test_a_stale_value_does_not_undo_a_newer_one_at_a_join(mistral: Mistral) -> None:
    e = mistral.run("""
version: '2.0'
w:
  output: {x: <% $.x %>}
  tasks:
    a: {action: std.echo output=1, publish: {x: old}, on-success: [b, c]}
    b: {action: std.async_noop, publish: {x: new}, on-success: j}
    c: {action: std.async_noop, on-success: j}
    j: {join: all, action: std.noop}
""")
    mistral.complete(e.id, "b")
    mistral.complete(e.id, "c")
    assert mistral.execution(e.id).output.value == {"x": "new"}

"""Direct workflows: transitions, joins, publishing, commands (contracts/mistral.md, section 7)."""

from __future__ import annotations

import pytest

from tests.integration.mistral.conftest import Mistral


def body(tasks: str, head: str = "") -> str:
    return f"version: '2.0'\nw:\n{head}  tasks:\n{tasks}"


def test_a_chain_of_noops_ends_within_its_start(mistral: Mistral) -> None:
    e = mistral.run(
        body("""
    a: {action: std.noop, on-success: b}
    b: {action: std.noop, on-success: c}
    c: {action: std.noop}
""")
    )
    assert (e.state, e.output.value) == ("COMPLETED", {})
    assert mistral.courier.delivered == []


def test_conditions_choose_what_follows(mistral: Mistral) -> None:
    e = mistral.run(
        body(
            """
    t:
      action: std.echo output=<% $.n %>
      publish: {r: <% task(t).result %>}
      on-success:
        - big: <% $.r > 3 %>
        - small: <% $.r <= 3 %>
        - always
      on-complete: [done]
      on-error: [never]
    big: {action: std.noop}
    small: {action: std.noop}
    always: {action: std.noop}
    done: {action: std.noop}
    never: {action: std.noop}
""",
            "  input: [n]\n",
        ),
        {"n": 5},
    )
    assert e.state == "COMPLETED", e.reason
    assert set(mistral.tasks(e.id)) == {"t", "big", "always", "done"}


def test_a_handled_error_is_no_error_and_on_complete_alone_handles_nothing(mistral: Mistral) -> None:
    e = mistral.run(
        body("""
    t: {action: std.fail error_data="bad", on-error: h, on-complete: c, publish-on-error: {why: <% task().result %>}}
    h: {action: std.noop}
    c: {action: std.noop}
""")
    )
    assert (e.state, e.output.value) == ("COMPLETED", {"why": "bad"})
    e = mistral.run(
        body("""
    t: {action: std.fail error_data="bad", on-complete: c}
    c: {action: std.noop}
""")
    )
    assert e.state == "FAILED"
    assert mistral.tasks(e.id)["c"] == ["COMPLETED"]
    assert e.output.value == {"result": e.reason}
    assert "Failure caused by error in tasks: t" in (e.reason or "")


def test_engine_commands(mistral: Mistral) -> None:
    e = mistral.run(
        body("""
    t: {action: std.noop, on-success: [fail(msg="no way <% 1 + 1 %>")]}
""")
    )
    assert (e.state, e.reason, e.output.value) == ("FAILED", "no way 2", {"result": "no way 2"})
    e = mistral.run(
        body(
            """
    t: {action: std.noop, publish: {x: 1}, on-success: [succeed]}
    long: {action: std.async_noop}
""",
            "  output: {r: <% $.x %>}\n",
        )
    )
    assert (e.state, e.output.value) == ("COMPLETED", {"r": 1})
    assert mistral.run(body("    t: {action: std.fail, on-error: noop}\n")).state == "COMPLETED"


@pytest.mark.parametrize(("join", "ok"), [("one", True), ("1", True), ("2", True), ("3", False)])
def test_joins_by_number(mistral: Mistral, join: str, ok: bool) -> None:
    e = mistral.run(
        body(f"""
    a: {{action: std.noop, on-success: j}}
    b: {{action: std.noop, on-success: j}}
    c: {{action: std.fail, on-success: j, on-error: noop}}
    j: {{join: {join}, action: std.noop}}
""")
    )
    assert e.state == ("COMPLETED" if ok else "FAILED"), e.reason


def test_with_items(mistral: Mistral) -> None:
    e = mistral.run(
        body(
            """
    t:
      with-items: i in <% $.l %>
      action: std.echo output=<% $.i * 2 %>
      publish: {r: <% task().result %>}
      on-success: pairs
    pairs:
      with-items:
        - i in [1, 2]
        - j in <% ["a", "b"] %>
      concurrency: 1
      action: std.echo output="<% $.i %><% $.j %>"
      publish: {p: <% task().result %>}
      on-success: none
    none: {with-items: "i in <% [] %>", action: std.noop, publish: {n: <% task().result %>}}
""",
            "  input: [l]\n",
        ),
        {"l": [1, 2, 3]},
    )
    assert e.state == "COMPLETED", e.reason
    assert e.output.value == {"r": [2, 4, 6], "p": ["1a", "2b"], "n": []}


def test_sub_workflows(mistral: Mistral) -> None:
    text = """
version: '2.0'
w:
  output: {r: <% $.r %>}
  tasks:
    t:
      workflow: child x=4
      publish: {r: <% task().result.y %>}
child:
  input: [x, {z: 1}]
  output: {y: <% $.x * 2 + $.z %>}
  tasks:
    c: {action: %s}
"""
    e = mistral.run(text.replace("%s", "std.noop"))
    assert (e.state, e.output.value) == ("COMPLETED", {"r": 9}), e.reason
    assert mistral.run(text.replace("%s", "std.fail")).state == "FAILED"
    many = text.replace("workflow: child", "with-items: i in [1, 2]\n      workflow: child").replace(
        "x=4", "x=<% $.i %>"
    )
    assert mistral.run(many.replace("%s", "std.noop")).output.value == {"r": [3, 5]}
    e = mistral.run(body("    t: {workflow: no_such_workflow}\n"))
    assert e.state == "FAILED"
    assert "no_such_workflow" in (e.reason or "")


def test_global_publishing_and_variables(mistral: Mistral) -> None:
    e = mistral.run(
        body(
            """
    t:
      action: std.echo output=1
      on-success:
        publish: {branch: {x: <% task().result %>}, global: {g: 7}}
        next: [u]
    u: {action: std.noop}
""",
            "  output: {x: <% $.x %>, g: <% global(g) %>}\n",
        )
    )
    assert e.output.value == {"x": 1, "g": 7}, e.reason
    e = mistral.run(
        body(
            """
    t: {action: std.echo output=<% $.v %>, publish: {p: <% task().result %>}}
""",
            "  input: [a, {b: 2}]\n  vars: {v: <% $.a * $.b %>}\n",
        ),
        {"a": 4},
    )
    assert e.output.value == {"p": 8}, e.reason


def test_a_result_is_pushed_and_flows_through_expressions(mistral: Mistral) -> None:
    e = mistral.run(
        body(
            """
    ask:
      action: std.async_noop
      publish: {part: <% task(ask).result.sum %>}
      on-success: add
    add:
      action: std.echo output=<% $.part + $.base %>
      publish: {total: "{{ task('add').result }}"}
""",
            """  input: [base]
  output:
    yaql: <% $.total %>
    jinja: "{{ _.total + 1 }}"
    text: total=<% $.total %>!
""",
        ),
        {"base": 10},
    )
    assert e.state == "RUNNING"
    mistral.complete(e.id, "ask", {"sum": 3})
    e = mistral.execution(e.id)
    assert e.output.value == {"yaql": 13, "jinja": 14, "text": "total=13!"}

"""What is refused, with its place (contracts/mistral.md, section 7.1)."""

from __future__ import annotations

import pytest

from workflows_app.formats.base import Unreadable
from workflows_app.formats.mistral.drafts import read_actions, read_workbook, read_workflows


def problems(text: str) -> str:
    with pytest.raises(Unreadable) as found:
        read_workflows(text)
    return str(found.value)


def of(tasks: str, head: str = "") -> str:
    return problems(f"version: '2.0'\nw:\n{head}  tasks:\n{tasks}")


T = "    t: {action: std.noop}\n"


@pytest.mark.parametrize(
    ("tasks", "head", "said"),
    [
        ("    t: {actoin: x}\n", "", "line 4: w.tasks.t.actoin: 'actoin' is unknown here"),
        ("    t: {action: a, workflow: b}\n", "", "not both"),
        ("    t: {on-success: x}\n", "", "Task 'x' not found."),
        ("    t: {on-success: [{x: 5}]}\n", "", "should be an expression"),
        ("    t: {on-success: t}\n", "", "Failed to find start tasks in direct workflow"),
        ("    t: {join: all}\n", "", "No inbound tasks for task with 'join: all'"),
        ("    t: {on-success: j}\n    j: {join: 2}\n", "", "Not enough inbound tasks"),
        ("    t: {join: many}\n", "", "should be all, one, or a number of tasks"),
        ("    t: {with-items: x of y}\n", "", "Wrong format of 'with-items' property"),
        ("    t: {with-items: 'i in [1, }]'}\n", "", "Invalid array in 'with-items' clause"),
        ("    t: {retry: {count: 1}}\n", "", "'delay' is required for retry"),
        ("    t: {retry: {count: -1, delay: 0}}\n", "", "w.tasks.t.retry.count"),
        ("    t: {retry: count}\n", "", "should be name=value"),
        ("    t: {timeout: -5}\n", "", "a whole number of at least 0"),
        ("    t: {timeout: soon}\n", "", "a whole number of at least 0"),
        ("    t: {pause-before: 3}\n", "", "true, false, or an expression"),
        ("    t: {publish: {x: <% $.( %>}}\n", "", "Parse error"),
        ("    t: {publish: {x: '{{ ( }}'}}\n", "", "Syntax error"),
        ("    t: {publish: {x: '<% $.a %>{{ _.b }}'}}\n", "", "Mixing expression types"),
        ("    t: {publish: {}}\n", "", "an object with something in it"),
        ("    t: {publish: 5}\n", "", "5 should be an object"),
        ("    t: {action: 'std.echo hello'}\n", "", "'hello' should be name=value"),
        ("    t: {action: 'std.echo output=\"x'}\n", "", "is not closed"),
        ("    t: {requires: x}\n", "", "'requires' is unknown here"),
        ("    t: {join: all}\n", "  type: reverse\n", "'join' is unknown here"),
        ("    t: {requires: x}\n", "  type: reverse\n", "Task 'x' not found."),
        ("    t: {requires: u}\n    u: {requires: t}\n", "  type: reverse\n", "need each other"),
        ("    t: {on-success: 'u(x=1)'}\n    u: {action: std.noop}\n", "", "only commands take a value"),
        ("    t: {on-success: {publish: {atomic: {a: 1}}}}\n", "", "atomic publishing is not supported"),
        ("    noop: {action: std.noop}\n", "", "is a command and cannot name a task"),
        ("    t: 5\n", "", "5 should be an object"),
        (T, "  type: sideways\n", "should be direct or reverse"),
        (T, "  input: a\n", "should be a list of names"),
        (T, "  input: [a, a]\n", "named twice"),
        (T, "  output: 5\n", "should be an object"),
        (T, "  task-defaults: {publish: {a: 1}}\n", "'publish' is unknown here"),
        (T, "  vars: {a: <% bad( %>}\n", "w.vars"),
    ],
)
def test_workflows(tasks: str, head: str, said: str) -> None:
    assert said in of(tasks, head)


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("", "should be an object"),
        ("[1]", "should be an object"),
        ("version: '2.0'", "At least one workflow"),
        ("w: {tasks: {t: {action: a}}}", "'version' is required"),
        ("version: '2.0'\nw: {description: x}", "'tasks' is required"),
        ("version: '2.0'\nw: 5", "5 should be an object"),
        ("version: '2.0'\n0123abcd-0123-0123-0123-0123456789ab: {tasks: {t: {action: a}}}", "format of UUID"),
        ("a: [b\nc: d", "line 2: Definition could not be parsed"),
        ("a: &x [*x]", "within itself"),
        ("a: !!python/object:os.system {}", "cannot be used here"),
        ("a: 1\na: 2", "line 2: the key 'a' stands here twice"),
        ("[a]: 1", "put it in quotes"),
        ("true: 1", "put it in quotes"),
        ("a: .nan", "no number that can be stored"),
        ("a: " + "[" * 100 + "]" * 100, "nested deeper than"),
        # read to its end, this would take minutes
        ("[" * 1_000_000, "nested deeper than"),
        ("x" * 1_100_000, "longer than"),
    ],
)
def test_documents(text: str, said: str) -> None:
    assert said in problems(text)


def test_a_billion_laughs_are_refused() -> None:
    lines = ["a0: &a0 [lol, lol, lol, lol, lol, lol, lol, lol, lol, lol]"]
    for n in range(1, 10):
        lines.append(f"a{n}: &a{n} [{', '.join([f'*a{n - 1}'] * 10)}]")
    assert "values" in problems("\n".join(lines)) or "aliases" in problems("\n".join(lines))


def test_anchors_may_be_used_in_moderation() -> None:
    (draft,) = read_workflows("""
version: '2.0'
w:
  tasks:
    a: &again {action: std.noop}
    b: {<<: *again, description: the same}
    c: *again
""")
    assert set(draft.graph.nodes) == {"a", "b", "c"}
    assert draft.graph.nodes["b"].name == "std.noop"


def test_all_problems_are_told_at_once() -> None:
    said = of("    t: {timeout: x, on-success: nowhere}\n    u: {publish: 5}\n")
    for part in ("line 4: w.tasks.t.timeout", "'nowhere' not found", "line 5: w.tasks.u.publish"):
        assert part in said


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("version: '3.0'\nname: b\nworkflows: {w: {tasks: {t: {action: a}}}}", "'version' should be '2.0'"),
        ("version: '2.0'\nworkflows: {w: {tasks: {t: {action: a}}}}", "'name' should be a text"),
        ("version: '2.0'\nname: b\nwhat: 1", "'what' is unknown here"),
        ("version: '2.0'\nname: b\nactions: {a: {}}", "should be an object with something in it"),
        ("version: '2.0'\nname: b\nworkflows: {w: {tasks: {t: {on-success: x}}}}", "workflows.w.tasks.t"),
    ],
)
def test_workbooks(text: str, said: str) -> None:
    with pytest.raises(Unreadable, match="(?s)" + said.replace("(", r"\(")):
        read_workbook(text)


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("version: '2.0'\na: {input: [x]}", "'base' is required"),
        ("version: '2.0'\na: {base: b, bsae: c}", "'bsae' is unknown here"),
        ("version: '2.0'\na: {base: b, output: <% ( %>}", "a.output"),
    ],
)
def test_actions(text: str, said: str) -> None:
    with pytest.raises(Unreadable, match=said):
        read_actions(text)

"""Every key of Mistral's workflows as the graph has it (contracts/mistral.md, sections 7.2, 7.3, 7.5 to 7.9)."""

from __future__ import annotations

from typing import Any

import pytest

from workflows_app.formats.mistral.drafts import read_actions, read_workbook, read_workflows
from workflows_app.graph.codec import decode, encode
from workflows_app.graph.model import DefaultOutput, Edge, Gather, Graph, Kind, Node, On, OnFailure
from workflows_app.graph.template import Template


def graph(tasks: str, head: str = "") -> Graph:
    (draft,) = read_workflows(f"version: '2.0'\nw:\n{head}  tasks:\n{tasks}")
    assert decode(encode(draft.graph)) == draft.graph
    return draft.graph


def node(task: str, head: str = "") -> Node:
    return graph(f"    t: {task}\n    u: {{action: std.noop}}\n    v: {{action: std.noop}}\n", head).nodes["t"]


def written(template: Any) -> Any:
    assert isinstance(template, Template)
    return template.value


def test_a_workflow() -> None:
    found = graph(
        "    t: {action: std.noop}\n",
        """  description: d
  tags: [x]
  input: [a, {b: 2}]
  output: {r: <% $.a %>}
  output-on-error: {e: "{{ _.a }}"}
  vars: {v: <% $.b %>}
""",
    )
    assert found.input_defaults == {"b": 2}
    assert found.options["input"] == [["a", True], ["b", False]]
    assert found.options["spec"]["tags"] == ["x"]
    assert written(found.output) == {"r": "<% $.a %>"}
    assert written(found.output_on_error) == {"e": "{{ _.a }}"}
    assert written(found.variables) == {"v": "<% $.b %>"}
    assert (found.default_output, found.on_failure) == (DefaultOutput.PUBLISHED, OnFailure.WHEN_DRAINED)
    assert (found.reason_in_output, found.broken_ends, found.entry) == (True, True, ("t",))


@pytest.mark.parametrize(
    ("task", "kind", "type", "name"),
    [
        ("{}", Kind.COMPUTE, "MISTRAL_ACTION", "std.noop"),
        ("{action: std.echo output=1}", Kind.COMPUTE, "MISTRAL_ACTION", "std.echo"),
        ("{action: std.echo output=1 delay=2}", Kind.TASK, "MISTRAL_ACTION", "std.echo"),
        ("{action: std.http url=http://x}", Kind.TASK, "MISTRAL_ACTION", "std.http"),
        ("{action: <% $.x %>}", Kind.TASK, "MISTRAL_COMPUTED_ACTION", "<% $.x %>"),
        ("{workflow: other x=1}", Kind.TASK, "MISTRAL_WORKFLOW", "other"),
        ('{workflow: "{{ _.x }}"}', Kind.TASK, "MISTRAL_COMPUTED_WORKFLOW", "{{ _.x }}"),
    ],
)
def test_what_a_task_does(task: str, kind: Kind, type: str, name: str) -> None:
    task = task.replace("{}", "{description: does nothing}")
    found = node(task)
    assert (found.kind, found.type, found.name) == (kind, type, name)


@pytest.mark.parametrize(
    ("task", "expected"),
    [
        ("{action: a x=1}", {"x": 1}),
        ("{action: a x=1, input: {x: 2, y: 3}}", {"x": 1, "y": 3}),
        ("{action: a, input: <% $.all %>}", "<% $.all %>"),
        ("{action: a x=1, input: <% $.all %>}", {"\x1fmerged": ["<% $.all %>", {"x": 1}]}),
        ("{action: <% $.a %>, input: {y: 1}}", {"name": "<% $.a %>", "input": {"y": 1}}),
    ],
)
def test_inputs(task: str, expected: Any) -> None:
    assert written(node(task).input) == expected


ONE_LINES = [
    ('x="a b" y=2', {"x": "a b", "y": 2}),
    ("x='a \"b\"'", {"x": 'a "b"'}),
    ("x=[1, \"b\", {\"c\": null}] y=true", {"x": [1, "b", {"c": None}], "y": True}),
    ("y=false n=null", {"y": False, "n": None}),
    ("x=<% $.a + 1 %> y={{ _.b }}", {"x": "<% $.a + 1 %>", "y": "{{ _.b }}"}),
    ('x="<% $.a %> and <% $.get(\'b\') %>"', {"x": "<% $.a %> and <% $.get('b') %>"}),
    ("url=http://my.webservice.com/a?b=c", {"url": "http://my.webservice.com/a?b=c"}),
    ("url=http://x/<% $.i %>/y", {"url": "http://x/<% $.i %>/y"}),
    ("x=-1 y=2.5 z=word", {"x": -1, "y": 2.5, "z": "word"}),
    ('x=""', {"x": ""}),
    ("x=NaN", {"x": "NaN"}),
]  # fmt: skip


@pytest.mark.parametrize(("line", "expected"), ONE_LINES)
def test_one_line_forms(line: str, expected: dict[str, Any]) -> None:
    from workflows_app.formats.mistral.one_line import command

    assert command(f"std.echo {line}") == ("std.echo", expected)


def edges(task: str, head: str = "") -> list[Edge]:
    return [e for e in node(task, head).edges]


def test_transitions_in_their_forms() -> None:
    for clause in (
        "u",
        "[u]",
        "{next: u}",
        "{next: [u]}",
        "[{u: <% true %>}]",
        "{u: <% true %>}",
        "{next: {u: <% true %>}}",
    ):
        (edge,) = edges(f"{{on-success: {clause}}}")
        assert (edge.to, edge.on, edge.name) == ("u", On.SUCCESS, "on-success")
        assert (edge.when is not None) == ("true" in clause)


def test_transitions_are_followed_in_the_order_of_the_engine() -> None:
    found = edges("{on-complete: v, on-success: [u, v], on-error: u, on-skip: v}")
    assert [(e.on, e.to) for e in found] == [
        (On.ERROR, "u"), (On.SUCCESS, "u"), (On.SUCCESS, "v"), (On.SKIP, "v"), (On.COMPLETE, "v")
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("clause", "command", "message"),
    [
        ("noop", "noop", None),
        ("fail", "fail", None),
        ("[pause]", "pause", None),
        ("succeed(msg='fine')", "succeed", "fine"),
        ("'fail(msg=\"no <% $.x %>\")'", "fail", "no <% $.x %>"),
        ("'fail msg=\"no way\"'", "fail", "no way"),
        ("[{'fail(msg=<% $.x %>)': <% $.y %>}]", "fail", "<% $.x %>"),
    ],
)
def test_commands(clause: str, command: str, message: str | None) -> None:
    (edge,) = edges(f"{{on-success: {clause}}}")
    assert (edge.to, edge.command) == (None, command)
    assert (edge.message and edge.message.value) == message


def test_publishing_in_all_forms() -> None:
    found = node("""
      publish: {a: 1, c: task}
      publish-on-error: {e: 2}
      publish-on-skip: {s: 3}
      on-success: {publish: {branch: {b: 4, c: clause}, global: {g: 5}}, next: u}
      on-complete: {publish: {branch: {z: 6}}}
""")
    said = {p.on: (p.branch and p.branch.value, p.everywhere and p.everywhere.value) for p in found.publish}
    assert said == {
        On.SUCCESS: ({"b": 4, "c": "task", "a": 1, "z": 6}, {"g": 5}),
        On.ERROR: ({"e": 2, "z": 6}, None),
        On.SKIP: ({"s": 3, "z": 6}, None),
    }


@pytest.mark.parametrize(("join", "need"), [("all", 0), ("one", 1), ("2", 2)])
def test_joins(join: str, need: int) -> None:
    found = graph(f"    a: {{on-success: j}}\n    b: {{on-error: j}}\n    j: {{join: {join}}}\n")
    assert found.nodes["j"].gather == Gather(sources=("a", "b"), need=need)
    assert found.entry == ("a", "b")


def test_items() -> None:
    found = node("""
      with-items: ["i in <% $.l %>", "j in [1, 2]"]
      concurrency: 3
      action: a x=<% $.i %>
""").items
    assert found is not None
    assert found.together
    assert found.bindings.value == {"i": "<% $.l %>", "j": [1, 2]}
    assert written(found.concurrency) == 3
    found = node("\n      with-items: i in [0]\n      concurrency: <% $.n %>\n").items
    assert found is not None
    assert written(found.concurrency) == "<% $.n %>"


def test_policies() -> None:
    found = node("{wait-before: 1, wait-after: 2, timeout: 3, pause-before: true, fail-on: <% $.f %>, target: host}")
    assert (found.start_delay, found.end_delay, found.timeout, found.pause_before) == (1, 2, 3, True)
    assert (written(found.fail_on), found.queue) == ("<% $.f %>", "host")
    found = node("{wait-before: <% $.a %>, wait-after: '{{ _.b }}', timeout: <% $.c %>, pause-before: <% $.d %>}")
    assert [written(v) for v in (found.start_delay, found.end_delay, found.timeout, found.pause_before)] == [
        "<% $.a %>", "{{ _.b }}", "<% $.c %>", "<% $.d %>"
    ]  # fmt: skip


def test_retries() -> None:
    for text in ("{count: 3, delay: 2}", "count=3 delay=2"):
        policy = node(f"{{retry: {text}}}").policy
        assert policy is not None
        assert (policy.retry.limit, policy.retry.delay) == (3, 2)
    found = node("{retry: {count: <% $.c %>, delay: <% $.d %>, break-on: <% $.b %>, continue-on: <% $.o %>}}")
    assert [written(v) for v in (found.retry_limit, found.retry_delay, found.break_on, found.continue_on)] == [
        "<% $.c %>", "<% $.d %>", "<% $.b %>", "<% $.o %>"
    ]  # fmt: skip


def test_keeping_results_and_running_again() -> None:
    assert node("{keep-result: false}").keep_output is False
    assert node("{tags: [a]}").keep_output is True
    assert written(node("{keep-result: <% $.k %>}").keep_output) == "<% $.k %>"
    assert node("{action: std.http url=x}").rerun_lost is False
    assert node("{action: std.http url=x, safe-rerun: true}").rerun_lost is True
    assert node("{action: std.mistral_http url=x}").rerun_lost is True
    assert node("{action: std.http url=x}", "  task-defaults: {safe-rerun: true}\n").rerun_lost is True


def test_defaults_of_tasks() -> None:
    head = "  task-defaults: {on-error: [v], on-success: u, retry: count=1 delay=0, timeout: 9, wait-before: 4}\n"
    found = node("{on-success: v, timeout: 5}", head)
    assert [(e.on, e.to) for e in found.edges] == [(On.ERROR, "v"), (On.SUCCESS, "v")]
    assert (found.timeout, found.start_delay) == (5, 4)
    assert found.policy is not None
    assert found.policy.retry.limit == 1
    itself = graph("    t: {action: std.noop}\n    v: {action: std.noop}\n", "  task-defaults: {on-error: [v]}\n")
    assert itself.nodes["v"].edges == ()


def test_reverse_workflows() -> None:
    found = graph("    a: {action: std.noop}\n    b: {requires: a}\n    c: {requires: [a, b]}\n", "  type: reverse\n")
    assert (found.backward, found.entry) == (True, ())
    assert found.nodes["c"].gather == Gather(sources=("a", "b"))
    assert [e.to for e in found.nodes["a"].edges] == ["b", "c"]
    found = graph(
        "    a: {action: std.noop}\n    b: {action: std.noop}\n",
        "  type: reverse\n  task-defaults: {requires: [a]}\n",
    )
    assert (found.nodes["a"].gather, found.nodes["b"].gather) == (None, Gather(sources=("a",)))


N = "{action: std.noop}\n"


@pytest.mark.parametrize(
    ("tasks", "revisited"),
    [
        (f"    a: {{on-success: b}}\n    b: {N}", ""),
        (f"    a: {{on-success: c}}\n    b: {{on-success: c}}\n    c: {{on-success: d}}\n    d: {N}", "cd"),
        (f"    a: {{on-success: c}}\n    b: {{on-success: c}}\n    c: {{join: all, on-success: d}}\n    d: {N}", ""),
        (f"    a: {{on-success: b, on-complete: b}}\n    b: {N}", "b"),
        ("    a: {on-success: b}\n    b: {join: 1, on-success: [{a: <% $.x %>}]}\n    c: {on-success: a}\n", "ab"),
        (f"    a: {{on-success: b}}\n    b: {{on-error: b, on-success: c}}\n    c: {N}", "bc"),
        ("    a: {on-success: b}\n    b: {on-success: c}\n    c: {on-success: [{b: <% $.x %>}]}\n", "bc"),
    ],
)
def test_what_may_be_reached_again(tasks: str, revisited: str) -> None:
    assert graph(tasks).revisits == set(revisited)


def test_several_workflows_in_one_document() -> None:
    text = "version: '2.0'\na: {tasks: {t: {action: std.noop}}}\nb: {tasks: {t: {action: std.echo output=é}}}\n"
    drafts = read_workflows(text, "ns")
    assert [(d.name, d.namespace) for d in drafts] == [("a", "ns"), ("b", "ns")]
    assert read_workflows(drafts[1].source)[0].graph == drafts[1].graph
    (alone,) = read_workflows(text.splitlines()[0] + "\n" + text.splitlines()[1] + "\n# kept\n")
    assert alone.source.endswith("# kept\n")


def test_workbooks_and_actions() -> None:
    book = read_workbook("""
version: '2.0'
name: book
description: d
actions:
  act: {base: std.echo output=1, input: [x, {y: 2}], output: <% $ %>}
workflows:
  flow:
    tasks:
      t: {action: act}
""")
    assert (book.draft.name, [d.name for d in book.workflows], [d.name for d in book.actions]) == (
        "book", ["book.flow"], ["book.act"]
    )  # fmt: skip
    assert book.workflows[0].graph.options["workbook"] == "book"
    assert "act" in book.workflows[0].source
    assert book.actions[0].body["input"] == [["x", True, None], ["y", False, 2]]
    (draft,) = read_actions("version: '2.0'\na:\n  base: b x=1\n  base-input: {y: <% $.z %>}\n  input: [z]\n")
    assert draft.body["base_input"] == {"y": "<% $.z %>", "x": 1}

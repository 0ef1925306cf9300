"""Conductor's templates (contract: Conductor, section 5). What the real server 3.32.1 answered is marked recorded."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import pytest

from tests.unit.expressions.conductor_world import INPUT, WORLD, Run, World, evaluate
from workflows_app.expressions.conductor import LANGUAGE

# ---- values and text (5.4)


@pytest.mark.parametrize("key", INPUT)
def test_an_expression_alone_keeps_the_type_of_its_value(key: str) -> None:
    found = evaluate(f"${{workflow.input.{key}}}")
    assert found == INPUT[key]
    assert type(found) is type(INPUT[key])


@pytest.mark.parametrize(
    ("template", "expected"),
    [
        ("<${workflow.input.s}>", "<text>"),
        ("${workflow.input.s}-${workflow.input.i}", "text-42"),
        ("${workflow.input.s}${workflow.input.s}", "texttext"),
        (" ${workflow.input.i}", " 42"),
        ("${workflow.input.i} ", "42 "),
        ("f=${workflow.input.f}", "f=1.5"),
        ("${workflow.input.t}!", "true!"),
        ("n=${workflow.input.n}", "n=null"),
        ("m=${workflow.input.nope}", "m=null"),
        ("a\n${workflow.input.s}\nb", "a\ntext\nb"),
        ("${workflow.input.unicode}é", "ü€😀é"),
        ("a\\${workflow.input.s}", "a\\text"),
        # REC of 5.4: compact JSON where the real server writes {b=[{c=deep}]}
        ("m=${workflow.input.m.a}", 'm={"b":[{"c":"deep"},{"c":2}]}'),
        ("l=${workflow.input.l}", 'l=[1,"two",null,{"k":[true]}]'),
        ("u=${workflow.input['unicode','n']}", 'u={"unicode":"ü€😀","n":null}'),
        ("w=${workflow.input.items[*].p}", "w=[1,2,3]"),
        ("w=${workflow.input.nope[*]}", "w=[]"),
    ],
)
def test_inside_of_a_text_values_become_text(template: str, expected: str) -> None:
    assert evaluate(template) == expected


@pytest.mark.parametrize(
    ("template", "expected"),
    [
        ("${}", ""),
        ("${  }", ""),
        ("a${}b", "ab"),
        ("$${x}", "${x}"),
        ("$${workflow.input.s}", "${workflow.input.s}"),
        ("$$${workflow.input.s}", "$${workflow.input.s}"),
        ("$${workflow.input.${workflow.input.key}}", "${workflow.input.s}"),
        ("$${a} ${workflow.input.s}", "${a} text"),
        ("a $${ b } ${workflow.input.s} $${", "a ${ b } text ${"),
        ("$ {workflow.input.i}", "$ {workflow.input.i}"),
        ("${workflow.input.s", "${workflow.input.s"),
        ("${workflow.input.s}}", "text}"),
        ("{${workflow.input.s}", "{text"),
        ("}${workflow.input.s}{", "}text{"),
        ("{ ${workflow.input.s} } }", "{ text } }"),
        ("a { b ${workflow.input.s}", "a { b text"),
        ("${workflow.input.s} ${ b", "text ${ b"),
        # what is not closed takes all that follows with it
        ("a ${ b ${workflow.input.s}", "a ${ b ${workflow.input.s}"),
        ("$${ ${workflow.input.s}", "${ text"),
        ("${{workflow.input.s}}", None),
        ("${a{b}c}", None),
    ],
)
def test_escapes_and_braces_are_read_as_the_real_server_reads_them(template: str, expected: Any) -> None:
    """Recorded."""
    assert evaluate(template) == expected


@pytest.mark.parametrize(
    ("template", "expected"),
    [
        ("${workflow.input.${workflow.input.key}}", "text"),
        ("<${workflow.input.${workflow.input.key}}>", "<text>"),
        ("${workflow.input.${workflow.input.path}.b[0].c}", "deep"),
        ("${workflow.input.items[?(@.p > ${a.input.q})].n}", ["two", "three"]),
        ("${${workflow.input.n}}", None),
        ("${a.output.${workflow.input.nope}}", None),
        ("${a.output.${workflow.input.braces}[}", None),
        ("${workflow.input.${workflow.input.${workflow.input.k}e}}", None),
        ("${workflow.input.${workflow.input.${a.output.o.k}}}", None),
    ],
)
def test_nested_expressions_are_parts_of_the_path(template: str, expected: Any) -> None:
    assert evaluate(template) == expected


def test_a_value_is_not_looked_up_again() -> None:
    """5.4, 8.26. The real server still unescapes a ``$${`` of a value inside a text: data is left alone here."""
    assert evaluate("${workflow.input.tricky}") == "${workflow.workflowId}"
    assert evaluate("x${workflow.input.tricky}") == "x${workflow.workflowId}"
    assert evaluate("x${workflow.input.escaped}") == "xa$${x}b"


def test_expressions_are_found_anywhere_but_in_keys() -> None:
    """5.1."""
    template = {"a": {"b": ["${workflow.input.i}", {"c": "x${workflow.input.s}"}]}, "${workflow.input.s}": 1, "z": None}
    found = evaluate(template)
    assert found == {"a": {"b": [42, {"c": "xtext"}]}, "${workflow.input.s}": 1, "z": None}
    assert list(found) == list(template)


def test_evaluating_changes_no_template_and_no_input() -> None:
    template = {"a": ["${workflow.input.l}", 1], "b": 2}
    compiled = LANGUAGE.compile(template)
    first = compiled.evaluate(WORLD)
    first["a"].append("mine")
    first["b"] = 3
    assert compiled.evaluate(WORLD) == {"a": [INPUT["l"], 1], "b": 2}
    assert template == {"a": ["${workflow.input.l}", 1], "b": 2}


def test_what_holds_no_expression_is_shared() -> None:
    deep = {"x": [{"y": "plain $ {text}"}]}
    assert evaluate(deep) is deep
    assert evaluate({"a": "${workflow.input.i}", "b": deep})["b"] is deep


# ---- what a path meets (5.2)


@pytest.mark.parametrize(
    ("path", "expected"),
    [
        ("status", "RUNNING"),
        ("workflowId", "wf-1"),
        ("workflowType", "orders"),
        ("version", 3),
        ("schemaVersion", 2),
        ("correlationId", "c"),
        ("parentWorkflowId", "p"),
        ("parentWorkflowTaskId", "pt"),
        ("reasonForIncompletion", "why"),
        ("variables.v[0]", 1),
        ("output.done", True),
        ("createTime", None),
        ("priority", None),
        ("input.m['a.b']", 9),
        ("input.m.x-y", 8),
        ("input.l[-1].k", [True]),
    ],
)
def test_the_workflow_has_these_fields(path: str, expected: Any) -> None:
    world = World(correlation_id="c", parent_id="p", parent_run_id="pt", reason="why", output={"done": True})
    assert evaluate(f"${{workflow.{path}}}", world) == expected


@pytest.mark.parametrize(
    ("path", "expected"),
    [
        ("input.q", 1),
        ("output", {"x": 1}),
        ("taskType", "charge_card"),
        ("taskDefName", "charge_card"),
        ("status", "COMPLETED"),
        ("referenceTaskName", "pay__2__1"),
        ("retryCount", 2),
        ("correlationId", "c"),
        ("pollCount", 4),
        ("scheduledTime", 1_767_225_600_001),
        ("startTime", 1_767_225_600_999),
        ("endTime", 0),
        ("workflowInstanceId", "wf-1"),
        ("taskId", "run-1"),
        ("reasonForIncompletion", "late"),
        ("callbackAfterSeconds", 5),
        ("workerId", "w"),
        ("iteration", 1),
        ("queueName", None),
    ],
)
def test_a_task_has_these_fields(path: str, expected: Any) -> None:
    run = Run(
        "pay",
        {"q": 1},
        {"x": 1},
        path="2.1",
        iteration=1,
        attempt=2,
        polls=4,
        worker="w",
        reason="late",
        callback_after=5.0,
        scheduled_at=datetime(2026, 1, 1, 0, 0, 0, 1000, tzinfo=UTC),
        started_at=datetime(2026, 1, 1, 0, 0, 0, 999_999, tzinfo=UTC),
    )
    found = evaluate(f"${{pay.{path}}}", World(run, correlation_id="c"))
    assert (found, type(found)) == (expected, type(expected))


@pytest.mark.parametrize(
    ("type_", "state", "expected"),
    [
        ("SIMPLE", "DELAYED", ["charge_card", "charge_card", "SCHEDULED"]),
        ("HTTP", "FAILED", ["HTTP", "charge_card", "FAILED"]),
        ("FORK_JOIN", "COMPLETED", ["FORK", "FORK", "COMPLETED"]),
        ("FORK_JOIN_DYNAMIC", "COMPLETED", ["FORK", "FORK", "COMPLETED"]),
        ("JOIN", "WAITING", ["JOIN", "JOIN", "IN_PROGRESS"]),
        ("SWITCH", "COMPLETED", ["SWITCH", "SWITCH", "COMPLETED"]),
    ],
)
def test_types_and_states_have_conductors_names(type_: str, state: str, expected: list[str]) -> None:
    """2.5; WAITING and DELAYED are words that Conductor does not have."""
    template = ["${t.taskType}", "${t.taskDefName}", "${t.status}"]
    assert evaluate(template, World(Run("t", type=type_, state=state))) == expected


def test_a_loop_counts_its_own_iterations() -> None:
    """Recorded: the body reads 2 too (4.2)."""
    world = World(
        Run("loop", output={"iteration": 2, "1": {"body": {"x": 7}}}, type="DO_WHILE"),
        Run("body", output={"x": 8}, path="2", iteration=2),
    )
    assert evaluate(["${loop.iteration}", "${loop.output.1.body.x}", "${loop.output['1'].body}"], world) == [
        2,
        7,
        {"x": 7},
    ]
    assert evaluate(["${body.iteration}", "${body.output.x}", "${body__1.output.x}"], world) == [2, 8, None]


def test_a_task_that_has_not_run_is_missing() -> None:
    assert evaluate(["${b.output.x}", "${b.status}", "${b}", "${b.output[*]}", "x${b.input}"]) == [
        None,
        None,
        None,
        [],
        "xnull",
    ]


@pytest.mark.parametrize(
    "path", ["my-ref.output.x", "['my-ref'].output.x", '$["my-ref"]["output"].x', "my-ref['output'].x"]
)
def test_names_may_be_quoted(path: str) -> None:
    """5.3."""
    assert evaluate(f"${{{path}}}") == "dash"


def test_a_name_alone_is_the_whole_task() -> None:
    """Recorded."""
    whole = evaluate("${a}")
    assert whole["output"] == {"x": [1, 2], "o": {"k": "v"}}
    assert set(whole) == {
        *("input", "output", "taskType", "status", "referenceTaskName", "retryCount", "correlationId", "pollCount"),
        *("taskDefName", "scheduledTime", "startTime", "endTime", "workflowInstanceId", "taskId"),
        *("reasonForIncompletion", "callbackAfterSeconds", "workerId", "iteration"),
    }
    assert evaluate("${workflow}")["input"] is INPUT
    assert evaluate("${a..k}") == ["v"]
    assert evaluate("${a['output','status'].o}") == [{"k": "v"}]


def test_only_what_the_path_needs_is_looked_up() -> None:
    world = World(Run("a", output={"x": 1}))
    evaluate("${workflow.input.items[?(@.p == $.a.output.x)].n} ${workflow.status}", world)
    assert set(world.looked_up) == {"a"}

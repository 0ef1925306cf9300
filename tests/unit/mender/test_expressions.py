"""``${...}`` as Mender's definitions use it (contracts/mender.md, section 6)."""

from __future__ import annotations

import json
import string
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.unit.mender.scope import Run, World, answered, document, text
from workflows_app.expressions import compile_template
from workflows_app.expressions.mender.values import marshal, number, text_of

ODD = "a b&c<d>\"e'/é?"
# texts without lone surrogates
WHOLE = st.characters(exclude_categories=["Cs"])
JSON = st.recursive(
    st.none()
    | st.booleans()
    | st.integers(-(2**53), 2**53)
    | st.floats(allow_nan=False, allow_infinity=False)
    | st.text(WHOLE),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(WHOLE), inner, max_size=4),
    max_leaves=12,
)
NAMES = st.text(string.ascii_letters + "_", min_size=1, max_size=8)


# ---- texts


@pytest.mark.parametrize(
    ("written", "found"),
    [
        ("${workflow.input.odd}", ODD),
        ("${encoding=url;workflow.input.odd}", "a+b%26c%3Cd%3E%22e%27%2F%C3%A9%3F"),
        ("${encoding=html;workflow.input.odd}", "a b&amp;c&lt;d&gt;&#34;e&#39;/é?"),
        ("${encoding=plain;workflow.input.odd}", ODD),
        ("${color=red;encoding=url;workflow.input.blank}", "a+b"),
        ("${encoding=url;encoding=plain;workflow.input.blank}", "a+b"),
        ("${encoding=url;encoding=html;workflow.input.odd}", "a b&amp;c&lt;d&gt;&#34;e&#39;/é?"),
        ("${encoding=URL;workflow.input.blank}", "a b"),
        ("${workflow.input.}${workflow.input.|d}${env.|e}", "de"),
        ("${workflow.input.absent|fall back}", "fall back"),
        ("${encoding=url;workflow.input.absent|fall back}", "fall+back"),
        ("${workflow.input.absent|default=a}", "default=a"),
        ("-${workflow.input.absent}-", "--"),
        ("${workflow.input.empty|not used}", ""),
        ("${workflow.input.null|not used}", "null"),
        ("${workflow.input.dotted.name}", "dots"),
        ("${something.else}", ""),
        ("${something.else|x}", "x"),
        ("${HOME} $HOME", " $HOME"),
        ("${}", "${}"),
        ("${encoding=;x}", "${encoding=;x}"),
        ("$workflow {workflow.input.odd}", "$workflow {workflow.input.odd}"),
        ("${nobody.json.id|no such task}", "no such task"),
    ],
)
def test_every_form_of_an_expression(written: str, found: str) -> None:
    given = {"odd": ODD, "blank": "a b", "empty": "", "null": None, "dotted.name": "dots", "": "no name"}
    assert text(written, **given) == found


@pytest.mark.parametrize(
    ("value", "found"),
    [
        (4.0, "4"), (1e21, "1e+21"), (1e-7, "1e-7"), (-0.0, "-0"), (12345678901234567890, "12345678901234567000"),
        (9007199254740993, "9007199254740992"), (1.5, "1.5"), (123456789012345680000.0, "123456789012345680000"),
        (1e-6, "0.000001"), (1.5e-10, "1.5e-10"), (5e-324, "5e-324"), (True, "true"), (None, "null"), ("2", "2"),
        (["2", 3, 4.0], "2,3,4"), ([], ""), ([None, {"b": 1, "a": "x"}], 'null,{"a":"x","b":1}'),
        ([[1, "a"]], '[1,"a"]'),
        ({"b": 1, "a": {"y": [1, 2], "x": "<&>"}}, '{"a":{"x":"\\u003c\\u0026\\u003e","y":[1,2]},"b":1}'),
        ({"\u2028": "é"}, '{"\\u2028":"é"}'), ("\ud800", "\ufffd"),
    ],
)  # fmt: skip
def test_values_are_written_as_go_writes_them(value: Any, found: str) -> None:
    assert text_of(value) == found


@given(JSON)
def test_what_is_written_reads_as_the_same_value(value: Any) -> None:
    assert json.loads(marshal(value), parse_int=float) == json.loads(json.dumps(value), parse_int=float)


@given(st.floats(allow_nan=False, allow_infinity=False))
def test_numbers_keep_their_value(value: float) -> None:
    assert float(number(value)) == value


# ---- nothing that is inserted is evaluated


def test_a_value_that_looks_like_an_expression_stays_one() -> None:
    given = {"a": "${workflow.input.b}", "b": "B", "self": "${workflow.input.self}"}
    assert text("${workflow.input.a}|${workflow.input.b}|${workflow.input.self}", **given) == (
        "${workflow.input.b}|B|${workflow.input.self}"
    )


def test_a_value_cannot_read_the_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("INVENTORY_ADDR", "reachable")
    given: dict[str, Any] = {"x": "${env.INVENTORY_ADDR}", "y": {"z": ["${env.INVENTORY_ADDR}"]}}
    found = json.loads(
        document({"x": "${workflow.input.x}", "y": "${workflow.input.y}", "e": "${env.INVENTORY_ADDR}"}, **given)
    )
    assert found == {**given, "e": "reachable"}


@given(JSON)
def test_a_parameter_arrives_in_a_document_as_it_is(value: Any) -> None:
    found = document({"in": ["${workflow.input.x}"]}, x=value)
    assert found == marshal({"in": [value]})


@given(st.text(), NAMES)
def test_a_parameter_arrives_in_a_text_as_it_is(value: str, name: str) -> None:
    expected = value.encode("utf-16", "surrogatepass").decode("utf-16", "replace")
    assert text(f"<${{workflow.input.{name}}}>", **{name: value}) == f"<{expected}>"


@given(st.text(alphabet="${}|;=.abworkflw inputjse[]01", max_size=40))
def test_any_text_is_a_template(written: str) -> None:
    compiled = compile_template("mender", {"earlier": {"a": "a"}, "render": ["text", written]})
    assert compiled.reads <= {"a"}
    assert isinstance(text(written, a="1", b="2"), str)


# ---- documents


@pytest.mark.parametrize(
    ("written", "found"),
    [
        ("${workflow.input.list}", "[1,{}]"),
        ("${workflow.input.absent}", "null"),
        ("${workflow.input.absent|default}", "null"),
        ("-${workflow.input.absent|default}", '"-default"'),
        ("${workflow.input.text}-${workflow.input.text}", "null"),
        ("${encoding=url;workflow.input.text}", '"a+b"'),
        ({"${workflow.input.text}": 1.0}, '{"${workflow.input.text}":1}'),
        ({"z": None, "a": True, "m": 1e21}, '{"a":true,"m":1e+21,"z":null}'),
    ],
)
def test_a_text_that_is_one_parameter_keeps_its_type(written: Any, found: str) -> None:
    assert document(written, list=[1.0, {}], text="a b") == found


# ---- earlier tasks

DOCUMENT = {
    "id": "doc-1", "count": 7, "ok": True, "no": False, "none": None, "empty": "", "a[1]": "key",
    "owner": {"name": "Ada <ada@example.com>", "roles": ["admin", "user"]}, "items": [{"sku": "a1"}, {"sku": "b2"}],
}  # fmt: skip


@pytest.mark.parametrize(
    ("path", "found"),
    [
        ("id", "doc-1"), ("count", "7"), ("ok", "true"), ("no", "false"), ("none", "default"), ("empty", "default"),
        ("owner.roles.[1]", "user"), ("items.[0].sku", "a1"), ("owner.roles", '["admin","user"]'), ("a.b", "default"),
        ("owner.roles.[2]", "default"), ("owner.roles.[-1]", "default"), ("owner.roles.[x]", '["admin","user"]'),
        ("owner.[0].name", "Ada <ada@example.com>"), ("a[1]", "key"), ("owner.roles.first", "default"),
        ("owner", '{"name":"Ada \\u003cada@example.com\\u003e","roles":["admin","user"]}'),
        (f"items.[{'9' * 30}]", '[{"sku":"a1"},{"sku":"b2"}]'),
    ],
)  # fmt: skip
def test_what_an_earlier_task_was_answered_can_be_read(path: str, found: str) -> None:
    world = World(runs={"fetch": answered(DOCUMENT)})
    assert world.render("text", f"${{fetch.json.{path}|default}}") == found


@pytest.mark.parametrize(
    "run",
    [
        Run("SKIPPED", {}),
        Run("COMPLETED", {"response": {"body": "no JSON"}}),
        Run("COMPLETED", {"sender": "a@b.example"}),
        Run("COMPLETED", None),
        Run("COMPLETED", {"response": "set by hand"}),
    ],
)
def test_what_has_no_such_answer_gives_the_default(run: Run) -> None:
    assert World(runs={"fetch": run}).render("text", "${fetch.json.id|default}") == "default"


def test_what_a_program_has_printed_can_be_read() -> None:
    world = World(runs={"build": Run("COMPLETED", {"output": '{"id": "art 1"}', "exitCode": 0})})
    assert world.render("text", "${encoding=url;build.json.id}") == "art+1"


def test_a_template_names_the_tasks_that_it_reads_and_no_others() -> None:
    value = {
        "earlier": {"a": "ref a", "b.json.c": "ref b"},
        "render": ["texts", ["${a.json.x}", "${b.json.c.json.y}${z.json.q}"]],
    }
    assert compile_template("mender", value).reads == {"ref a", "ref b"}


# ---- the environment


def test_only_variables_that_are_named_can_be_read(monkeypatch: pytest.MonkeyPatch, settings: Any) -> None:
    for name in ("INVENTORY_ADDR", "OUR_OWN", "UPBEAT_SECRET_KEY"):
        monkeypatch.setenv(name, "set")
    settings.EXPRESSION_VARIABLES = ["OUR_OWN"]
    found = text("${env.INVENTORY_ADDR|no} ${env.OUR_OWN|no} ${env.UPBEAT_SECRET_KEY|no} ${env.PATH|no}").split(" ", 3)
    assert found[:3] == ["set", "set", "no"]
    assert found[3] not in ("no", "")


def test_an_empty_variable_counts_as_unset(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("INVENTORY_ADDR", "")
    assert text("${env.INVENTORY_ADDR|default}") == "default"


# ---- what else is rendered


def test_a_task_is_skipped_if_one_of_its_requirements_is_empty() -> None:
    world = World({"given": "x", "empty": ""})
    assert world.render("any_empty", ["${workflow.input.given}", "yes"]) is False
    assert world.render("any_empty", ["${workflow.input.given}", "${workflow.input.empty}"]) is True
    assert world.render("any_empty", ["{{if .nope}}x{{end}}"]) is True


def test_a_form_is_sorted_and_encoded() -> None:
    world = World({"key": "k y", "odd": ODD})
    written = {"title": "a value", "${workflow.input.key}": "${workflow.input.odd}", "templated": "{{.key}}"}
    assert world.render("form", written) == "k+y=a+b%26c%3Cd%3E%22e%27%2F%C3%A9%3F&templated=k+y&title=a+value"


def test_a_value_that_is_nested_too_deeply_is_told() -> None:
    from workflows_app.expressions import ExpressionError

    deep: Any = []
    for _ in range(100_000):
        deep = [deep]
    with pytest.raises(ExpressionError, match="nested too deeply"):
        document("${workflow.input.x}", x=deep)

"""What Conductor's templates look at, refuse and leave for later (contract: Conductor, 2.2, 5.3, 5.5)."""

from __future__ import annotations

import timeit
from types import SimpleNamespace
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.unit.expressions.conductor_world import INPUT, Run, World, evaluate
from workflows_app import expressions
from workflows_app.expressions.base import ExpressionError
from workflows_app.expressions.conductor import LANGUAGE, environment, references, resolve_secrets

# ---- what is looked at


@pytest.mark.parametrize(
    ("template", "reads", "history"),
    [
        ("plain", "", ""),
        ("${workflow.input.x} ${CPEWF_TASK_ID} ${workflow.secrets.a.b} ${workflow.env.a}", "", ""),
        ("${a.output.x} ${b.status} ${['c d'].input}", "a|b|c d", ""),
        ("${workflow.input.l[?(@.x == $.a.input.y)]}", "a", "a"),
        ("${workflow.input.s.concat($.a.input.y)}", "a", "a"),
        ("${loop.output}", "loop", "loop"),
        ("${loop.output.1.body.x}", "loop", "loop"),
        ("${loop.output['2']}", "loop", "loop"),
        ("${loop.output['iteration','2']}", "loop", "loop"),
        ("${loop.output.*}", "loop", "loop"),
        ("${loop.output[?(@.x)]}", "loop", "loop"),
        ("${loop.output..x}", "loop", "loop"),
        ("${loop.output.length()}", "loop", "loop"),
        ("${loop..x}", "loop", "loop"),
        ("${loop.output.iteration} ${loop.output.loopItem.1} ${loop.output.loopIndex} ${loop.status}", "loop", ""),
        ("${loop.output.result.1}", "loop", ""),
        ("${loop.output.${workflow.input.i}}", "loop", "loop"),
        ("${loop.input.${workflow.input.i}.x}", "loop", ""),
        ("${loop.${a.output.x}}", "loop|a", "loop"),
        ("${['loop'].output.${a.output.x}}", "loop|a", "loop"),
    ],
)
def test_a_template_tells_which_runs_it_reads(template: str, reads: str, history: str) -> None:
    compiled = LANGUAGE.compile({"k": [template]})
    assert (compiled.reads, compiled.history) == (_names(reads), _names(history))
    assert not compiled.reads_any


@pytest.mark.parametrize(
    "template", ["${${workflow.input.ref}.output.x}", "${a${b.output.x}.status}", "${concat($.${a.input.x})}"]
)
def test_a_computed_name_may_read_any_run(template: str) -> None:
    assert LANGUAGE.compile(template).reads_any


def test_a_computed_name_is_found() -> None:
    assert evaluate("${${workflow.input.key}.output.x}", World(Run("s", output={"x": 5}))) == 5


def test_a_name_alone_is_not_known_to_be_a_task() -> None:
    """It may be an environment variable: only the evaluation can tell, and the scope loads the run then."""
    compiled = LANGUAGE.compile("${name}")
    assert (compiled.reads, compiled.history) == (frozenset(), frozenset({"name"}))


def test_the_registry_knows_the_language() -> None:
    template = expressions.compile_template("conductor", {"x": "${a.output}"})
    assert (template.reads, template.history) == (frozenset("a"), frozenset("a"))
    assert expressions.evaluate(template, World(Run("a", output={"y": 1}))) == {"x": {"y": 1}}


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        ("${a.output.${b.output.k}} $${c.output} ${workflow.input.x}", ["a", "b"]),
        ({"x": ["${b.status}", {"y": "${a.status} ${b.status}"}], "${c.status}": 1}, ["b", "a"]),
        ("${workflow.input.l[?(@.x == $.z.output)]}", ["z"]),
        ("${CPEWF_TASK_ID} ${NETFLIX_ENV} ${NETFLIX_STACK} ${workflow} ${}", []),
        ("${alone}", ["alone"]),
        ("${${workflow.input.x}.output}", []),
        ("${['a b'].output} ${ref__1.output}", ["a b", "ref__1"]),
        (None, []),
    ],
)
def test_references_are_the_tasks_that_are_named(value: Any, expected: list[str]) -> None:
    """2.2: the format checks that they exist."""
    assert references(value) == expected


def test_a_listed_variable_is_no_reference(monkeypatch: pytest.MonkeyPatch) -> None:
    _list(monkeypatch, "REGION")
    assert references("${REGION} ${OTHER}") == ["OTHER"]


# ---- refusals


@pytest.mark.parametrize(
    "path",
    [
        *(
            "workflow.input.a b",
            " workflow.input.a",
            "workflow.input[",
            "workflow.input['a",
            "workflow.input.",
            "a + b",
        ),
        *("workflow.input.x.nosuch()", "workflow.input[?(@.a =~ /(?=b)/)]", "workflow\n.input", "..x", "*.output", "$"),
        *("workflow.input[?(@.a == $..b)]", "workflow.input" + ".a" * 3000),
    ],
)
def test_a_malformed_path_is_refused_by_name(path: str) -> None:
    """2.2: 400 at registration."""
    with pytest.raises(ExpressionError) as refused:
        LANGUAGE.compile({"x": [f"text ${{{path}}}"]})
    assert path[:200] in str(refused.value)
    with pytest.raises(ExpressionError):
        references(f"${{{path}}}")


def test_a_path_that_is_malformed_only_when_it_is_known_gives_null() -> None:
    assert evaluate("${workflow.input.${workflow.input.tricky}[}") is None
    assert evaluate("<${workflow.input.m[${workflow.input.s}]}>") == "<null>"


@pytest.mark.parametrize(
    "template",
    ["${" * 10_000 + "}" * 10_000, "${workflow.input.x[?(" + "(" * 2000 + "@.a" + ")" * 2000 + ")]}"],
)
def test_what_is_nested_without_end_is_refused(template: str) -> None:
    with pytest.raises(ExpressionError, match="deep"):
        LANGUAGE.compile(template)


def test_only_expressions_are_limited_in_depth() -> None:
    plain: Any = "x"
    template: Any = "${workflow.input.i}"
    for _ in range(10_000):
        plain, template = [plain], {"a": template}
    assert evaluate(plain) is plain
    with pytest.raises(ExpressionError, match="deeper than 200 levels"):
        LANGUAGE.compile(template)


@pytest.mark.parametrize(
    "text", ["${" * 50_000, "${}" * 50_000, "$${" * 50_000, "{" * 50_000 + "${workflow.input.i}" + "}" * 50_000]
)
def test_a_long_text_takes_no_long_time(text: str) -> None:
    assert timeit.timeit(lambda: evaluate(text), number=1) < 2


# ---- variables and secrets (5.5)


def test_the_id_of_the_task_itself() -> None:
    assert evaluate(["${CPEWF_TASK_ID}", "id=${CPEWF_TASK_ID}"]) == ["run-9", "id=run-9"]
    assert evaluate("${CPEWF_TASK_ID}", World(run_id=None)) is None


def test_only_listed_variables_are_read(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("REGION", "eu")
    monkeypatch.setenv("NETFLIX_STACK", "prod")
    monkeypatch.setenv("DATABASE_PASSWORD", "secret")
    monkeypatch.setenv("LIMITS", '{"cpu": [1, 2]}')
    _list(monkeypatch, "REGION", "NETFLIX_STACK", "LIMITS", "UNSET")
    template = [
        "${REGION}",
        "in ${workflow.env.REGION}",
        "${NETFLIX_STACK}",
        "${workflow.env.LIMITS.cpu[1]}",
        "${LIMITS}",
    ]
    assert evaluate(template) == ["eu", "in eu", "prod", 2, '{"cpu": [1, 2]}']
    hidden = [
        "${DATABASE_PASSWORD}",
        "${workflow.env.DATABASE_PASSWORD}",
        "${NETFLIX_ENV}",
        "${UNSET}",
        "${workflow.env}",
    ]
    assert evaluate(hidden) == [None] * 5


def test_without_settings_no_variable_is_read(monkeypatch: pytest.MonkeyPatch) -> None:
    from django.conf import LazySettings

    monkeypatch.setattr(environment, "settings", LazySettings())
    monkeypatch.delenv("DJANGO_SETTINGS_MODULE", raising=False)
    assert evaluate(["${PATH}", "${workflow.env.PATH}"]) == [None, None]


@pytest.mark.parametrize(
    ("template", "kept"),
    [
        ("${workflow.secrets.X}", "${workflow.secrets.X}"),
        ("a ${workflow.secrets.X.y} ${workflow.input.s}", "a ${workflow.secrets.X.y} text"),
        ("${workflow.secrets.${workflow.input.key}}", "${workflow.secrets.s}"),
        ("${workflow.secrets}", None),
    ],
)
def test_secrets_stay_as_they_are(template: str, kept: Any) -> None:
    assert evaluate(template) == kept


def test_secrets_are_put_in_at_hand_off() -> None:
    secrets = {"X": "s3cret", "J": '{"user": "me", "ports": [1, 2]}', "EMPTY": ""}
    given = {
        "whole": "${workflow.secrets.X}",
        "text": ["Bearer ${workflow.secrets.X}", "${workflow.secrets.J.user}:${workflow.secrets.X}"],
        "part": "${workflow.secrets.J.ports}",
        "ports": "p=${workflow.secrets.J.ports}",
        "missing": [
            "${workflow.secrets.no}",
            "<${workflow.secrets.no}>",
            "${workflow.secrets.J.no.x}",
            "${workflow.secrets.X.y}",
        ],
        "malformed": "${workflow.secrets.J.a b}",
        "empty": "${workflow.secrets.EMPTY}",
        "other": "${workflow.input.x}",
    }
    before = repr(given)
    assert resolve_secrets(given, secrets.get) == {
        "whole": "s3cret",
        "text": ["Bearer s3cret", "me:s3cret"],
        "part": [1, 2],
        "ports": "p=[1,2]",
        "missing": [None, "<>", None, None],
        "malformed": None,
        "empty": "",
        "other": "${workflow.input.x}",
    }
    assert repr(given) == before


def test_a_value_without_secrets_is_shared() -> None:
    value = {"a": [{"b": "${x}"}], "c": 1}
    assert resolve_secrets(value, _no_secret) is value
    deep: Any = "${workflow.secrets.X}"
    for _ in range(10_000):
        deep = [deep]
    with pytest.raises(ExpressionError, match="deeply"):
        resolve_secrets(deep, _no_secret)


# ---- speed and properties


def test_two_plain_expressions_take_microseconds() -> None:
    world = World(Run("ref", output={"y": {"z": 3}}))
    compiled = LANGUAGE.compile({"a": "${workflow.input.i}", "b": "${ref.output.y.z}"})
    assert compiled.evaluate(world) == {"a": 42, "b": 3}
    seconds = min(timeit.repeat(lambda: compiled.evaluate(world), number=2000, repeat=5)) / 2000
    assert seconds < 20e-6  # below one on an idle machine


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(), inner, max_size=4),
    max_leaves=20,
)
PIECES = st.sampled_from(
    [
        *(
            "${",
            "}",
            "$",
            "{",
            "workflow",
            ".input",
            ".output",
            ".i",
            ".l",
            ".items",
            "[0]",
            "[*]",
            "..p",
            "['m']",
            "a",
        ),
        *(
            ".length()",
            ".sum()",
            "[?(@.p > 1)]",
            "[?(@.n =~ /t.*/)]",
            " ",
            "x",
            ".1",
            "CPEWF_TASK_ID",
            ".secrets.X",
            ".env.A",
        ),
        *("${workflow.input.i}", "${a.output.x}", "$${", ".key", "'", "${workflow.input."),
    ]
)


@given(JSON.filter(lambda value: "${" not in str(value)))
def test_a_value_without_expressions_is_itself(value: Any) -> None:
    assert evaluate(value) is value


@given(st.lists(PIECES, max_size=10).map("".join))
def test_what_compiles_evaluates(template: str) -> None:
    try:
        compiled = LANGUAGE.compile({"x": [template]})
    except ExpressionError:
        return
    world = World(Run("a", output={"x": [1]}))
    compiled.evaluate(world)
    # a name alone is looked up though it may be a variable; everything else was announced
    unannounced = set(world.looked_up) - compiled.reads - compiled.history
    assert not unannounced or compiled.reads_any


@given(st.lists(st.one_of(st.sampled_from(["${workflow.input.s}", "$${"]), st.text("ab $", max_size=3)), max_size=6))
def test_a_text_is_its_parts_one_after_the_other(parts: list[str]) -> None:
    text = "|".join(parts)
    expected = "|".join({"${workflow.input.s}": INPUT["s"], "$${": "${"}.get(part, part) for part in parts)
    assert evaluate(text) == expected


def _names(text: str) -> frozenset[str]:
    return frozenset(filter(None, text.split("|")))


def _list(monkeypatch: pytest.MonkeyPatch, *names: str) -> None:
    monkeypatch.setattr(environment, "settings", SimpleNamespace(EXPRESSION_VARIABLES=list(names)))


def _no_secret(name: str) -> None:
    return None

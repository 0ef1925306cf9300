"""What is evaluated here gives what the libraries give (docs/decisions/0014)."""

from __future__ import annotations

import re
from typing import Any

from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from tests.unit.expressions.mistral_world import World, value
from workflows_app import expressions
from workflows_app.expressions import ExpressionError
from workflows_app.expressions.base import ScriptError

NAMES = {
    "i": 7,
    "j": -3,
    "f": 2.5,
    "s": "text",
    "t": True,
    "u": None,
    "l": [1, "text", 2.5, None],
    "o": {"a": 1, "b": {"a": [1, 2]}, "keys": "x", "s": "text"},
    "e": [],
}

names = st.sampled_from(sorted(NAMES))
constants = st.sampled_from(["1", "0", "2.5", "'text'", "'a'", "true", "false", "-3"])


def _yaql(inner: st.SearchStrategy[str]) -> st.SearchStrategy[str]:
    operators = st.sampled_from(["+", "-", "*", "=", "!=", "<", "<=", ">", ">=", "and", "or", "in"])
    return st.one_of(
        st.tuples(inner, operators, inner).map(lambda t: f"({t[0]} {t[1]} {t[2]})"),
        inner.map(lambda x: f"(not {x})"),
        st.tuples(inner, st.sampled_from(["a", "b", "s", "keys"])).map(lambda t: f"{t[0]}.{t[1]}"),
        st.tuples(inner, st.sampled_from(["0", "-1", "9", "'a'"])).map(lambda t: f"{t[0]}[{t[1]}]"),
        st.tuples(inner, st.sampled_from(["a", "zz"])).map(lambda t: f"{t[0]}.get({t[1]}, 5)"),
        inner.map(lambda x: f"{x}.len()"),
        st.lists(inner, max_size=2).map(lambda xs: f"[{', '.join(xs)}]"),
        inner.map(lambda x: f"dict(k => {x})"),
    )


def _jinja(inner: st.SearchStrategy[str]) -> st.SearchStrategy[str]:
    operators = st.sampled_from(["+", "-", "==", "!=", "<", "<=", ">", ">=", "and", "or", "in"])
    return st.one_of(
        st.tuples(inner, operators, inner).map(lambda t: f"({t[0]} {t[1]} {t[2]})"),
        inner.map(lambda x: f"(not {x})"),
        st.tuples(inner, st.sampled_from(["a", "b", "s", "keys"])).map(lambda t: f"{t[0]}.{t[1]}"),
        st.tuples(inner, st.sampled_from(["0", "-1", "9", "'a'"])).map(lambda t: f"{t[0]}[{t[1]}]"),
        st.tuples(inner, st.sampled_from(["'a'", "'zz'"])).map(lambda t: f"{t[0]}.get({t[1]}, 5)"),
        inner.map(lambda x: f"({x} | length)"),
    )


yaqls = st.recursive(st.one_of(names.map(lambda n: f"$.{n}"), constants), _yaql, max_leaves=4)
jinjas = st.recursive(st.one_of(names.map(lambda n: f"_.{n}"), constants), _jinja, max_leaves=4)
checked = settings(max_examples=300, deadline=None, suppress_health_check=list(HealthCheck))


def by_the_library(language: str, source: str) -> Any:
    try:
        return expressions.script(language).run(source, {"names": NAMES, "calls": {}, "tasks": None}, 5)
    except ScriptError:
        return ScriptError


def here(text: str) -> Any:
    world = World(NAMES)
    try:
        return value(text, world)
    except ExpressionError:
        return ScriptError


@checked
@given(source=yaqls)
@example(source="$.t = 1")
@example(source="true in [1]")
@example(source="$.l.a")
def test_yaql(source: str) -> None:
    expected, found = by_the_library("yaql", source), here(f"<% {source} %>")
    assert (found, type(found)) == (expected, type(expected))


@checked
@given(source=jinjas)
@example(source="_.o.keys")
@example(source="_.t == 1")
def test_jinja(source: str) -> None:
    expected, found = by_the_library("jinja", source), here(f"{{{{ {source} }}}}")
    assert (found, type(found)) == (expected, type(expected))


@checked
@given(source=jinjas)
def test_jinja_in_a_text(source: str) -> None:
    text = f"a {{{{ {source} }}}} b"
    assert _without_addresses(here(text)) == _without_addresses(by_the_library("text", text))


def _without_addresses(found: Any) -> Any:
    return re.sub("0x[0-9a-f]+", "", found) if isinstance(found, str) else found

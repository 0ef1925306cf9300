"""What jq programs can do, and what they cannot."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from workflows_app.expressions.base import ScriptError, ScriptTimeout
from workflows_app.expressions.jq import SCRIPT

TEXTS = st.text(st.characters(exclude_categories=["Cs"]))
JSON = st.recursive(
    st.none() | st.booleans() | st.integers(-(2**53), 2**53) | st.floats(-(2.0**53), 2.0**53) | TEXTS,
    lambda children: st.lists(children) | st.dictionaries(TEXTS, children),
    max_leaves=10,
)


def run(source: str, data: Any = None, seconds: float = 5.0) -> Any:
    return SCRIPT.run(source, data, seconds)


def error_of(source: str, data: Any = None) -> ScriptError:
    with pytest.raises(ScriptError) as caught:
        run(source, data)
    return caught.value


@pytest.mark.parametrize(
    ("source", "results"),
    [
        (".a", [1]),
        (".missing", [None]),
        (".list[]", [1, 2, 3]),
        ("empty", []),
        (".list | map(. * 2) | add", [12]),
        ("{a, sum: (.list | add)}", [{"a": 1, "sum": 6}]),
        ("[limit(3; repeat(1))]", [[1, 1, 1]]),
        ("first(.list[])", [1]),
        ('"a\\nb", "c"', ["a\nb", "c"]),
        ('try error("x") catch .', ["x"]),
        ("nan, [nan]", [None, [None]]),
        ("# a comment\n.a # another", [1]),
    ],
)
def test_the_result_is_the_list_of_all_results(source: str, results: list[Any]) -> None:
    assert run(source, {"a": 1, "list": [1, 2, 3]}) == results


@pytest.mark.parametrize(("source", "result"), [("4.0", 4), ("6 / 2", 3), (".a", 2), ("1e3", 1000)])
def test_integral_numbers_are_integers(source: str, result: int) -> None:
    (number,) = run(source, {"a": 2.0})

    assert (number, type(number)) == (result, int)


def test_other_numbers_are_floats() -> None:
    assert run("0.5, 1e300") == [0.5, 1e300]


@settings(max_examples=150, deadline=None)
@given(JSON)
def test_data_comes_out_as_it_went_in(value: Any) -> None:
    assert run(".", value) == [value]


@pytest.mark.parametrize(
    ("source", "message", "line"),
    [
        (".a.b", 'Cannot index number with string ("b")', None),
        ('1, 2, error("mine")', "mine", None),
        ("error({a: 1})", '{"a": 1}', None),
        (".a |\n foo", "foo/0 is not defined", 2),
        ("1 +", "unexpected end of file", 1),
    ],
)
def test_an_error_has_the_words_of_jq(source: str, message: str, line: int | None) -> None:
    error = error_of(source, {"a": 1})

    assert message in str(error)
    assert "compile error" not in str(error)
    assert (error.line, type(error)) == (line, ScriptError)


@pytest.mark.parametrize("source", ["1 +", "foo", ".[", "$unknown"])
def test_a_check_refuses_what_does_not_compile(source: str) -> None:
    with pytest.raises(ScriptError, match="jq: error") as caught:
        SCRIPT.check(source)

    assert caught.value.line == 1


@pytest.mark.parametrize("source", [".", "error(1)", "def f: f; f", "repeat(1)"])
def test_a_check_runs_nothing(source: str) -> None:
    SCRIPT.check(source)


@pytest.mark.parametrize("source", ["def f: f; f", "[repeat(1)]", "last(repeat(1))", '"a" * 40 + "b" | test("(a+)+$")'])
def test_a_program_that_does_not_end_is_interrupted(source: str) -> None:
    with pytest.raises(ScriptTimeout, match=r"^Script not evaluated within 0\.1 seconds, interrupted\.$"):
        run(source, seconds=0.1)

    assert run("1 + 1") == [2]


@pytest.mark.parametrize("source", ["def f: 1 + f; f", "def f: [f]; f", 'reduce range(60) as $i ("a"; . + .)'])
def test_a_program_that_wants_too_much_memory_fails(source: str) -> None:
    with pytest.raises(ScriptError, match="memory"):
        run(source, seconds=30.0)
    assert run("1 + 1") == [2]


def test_a_result_may_have_ten_megabytes() -> None:
    assert str(error_of('"x" * $__loc__.line * 11000000')) == "The result is larger than 10 MB"
    assert len(run('"x" * 10000000')[0]) == 10_000_000


@pytest.mark.parametrize("source", ["env", "$ENV"])
def test_the_environment_is_empty(source: str) -> None:
    assert run(source) == [{}]


def test_there_is_no_further_input() -> None:
    assert run("[inputs], input_filename") == [[], None]
    error_of("input")


@pytest.mark.parametrize("name", ["data", "absent"])
@pytest.mark.parametrize(
    "source",
    [
        'import "{name}" as $d {{search: "{path}"}}; $d',
        'import "{name}" as d {{search: "{path}"}}; d::x',
        'include "{name}" {{search: "{path}"}}; 1',
        'module {{a: ";"}}; import "{name}" as $d {{search: "{path}"}}; $d',
    ],
)
def test_a_program_learns_nothing_about_files(tmp_path: Path, source: str, name: str) -> None:
    (tmp_path / "data.json").write_text('{"secret": 1}')
    (tmp_path / "data.jq").write_text("def x: 1;")

    error = error_of(source.format(path=tmp_path, name=name))

    assert str(error) == "jq: error: modules cannot be loaded here"


@pytest.mark.parametrize("source", ["halt", '"x" | halt_error'])
def test_a_program_that_halts_ends_itself_only(source: str) -> None:
    assert run(f"1, (if .a then {source} else 2 end), 3", {"a": True}) == [1]
    assert run(f"1, (if .a then {source} else 2 end), 3", {"a": False}) == [1, 2, 3]


def test_a_program_is_compiled_once() -> None:
    source = "def f(x): x; " + " | ".join(["f(.)"] * 300)
    run("1")
    with pytest.raises(ScriptTimeout):
        run(source, seconds=0.001)
    run(source)

    assert run(source, 1, seconds=0.02) == [1]


def test_what_is_no_json_is_refused() -> None:
    assert "not JSON" in str(error_of(".", float("inf")))


def test_local_time_is_utc() -> None:
    assert run("0 | localtime | mktime") == [0]

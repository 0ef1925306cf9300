from __future__ import annotations

import re
import sys

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from executions.search.conditions import All, AnyOf, Comparison, Condition, Operator, QueryError, Value
from executions.search.grammar import MAX_COMPARISONS, MAX_DEPTH, MAX_LENGTH, MAX_VALUES, MAX_WILDCARDS, parse


def told(condition: Condition | None) -> object:
    """A condition as nested tuples."""
    match condition:
        case Comparison(field, operator, values):
            return (field, operator.value, *map(str, values))
        case All(parts):
            return ["AND", *map(told, parts)]
        case AnyOf(parts):
            return ["OR", *map(told, parts)]
    return None


@pytest.mark.parametrize("text", ["", "   ", "\n\t", "*", " * "])
def test_an_empty_query_asks_for_everything(text: str) -> None:
    assert parse(text) is None


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("a=1", ("a", "=", "1")),
        (" a  =  1 ", ("a", "=", "1")),
        ("a != 1", ("a", "!=", "1")),
        ("a<1", ("a", "<", "1")),
        ("a<=1", ("a", "<=", "1")),
        ("a>1", ("a", ">", "1")),
        ("a >= 1", ("a", ">=", "1")),
        ("a IN (x)", ("a", "IN", "x")),
        ("a in (x, y ,z)", ("a", "IN", "x", "y", "z")),
        ("a IN x,y", ("a", "IN", "x", "y")),
        ("a IN ('x, (y)', \"z\")", ("a", "IN", "x, (y)", "z")),
        ("a NOT IN (x,y)", ("a", "NOT IN", "x", "y")),
        ("a BETWEEN 1 AND 5", ("a", "BETWEEN", "1", "5")),
        ("a between 1 and 5", ("a", "BETWEEN", "1", "5")),
        ("a STARTS_WITH b", ("a", "STARTS_WITH", "b")),
        ("a IS NULL", ("a", "IS NULL")),
        ("a is not null", ("a", "IS NOT NULL")),
    ],
)
def test_every_operator_is_understood(text: str, expected: object) -> None:
    assert told(parse(text)) == expected


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        # as examples and the web interface send them
        ('correlationId = "correlation_123" ', ("correlationId", "=", "correlation_123")),
        (
            ' status IN (RUNNING) AND correlationId = "c" ',
            ["AND", ("status", "IN", "RUNNING"), ("correlationId", "=", "c")],
        ),
        (
            "status IN (FAILED) AND startTime>1795001954361",
            ["AND", ("status", "IN", "FAILED"), ("startTime", ">", "1795001954361")],
        ),
        ("a=b c d AND e=f", ["AND", ("a", "=", "b c d"), ("e", "=", "f")]),
        ("a=b=c", ("a", "=", "b=c")),
        ("a=it's", ("a", "=", "it's")),
        ("a=salt and pepper", ("a", "=", "salt and pepper")),
        ("a=salt and b=pepper", ["AND", ("a", "=", "salt"), ("b", "=", "pepper")]),
        ("a=ANDROID OR b=ORANGE", ["OR", ("a", "=", "ANDROID"), ("b", "=", "ORANGE")]),
        ("a='x AND b=y'", ("a", "=", "x AND b=y")),
        ("a='' AND b=\"\"", ["AND", ("a", "=", ""), ("b", "=", "")]),
        (r"a='it\'s \\ \n'", ("a", "=", r"it's \ \n")),
        ("a=2026-01-31T10:00:00Z", ("a", "=", "2026-01-31T10:00:00Z")),
        ("a=1 OR b=2 AND c=3", ["OR", ("a", "=", "1"), ["AND", ("b", "=", "2"), ("c", "=", "3")]]),
        ("(a=1 OR b=2) AND (c=3)", ["AND", ["OR", ("a", "=", "1"), ("b", "=", "2")], ("c", "=", "3")]),
        ("((a=1))", ("a", "=", "1")),
        ("a BETWEEN 1 AND 5 AND b=2", ["AND", ("a", "BETWEEN", "1", "5"), ("b", "=", "2")]),
        ("a IN (x) and b=2 or c=3", ["OR", ["AND", ("a", "IN", "x"), ("b", "=", "2")], ("c", "=", "3")]),
    ],
)
def test_conditions_are_joined_as_they_read(text: str, expected: object) -> None:
    assert told(parse(text)) == expected


def test_an_asterisk_stands_for_any_text_unless_it_is_escaped() -> None:
    pieces = {text: parse(f"a={text}") for text in ("x*y*", "*", "**x***y**", r"x\*y", "'x*'", r"'\*'")}
    found = {text: c.values[0].pieces for text, c in pieces.items() if isinstance(c, Comparison)}
    assert found == {
        "x*y*": ("x", "y", ""),
        "*": ("", ""),
        "**x***y**": ("", "x", "y", ""),
        r"x\*y": ("x*y",),
        "'x*'": ("x", ""),
        r"'\*'": ("*",),
    }


@pytest.mark.parametrize(
    ("text", "message", "position"),
    [
        ("a", "an operator was expected after a, not the end", 2),
        ("= 1", "the name of a field was expected, not '= 1'", 1),
        ("a == 1", "unknown operator == after a", 3),
        ("a => 1", "unknown operator =>", 3),
        ("a LIKE 1", "an operator was expected after a, not 'LIKE 1'", 3),
        ("a NOT 1", "an operator was expected after a, not 'NOT 1'", 3),
        ("a =", "a value was expected, not the end", 4),
        ("a = AND b = 1", "a value was expected, not 'AND b = 1'", 5),
        ("a = 1 AND", "the name of a field was expected, not the end", 10),
        ("a = 1 OR OR b = 1", "an operator was expected after OR", 13),
        ("a = 'x", "the quotation mark ' is never closed", 5),
        ("a = 'x' b = 2", "AND, OR or the end was expected, not 'b = 2'", 9),
        ("a = x b=2", "AND or OR is missing before b=2", 7),
        ("a = 1)", "AND, OR or the end was expected, not ')'", 6),
        ("(a = 1", "a closing parenthesis was expected, not the end", 7),
        ("()", "the name of a field was expected, not ')'", 2),
        ("a IN ()", "a value was expected, not ')'", 7),
        ("a IN (x", "a closing parenthesis was expected", 8),
        ("a IN (x,,y)", "a value was expected, not ',y)'", 9),
        ("a BETWEEN 1", "BETWEEN needs two values", 12),
        ("a IS 1", "NULL or NOT NULL was expected after IS", 6),
    ],
)
def test_a_malformed_query_is_refused_with_the_place(text: str, message: str, position: int) -> None:
    with pytest.raises(QueryError) as error:
        parse(text)
    assert message in str(error.value)
    assert error.value.position == position


@pytest.mark.parametrize(
    "text",
    [
        "a=" + "x" * MAX_LENGTH,
        "a=" + "x*" * (MAX_WILDCARDS + 1),
        "(" * (MAX_DEPTH + 1) + "a=1" + ")" * (MAX_DEPTH + 1),
        " AND ".join(["a=1"] * (MAX_COMPARISONS + 1)),
        f"a IN ({','.join(['x'] * (MAX_VALUES + 1))})",
    ],
)
def test_a_query_beyond_measure_is_refused(text: str) -> None:
    with pytest.raises(QueryError):
        parse(text)


_WORDS = "a status = != < >= IN in NOT IS NULL BETWEEN STARTS_WITH AND or ( ) , ' \" * \\ 2026-01-31 17 é ;-- %"
_PARTS = st.sampled_from([*_WORDS.split(" "), " ", "\n", "x y"])


@given(st.one_of(st.text(max_size=60), st.lists(_PARTS, max_size=25).map(" ".join), st.lists(_PARTS).map("".join)))
@example("a=\\")
@example("a='\\'")
def test_any_text_parses_or_is_refused_with_a_position_inside_it(text: str) -> None:
    position = _refused_at(text)
    assert position is None or 1 <= position <= len(text) + 1


def _refused_at(text: str) -> int | None:
    """None: it was not refused."""
    try:
        parse(text)
    except QueryError as error:
        return -1 if error.position is None else error.position
    return None


_names = st.from_regex(r"[A-Za-z_][A-Za-z0-9_]{0,8}", fullmatch=True)


@given(_names, st.sampled_from(["=", "!=", "<", "<=", ">", ">="]), st.text(max_size=30), st.sampled_from("'\""))
def test_a_quoted_value_comes_out_as_it_went_in(name: str, operator: str, value: str, quote: str) -> None:
    escaped = "".join("\\" + c if c in "\\*'\"" else c for c in value)
    found = parse(f"{name} {operator} {quote}{escaped}{quote}")
    assert told(found) == (name, operator, value)
    assert isinstance(found, Comparison)
    assert found.operator == Operator(operator)
    assert found.values[0].exact


@pytest.mark.parametrize("part", [" ", "(", "and ", "and (", "a ", "\\", "'", "NOT ", "a=b and ", "*a", ","])
def test_the_steps_to_read_a_query_grow_with_its_length_alone(part: str) -> None:
    text = ("a = b and" + part * MAX_LENGTH)[:MAX_LENGTH]
    steps = 0

    def count(*_: object) -> None:
        nonlocal steps
        steps += 1

    sys.setprofile(count)
    try:
        _refused_at(text)
    finally:
        sys.setprofile(None)
    # calls, of Python and of C: proportional to the length, however the text is made
    assert steps < 60 * MAX_LENGTH


@given(st.lists(st.text("AB", max_size=2), min_size=1, max_size=5), st.text("AB", max_size=8))
def test_a_value_matches_what_its_pattern_does(pieces: list[str], text: str) -> None:
    expected = re.fullmatch(".*".join(pieces), text) is not None
    assert Value(tuple(pieces), 1).matches(text) == expected

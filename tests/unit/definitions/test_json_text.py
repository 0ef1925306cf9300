"""JSON as text: what is read, what is refused, what a column takes."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from workflows_app.json_text import deeper_than, dumps, dumps_for_people, is_storable, loads, size_of, storable

documents = st.recursive(
    st.one_of(
        st.none(), st.booleans(), st.integers(), st.floats(allow_nan=False, allow_infinity=False), st.text(),
        st.text("\0\n\ud800\udbff"),  # no pairs: two halves that stand together are one character in JSON
    ),
    lambda inner: st.one_of(st.lists(inner, max_size=4), st.dictionaries(st.text(), inner, max_size=4)),
)  # fmt: skip


@given(documents)
def test_what_is_written_is_read_again_and_can_be_stored(document: Any) -> None:
    for text in (dumps(document), dumps_for_people(document)):
        assert loads(text) == document
        assert is_storable(text)
    assert size_of(document) == len(dumps(document).encode())


@pytest.mark.parametrize("text", ["NaN", "[Infinity]", "-Infinity", "1e999", "-1e999", "9" * 400 + ".5", "[" * 100_000,
                                  "9" * 5000, "", "{", "'a'", "[1,]"])  # fmt: skip
def test_what_no_other_parser_would_read_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match=r"."):
        loads(text)


@pytest.mark.parametrize("value", [float("nan"), float("inf"), [float("-inf")]])
def test_what_no_other_parser_would_read_is_not_written(value: Any) -> None:
    with pytest.raises(ValueError, match="Out of range"):
        dumps(value)


@given(st.text(st.characters(), max_size=20), st.text(st.characters(categories=["Cs", "Cc"]), max_size=3))
def test_a_text_is_cleaned_only_where_it_has_to_be(text: str, odd: str) -> None:
    given = text + odd + text
    cleaned = storable(given)
    assert is_storable(cleaned)
    assert (cleaned == given) == is_storable(given)
    cleaned.encode()


@pytest.mark.parametrize(
    ("value", "levels"),
    [(1, 0), ("[[[", 0), ([], 1), ({}, 1), ([[]], 2), ({"a": [1, {"b": []}]}, 4), ([[], {"a": 1}], 2)],
)
def test_levels_are_counted_without_recursion(value: Any, levels: int) -> None:
    assert not deeper_than(levels, value)
    assert levels == 0 or deeper_than(levels - 1, value)


def test_a_very_deep_value_is_found_to_be_so() -> None:
    deep: Any = []
    for _ in range(100_000):
        deep = [deep]
    assert deeper_than(500, deep)

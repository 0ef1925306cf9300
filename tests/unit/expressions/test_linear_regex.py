"""Regular expressions in filters (contract: Conductor, 5.3): what they match, in linear time."""

from __future__ import annotations

import re
from time import perf_counter
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from workflows_app.expressions.base import ExpressionError
from workflows_app.expressions.jsonpath import MAX_STEPS
from workflows_app.expressions.jsonpath.linear_regex import LinearRegex
from workflows_app.expressions.jsonpath.walk import Walk


def _walk() -> Walk:
    return Walk(_NoDocument())


class _NoDocument:
    def part(self, name: str, key: str | None) -> Any:
        raise AssertionError

    def whole(self) -> Any:
        raise AssertionError


@pytest.mark.parametrize(
    ("pattern", "flags", "text", "expected"),
    [
        ("", "", "", True),
        ("", "", "a", False),
        ("a{2,3}", "", "aaa", True),
        ("a{2,3}", "", "aaaa", False),
        ("a{2,}", "", "aaaa", True),
        ("(ab|c)*?d", "", "abcabd", True),
        ("[^a-c\\d]x", "", "dx", True),
        ("[^a-c\\d]x", "", "5x", False),
        ("\\w+@([\\w-]+\\.)+com", "", "me@my-host.example.com", True),
        ("STRASSE", "i", "strasse", True),
        ("[a-f]+", "i", "ABc", True),
        ("a.b", "", "a\nb", False),
        ("a.b", "s", "a\nb", True),
        ("a b # c", "x", "ab", True),
        ("(?i:a)b", "", "Ab", True),
        ("(?i:a)b", "", "AB", False),
        ("(^a|b$)", "", "a", True),
        ("a^b", "", "ab", False),
        ("(a|)*", "", "aaa", True),
        ("\\S\\s\\D\\W", "", "x a-", True),
        ("(?:){4294967290}", "", "", True),
    ],
)
def test_a_pattern_matches_the_whole_text(pattern: str, flags: str, text: str, expected: bool) -> None:
    assert LinearRegex(pattern, flags).matches(text, _walk()) is expected


@given(st.from_regex(r"[ab.(|)*+?]{0,8}", fullmatch=True), st.text("ab", max_size=6))
def test_a_pattern_matches_what_python_matches(pattern: str, text: str) -> None:
    try:
        ours = LinearRegex(pattern)
    except ExpressionError:
        return
    assert ours.matches(text, _walk()) is (re.fullmatch(pattern, text) is not None)


@pytest.mark.parametrize("pattern", ["(a+)+b", "(a|aa)+b", "(.*)*b", "a*a*a*a*a*a*a*b", "(a?){50}a{50}b"])
def test_a_pattern_that_would_take_for_ever_does_not(pattern: str) -> None:
    begun = perf_counter()
    assert not LinearRegex(pattern).matches("a" * 20_000, _walk())
    assert perf_counter() - begun < 2


@pytest.mark.parametrize(
    "pattern", ["(?=a)", "(?<!a)b", "(a)\\1", "a\\b", "a*+", "(a{1,100}){1,100}", "[b-a]", "a{3,2}"]
)
def test_a_pattern_that_cannot_be_run_in_linear_time_is_refused(pattern: str) -> None:
    with pytest.raises(ExpressionError, match="pattern"):
        LinearRegex(pattern)


def test_a_pattern_spends_the_steps_of_the_path() -> None:
    walk = _walk()
    with pytest.raises(ExpressionError, match="steps"):
        for _ in range(1000):
            LinearRegex("a*").matches("a" * 10_000, walk)

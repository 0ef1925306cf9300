"""Regular expressions in filters (contracts/conductor.md, section 5.3): what they match, in linear time."""

from __future__ import annotations

from time import perf_counter
from typing import Any

import pytest

from workflows_app.expressions.base import ExpressionError
from workflows_app.expressions.jsonpath import MAX_STEPS
from workflows_app.expressions.jsonpath.patterns import Pattern
from workflows_app.expressions.jsonpath.walk import Walk


class _NoDocument:
    def part(self, name: str, key: str | None) -> Any:
        raise AssertionError

    def whole(self) -> Any:
        raise AssertionError


def _walk() -> Walk:
    return Walk(_NoDocument())


@pytest.mark.parametrize(
    ("pattern", "flags", "text", "expected"),
    [
        ("", "", "", True),
        ("", "", "a", False),
        ("a{2,3}", "", "aaa", True),
        ("a{2,3}", "", "aaaa", False),
        ("(ab|c)*?d", "", "abcabd", True),
        ("[^a-c\\d]x", "", "5x", False),
        ("\\w+@([\\w-]+\\.)+com", "", "me@my-host.example.com", True),
        ("STRASSE", "i", "strasse", True),
        ("a.b", "", "a\nb", False),
        ("a.b", "s", "a\nb", True),
        ("\\bword\\b", "", "word", True),
        ("(^a|b$)", "", "a", True),
        ("ä+", "", "ää", True),
    ],
)
def test_a_pattern_matches_the_whole_text(pattern: str, flags: str, text: str, expected: bool) -> None:
    assert Pattern(pattern, flags).matches(text, _walk()) is expected


@pytest.mark.parametrize("pattern", ["(a+)+b", "(a|aa)+b", "(.*)*b", "a*a*a*a*a*a*a*b", "(a?){50}a{50}b"])
def test_a_pattern_that_would_take_for_ever_does_not(pattern: str) -> None:
    begun = perf_counter()
    assert not Pattern(pattern).matches("a" * 20_000, _walk())
    assert perf_counter() - begun < 2


@pytest.mark.parametrize("pattern", ["(?=a)", "(?<!a)b", "(a)\\1", "a{1,1000}{1,1000}", "[b-a]", "a{3,2}", "("])
def test_a_pattern_that_cannot_be_run_in_linear_time_is_refused(pattern: str) -> None:
    with pytest.raises(ExpressionError, match="pattern"):
        Pattern(pattern)


def test_a_pattern_spends_the_steps_of_the_path() -> None:
    walk = _walk()
    walk.spend(MAX_STEPS - 200)
    pattern = Pattern("a*")
    assert pattern.matches("a" * 100, walk)
    with pytest.raises(ExpressionError, match="steps"):
        pattern.matches("a" * 100, walk)

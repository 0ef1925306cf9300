"""Regular expressions that take linear time.

Python's ``re`` goes back on its steps, so that ``(a+)+b`` on thirty characters runs for minutes, and nothing can stop
it. Definitions come from many people and one process serves them all; so a pattern is run as an automaton, which
reads every character once. What an automaton cannot do is refused when the pattern is read: look-around,
back-references, possessive groups and word boundaries.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable
from re import _constants as op  # type: ignore[attr-defined]
from re import _parser  # type: ignore[attr-defined]
from typing import Any

from workflows_app.expressions.base import ExpressionError
from workflows_app.expressions.jsonpath.walk import Walk

MAX_STATES = 2_000
_MAX_REMEMBERED = 10_000

Accepts = Callable[[str], bool]
Kernel = frozenset[int]

_FLAGS = {"i": re.IGNORECASE, "s": re.DOTALL, "x": re.VERBOSE}
_CATEGORIES: dict[Any, Accepts] = {
    op.CATEGORY_DIGIT: str.isdecimal,
    op.CATEGORY_NOT_DIGIT: lambda c: not c.isdecimal(),
    op.CATEGORY_SPACE: str.isspace,
    op.CATEGORY_NOT_SPACE: lambda c: not c.isspace(),
    op.CATEGORY_WORD: lambda c: c.isalnum() or c == "_",
    op.CATEGORY_NOT_WORD: lambda c: not (c.isalnum() or c == "_"),
}
_START = frozenset({op.AT_BEGINNING, op.AT_BEGINNING_STRING})
_END = frozenset({op.AT_END, op.AT_END_STRING})


class LinearRegex:
    """A pattern with flags of "i" (case), "s" (dot is any character) and "x" (blanks and comments).

    Raises ExpressionError if the pattern is malformed, too large, or needs what an automaton cannot do.
    """

    def __init__(self, pattern: str, flags: str = "") -> None:
        chosen = 0
        for flag in flags:
            if flag not in _FLAGS:
                raise ExpressionError(f"the flag {flag} of the pattern /{pattern}/ is not known")
            chosen |= _FLAGS[flag]
        try:
            parsed = _parser.parse(pattern, chosen)
        except (re.error, OverflowError) as error:
            raise ExpressionError(f"the pattern /{pattern}/ is malformed: {error}") from error
        automaton = _Automaton(pattern)
        self._start = automaton.sequence(parsed, automaton.end, parsed.state.flags)
        self._automaton = automaton
        self._after: dict[tuple[Kernel, str], Kernel] = {}

    def matches(self, text: str, walk: Walk) -> bool:
        """Whether the whole of ``text`` matches. Raises ExpressionError if ``walk`` has no steps left."""
        walk.spend(len(text))
        automaton = self._automaton
        kernel: Kernel = frozenset((self._start,))
        for position, character in enumerate(text):
            key = (kernel, character)
            following = self._after.get(key) if position else None
            if following is None:
                walk.spend(len(automaton.states))
                following = automaton.step(kernel, character, at_start=position == 0)
                if position:
                    self._remember(key, following)
            if not following:
                return False
            kernel = following
        return automaton.end in automaton.closure(kernel, at_start=not text, at_end=True)

    def _remember(self, key: tuple[Kernel, str], following: Kernel) -> None:
        if len(self._after) >= _MAX_REMEMBERED:
            self._after.clear()
        self._after[key] = following


class _State:
    """``accepts`` reads a character and leads to ``following``; without it one gets there for nothing, but ``at``
    the start or end only if that is given."""

    __slots__ = ("accepts", "at", "following")

    def __init__(self, following: Iterable[int], accepts: Accepts | None = None, at: Any = None) -> None:
        self.following = list(following)
        self.accepts = accepts
        self.at = at


class _Automaton:
    """The states of a pattern, built from its end to its start."""

    def __init__(self, pattern: str) -> None:
        self._pattern = pattern
        self.states: list[_State] = []
        self.end = self._add([])

    # ---- running

    def closure(self, kernel: Iterable[int], *, at_start: bool, at_end: bool) -> set[int]:
        """All states that can be reached without reading a character."""
        reached, ahead = set(kernel), list(kernel)
        while ahead:
            state = self.states[ahead.pop()]
            blocked = (state.at in _START and not at_start) or (state.at in _END and not at_end)
            if state.accepts is not None or blocked:
                continue
            new = [number for number in state.following if number not in reached]
            reached.update(new)
            ahead.extend(new)
        return reached

    def step(self, kernel: Kernel, character: str, *, at_start: bool) -> Kernel:
        """The states behind one character."""
        following: set[int] = set()
        for number in self.closure(kernel, at_start=at_start, at_end=False):
            state = self.states[number]
            if state.accepts is not None and state.accepts(character):
                following.update(state.following)
        return frozenset(following)

    # ---- building

    def sequence(self, parsed: Any, following: int, flags: int) -> int:
        """The state where a sequence of parsed items begins that goes on to ``following``."""
        for code, argument in reversed(parsed):
            following = self._item(code, argument, following, flags)
        return following

    def _item(self, code: Any, argument: Any, following: int, flags: int) -> int:
        if code in (op.LITERAL, op.NOT_LITERAL, op.ANY, op.IN):
            return self._add([following], accepts=_accepts(code, argument, flags))
        if code is op.SUBPATTERN:
            _group, added, removed, inner = argument
            return self.sequence(inner, following, (flags | added) & ~removed)
        if code is op.BRANCH:
            return self._add([self.sequence(branch, following, flags) for branch in argument[1]])
        if code in (op.MAX_REPEAT, op.MIN_REPEAT):
            least, most, inner = argument
            return self._repeat(least, most, inner, following, flags)
        if code is op.AT and argument in _START | _END:
            return self._add([following], at=argument)
        raise ExpressionError(f"the pattern /{self._pattern}/ uses {str(code).lower()}, which is not supported")

    def _repeat(self, least: int, most: Any, inner: Any, following: int, flags: int) -> int:
        if most is op.MAXREPEAT:
            loop = self._add([following])
            self.states[loop].following.append(self.sequence(inner, loop, flags))
            following = loop
        else:
            beyond = following
            for _ in range(most - least):
                following = self._add([beyond, self.sequence(inner, following, flags)])
        for _ in range(least):
            begin = self.sequence(inner, following, flags)
            if begin == following:
                break  # an empty group may be repeated billions of times
            following = begin
        return following

    def _add(self, following: Iterable[int], accepts: Accepts | None = None, at: Any = None) -> int:
        if len(self.states) >= MAX_STATES:
            raise ExpressionError(f"the pattern /{self._pattern}/ is too large")
        self.states.append(_State(following, accepts, at))
        return len(self.states) - 1


def _accepts(code: Any, argument: Any, flags: int) -> Accepts:
    if code is op.ANY:
        return (lambda c: True) if flags & re.DOTALL else (lambda c: c != "\n")
    negated = code is op.NOT_LITERAL
    if code is op.IN:
        negated = argument[0][0] is op.NEGATE
        tests = [_one_of(*item) for item in argument if item[0] is not op.NEGATE]
    else:
        tests = [_one_of(op.LITERAL, argument)]

    def accepts(character: str) -> bool:
        spellings = {character, character.lower(), character.upper()} if flags & re.IGNORECASE else (character,)
        return any(test(c) for test in tests for c in spellings if len(c) == 1) != negated

    return accepts


def _one_of(code: Any, argument: Any) -> Accepts:
    if code is op.CATEGORY:
        return _CATEGORIES[argument]
    low, high = argument if code is op.RANGE else (argument, argument)
    return lambda c: low <= ord(c) <= high

"""Text -> ``Path``."""

from __future__ import annotations

import re
from typing import Any

from workflows_app.expressions.base import ExpressionError
from workflows_app.expressions.jsonpath.filters import read_predicate
from workflows_app.expressions.jsonpath.functions import FUNCTIONS
from workflows_app.expressions.jsonpath.path import Path
from workflows_app.expressions.jsonpath.scanner import Scanner
from workflows_app.expressions.jsonpath.segments import (
    Argument,
    Call,
    Extract,
    Filter,
    Index,
    Indexes,
    Member,
    Members,
    Scan,
    Segment,
    Slice,
    Wildcard,
)
from workflows_app.expressions.jsonpath.walk import Walk

# in characters; a path is written by a person
MAX_LENGTH = 4096

_NAME = re.compile(r"[^\s.\[(]+")
# inside a filter, operators and brackets end a name
_NAME_IN_FILTER = re.compile(r"[^\s.\[\](){}<>=!~&|,'\"]+")
_INDEXES = re.compile(r"\s*-?\d+\s*(?:,\s*-?\d+\s*)*\]")
_SLICE = re.compile(r"\s*(-?\d+)?\s*:\s*(-?\d+)?\s*(?::\s*(-?\d+)?\s*)?\]")


def parse(text: str) -> Path:
    """The path that begins at the root of a document, with or without a leading ``$.``.

    Raises ExpressionError if it is malformed, names an unknown function, or is longer than ``MAX_LENGTH``.
    """
    text = text.rstrip(" ")
    if len(text) > MAX_LENGTH:
        raise ExpressionError(f"is longer than {MAX_LENGTH} characters")
    try:
        return _Parser(Scanner(text)).whole()
    except RecursionError as error:
        raise ExpressionError("is nested too deeply") from error


class _Parser:
    """Reads one path; ``names`` and ``reads_all`` as in ``Path``, filled while it reads."""

    def __init__(self, scanner: Scanner) -> None:
        self._scanner = scanner
        self._name = _NAME
        self._names: set[str] = set()
        self._reads_all = False

    def whole(self) -> Path:
        scanner = self._scanner
        if scanner.accept("$") or scanner.accept("@"):
            path = self._rest([])
        else:
            path = self._rest([self._after_dot()])
        if not scanner.ended:
            scanner.fail("'.' or '[' is missing")
        self._note(path)
        return Path(path.segments, frozenset(self._names), self._reads_all)

    def in_filter(self) -> tuple[Path, bool]:
        """The path that begins with the ``@`` or ``$`` that comes next, and whether that is ``$``."""
        from_root = self._scanner.accept("$")
        if not from_root:
            self._scanner.expect("@")
        outer, self._name = self._name, _NAME_IN_FILTER
        path = self._rest([])
        self._name = outer
        if from_root:
            self._note(path)
        return path, from_root

    def _note(self, path: Path) -> None:
        if path.first is not None:
            self._names.add(path.first)
        elif not (path.segments and isinstance(path.segments[0], Call)):
            self._reads_all = True

    def _rest(self, segments: list[Segment]) -> Path:
        scanner = self._scanner
        while True:
            if scanner.peek() == "[":
                segments.append(self._bracket())
            elif scanner.accept(".."):
                inner = self._after_dot()
                if isinstance(inner, Call):
                    scanner.fail("a function cannot follow '..'")
                segments.append(Scan(inner))
            elif scanner.accept("."):
                segments.append(self._after_dot())
            else:
                break
        if segments:
            segments[-1] = _last(segments[-1])
        return Path(tuple(segments))

    def _after_dot(self) -> Segment:
        scanner = self._scanner
        if scanner.peek() == "[":
            return self._bracket()
        if scanner.accept("*"):
            return Wildcard()
        name = scanner.take(self._name)
        if name is None:
            scanner.fail("a name is missing")
        if scanner.accept("("):
            return self._call(name[0])
        return Member(name[0])

    def _bracket(self) -> Segment:
        scanner = self._scanner
        scanner.expect("[")
        if (indexes := scanner.take(_INDEXES)) is not None:
            numbers = tuple(int(number) for number in indexes[0][:-1].split(","))
            return Index(numbers[0]) if len(numbers) == 1 else Indexes(numbers)
        if (found := scanner.take(_SLICE)) is not None:
            start, stop, step = (None if number is None else int(number) for number in found.groups())
            if step == 0:
                scanner.fail("a slice cannot go in steps of 0")
            return Slice(slice(start, stop, step))
        scanner.skip_blanks()
        segment: Segment
        if scanner.accept("*"):
            segment = Wildcard()
        elif scanner.accept("?"):
            segment = Filter(read_predicate(scanner, self.in_filter))
        elif scanner.peek() in ("'", '"'):
            segment = self._names_in_bracket()
        else:
            scanner.fail("a quoted name, a number, '*' or '?' is missing")
        scanner.skip_blanks()
        scanner.expect("]")
        return segment

    def _names_in_bracket(self) -> Segment:
        scanner = self._scanner
        names = [scanner.quoted()]
        scanner.skip_blanks()
        while scanner.accept(","):
            scanner.skip_blanks()
            if scanner.peek() not in ("'", '"'):
                scanner.fail("a quoted name is missing")
            names.append(scanner.quoted())
            scanner.skip_blanks()
        return Member(names[0]) if len(names) == 1 else Members(tuple(names))

    def _call(self, name: str) -> Segment:
        scanner = self._scanner
        if name not in FUNCTIONS:
            scanner.fail(f"there is no function {name}()")
        arguments: list[Argument] = []
        scanner.skip_blanks()
        while not scanner.accept(")"):
            if arguments:
                scanner.expect(",")
                scanner.skip_blanks()
            arguments.append(self._argument())
            scanner.skip_blanks()
        return Call(FUNCTIONS[name], tuple(arguments))

    def _argument(self) -> Argument:
        """A path from the root, or a JSON value."""
        scanner = self._scanner
        if scanner.peek() in ("$", "@"):
            path, from_root = self.in_filter()
            if not from_root:  # there is no element here that '@' could mean
                self._note(path)
            return lambda walk: path.value(None, walk, from_root=True)
        try:
            return _constant(scanner.json())
        except ValueError:
            scanner.fail("an argument is neither a path nor JSON")


def _constant(value: Any) -> Argument:
    def argument(walk: Walk) -> Any:
        return value

    return argument


def _last(segment: Segment) -> Segment:
    """At the end of a path several names select one object."""
    match segment:
        case Members(names):
            return Extract(names)
        case Scan(Members(names)):
            return Scan(Extract(names))
    return segment

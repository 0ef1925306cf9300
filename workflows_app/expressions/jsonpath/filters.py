"""The predicates of filters, ``[?(@.price > 10 && !(@.name =~ /a.*/))]``: their grammar.

any       = all { '||' all }
all       = one { '&&' one }
one       = '!' one | '(' any ')' | operand [ operator operand ]
operand   = path | string | number | true | false | null | list | JSON object | /pattern/flags
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from workflows_app.expressions.jsonpath.operators import OPERATORS, Operator
from workflows_app.expressions.jsonpath.patterns import Pattern
from workflows_app.expressions.jsonpath.scanner import Scanner
from workflows_app.expressions.jsonpath.segments import Predicate
from workflows_app.expressions.jsonpath.walk import Walk, weight

if TYPE_CHECKING:
    from workflows_app.expressions.jsonpath.path import Path

Operand = Callable[[Any, Walk], Any]
# reads the path that comes next; the flag says whether it begins at the root
PathReader = Callable[[], "tuple[Path, bool]"]

_OPERATOR = re.compile(r"===|!==|==|!=|=~|<=|>=|<>|<|>|[A-Za-z]+\b")
_NUMBER = re.compile(r"-?\d+(?:\.\d+)?(?:[eE][+-]?\d+)?")
_WORD = re.compile(r"(?:true|false|null)\b")
_PATTERN = re.compile(r"/((?:[^/\\]|\\.)*)/([a-zA-Z]*)", re.DOTALL)
_WORDS = {"true": True, "false": False, "null": None}


def read_predicate(scanner: Scanner, read_path: PathReader) -> Predicate:
    """The predicate that comes next. Raises ExpressionError if it is malformed."""
    return _Reader(scanner, read_path).read()


class _Reader:
    def __init__(self, scanner: Scanner, read_path: PathReader) -> None:
        self._scanner = scanner
        self._read_path = read_path

    def read(self) -> Predicate:
        parts = [self._all()]
        while self._accept("||"):
            parts.append(self._all())
        if len(parts) == 1:
            return parts[0]
        return lambda item, walk: any(part(item, walk) for part in parts)

    def _all(self) -> Predicate:
        parts = [self._one()]
        while self._accept("&&"):
            parts.append(self._one())
        if len(parts) == 1:
            return parts[0]
        return lambda item, walk: all(part(item, walk) for part in parts)

    def _one(self) -> Predicate:
        if self._accept("!"):
            negated = self._one()
            return lambda item, walk: not negated(item, walk)
        if self._accept("("):
            inner = self.read()
            if not self._accept(")"):
                self._scanner.fail("')' is missing")
            return inner
        return self._relation()

    def _relation(self) -> Predicate:
        scanner = self._scanner
        exists: Predicate | None = None
        if scanner.peek() in ("@", "$"):
            path, from_root = self._read_path()
            left = _reading(path, from_root)
            exists = _existence(path, from_root)
        else:
            left = self._operand()
        scanner.skip_blanks()
        sign = scanner.take(_OPERATOR)
        if sign is None:
            if exists is None:
                scanner.fail("an operator is missing")
            return exists
        operator = OPERATORS.get(sign[0].lower())
        if operator is None:
            scanner.fail(f"there is no operator {sign[0]}")
        scanner.skip_blanks()
        right = self._operand()
        return _relating(operator, left, right)

    def _operand(self) -> Operand:
        if self._scanner.peek() in ("@", "$"):
            return _reading(*self._read_path())
        value = self._literal()
        return lambda item, walk: value

    def _literal(self) -> Any:
        scanner = self._scanner
        if scanner.peek() in ("'", '"'):
            return scanner.quoted()
        if scanner.peek() == "[":
            return self._list()
        if (number := scanner.take(_NUMBER)) is not None:
            return json.loads(_without_leading_zeros(number[0]))
        if (word := scanner.take(_WORD)) is not None:
            return _WORDS[word[0]]
        if (pattern := scanner.take(_PATTERN)) is not None:
            return Pattern(pattern[1], pattern[2])
        try:
            return scanner.json()
        except ValueError:
            scanner.fail("a path or a value is missing")

    def _list(self) -> list[Any]:
        scanner = self._scanner
        scanner.expect("[")
        values: list[Any] = []
        while not self._accept("]"):
            if values and not self._accept(","):
                scanner.fail("',' or ']' is missing")
            scanner.skip_blanks()
            values.append(self._literal())
        return values

    def _accept(self, wanted: str) -> bool:
        self._scanner.skip_blanks()
        if self._scanner.accept(wanted):
            self._scanner.skip_blanks()
            return True
        return False


def _relating(operator: Operator, left: Operand, right: Operand) -> Predicate:
    def predicate(item: Any, walk: Walk) -> bool:
        value = left(item, walk)
        walk.spend(weight(value))
        return operator(value, right(item, walk), walk)

    return predicate


def _reading(path: Path, from_root: bool) -> Operand:
    return lambda item, walk: path.value(item, walk, from_root=from_root)


def _existence(path: Path, from_root: bool) -> Predicate:
    return lambda item, walk: path.exists(item, walk, from_root=from_root)


def _without_leading_zeros(number: str) -> str:
    return re.sub(r"^(-?)0+(?=\d)", r"\1", number)

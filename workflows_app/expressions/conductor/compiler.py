"""JSON values with expressions in them -> functions of the scope."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from workflows_app.expressions.base import ExpressionError, Language, Scope
from workflows_app.expressions.conductor import environment
from workflows_app.expressions.conductor.reading import Evaluator, Reach, reach_of, reading
from workflows_app.expressions.conductor.rendering import to_text
from workflows_app.expressions.conductor.template import OPEN, Expression, Part, split

# levels of objects and lists
MAX_DEPTH = 200


class ConductorLanguage:
    """Compiles a JSON value with templates in its strings."""

    def compile(self, value: Any) -> CompiledValue:
        """Raises ExpressionError if a path is malformed, or expressions stand deeper than ``MAX_DEPTH``."""
        compiled = CompiledValue()
        compiled.add(value)
        return compiled


LANGUAGE: Language = ConductorLanguage()


def references(value: Any) -> list[str]:
    """The tasks that the expressions of a JSON value name, each once, in the order of their appearance.

    ``["a", "b"]`` for ``{"x": "${a.output.${b.output.key}}", "y": ["${workflow.input.z}"]}``: names that expressions
    begin with, also those inside filters, but neither ``workflow`` nor environment variables nor names that are
    computed. Raises ExpressionError if an expression is malformed.
    """
    found: dict[str, None] = {}
    for text in _texts(value):
        for part in split(text):
            if isinstance(part, Expression):
                for reach in _reaches(part):
                    found.update(dict.fromkeys(sorted(reach.reads)))
                    if reach.name is not None and not environment.is_variable(reach.name):
                        found[reach.name] = None
    return list(found)


class CompiledValue:
    """A JSON value whose expressions are functions. ``reads``, ``reads_any`` and ``history``: see ``Template``."""

    __slots__ = ("_constant", "_evaluator", "history", "reads", "reads_any")

    def __init__(self) -> None:
        self.reads: frozenset[str] = frozenset()
        self.reads_any = False
        self.history: frozenset[str] = frozenset()
        self._constant: Any = None
        self._evaluator: Evaluator | None = None

    def evaluate(self, scope: Scope) -> Any:
        """The value with every expression replaced; what holds none is shared with the template.

        Raises ExpressionError if a path takes too long on what it meets, and whatever the scope raises.
        """
        if self._evaluator is None:
            return self._constant
        try:
            return self._evaluator(scope)
        except RecursionError as error:
            raise ExpressionError("a value is nested too deeply") from error

    def add(self, value: Any) -> None:
        """Makes this the compiled form of ``value``."""
        if any(_texts(value)):
            self._constant, self._evaluator = self._value(value, 0)
        else:
            self._constant = value

    def _value(self, value: Any, depth: int) -> tuple[Any, Evaluator | None]:
        """The value and None if it needs no scope; otherwise its evaluator."""
        if depth > MAX_DEPTH:
            raise ExpressionError(f"a value with expressions is nested deeper than {MAX_DEPTH} levels")
        if isinstance(value, str):
            return self._text(value) if OPEN in value else (value, None)
        if isinstance(value, dict):
            return self._object({key: self._value(inner, depth + 1) for key, inner in value.items()}, value)
        if isinstance(value, list):
            return self._list([self._value(inner, depth + 1) for inner in value], value)
        return value, None

    def _object(self, members: dict[str, tuple[Any, Evaluator | None]], value: Any) -> tuple[Any, Evaluator | None]:
        constant = {key: inner for key, (inner, _) in members.items()}
        evaluators = [(key, evaluate) for key, (_, evaluate) in members.items() if evaluate is not None]
        if not evaluators:
            return (value if all(constant[key] is value[key] for key in constant) else constant), None

        def evaluate_object(scope: Scope) -> dict[str, Any]:
            result = constant.copy()
            for key, evaluate in evaluators:
                result[key] = evaluate(scope)
            return result

        return None, evaluate_object

    def _list(self, elements: list[tuple[Any, Evaluator | None]], value: Any) -> tuple[Any, Evaluator | None]:
        constant = [inner for inner, _ in elements]
        evaluators = [(index, evaluate) for index, (_, evaluate) in enumerate(elements) if evaluate is not None]
        if not evaluators:
            return (value if all(new is old for new, old in zip(constant, value, strict=True)) else constant), None

        def evaluate_list(scope: Scope) -> list[Any]:
            result = constant.copy()
            for index, evaluate in evaluators:
                result[index] = evaluate(scope)
            return result

        return None, evaluate_list

    def _text(self, text: str) -> tuple[Any, Evaluator | None]:
        parts = split(text)
        match parts:
            case (str(literal),):
                return literal, None
            case (Expression() as expression,):
                return None, self._expression(expression)
        return None, self._interpolation(parts)

    def _interpolation(self, parts: tuple[Part, ...]) -> Evaluator:
        pieces = [part if isinstance(part, str) else self._expression(part) for part in parts]
        return lambda scope: "".join([piece if isinstance(piece, str) else to_text(piece(scope)) for piece in pieces])

    def _expression(self, expression: Expression) -> Evaluator:
        reach = _reach(expression)
        if reach is None:
            self.reads_any = True
        else:
            self.reads |= reach.reads
            self.history |= reach.history
        if expression.is_plain:
            return reading(expression.beginning).get
        return _computed(self._interpolation(expression.parts))


def _computed(text_of: Evaluator) -> Evaluator:
    """An expression whose path is known only when it is evaluated; null if it turns out to be malformed."""

    def evaluate(scope: Scope) -> Any:
        text = text_of(scope)
        try:
            found = reading(text)
        except ExpressionError:
            return None
        return found.get(scope)

    return evaluate


def _reach(expression: Expression) -> Reach | None:
    """What an expression itself looks at, None if its first name is computed."""
    beginning = expression.beginning
    return reading(beginning).reach if expression.is_plain else reach_of(beginning)


def _reaches(expression: Expression) -> Iterator[Reach]:
    """What is known of an expression and of those nested in it."""
    own = _reach(expression)
    if own is not None:
        yield own
    for part in expression.parts:
        if isinstance(part, Expression):
            yield from _reaches(part)


def _texts(value: Any) -> Iterator[str]:
    """The strings of a JSON value that may hold expressions, however deep they stand."""
    ahead = [value]
    while ahead:
        inner = ahead.pop()
        if isinstance(inner, str):
            if OPEN in inner:
                yield inner
        elif isinstance(inner, dict):
            ahead.extend(reversed(inner.values()))
        elif isinstance(inner, list):
            ahead.extend(reversed(inner))

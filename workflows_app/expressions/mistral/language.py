"""JSON values with expressions in their strings -> functions of the scope."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, cast

from workflows_app.expressions.base import ExpressionError, Language, Scope, WholeScope
from workflows_app.expressions.mistral.text import Text, has_expressions, parse

# levels of objects and lists
MAX_DEPTH = 100

Evaluator = Callable[[Scope], Any]
# An object of this key alone is what its expressions give, in order, put together into one object.
MERGED = "\x1fmerged"


def whole_expression(text: Any) -> bool:
    """Whether a value is one expression, which may give anything."""
    if not isinstance(text, str) or not has_expressions(text.strip()):
        return False
    parts = parse(text.strip()).parts
    return len(parts) == 1 and not isinstance(parts[0], str) and parts[0].language != "text"


class MistralLanguage:
    """Compiles a JSON value with expressions in its strings."""

    def compile(self, value: Any) -> CompiledValue:
        """Raises ExpressionError if an expression is malformed, or a value deeper than ``MAX_DEPTH``."""
        return CompiledValue(value)


LANGUAGE: Language = MistralLanguage()


class CompiledValue:
    """See ``expressions.base.Compiled``."""

    __slots__ = ("_evaluator", "_value", "history", "reads", "reads_any")

    def __init__(self, value: Any) -> None:
        self.reads: frozenset[str] = frozenset()
        self.reads_any = False
        self.history: frozenset[str] = frozenset()
        self._value = value
        self._evaluator = self._compiled(value, 0)

    def evaluate(self, scope: Scope) -> Any:
        return self._value if self._evaluator is None else self._evaluator(scope)

    def _compiled(self, value: Any, depth: int) -> Evaluator | None:
        """None for a value without expressions."""
        if depth > MAX_DEPTH:
            raise ExpressionError(f"a value is nested deeper than {MAX_DEPTH} levels")
        if isinstance(value, str):
            return self._text(value) if has_expressions(value) else None
        if isinstance(value, dict):
            if value.keys() == {MERGED}:
                return self._merged(value[MERGED], depth)
            members = {key: self._compiled(inner, depth + 1) for key, inner in value.items()}
            return _object(value, members) if any(members.values()) else None
        if isinstance(value, list):
            elements = [self._compiled(inner, depth + 1) for inner in value]
            return _list(value, elements) if any(elements) else None
        return None

    def _text(self, value: str) -> Evaluator:
        text: Text = parse(value)
        for expression in text.expressions:
            self.reads |= frozenset(expression.outline.tasks)
            self.reads_any = self.reads_any or expression.outline.any_task
        return lambda scope: text.evaluate(cast(WholeScope, scope))  # whoever runs such definitions has one

    def _merged(self, parts: list[Any], depth: int) -> Evaluator:
        compiled = [(part, self._compiled(part, depth + 1)) for part in parts]

        def evaluate(scope: Scope) -> dict[str, Any]:
            found: dict[str, Any] = {}
            for part, evaluator in compiled:
                value = part if evaluator is None else evaluator(scope)
                if not isinstance(value, dict):
                    raise ExpressionError(f"an object is expected here, not {str(value)[:200]!r}")
                found.update(value)
            return found

        return evaluate


def _object(value: dict[str, Any], members: dict[str, Evaluator | None]) -> Evaluator:
    return lambda scope: {
        key: inner if (evaluate := members[key]) is None else evaluate(scope) for key, inner in value.items()
    }


def _list(value: list[Any], elements: list[Evaluator | None]) -> Evaluator:
    return lambda scope: [
        inner if evaluate is None else evaluate(scope) for inner, evaluate in zip(value, elements, strict=True)
    ]

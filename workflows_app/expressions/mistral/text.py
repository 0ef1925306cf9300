"""Strings with expressions in them: where the expressions are, and their values (contracts/mistral.md, section 8.1)."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Any

from workflows_app.expressions.base import ExpressionError, ScriptError, WholeScope
from workflows_app.expressions.jinja import grammar as jinja
from workflows_app.expressions.mistral import functions
from workflows_app.expressions.mistral.names import Context, Value, context_of
from workflows_app.expressions.outline import Outline
from workflows_app.expressions.steps import NotSimple
from workflows_app.expressions.yaql import grammar as yaql

_YAQL = re.compile(r"<%(.*?)%>")
_JINJA = re.compile(r"{{(.*?)}}")
_JINJA_BLOCK = re.compile(r"{%.*?%}")
_SPOKEN = {"yaql": "YAQL", "jinja": "Jinja", "text": "Jinja"}


@dataclass(frozen=True, slots=True)
class Expression:
    """One expression, or one Jinja text as a whole, with its grammar read."""

    language: str  # yaql, jinja, text
    source: str
    outline: Outline

    def evaluate(self, context: Context | Value) -> Any:
        """Raises ExpressionError, and whatever the scope raises."""
        try:
            if self.outline.step is not None:
                return self.outline.step(context)
        except NotSimple:
            pass
        try:
            return context.scope.script(self.language, self.source, self._data(context))
        except ScriptError as error:
            raise self._failed(error) from error

    def _data(self, context: Context | Value) -> dict[str, Any]:
        """What the sandbox needs to know."""
        names = context.everything() if self.outline.names is None else context.some(self.outline.names)
        calls: dict[str, Any] = {}
        for call in self.outline.calls:
            if call.arguments is None:
                continue
            try:
                arguments = [argument(context) for argument in call.arguments]
                given = functions.in_order(
                    call.function, arguments, {name: step(context) for name, step in call.keywords.items()}
                )
            except NotSimple:
                continue
            calls[functions.call_key(call.function, given)] = context.call(call.function, given, {})
        tasks = None
        if self.outline.computed_task:
            tasks = {t["name"]: t for t in functions.tasks(context.scope)}
        return {"names": names, "calls": calls, "tasks": tasks}

    def _written(self) -> str:
        """As messages quote it: Jinja with its braces."""
        return f"{{{{{self.source}}}}}" if self.language == "jinja" else self.source.strip()

    def _failed(self, error: Exception) -> ExpressionError:
        spoken = _SPOKEN[self.language]
        return ExpressionError(f"Can not evaluate {spoken} expression [expression={self._written()}, error={error}]")


@dataclass(frozen=True, slots=True)
class Text:
    """A string: its parts as they stand, or one expression that is the string as a whole."""

    parts: tuple[str | Expression, ...]

    @property
    def expressions(self) -> list[Expression]:
        return [part for part in self.parts if isinstance(part, Expression)]

    def evaluate(self, scope: WholeScope) -> Any:
        context = context_of(scope)
        if len(self.parts) == 1 and isinstance(self.parts[0], Expression):
            return self.parts[0].evaluate(context)
        return "".join([part if isinstance(part, str) else str(part.evaluate(context)) for part in self.parts])


def has_expressions(text: str) -> bool:
    return ("<%" in text and _YAQL.search(text) is not None) or _is_jinja(text)


def parse(text: str) -> Text:
    """Raises ExpressionError for malformed expressions, and for both languages in one string."""
    is_yaql, is_jinja = _YAQL.search(text) is not None, _is_jinja(text)
    if is_yaql and is_jinja:
        raise ExpressionError(
            "The line already contains an expression of type 'yaql'. Mixing expression types in a single line is not"
            f" allowed: {text[:200]!r}"
        )
    if is_yaql:
        return Text(tuple(_yaql_parts(text)))
    if not is_jinja:
        return Text((text,))
    found = _JINJA.findall(text)
    if len(found) == 1 and f"{{{{{found[0]}}}}}" == text:
        return Text((Expression("jinja", found[0], jinja.outline_expression(found[0])),))
    return Text((Expression("text", text, jinja.outline_text(text)),))


def _is_jinja(text: str) -> bool:
    return ("{{" in text and _JINJA.search(text) is not None) or (
        "{%" in text and _JINJA_BLOCK.search(text) is not None
    )


def _yaql_parts(text: str) -> list[str | Expression]:
    parts: list[str | Expression] = []
    end = 0
    for found in _YAQL.finditer(text):
        if found.start() > end:
            parts.append(text[end : found.start()])
        parts.append(Expression("yaql", found[1], yaql.outline(found[1])))
        end = found.end()
    if end < len(text):
        parts.append(text[end:])
    return parts

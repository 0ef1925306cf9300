"""Checking a document: every problem with its place, and the checks that come again and again."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from workflows_app.expressions import ExpressionError, compile_template
from workflows_app.expressions.mistral import whole_expression
from workflows_app.formats.base import TextProblem, Unreadable
from workflows_app.formats.mistral.yaml_text import Document, Path

LANGUAGE = "mistral"
LONGEST_NAME = 255


class Checker:
    """Collects what is wrong with a document."""

    def __init__(self, document: Document) -> None:
        self._document = document
        self.problems: list[TextProblem] = []

    def note(self, path: Path, message: str) -> None:
        place = ".".join(str(step) for step in path)
        self.problems.append(TextProblem(message, self._document.line(path), place))

    def raise_all(self) -> None:
        """Raises Unreadable if anything is wrong."""
        if self.problems:
            raise Unreadable(self.problems)

    def is_object(self, value: Any, path: Path, *, may_be_empty: bool = False) -> bool:
        if isinstance(value, dict) and (value or may_be_empty):
            return True
        self.note(path, f"{shown(value)} should be an object{'' if may_be_empty else ' with something in it'}")
        return False

    def is_text(self, value: Any, path: Path) -> bool:
        if isinstance(value, str) and value:
            return True
        self.note(path, f"{shown(value)} should be a text")
        return False

    def texts(self, value: Any, path: Path) -> list[str]:
        """A list of different texts."""
        if not isinstance(value, list) or not value or not all(isinstance(v, str) and v for v in value):
            self.note(path, f"{shown(value)} should be a list of texts")
            return []
        if len(set(value)) < len(value):
            self.note(path, "an element stands in the list twice")
        return value

    def keys(self, value: dict[str, Any], known: Iterable[str], path: Path) -> None:
        """No other keys than these."""
        for key in value:
            if key not in known:
                self.note((*path, key), f"{key!r} is unknown here; known are: {', '.join(sorted(known))}")

    def expressions(self, value: Any, path: Path) -> None:
        """Every expression in a value is well-formed."""
        try:
            compile_template(LANGUAGE, value)
        except ExpressionError as error:
            self.note(path, str(error))

    def number(self, value: Any, path: Path) -> None:
        """A whole number that is not negative, or an expression."""
        if isinstance(value, int) and not isinstance(value, bool) and value >= 0:
            return
        self._expression(value, path, "a whole number of at least 0, or an expression")

    def truth(self, value: Any, path: Path) -> None:
        """true, false, or an expression."""
        if not isinstance(value, bool):
            self._expression(value, path, "true, false, or an expression")

    def expression(self, value: Any, path: Path) -> None:
        self._expression(value, path, "an expression: <% ... %> or {{ ... }}")

    def _expression(self, value: Any, path: Path, wanted: str) -> None:
        try:
            found = whole_expression(value)
        except ExpressionError as error:
            self.note(path, str(error))
            return
        if not found:
            self.note(path, f"{shown(value)} should be {wanted}")


def shown(value: Any) -> str:
    """A value for a message."""
    return "nothing" if value is None else repr(value)[:80]

"""The language without expressions: every value stands for itself."""

from __future__ import annotations

from typing import Any

from workflows_app.expressions.base import Scope


class _Literal:
    reads: frozenset[str] = frozenset()
    reads_any = False
    history: frozenset[str] = frozenset()

    def __init__(self, value: Any) -> None:
        self.value = value

    def evaluate(self, scope: Scope) -> Any:
        return self.value


class _Language:
    def compile(self, value: Any) -> _Literal:
        return _Literal(value)


LANGUAGE = _Language()

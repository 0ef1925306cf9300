"""The context: ``$`` in YAQL, ``_`` in Jinja (contracts/mistral.md, section 7.12)."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from workflows_app.expressions.base import WholeScope
from workflows_app.expressions.mistral import functions


class Value:
    """A context that is one value, whatever its type: the result that an ad-hoc action makes over."""

    def __init__(self, scope: WholeScope, value: Any) -> None:
        self.scope = scope
        self._value = value

    def lookup(self, name: str) -> Any:
        """Raises KeyError."""
        if isinstance(self._value, dict):
            return self._value[name]
        raise KeyError(name)

    def everything(self) -> Any:
        return self._value

    def some(self, names: Iterable[str]) -> Any:
        return self._value

    def call(self, function: str, arguments: Sequence[Any], keywords: Mapping[str, Any]) -> Any:
        return functions.call(self.scope, function, arguments, keywords)


def context_of(scope: WholeScope) -> Context | Value:
    """The context of a scope; one with a ``root`` has that value and nothing else."""
    return Value(scope, scope.root) if hasattr(scope, "root") else Context(scope)


class Context:
    """The layers in which a name is looked up: the first that has it counts."""

    def __init__(self, scope: WholeScope) -> None:
        self.scope = scope
        execution = scope.execution
        self._layers: tuple[Mapping[str, Any], ...] = (
            scope.locals,
            scope.context,
            execution["variables"],
            execution["input"],
        )

    def lookup(self, name: str) -> Any:
        """Raises KeyError."""
        for layer in self._layers:
            if name in layer:
                return layer[name]
        raise KeyError(name)

    def everything(self) -> dict[str, Any]:
        """All names with their values."""
        found: dict[str, Any] = {}
        for layer in reversed(self._layers):
            found.update(layer)
        return found

    def some(self, names: Iterable[str]) -> dict[str, Any]:
        """Those of the names that there are."""
        return {name: self.lookup(name) for name in names if any(name in layer for layer in self._layers)}

    def call(self, function: str, arguments: Sequence[Any], keywords: Mapping[str, Any]) -> Any:
        return functions.call(self.scope, function, arguments, keywords)

"""Expressions that are simple enough to be evaluated here: look-ups, comparisons, small sums.

The grammars of YAQL and Jinja are read by their libraries; what they read is translated to the few kinds of ``Step``
below. A step does what its library does, or it raises ``NotSimple``, and then the expression is evaluated by the
library itself, in a sandbox. So nothing here can run for long or reach anything but the values that it is given.
"""

from __future__ import annotations

import operator
from collections.abc import Callable, Mapping, Sequence
from typing import Any, Protocol

_LARGEST = 2**63
_LONGEST = 1_000_000


class NotSimple(Exception):
    """The library must say what this is."""


class Names(Protocol):
    """Where expressions look things up."""

    def lookup(self, name: str) -> Any:
        """Raises KeyError."""
        ...

    def everything(self) -> Mapping[str, Any]:
        """All names with their values."""
        ...

    def call(self, function: str, arguments: Sequence[Any], keywords: Mapping[str, Any]) -> Any:
        """A function that needs the world outside. Raises ExpressionError."""
        ...


Step = Callable[[Names], Any]


def constant(value: Any) -> Step:
    return lambda names: value


def root(names: Names) -> Any:
    return names.everything()


def member(name: str) -> Step:
    """``$.name``: what the context calls so."""

    def step(names: Names) -> Any:
        try:
            return names.lookup(name)
        except KeyError:
            raise NotSimple from None

    return step


def item(of: Step, key: Step) -> Step:
    """``of.key`` and ``of[key]``, for objects and lists."""

    def step(names: Names) -> Any:
        container, wanted = of(names), key(names)
        if isinstance(container, dict):
            if isinstance(wanted, str) and wanted in container:
                return container[wanted]
        elif isinstance(container, list) and type(wanted) is int and -len(container) <= wanted < len(container):
            return container[wanted]
        raise NotSimple

    return step


def field(of: Step, name: str) -> Step:
    """``of.name``, for objects alone."""

    def step(names: Names) -> Any:
        container = of(names)
        if isinstance(container, dict) and name in container:
            return container[name]
        raise NotSimple

    return step


def get(of: Step, key: Step, default: Step) -> Step:
    """``of.get(key, default)``."""

    def step(names: Names) -> Any:
        container, wanted = of(names), key(names)
        if not isinstance(container, Mapping) or not isinstance(wanted, str):
            raise NotSimple
        return container[wanted] if wanted in container else default(names)

    return step


def length(of: Step) -> Step:
    def step(names: Names) -> Any:
        value = of(names)
        if not isinstance(value, (list, str, dict)):
            raise NotSimple
        return len(value)

    return step


def listed(elements: Sequence[Step]) -> Step:
    return lambda names: [element(names) for element in elements]


def mapped(members: Sequence[tuple[Step, Step]]) -> Step:
    def step(names: Names) -> Any:
        found = {}
        for key, value in members:
            name = key(names)
            if not isinstance(name, str):
                raise NotSimple
            found[name] = value(names)
        return found

    return step


def called(function: str, arguments: Sequence[Step], keywords: Mapping[str, Step]) -> Step:
    return lambda names: names.call(
        function, [a(names) for a in arguments], {name: value(names) for name, value in keywords.items()}
    )


def equal(left: Step, right: Step, *, negated: bool = False) -> Step:
    def step(names: Names) -> Any:
        a, b = left(names), right(names)
        if not (_is_plain(a) and _is_plain(b)) or isinstance(a, bool) != isinstance(b, bool):
            raise NotSimple
        return (a == b) != negated

    return step


_ORDERS = {"<": operator.lt, "<=": operator.le, ">": operator.gt, ">=": operator.ge}


def ordered(how: str, left: Step, right: Step) -> Step:
    compare = _ORDERS[how]

    def step(names: Names) -> Any:
        a, b = left(names), right(names)
        if not (_is_number(a) and _is_number(b)) and not (isinstance(a, str) and isinstance(b, str)):
            raise NotSimple
        return compare(a, b)

    return step


def contained(left: Step, right: Step) -> Step:
    def step(names: Names) -> Any:
        wanted, container = left(names), right(names)
        if not isinstance(container, list) or not _is_plain(wanted) or isinstance(wanted, bool):
            raise NotSimple
        if any(isinstance(element, bool) for element in container):
            raise NotSimple
        return wanted in container

    return step


def both(left: Step, right: Step) -> Step:
    return lambda names: _truth(left(names)) and _truth(right(names))


def either(left: Step, right: Step) -> Step:
    return lambda names: _truth(left(names)) or _truth(right(names))


def negation(of: Step) -> Step:
    return lambda names: not _truth(of(names))


def total(left: Step, right: Step) -> Step:
    def step(names: Names) -> Any:
        a, b = left(names), right(names)
        if isinstance(a, str) and isinstance(b, str) and len(a) + len(b) < _LONGEST:
            return a + b
        return _number(a) + _number(b)

    return step


def difference(left: Step, right: Step) -> Step:
    return lambda names: _number(left(names)) - _number(right(names))


def product(left: Step, right: Step) -> Step:
    return lambda names: _number(left(names)) * _number(right(names))


def joined(parts: Sequence[Step]) -> Step:
    """A text with values in it."""
    return lambda names: "".join([str(part(names)) for part in parts])


def _truth(value: Any) -> bool:
    if not isinstance(value, bool):
        raise NotSimple
    return value


def _is_plain(value: Any) -> bool:
    return value is None or isinstance(value, (bool, int, float, str))


def _is_number(value: Any) -> bool:
    return isinstance(value, (int, float)) and not isinstance(value, bool)


def _number(value: Any) -> Any:
    if not _is_number(value) or abs(value) >= _LARGEST:
        raise NotSimple
    return value

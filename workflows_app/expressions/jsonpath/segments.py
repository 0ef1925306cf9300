"""The segments of a path: each leads from one value to those below it that it selects."""

from __future__ import annotations

from collections.abc import Callable, Collection
from dataclasses import dataclass
from typing import Any

from workflows_app.expressions.jsonpath.functions import Function, NoValue
from workflows_app.expressions.jsonpath.walk import Walk, weight

Predicate = Callable[[Any, Walk], bool]
Argument = Callable[[Walk], Any]


class Segment:
    """``definite``: it selects one value at most, so that a path of such segments gives a value and not a list."""

    __slots__ = ()
    definite = True

    def each(self, value: Any, walk: Walk) -> Collection[Any]:
        """The selected values below ``value``; none where it does not apply."""
        raise NotImplementedError

    def scanned(self, container: Any, walk: Walk) -> Collection[Any]:
        """The same for each object and list that ``..`` meets."""
        return self.each(container, walk)


@dataclass(frozen=True, slots=True)
class Member(Segment):
    """``.name`` or ``['name']``."""

    name: str

    def each(self, value: Any, walk: Walk) -> Collection[Any]:
        return (value[self.name],) if isinstance(value, dict) and self.name in value else ()


@dataclass(frozen=True, slots=True)
class Members(Segment):
    """``['a','b']`` with something after it: one after the other."""

    names: tuple[str, ...]
    definite = False

    def each(self, value: Any, walk: Walk) -> Collection[Any]:
        return [value[name] for name in self.names if name in value] if isinstance(value, dict) else ()


@dataclass(frozen=True, slots=True)
class Extract(Segment):
    """``['a','b']`` at the end of a path: an object of those members that exist."""

    names: tuple[str, ...]

    def each(self, value: Any, walk: Walk) -> Collection[Any]:
        return ({name: value[name] for name in self.names if name in value},) if isinstance(value, dict) else ()

    def scanned(self, container: Any, walk: Walk) -> Collection[Any]:
        complete = isinstance(container, dict) and all(name in container for name in self.names)
        return self.each(container, walk) if complete else ()


@dataclass(frozen=True, slots=True)
class Index(Segment):
    """``[2]``; ``[-1]`` counts from the end."""

    index: int

    def each(self, value: Any, walk: Walk) -> Collection[Any]:
        return (value[self.index],) if isinstance(value, list) and _within(value, self.index) else ()


@dataclass(frozen=True, slots=True)
class Indexes(Segment):
    """``[0,2]``."""

    indexes: tuple[int, ...]
    definite = False

    def each(self, value: Any, walk: Walk) -> Collection[Any]:
        return [value[i] for i in self.indexes if _within(value, i)] if isinstance(value, list) else ()


@dataclass(frozen=True, slots=True)
class Slice(Segment):
    """``[1:3]``."""

    slice: slice
    definite = False

    def each(self, value: Any, walk: Walk) -> Collection[Any]:
        return value[self.slice] if isinstance(value, list) else ()


@dataclass(frozen=True, slots=True)
class Wildcard(Segment):
    """``.*`` or ``[*]``."""

    definite = False

    def each(self, value: Any, walk: Walk) -> Collection[Any]:
        return value.values() if isinstance(value, dict) else value if isinstance(value, list) else ()


@dataclass(frozen=True, slots=True)
class Filter(Segment):
    """``[?(...)]``: the elements of a list, or an object itself, for which the predicate holds."""

    predicate: Predicate
    definite = False

    def each(self, value: Any, walk: Walk) -> Collection[Any]:
        if isinstance(value, list):
            return [element for element in value if self.predicate(element, walk)]
        return self.scanned(value, walk)

    def scanned(self, container: Any, walk: Walk) -> Collection[Any]:
        # a list's elements have their own turn in a scan
        return (container,) if isinstance(container, dict) and self.predicate(container, walk) else ()


@dataclass(frozen=True, slots=True)
class Scan(Segment):
    """``..``: what the next segment selects in the value and in everything below it, outer values first."""

    inner: Segment
    definite = False

    def each(self, value: Any, walk: Walk) -> Collection[Any]:
        selected: list[Any] = []
        ahead = [value] if isinstance(value, (dict, list)) else []
        while ahead:
            container = ahead.pop()
            matches = self.inner.scanned(container, walk)
            walk.spend(1 + len(container) + len(matches))
            selected.extend(matches)
            below = list(container.values()) if isinstance(container, dict) else container
            ahead.extend(found for found in reversed(below) if isinstance(found, (dict, list)))
        return selected


@dataclass(frozen=True, slots=True)
class Call(Segment):
    """``.length()``."""

    function: Function
    arguments: tuple[Argument, ...]

    def call(self, found: list[Any], definite: bool, walk: Walk) -> tuple[list[Any], bool]:
        """What the function makes of what was found so far, and whether that is a single value.

        After an indefinite path a function of lists takes the values together, as Jayway's documentation says,
        unless they are lists themselves: those it takes one by one, as Jayway does.
        """
        arguments = [argument(walk) for argument in self.arguments]
        together = self.function.of_list and not definite and not (found and all(isinstance(v, list) for v in found))
        results: list[Any] = []
        for value in [found] if together else found:
            walk.spend(weight(value))
            try:
                results.append(self.function.apply(value, arguments))
            except NoValue:
                return [], True
            walk.spend(weight(results[-1]))
        return results, definite or together


def _within(value: list[Any], index: int) -> bool:
    return -len(value) <= index < len(value)

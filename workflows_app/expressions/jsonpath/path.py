"""A parsed path."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from workflows_app.expressions.jsonpath.segments import Call, Index, Member, Segment
from workflows_app.expressions.jsonpath.walk import Root, Walk

__all__ = ["Path", "Root", "follow"]

Step = str | int


@dataclass(frozen=True, slots=True)
class Path:
    """``names``: the members of the root document that it reads, those inside its filters and arguments too.
    ``reads_all``: some part of it begins with no name, such as ``$..x``, so that it reads the whole root document.
    """

    segments: tuple[Segment, ...]
    names: frozenset[str] = frozenset()
    reads_all: bool = False

    @property
    def first(self) -> str | None:
        """The name that it begins with. None if it begins with a wildcard or a function, or is empty."""
        return self.segments[0].name if self.segments and isinstance(self.segments[0], Member) else None

    @property
    def steps(self) -> tuple[Step, ...] | None:
        """Its names and indexes, for ``follow``. None if there is more to it."""
        steps = [
            segment.name if isinstance(segment, Member) else segment.index
            for segment in self.segments
            if isinstance(segment, (Member, Index))
        ]
        return tuple(steps) if len(steps) == len(self.segments) else None

    def of(self, document: Any) -> Any:
        """What the path gives in a JSON value; see ``from_root``."""
        return self.from_root(_Document(document))

    def from_root(self, root: Root) -> Any:
        """The value, None if there is none; of an indefinite path the list of all values.

        Raises ExpressionError if it takes too long or the document is nested too deeply.
        """
        return self.value(None, Walk(root), from_root=True)

    def value(self, item: Any, walk: Walk, *, from_root: bool) -> Any:
        """The same as a part of another evaluation; ``item`` is where it begins if that is not the root."""
        found, definite = self._run(item, walk, from_root)
        return found if not definite else found[0] if found else None

    def exists(self, item: Any, walk: Walk, *, from_root: bool) -> bool:
        """Whether there is a value, null included."""
        return bool(self._run(item, walk, from_root)[0])

    def _run(self, item: Any, walk: Walk, from_root: bool) -> tuple[list[Any], bool]:
        found, segments, definite = [item], self.segments, True
        if from_root:
            found, segments = self._begin(walk.root)
        for segment in segments:
            if isinstance(segment, Call):
                found, definite = segment.call(found, definite, walk)
            else:
                found, definite = _below(found, segment, walk), definite and segment.definite
        return found, definite

    def _begin(self, root: Root) -> tuple[list[Any], tuple[Segment, ...]]:
        """The value behind the first one or two names, and the segments after those."""
        match self.segments:
            case (Member(name), Member(key), *_):
                value, used = root.part(name, key), 2
            case (Member(name), *_):
                value, used = root.part(name, None), 1
            case (Call(), *_):
                return [None], self.segments
            case _:
                return [root.whole()], self.segments
        return [] if value is None else [value], self.segments[used:]


def _below(found: list[Any], segment: Segment, walk: Walk) -> list[Any]:
    selected: list[Any] = []
    for value in found:
        before = len(selected)
        selected.extend(segment.each(value, walk))
        walk.spend(1 + len(selected) - before)
    return selected


def follow(value: Any, steps: tuple[Step, ...]) -> Any:
    """What names and indexes lead to, None if they lead nowhere."""
    for step in steps:
        if isinstance(step, str):
            if not isinstance(value, dict):
                return None
            value = value.get(step)
        elif isinstance(value, list) and -len(value) <= step < len(value):
            value = value[step]
        else:
            return None
    return value


class _Document:
    """A root document that is there."""

    def __init__(self, document: Any) -> None:
        self._document = document

    def part(self, name: str, key: str | None) -> Any:
        return follow(self._document, (name,) if key is None else (name, key))

    def whole(self) -> Any:
        return self._document

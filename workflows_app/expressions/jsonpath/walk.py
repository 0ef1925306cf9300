"""What one evaluation of a path carries along: the document that ``$`` means, and how much work is left to it."""

from __future__ import annotations

from typing import Any, Protocol

from workflows_app.expressions.base import ExpressionError

# some tenths of a second; a filter over a hundred thousand elements stays below
MAX_STEPS = 1_000_000


class Root(Protocol):
    """The document that ``$`` means. It need not exist as a whole: it is asked for what a path begins with."""

    def part(self, name: str, key: str | None) -> Any:
        """The member ``name``, or the member ``key`` of that if it is not None. None if there is none."""
        ...

    def whole(self) -> Any:
        """The document, for paths that do not begin with a name."""
        ...


class Walk:
    """One evaluation."""

    __slots__ = ("_left", "root")

    def __init__(self, root: Root) -> None:
        self.root = root
        self._left = MAX_STEPS

    def spend(self, steps: int = 1) -> None:
        """Counts work, in visited values or characters. Raises ExpressionError when it has become too much."""
        self._left -= steps
        if self._left < 0:
            raise ExpressionError(f"takes more than {MAX_STEPS:,} steps on this document")


def weight(value: Any) -> int:
    """The steps that it takes to look at a value as a whole: its elements or characters, and 1 at least."""
    return 1 + len(value) if isinstance(value, (str, list, dict)) else 1

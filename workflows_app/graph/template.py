"""A value with expressions in it, as definitions hold them."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any


@dataclass(frozen=True, slots=True, kw_only=True)
class Template:
    """A JSON value with expressions in its strings, in one expression language ("literal": without any).

    ``reads`` names the refs whose task runs the expressions look at, so that the engine loads those rows and
    no others. ``reads_any`` is True when that cannot be known before evaluation (a name that is computed).
    ``history`` names loops whose earlier iterations are read, not only the number of the current one.
    """

    language: str
    value: Any
    reads: frozenset[str] = frozenset()
    reads_any: bool = False
    history: frozenset[str] = frozenset()
    # what the language made of the value, kept by ``workflows_app.expressions``; not part of the template
    compiled: Any = field(default=None, init=False, compare=False, repr=False)


LITERAL = "literal"


def literal(value: Any) -> Template:
    """A template that is its own value."""
    return Template(language=LITERAL, value=value)

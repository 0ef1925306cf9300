"""What branches publish on their way: a context is a document of names and values that a branch carries along.

Where branches meet, the value that was published last counts, whichever branch arrives last: a branch that only carries
an old value along does not undo what another one has published. So a context remembers for each name when it was
published: at the revision of the execution, and later than what the branch had before, as one decision may take a
branch through several nodes. Objects of one name are put together, key by key.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from executions.engine.rows import Doc

# a name that no definition can publish
_WHEN = "__when"


def published(context: Doc | None, values: Mapping[str, Any], when: int) -> Doc | None:
    """A context with more values in it, published at this revision of the execution."""
    if not values:
        return context
    old: Mapping[str, Any] = context.value if context is not None else {}
    whens: Mapping[str, int] = old.get(_WHEN, {})
    return Doc({**old, **values, _WHEN: {**whens, **{name: max(when, whens.get(name, -1) + 1) for name in values}}})


def merged(first: Doc | None, second: Doc | None) -> Doc | None:
    """The contexts of two branches as one; of two values that were published together the second counts."""
    if first is None or second is None or first is second:
        return first or second
    a, b = first.value, second.value
    whens, more = a.get(_WHEN, {}), b.get(_WHEN, {})
    values = {
        **a,
        **{
            name: _together(a[name], b[name], more.get(name, 0) >= whens.get(name, 0)) if name in a else b[name]
            for name in b
        },
    }
    values[_WHEN] = {**whens, **{name: max(at, whens.get(name, 0)) for name, at in more.items()}}
    return Doc(values)


def _together(first: Any, second: Any, later: bool) -> Any:
    """Two values of one name. ``later``: the second one counts where both say something."""
    if not (isinstance(first, dict) and isinstance(second, dict)) or first is second:
        return second if later else first
    return {
        **first,
        **{key: _together(first[key], second[key], later) if key in first else second[key] for key in second},
    }


def visible(context: Doc | None) -> Mapping[str, Any]:
    """What expressions see of it."""
    if context is None:
        return {}
    values: Mapping[str, Any] = context.value
    return {name: value for name, value in values.items() if name != _WHEN} if _WHEN in values else values

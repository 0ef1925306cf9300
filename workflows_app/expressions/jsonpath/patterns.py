"""Regular expressions in filters, matched in linear time.

Python's ``re`` goes back on its steps, so that ``(a+)+b`` on thirty characters runs for minutes, and nothing can stop
it. Definitions come from many people and one process serves them all: patterns are run by RE2, which reads every
character once. What RE2 cannot do is refused when the pattern is read: look-around and back-references.
"""

from __future__ import annotations

import re2

from workflows_app.expressions.base import ExpressionError
from workflows_app.expressions.jsonpath.walk import Walk

_FLAGS = frozenset("is")
_MAX_MEMORY = 1 << 20  # bytes for the automaton of one pattern


class Pattern:
    """A pattern with flags of "i" (case) and "s" (dot is any character).

    Raises ExpressionError if the pattern is malformed, too large, or needs what RE2 cannot do.
    """

    def __init__(self, pattern: str, flags: str = "") -> None:
        unknown = sorted(set(flags) - _FLAGS)
        if unknown:
            raise ExpressionError(f"the flag {unknown[0]} of the pattern /{pattern}/ is not known")
        options = re2.Options()
        options.max_mem = _MAX_MEMORY
        options.log_errors = False
        prefix = f"(?{''.join(sorted(set(flags)))})" if flags else ""
        try:
            self._compiled = re2.compile(prefix + pattern, options)
        except (re2.error, UnicodeError) as error:
            raise ExpressionError(f"the pattern /{pattern}/ is malformed or not supported: {_text(error)}") from error

    def matches(self, text: str, walk: Walk) -> bool:
        """Whether the whole of ``text`` matches. Raises ExpressionError if ``walk`` has no steps left."""
        walk.spend(1 + len(text))
        return self._compiled.fullmatch(text.encode("utf-8", "replace").decode()) is not None


def _text(error: Exception) -> str:
    found = error.args[0] if error.args else error
    return found.decode("utf-8", "replace") if isinstance(found, bytes) else str(found)

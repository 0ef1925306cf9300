"""JSONPath as Jayway's JsonPath library for Java speaks it, which is what Conductor's definitions are written in.

It is a dialect of its own, older than RFC 9535: a filter on an object tests the object itself and not its members,
``['a','b']`` at the end of a path gives one object, a missing member equals ``null`` in a filter, ``1`` equals
``'1'``, names in dot notation may hold almost any character, and functions stand at the end (``$.list.length()``).

    parse("items[?(@.price > 10)].name").of({"items": [...]})

Everything here takes time in proportion to the document: patterns are matched in linear time, and what a path can
still multiply (``..*..*``) is cut off with an ExpressionError after ``MAX_STEPS`` steps.
"""

from __future__ import annotations

from workflows_app.expressions.jsonpath.parser import MAX_LENGTH, parse
from workflows_app.expressions.jsonpath.path import Path, Root
from workflows_app.expressions.jsonpath.walk import MAX_STEPS

__all__ = ["MAX_LENGTH", "MAX_STEPS", "Path", "Root", "parse"]

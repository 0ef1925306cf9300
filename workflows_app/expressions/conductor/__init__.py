"""Conductor's templates: ``${ref.output.path}`` in the strings of a JSON value.

    "${workflow.input.order.id}"            the value itself, whatever its type
    "order ${workflow.input.order.id}"      text; null is ``null``, objects and lists are compact JSON
    "${a.output.${workflow.input.key}}"     the inner one first, as a part of the path
    "$${literal}"                           the text ``${literal}``

What follows ``${`` is a JSONPath (see ``workflows_app.expressions.jsonpath``) that begins with ``workflow`` or with
the reference name of a task, or the name of an environment variable. What an expression gives is data: a ``${...}``
in it is not looked up.

``template`` reads the braces, ``reading`` makes one expression a function of the scope, ``compiler`` walks JSON
values, ``document`` says what a workflow and a task look like to a path, ``environment`` and ``secrets`` are what
their names say.
"""

from __future__ import annotations

from workflows_app.expressions.conductor.compiler import LANGUAGE, references
from workflows_app.expressions.conductor.secrets import resolve_secrets, resolve_written, secret_names

__all__ = ["LANGUAGE", "references", "resolve_secrets", "resolve_written", "secret_names"]

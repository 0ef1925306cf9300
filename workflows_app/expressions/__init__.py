"""Expression languages: one file each, registered here by name.

A **template language** finds expressions inside the strings of a JSON value and evaluates them in a ``Scope``.
A **script language** runs a program on a value, in a sandbox with limits of time and memory. To add one, write a
module with a ``Language`` or a ``Script`` and name it in ``_LANGUAGES`` or ``_SCRIPTS``.
"""

from __future__ import annotations

from functools import cache
from importlib import import_module
from typing import Any

from workflows_app.expressions.base import (
    Compiled,
    ExpressionError,
    Language,
    RunView,
    Scope,
    Script,
    ScriptError,
    ScriptTimeout,
)
from workflows_app.graph.template import Template

__all__ = [
    "Compiled",
    "ExpressionError",
    "Language",
    "RunView",
    "Scope",
    "Script",
    "ScriptError",
    "ScriptTimeout",
    "compile_template",
    "evaluate",
    "language",
    "script",
]

_LANGUAGES = {
    "literal": "workflows_app.expressions.literal",
    "conductor": "workflows_app.expressions.conductor",
    "mender": "workflows_app.expressions.mender",
    "mistral": "workflows_app.expressions.mistral",
}
_SCRIPTS = {
    "javascript": "workflows_app.expressions.javascript:SCRIPT",
    "jq": "workflows_app.expressions.jq:SCRIPT",
    "python": "workflows_app.expressions.python:SCRIPT",
    "yaql": "workflows_app.expressions.yaql:SCRIPT",
    "jinja": "workflows_app.expressions.jinja:EXPRESSION",
    "text": "workflows_app.expressions.jinja:SCRIPT",
}


@cache
def language(name: str) -> Language:
    """The template language of that name. Raises KeyError if there is none."""
    loaded: Language = import_module(_LANGUAGES[name]).LANGUAGE
    return loaded


@cache
def script(name: str) -> Script:
    """The script language of that name. Raises KeyError if there is none."""
    module, _, attribute = _SCRIPTS[name].partition(":")
    loaded: Script = getattr(import_module(module), attribute)
    return loaded


def compile_template(language_name: str, value: Any) -> Template:
    """A template for ``value``, with what it reads. Raises ExpressionError if an expression is malformed."""
    compiled = language(language_name).compile(value)
    return Template(
        language=language_name,
        value=value,
        reads=compiled.reads,
        reads_any=compiled.reads_any,
        history=compiled.history,
    )


def evaluate(template: Template, scope: Scope) -> Any:
    """The template's value with every expression replaced. Raises ExpressionError where its language says so."""
    compiled = template.compiled
    if compiled is None:
        compiled = language(template.language).compile(template.value)
        object.__setattr__(template, "compiled", compiled)  # a cache on a frozen value, filled once per process
    return compiled.evaluate(scope)

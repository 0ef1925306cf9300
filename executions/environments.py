"""The environment of an execution: variables beside its input (contracts/mistral.md, section 7.13)."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from executions.actions.lone_scope import LoneScope
from executions.operations import Illegal
from workflows_app.expressions import ExpressionError, compile_template, evaluate
from workflows_app.formats.mistral.problems import LANGUAGE
from workflows_app.json_text import is_storable
from workflows_app.models import Environment


def environment(given: Any, *, evaluated: bool = True) -> dict[str, Any]:
    """Variables as they are given, or those of the environment of that name. ``evaluated``: with the values of their
    expressions, which see the variables as they are written. Raises Illegal."""
    found = _variables(given)
    if not found or not evaluated:
        return found
    try:
        values = evaluate(compile_template(LANGUAGE, found), _before(found))
    except ExpressionError as error:
        raise Illegal(str(error)) from None
    return dict(values)


def _variables(given: Any) -> dict[str, Any]:
    if given is None or given == "":
        return {}
    if isinstance(given, Mapping):
        return dict(given)
    row = Environment.objects.filter(name=str(given)).first() if is_storable(str(given)) else None
    if row is None:
        raise Illegal(f"Environment is not found: {given}")
    found: dict[str, Any] = row.variables
    return found


def _before(variables: Mapping[str, Any]) -> LoneScope:
    """Before there is an execution: ``env()`` is all that there is."""
    return LoneScope({"id": None, "root_id": None, "input": {}, "variables": {}, "settings": {"env": variables}})

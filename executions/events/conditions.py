"""Whether a handler applies to a payload (contracts/conductor.md, section 1.9)."""

from __future__ import annotations

from typing import Any

from executions.task_types.scripts import LANGUAGES, VALUE_PARAM
from workflows_app import expressions
from workflows_app.json_text import loads

# Seconds that a condition may take.
PATIENCE = 4.0
_DEPTH = 20


def holds(condition: str | None, evaluator: str | None, payload: Any) -> bool:
    """True for true and for numbers above 0, and where there is no condition. Texts that hold JSON are seen as what
    they hold. Raises ScriptError."""
    if not condition or not condition.strip():
        return True
    seen = expand(payload)
    if evaluator == VALUE_PARAM:
        value = seen.get(condition) if isinstance(seen, dict) else None
    else:
        language = LANGUAGES.get(evaluator or "javascript")
        if language is None:
            raise expressions.ScriptError(f"No evaluator registered for type: {evaluator}")
        value = expressions.script(language).run(condition, seen, PATIENCE)
    if isinstance(value, bool):
        return value
    return isinstance(value, (int, float)) and value > 0


def expand(value: Any, depth: int = 0) -> Any:
    """The value with every text that holds a JSON object or list replaced by that."""
    if depth > _DEPTH:
        return value
    if isinstance(value, dict):
        return {key: expand(inner, depth + 1) for key, inner in value.items()}
    if isinstance(value, list):
        return [expand(inner, depth + 1) for inner in value]
    if isinstance(value, str) and value.lstrip()[:1] in ("{", "["):
        try:
            return expand(loads(value), depth + 1)
        except ValueError:
            return value
    return value

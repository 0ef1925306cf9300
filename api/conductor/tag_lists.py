"""Tags: ``{key, type, value}`` (contracts/conductor.md, section 1.8)."""

from __future__ import annotations

from typing import Any

from workflows_app.formats.conductor.fields import Invalid, Problem

_LONGEST = 255
_MOST = 100


def read_tags(given: list[Any]) -> list[dict[str, Any]]:
    """Raises Invalid with everything that is wrong."""
    tags, problems = [], []
    if len(given) > _MOST:
        problems.append(Problem("", f"there may be at most {_MOST} tags"))
    for number, tag in enumerate(given):
        key = tag.get("key") if isinstance(tag, dict) else None
        value = tag.get("value") if isinstance(tag, dict) else None
        if not isinstance(key, str) or not 0 < len(key) <= _LONGEST:
            problems.append(Problem(f"[{number}].key", f"a tag must have a key of 1 to {_LONGEST} characters"))
        elif not isinstance(value, (str, int, float, bool)) or len(str(value)) > _LONGEST:
            problems.append(Problem(f"[{number}].value", f"a tag must have a value of at most {_LONGEST} characters"))
        else:
            tags.append({"key": key, "type": str(tag.get("type") or "METADATA")[:_LONGEST], "value": value})
    if problems:
        raise Invalid(problems)
    return tags


def tags_with(tags: list[dict[str, Any]], more: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """Both; a tag that is there already stays as it is."""
    return [*tags, *(tag for tag in more if tag not in tags)]


def tags_without(tags: list[dict[str, Any]], fewer: list[dict[str, Any]]) -> list[dict[str, Any]]:
    return [tag for tag in tags if tag not in fewer]

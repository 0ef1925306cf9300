"""Paths into JSON documents, as ``${task.json.PATH}`` writes them: ``owner.roles.[1]``, ``[0].id``."""

from __future__ import annotations

from typing import Any


def find(document: Any, path: str) -> Any:
    """What stands at a path of keys and ``[index]`` steps, separated by dots; None if nothing does.

    An index of something that is no list is passed over; what is no number in brackets gives the whole list.
    """
    value = document
    for step in path.split("."):
        if step.startswith("[") and step.endswith("]"):
            if isinstance(value, list):
                value = _element(value, step[1:-1])
        elif isinstance(value, dict):
            value = value.get(step)
        else:
            return None
        if value is None:
            return None
    return value


def _element(elements: list[Any], index: str) -> Any:
    if not index.lstrip("+-").isdecimal() or len(index) > 18:
        return elements
    place = int(index)
    return elements[place] if 0 <= place < len(elements) else None

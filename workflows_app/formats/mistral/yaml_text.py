"""YAML as plain JSON values, with the line of everything in it, and limits on what a text may grow to."""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

import yaml

from workflows_app.formats.base import TextProblem, Unreadable
from workflows_app.formats.yaml_limits import MAX_DEPTH, refuse_bombs

MAX_SIZE = 1024 * 1024  # characters

Path = tuple[str | int, ...]
_construct = yaml.constructor.SafeConstructor()
_SCALARS = {
    "tag:yaml.org,2002:null": _construct.construct_yaml_null,
    "tag:yaml.org,2002:bool": _construct.construct_yaml_bool,
    "tag:yaml.org,2002:int": _construct.construct_yaml_int,
    "tag:yaml.org,2002:float": _construct.construct_yaml_float,
}
_TEXTS = ("tag:yaml.org,2002:str", "tag:yaml.org,2002:timestamp", "tag:yaml.org,2002:value")
_MAPPING, _SEQUENCE = "tag:yaml.org,2002:map", "tag:yaml.org,2002:seq"
_MERGE = "tag:yaml.org,2002:merge"


@dataclass(slots=True)
class Document:
    """``data``: what the text says. ``lines``: by path, where, counted from 1."""

    data: Any = None
    lines: dict[Path, int] = field(default_factory=dict)

    def line(self, path: Path) -> int | None:
        """The line of a path, or of the nearest thing around it that is known."""
        while path and path not in self.lines:
            path = path[:-1]
        return self.lines.get(path)

    def part(self, path: Path) -> Document:
        """What stands at a path, with its own places."""
        data = self.data
        for step in path:
            data = data[step]
        length = len(path)
        return Document(data, {p[length:]: line for p, line in self.lines.items() if p[:length] == path})


def load(text: str) -> Document:
    """Raises Unreadable."""
    if len(text) > MAX_SIZE:
        raise Unreadable([TextProblem(f"the text is longer than {MAX_SIZE} characters")])
    try:
        refuse_bombs(text)
        node = yaml.compose(text, Loader=yaml.CSafeLoader)
        document = Document()
        if node is not None:
            document.data = _Builder(document).value(node, (), 0)
        return document
    except yaml.MarkedYAMLError as error:
        mark = error.problem_mark
        place = f" (column {mark.column + 1})" if mark else ""
        message = f"Definition could not be parsed: {error.problem or error.context or 'it is no YAML'}{place}"
        raise Unreadable([TextProblem(message, mark.line + 1 if mark else None)]) from error
    except (yaml.YAMLError, RecursionError, ValueError) as error:
        raise Unreadable([TextProblem(f"Definition could not be parsed: {error}")]) from error


class _Builder:
    def __init__(self, document: Document) -> None:
        self._lines = document.lines

    def value(self, node: Any, path: Path, depth: int) -> Any:
        line = node.start_mark.line + 1
        if depth > MAX_DEPTH:  # which aliases can reach
            raise Unreadable([TextProblem(f"nested deeper than {MAX_DEPTH} levels", line)])
        self._lines.setdefault(path, line)
        if isinstance(node, yaml.MappingNode) and node.tag == _MAPPING:
            return self._mapping(node, path, depth)
        if isinstance(node, yaml.SequenceNode) and node.tag == _SEQUENCE:
            return [self.value(inner, (*path, n), depth + 1) for n, inner in enumerate(node.value)]
        return self._scalar(node, line)

    def _mapping(self, node: Any, path: Path, depth: int) -> dict[str, Any]:
        found: dict[str, Any] = {}
        for key_node, value_node in node.value:
            line = key_node.start_mark.line + 1
            if key_node.tag == _MERGE:
                for merged in self._merged(value_node, path, depth):
                    found = {**merged, **found}
                continue
            key = self.value(key_node, (*path, ""), depth + 1)
            if isinstance(key, (int, float)) and not isinstance(key, bool):
                key = str(key)
            if not isinstance(key, str):
                raise Unreadable([TextProblem(f"{key_node.value!r} cannot be a key: put it in quotes", line)])
            if key in found:
                raise Unreadable([TextProblem(f"the key {key!r} stands here twice", line)])
            self._lines[(*path, key)] = line
            found[key] = self.value(value_node, (*path, key), depth + 1)
        return found

    def _merged(self, node: Any, path: Path, depth: int) -> Iterator[dict[str, Any]]:
        for part in node.value if isinstance(node, yaml.SequenceNode) else [node]:
            value = self.value(part, (*path, "<<"), depth + 1)
            if not isinstance(value, dict):
                raise Unreadable([TextProblem("'<<' must name an object", part.start_mark.line + 1)])
            yield value

    def _scalar(self, node: Any, line: int) -> Any:
        if node.tag in _TEXTS and isinstance(node, yaml.ScalarNode):
            return node.value
        construct = _SCALARS.get(node.tag) if isinstance(node, yaml.ScalarNode) else None
        if construct is None:
            raise Unreadable([TextProblem(f"values of the type {node.tag} cannot be used here", line)])
        value = construct(node)
        if isinstance(value, float) and not math.isfinite(value):
            raise Unreadable([TextProblem(f"{node.value} is no number that can be stored", line)])
        return value

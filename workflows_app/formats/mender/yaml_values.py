"""YAML as Go's ``yaml.v3`` reads it: what a plain value is depends on what is wanted (contracts/mender.md, section 5).

``command: [sleep, 5]`` is a list of texts, ``X-Version: 1.50`` a header, and ``name: on`` a name: where a text is
wanted a value is the text that was written. Where anything may stand, ``yes``, ``on`` and ``12:30`` are texts.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, date, datetime
from typing import Any

import yaml

from workflows_app.formats.base import TextProblem, Unreadable

_STANDARD = "tag:yaml.org,2002:"
_NULLS = frozenset({"", "~", "null", "Null", "NULL"})
_TRUTH: Mapping[str, bool] = {"true": True, "True": True, "TRUE": True, "false": False, "False": False, "FALSE": False}
_OLD_TRUTH = {"y": True, "yes": True, "on": True, "n": False, "no": False, "off": False}
_INTEGER = re.compile(
    r"(?P<sign>[-+]?)(?:0b(?P<two>[01_]+)|0x(?P<hex>[0-9a-fA-F_]+)|0o?(?P<eight>[0-7_]+)|(?P<ten>[0-9][0-9_]*))"
)
_BASES = {"two": 2, "hex": 16, "eight": 8, "ten": 10}
_REAL = re.compile(r"[-+]?(?:\.[0-9]+|[0-9]+(?:\.[0-9]*)?)(?:[eE][-+]?[0-9]+)?")
_LONGEST_NUMBER = 100


@dataclass(frozen=True, slots=True)
class Plain:
    """A value without quotation marks that is no text. ``value``: what it is where anything may stand."""

    text: str
    value: Any

    @property
    def integer(self) -> Any:
        """What it is where a whole number is wanted: ``3.0`` is one."""
        return int(self.value) if isinstance(self.value, float) and self.value.is_integer() else self.value

    @property
    def boolean(self) -> Any:
        """What it is where a truth value is wanted: ``yes`` is one."""
        return _OLD_TRUTH.get(self.text.lower(), self.value)


def read(text: str) -> Any:
    """The document of a text, with ``Plain`` values. Raises Unreadable for a key that is there twice."""
    loader = yaml.CSafeLoader(text)
    try:
        node = loader.get_single_node()
        return None if node is None else _Reader(loader).value(node)
    finally:
        loader.dispose()


class _Reader:
    def __init__(self, loader: yaml.CSafeLoader) -> None:
        self._loader = loader

    def value(self, node: yaml.Node) -> Any:
        if isinstance(node, yaml.MappingNode):
            return self._mapping(node)
        if isinstance(node, yaml.SequenceNode):
            return [self.value(element) for element in node.value]
        assert isinstance(node, yaml.ScalarNode)
        if node.style or node.tag == f"{_STANDARD}binary" or not node.tag.startswith(_STANDARD):
            return self._loader.construct_object(node)
        return _plain(node.value)

    def _mapping(self, node: yaml.MappingNode) -> dict[str, Any]:
        seen: set[str] = set()
        for key, _ in node.value:
            if key.value in seen:
                raise Unreadable([TextProblem(f"not YAML: {key.value} is there twice", key.start_mark.line + 1)])
            if key.tag != f"{_STANDARD}merge":
                seen.add(str(key.value))
        self._loader.flatten_mapping(node)
        return {str(key.value): self.value(value) for key, value in node.value}


def _plain(text: str) -> Any:
    """None, a text, or ``Plain``."""
    if text in _NULLS:
        return None
    if text in _TRUTH:
        return Plain(text, _TRUTH[text])
    if text.lower() in _OLD_TRUTH:
        return Plain(text, text)
    if len(text) > _LONGEST_NUMBER:
        return text
    if found := _INTEGER.fullmatch(text):
        base = found.lastgroup or "ten"
        digits = found[base].replace("_", "")
        return Plain(text, int(f"{found['sign']}{digits}", _BASES[base])) if digits else text
    if _REAL.fullmatch(text):
        return Plain(text, float(text))
    if text.lower().lstrip("+-") in (".inf", ".nan"):
        return Plain(text, float(text.replace(".", "")))
    moment = _moment(text)
    return text if moment is None else Plain(text, moment)


def _moment(text: str) -> str | None:
    """A date, or a date with a time, as Go shows it in JSON; None for any other text."""
    if not re.match("[0-9]{4}-[0-9]{1,2}-[0-9]{1,2}", text):
        return None
    try:
        found = yaml.safe_load(text)
    except ValueError:  # there is no such day
        return None
    if isinstance(found, datetime):
        shown = (found if found.tzinfo else found.replace(tzinfo=UTC)).isoformat()
        return re.sub(r"(\.[0-9]*?)0+(?=[+-])", r"\1", shown).replace("+00:00", "Z")
    return f"{found.isoformat()}T00:00:00Z" if isinstance(found, date) else None

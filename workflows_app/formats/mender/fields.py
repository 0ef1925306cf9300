"""Typed models of Mender's definitions, read as Go's ``encoding/json`` reads them.

Unknown keys are ignored, the case of the letters of a key does not count (so that both spellings of keys in YAML are
read), and null stands for the zero value. A value of another type is a problem, which has two texts: one with its
place, for people, and the one that clients of the real service know.
"""

from __future__ import annotations

import math
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, fields
from dataclasses import field as dataclass_field
from typing import Any, TypeVar

from workflows_app.formats.mender.yaml_values import Plain

M = TypeVar("M")


@dataclass(frozen=True, slots=True)
class Problem:
    """What is wrong. ``known``: how the real service says it; "" where it accepts the value."""

    path: str
    message: str
    known: str = ""


class Invalid(Exception):
    """A definition that cannot be accepted, with everything that is wrong with it."""

    def __init__(self, problems: list[Problem]) -> None:
        super().__init__("; ".join(f"{p.path}: {p.message}" if p.path else p.message for p in problems))
        self.problems = problems


@dataclass(frozen=True, slots=True)
class Place:
    """Where a value stands: for people (``tasks[0].http.uri``), and for Go: the type of the innermost object and the
    keys that lead there, without indexes."""

    path: str = ""
    structure: str = ""
    keys: str = ""

    def member(self, structure: str, key: str) -> Place:
        return Place(f"{self.path}.{key}" if self.path else key, structure, f"{self.keys}.{key}" if self.keys else key)

    def element(self, index: int | str) -> Place:
        return Place(f"{self.path}[{index}]", self.structure, self.keys)


class Problems(list[Problem]):
    def mismatch(self, place: Place, wanted: str, go_type: str, value: Any, *, literal: bool = False) -> None:
        """A value of a wrong type. ``literal``: Go names the number."""
        given = f"{go_kind(value)} {number_literal(value)}" if literal else go_kind(value)
        into = f"Go struct field {place.structure}.{place.keys} of type" if place.keys else "Go value of type"
        self.append(
            Problem(
                place.path, f"must be {wanted}, not {kind(value)}", f"cannot unmarshal {given} into {into} {go_type}"
            )
        )


# ---- kinds of values

# reads a value at a place; notes a problem and gives None
Reader = Callable[[Any, Place, Problems], Any]


def text(*, wire: str | None = None) -> Any:
    return _field(read_text, default="", wire=wire)


def texts() -> Any:
    """A list of texts; None where it is absent."""
    return _field(_list_of(read_text, "string", lambda: ""), default=None)


def numbers() -> Any:
    return _field(_list_of(_integer(64, "int", signed=True), "int", lambda: 0), default=None)


def texts_by_key() -> Any:
    return _field(_read_texts_by_key, default=None)


def integer() -> Any:
    return _field(_integer(64, "int", signed=True), default=0)


def small_integer() -> Any:
    """0 to 255."""
    return _field(_integer(8, "uint8", signed=False), default=0)


def boolean() -> Any:
    return _field(_read_boolean, default=False)


def document() -> Any:
    """Any JSON; None where it is absent or null."""
    return _field(_read_document, default=None)


def model(of: Callable[[], type[Any]]) -> Any:
    """Another model; None where it is absent."""
    return _field(lambda value, place, problems: read(of(), value, place, problems), default=None)


def models(of: Callable[[], type[Any]]) -> Any:
    """A list of another model; None where it is absent."""

    def read_list(value: Any, place: Place, problems: Problems) -> Any:
        element = lambda v, p, found: read(of(), v, p, found)  # noqa: E731
        return _list_of(element, go_name(of()), lambda: of()())(value, place, problems)

    return _field(read_list, default=None)


def _field(reader: Reader, *, default: Any, wire: str | None = None) -> Any:
    return dataclass_field(default=default, metadata={"reader": reader, "wire": wire})


# ---- reading


def read(of: type[M], value: Any, place: Place, problems: Problems) -> M | None:
    """The model that a value describes; None if it is no object."""
    if not isinstance(value, Mapping):
        problems.mismatch(place, "an object", go_name(of), value)
        return None
    known = {wire.lower(): (name, wire, reader) for name, wire, reader in wire_fields(of)}
    found: dict[str, Any] = {}
    for key, given in value.items():
        entry = known.get(str(key).lower())
        if entry is None or given is None:
            continue
        name, wire, reader = entry
        result = reader(given, place.member(short_name(of), wire), problems)
        if result is not None:
            found[name] = result
    return of(**found)


def wire_fields(of: type[Any]) -> list[tuple[str, str, Reader]]:
    """Attribute, key, and reader of every field."""
    return [
        (f.name, f.metadata["wire"] or camel(f.name), f.metadata["reader"])
        for f in fields(of)
        if "reader" in f.metadata
    ]


def camel(name: str) -> str:
    head, *rest = name.split("_")
    return head + "".join(part.capitalize() for part in rest)


def short_name(of: type[Any]) -> str:
    return str(getattr(of, "GO_NAME", of.__name__))


def go_name(of: type[Any]) -> str:
    return f"model.{short_name(of)}"


def read_text(value: Any, place: Place, problems: Problems) -> str | None:
    if isinstance(value, Plain):
        return value.text
    if isinstance(value, str):
        return value
    problems.mismatch(place, "a text", "string", value)
    return None


def _integer(bits: int, go_type: str, *, signed: bool) -> Reader:
    largest = 2 ** (bits - 1) - 1 if signed else 2**bits - 1
    smallest = -largest - 1 if signed else 0

    def read_integer(value: Any, place: Place, problems: Problems) -> int | None:
        value = value.integer if isinstance(value, Plain) else value
        if isinstance(value, bool) or not isinstance(value, (int, float)):
            problems.mismatch(place, "a whole number", go_type, value)
            return None
        if isinstance(value, int) and smallest <= value <= largest:
            return value
        if repr(value) == "-0.0":  # -0 is a whole number to Go
            return 0
        wanted = f"a whole number between {smallest} and {largest}" if bits < 64 else "a whole number"
        problems.mismatch(place, wanted, go_type, value, literal=True)
        return None

    return read_integer


def _read_boolean(value: Any, place: Place, problems: Problems) -> bool | None:
    value = value.boolean if isinstance(value, Plain) else value
    if isinstance(value, bool):
        return value
    problems.mismatch(place, "true or false", "bool", value)
    return None


def _list_of(reader: Reader, go_type: str, zero: Callable[[], Any]) -> Reader:
    def read_list(value: Any, place: Place, problems: Problems) -> list[Any] | None:
        if not isinstance(value, list):
            problems.mismatch(place, "a list", f"[]{go_type}", value)
            return None
        found = []
        for index, element in enumerate(value):
            got = None if element is None else reader(element, place.element(index), problems)
            found.append(zero() if got is None else got)
        return found

    return read_list


def _read_texts_by_key(value: Any, place: Place, problems: Problems) -> dict[str, str] | None:
    if not isinstance(value, Mapping):
        problems.mismatch(place, "an object", "map[string]string", value)
        return None
    found = {}
    for key, element in value.items():
        got = "" if element is None else read_text(element, place.element(str(key)), problems)
        found[str(key)] = got or ""
    return found


def _read_document(value: Any, place: Place, problems: Problems) -> Any:
    """What YAML knows and JSON does not is refused; keys of YAML that are no texts become texts."""
    value = value.value if isinstance(value, Plain) else value
    if isinstance(value, Mapping):
        return {str(k): _read_document(v, place.element(str(k)), problems) for k, v in value.items()}
    if isinstance(value, list):
        return [_read_document(v, place.element(i), problems) for i, v in enumerate(value)]
    if value is None or isinstance(value, (str, bool, int)) or (isinstance(value, float) and math.isfinite(value)):
        return value
    problems.append(Problem(place.path, f"must be a value of JSON, not {kind(value)}: put it in quotation marks"))
    return None


# ---- words


def go_kind(value: Any) -> str:
    """What Go calls a JSON value."""
    value = value.value if isinstance(value, Plain) else value
    if isinstance(value, bool):
        return "bool"
    if isinstance(value, (int, float)):
        return "number"
    if isinstance(value, Mapping):
        return "object"
    if isinstance(value, list):
        return "array"
    return "null" if value is None else "string"


def number_literal(value: float) -> str:
    """The number as the text had it, if its reader has kept that (``Literal``)."""
    return str(getattr(value, "literal", "")) or re.sub(r"e([+-])0", r"e\1", repr(value))


def kind(value: Any) -> str:
    value = value.value if isinstance(value, Plain) else value
    if isinstance(value, bool):
        return "a truth value"
    if isinstance(value, (int, float)):
        return f"the number {number_literal(value)}"
    if isinstance(value, Mapping):
        return "an object"
    if value is None:
        return "null"
    if isinstance(value, str):
        return "a text"
    return "a list" if isinstance(value, list) else f"a {type(value).__name__}"

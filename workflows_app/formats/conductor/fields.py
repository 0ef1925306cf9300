"""Typed models of Conductor's JSON: reading with every problem at its path, and writing with defaults.

A model is a dataclass whose fields were made by the functions of this module. Reading is as lenient as the real
server: unknown keys are ignored, null stands for the default, numbers and booleans may come as text. What cannot be
read is noted with its path, and reading goes on, so that a definition with five mistakes gets five messages.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import MISSING, Field, dataclass, fields
from dataclasses import field as dataclass_field
from enum import Enum
from typing import Any, TypeVar

M = TypeVar("M")
# reads a JSON value; notes problems and gives None
Reader = Callable[[Any, str, "Problems"], Any]


@dataclass(frozen=True, slots=True)
class Problem:
    """What is wrong with one value. ``value`` is shown only if it is a scalar."""

    path: str
    message: str
    value: Any = None


class Problems(list[Problem]):
    """Everything that is wrong with a definition, in the order of reading."""

    def note(self, path: str, message: str, value: Any = None) -> None:
        self.append(Problem(path, message, value))


class Invalid(Exception):
    """A definition that cannot be accepted."""

    def __init__(self, problems: list[Problem]) -> None:
        super().__init__("; ".join(f"{p.path}: {p.message}" for p in problems))
        self.problems = problems


def camel(name: str) -> str:
    head, *rest = name.split("_")
    return head + "".join(part.capitalize() for part in rest)


# ---- kinds of values


def text(default: str | None = None, **options: Any) -> Any:
    return _field(_read_text, default, **options)


def integer(default: int | None = None, **options: Any) -> Any:
    return _field(_read_integer, default, **options)


def boolean(default: bool | None = None, **options: Any) -> Any:
    return _field(_read_boolean, default, **options)


def anything(**options: Any) -> Any:
    return _field(lambda value, path, problems: value, None, **options)


def mapping(**options: Any) -> Any:
    """An object whose values may be anything."""
    return _field(_read_mapping, factory=dict, **options)


def optional_mapping(**options: Any) -> Any:
    return _field(_read_mapping, None, **options)


def texts(**options: Any) -> Any:
    return _field(_list_of(_read_text), factory=list, **options)


def elements(**options: Any) -> Any:
    """A list whose elements may be anything."""
    return _field(_list_of(lambda value, path, problems: value), factory=list, **options)


def choice(of: type[Enum], default: Enum | None = None, **options: Any) -> Any:
    return _field(_choice_of(of), default, **options)


def model(of: Callable[[], type[Any]], **options: Any) -> Any:
    """Another model, None where it is absent. ``of`` gives the class: it may not exist yet."""
    return _field(lambda value, path, problems: _read_model(of(), value, path, problems), None, **options)


def models(of: Callable[[], type[Any]], **options: Any) -> Any:
    """A list of another model."""
    return _field(_list_of(lambda v, path, problems: _read_model(of(), v, path, problems)), factory=list, **options)


def lists_of_models(of: Callable[[], type[Any]], **options: Any) -> Any:
    """A list of lists."""
    inner = _list_of(lambda v, path, problems: _read_model(of(), v, path, problems))
    return _field(_list_of(inner), factory=list, **options)


def models_by_name(of: Callable[[], type[Any]], **options: Any) -> Any:
    """An object whose values are lists of another model."""
    inner = _list_of(lambda v, path, problems: _read_model(of(), v, path, problems))

    def read(value: Any, path: str, problems: Problems) -> Any:
        found = _read_mapping(value, path, problems)
        return {k: inner(v, f"{path}[{k}]", problems) or [] for k, v in (found or {}).items()}

    return _field(read, factory=dict, **options)


def _field(reader: Reader, default: Any = MISSING, *, factory: Any = MISSING, wire: str | None = None) -> Any:
    metadata = {"reader": reader, "wire": wire}
    if factory is not MISSING:
        return dataclass_field(default_factory=factory, metadata=metadata)
    return dataclass_field(default=default, metadata=metadata)


# ---- reading


def read(of: type[M], data: Any, path: str, problems: Problems) -> M | None:
    """The model that ``data`` describes; None if it is no object. Problems are noted at ``path`` and below."""
    found: M | None = _read_model(of, data, path, problems)
    return found


def _read_model(of: type[Any], data: Any, path: str, problems: Problems) -> Any:
    if not isinstance(data, Mapping):
        problems.note(path, f"must be an object, not {_kind(data)}", _scalar(data))
        return None
    values = {}
    for f, wire in _wire_fields(of):
        given = data.get(wire)
        if given is not None:
            found = f.metadata["reader"](given, f"{path}.{wire}" if path else wire, problems)
            if found is not None:
                values[f.name] = found
    return of(**values)


_known_fields: dict[type[Any], tuple[tuple[Field[Any], str], ...]] = {}


def _wire_fields(of: type[Any]) -> tuple[tuple[Field[Any], str], ...]:
    if of not in _known_fields:
        _known_fields[of] = tuple(
            (f, f.metadata["wire"] or camel(f.name)) for f in fields(of) if "reader" in f.metadata
        )
    return _known_fields[of]


def _read_text(value: Any, path: str, problems: Problems) -> str | None:
    if isinstance(value, str):
        return value
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, (int, float)):
        return str(value)
    problems.note(path, f"must be a text, not {_kind(value)}")
    return None


def _read_integer(value: Any, path: str, problems: Problems) -> int | None:
    if isinstance(value, float) and value.is_integer():
        value = int(value)
    if isinstance(value, str):
        try:
            value = int(value.strip())
        except ValueError:
            problems.note(path, f"must be a whole number, not {value!r}", value)
            return None
    if isinstance(value, bool) or not isinstance(value, int):
        problems.note(path, f"must be a whole number, not {_kind(value)}", _scalar(value))
        return None
    if not -(2**63) <= value < 2**63:
        problems.note(path, f"{value} is out of range", value)
        return None
    return value


def _read_boolean(value: Any, path: str, problems: Problems) -> bool | None:
    if isinstance(value, bool):
        return value
    if isinstance(value, str) and value.lower() in ("true", "false"):
        return value.lower() == "true"
    problems.note(path, f"must be true or false, not {value!r}" if isinstance(value, str) else
                  f"must be true or false, not {_kind(value)}", _scalar(value))  # fmt: skip
    return None


def _read_mapping(value: Any, path: str, problems: Problems) -> dict[str, Any] | None:
    if isinstance(value, Mapping):
        return dict(value)
    problems.note(path, f"must be an object, not {_kind(value)}", _scalar(value))
    return None


def _list_of(reader: Reader) -> Reader:
    def read_list(value: Any, path: str, problems: Problems) -> list[Any] | None:
        if not isinstance(value, list):
            problems.note(path, f"must be a list, not {_kind(value)}", _scalar(value))
            return None
        found = [reader(v, f"{path}[{i}]", problems) for i, v in enumerate(value)]
        return [v for v in found if v is not None]

    return read_list


def _choice_of(of: type[Enum]) -> Reader:
    def read_choice(value: Any, path: str, problems: Problems) -> Enum | None:
        try:
            return of(value)
        except ValueError:
            allowed = ", ".join(str(member.value) for member in of)
            problems.note(path, f"must be one of {allowed}", _scalar(value))
            return None

    return read_choice


def _kind(value: Any) -> str:
    if value is None:
        return "null"
    if isinstance(value, bool):
        return "a boolean"
    if isinstance(value, (int, float)):
        return "a number"
    for kind, name in ((str, "a text"), (list, "a list"), (dict, "an object")):
        if isinstance(value, kind):
            return name
    return type(value).__name__


def _scalar(value: Any) -> Any:
    return value if isinstance(value, (str, int, float, bool)) else None


# ---- writing


def render(value: Any) -> dict[str, Any]:
    """The JSON of a model, defaults included, fields without a value left out."""
    return {
        wire: _render(found) for f, wire in _wire_fields(type(value)) if (found := getattr(value, f.name)) is not None
    }


def _render(value: Any) -> Any:
    if isinstance(value, Enum):
        return value.value
    if isinstance(value, list):
        return [_render(v) for v in value]
    if isinstance(value, dict):
        return {k: _render(v) for k, v in value.items()}
    if hasattr(value, "__dataclass_fields__"):
        return render(value)
    return value

"""Typed models of Conductor's JSON: reading with every problem at its path, and writing with defaults.

A model is a dataclass whose fields were made by the functions of this module. Reading is as lenient as the real
server: unknown keys are ignored, null stands for the default, numbers and booleans may come as text. What cannot be
read is noted with its path, and reading goes on, so that a definition with five mistakes gets five messages.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import MISSING, Field, dataclass, fields
from dataclasses import field as dataclass_field
from enum import Enum
from typing import Any, TypeVar

from workflows_app.json_text import is_storable

M = TypeVar("M")
# What fits into the columns for names and the like.
LONGEST_NAME = 255
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


def text(default: str | None = None, *, longest: int | None = None, **options: Any) -> Any:
    """A text of at most so many characters, that a database can store."""
    return _field(_text_of(longest), default, **options)


def free_text(**options: Any) -> Any:
    """A text that may be anything: whoever stores it takes out what a database refuses."""
    return _field(_read_free_text, None, **options)


def word(*allowed: str, **options: Any) -> Any:
    """One of these words."""
    return _field(_word_of(allowed), None, **options)


def integer(default: int | None = None, **options: Any) -> Any:
    """A whole number of 32 bits."""
    return _field(_integer_of(32), default, **options)


def long(default: int | None = None, **options: Any) -> Any:
    """A whole number of 64 bits."""
    return _field(_integer_of(64), default, **options)


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
    return _field(_list_of(_text_of(None)), factory=list, **options)


def texts_by_name(**options: Any) -> Any:
    """An object whose values are texts, None where it is absent."""
    reader = _text_of(None)

    def read(value: Any, path: str, problems: Problems) -> Any:
        found = _read_mapping(value, path, problems)
        return found and {k: reader(v, f"{path}[{k}]", problems) for k, v in found.items() if v is not None}

    return _field(read, None, **options)


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
    return _field(_list_of_models(of), factory=list, **options)


def lists_of_models(of: Callable[[], type[Any]], **options: Any) -> Any:
    """A list of lists."""
    return _field(_list_of(_list_of_models(of), instead=list), factory=list, **options)


def models_by_name(of: Callable[[], type[Any]], **options: Any) -> Any:
    """An object whose values are lists of another model."""
    inner = _list_of_models(of)

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
    for f, wire in wire_fields(of):
        given = data.get(wire)
        if given is not None:
            found = f.metadata["reader"](given, f"{path}.{wire}" if path else wire, problems)
            if found is not None:
                values[f.name] = found
    return of(**values)


_known_fields: dict[type[Any], tuple[tuple[Field[Any], str], ...]] = {}


def wire_fields(of: type[Any]) -> tuple[tuple[Field[Any], str], ...]:
    """The fields of a model with their names on the wire."""
    if of not in _known_fields:
        _known_fields[of] = tuple(
            (f, f.metadata["wire"] or camel(f.name)) for f in fields(of) if "reader" in f.metadata
        )
    return _known_fields[of]


def _text_of(longest: int | None) -> Reader:
    def read_text(value: Any, path: str, problems: Problems) -> str | None:
        found = _read_free_text(value, path, problems)
        if found is not None and not is_storable(found):
            problems.note(path, "must not contain NUL characters or lone surrogates", found)
            return None
        if found is not None and longest is not None and len(found) > longest:
            problems.note(path, f"must not be longer than {longest} characters, but has {len(found)}", found)
            return None
        return found

    return read_text


def _read_free_text(value: Any, path: str, problems: Problems) -> str | None:
    if isinstance(value, str):
        return value
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, (int, float)):
        return str(value)
    problems.note(path, f"must be a text, not {_kind(value)}")
    return None


def whole_number(text: str) -> int | None:
    """The number that a text is: digits, with or without a sign. None for any other text, and a very long one."""
    return int(text) if _WHOLE.fullmatch(text) else None


_WHOLE = re.compile(r"\s*[+-]?[0-9]{1,40}\s*")


def _integer_of(bits: int) -> Reader:
    largest = 2 ** (bits - 1) - 1

    def read_integer(value: Any, path: str, problems: Problems) -> int | None:
        number = value
        if isinstance(value, float) and value.is_integer():
            number = int(value)
        if isinstance(value, str):
            number = whole_number(value)
        if isinstance(number, bool) or not isinstance(number, int):
            shown = repr(_short(value)) if isinstance(value, str) else _kind(value)
            problems.note(path, f"must be a whole number, not {shown}", _scalar(value))
            return None
        if not -largest - 1 <= number <= largest:
            problems.note(path, f"must be between {-largest - 1} and {largest}", value)
            return None
        return number

    return read_integer


def _read_boolean(value: Any, path: str, problems: Problems) -> bool | None:
    if isinstance(value, bool):
        return value
    if isinstance(value, str) and value.lower() in ("true", "false"):
        return value.lower() == "true"
    shown = repr(_short(value)) if isinstance(value, str) else _kind(value)
    problems.note(path, f"must be true or false, not {shown}", _scalar(value))
    return None


def _read_mapping(value: Any, path: str, problems: Problems) -> dict[str, Any] | None:
    if isinstance(value, Mapping):
        return dict(value)
    problems.note(path, f"must be an object, not {_kind(value)}", _scalar(value))
    return None


def _list_of_models(of: Callable[[], type[Any]]) -> Reader:
    # an element that cannot be read leaves its place to an empty model: the others keep their numbers
    return _list_of(lambda v, path, problems: _read_model(of(), v, path, problems), instead=lambda: of()())


def _list_of(reader: Reader, instead: Callable[[], Any] = lambda: None) -> Reader:
    def read_list(value: Any, path: str, problems: Problems) -> list[Any] | None:
        if not isinstance(value, list):
            problems.note(path, f"must be a list, not {_kind(value)}", _scalar(value))
            return None
        read = [reader(v, f"{path}[{i}]", problems) for i, v in enumerate(value)]
        found = [instead() if v is None else v for v in read]
        return [v for v in found if v is not None]

    return read_list


def _word_of(allowed: tuple[str, ...]) -> Reader:
    def read_word(value: Any, path: str, problems: Problems) -> str | None:
        if isinstance(value, str) and value in allowed:
            return value
        problems.note(path, f"must be one of {', '.join(allowed)}", _scalar(value))
        return None

    return read_word


def _choice_of(of: type[Enum]) -> Reader:
    def read_choice(value: Any, path: str, problems: Problems) -> Enum | None:
        try:
            return of(value)
        except (ValueError, TypeError):
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


def _short(text: str) -> str:
    return text if len(text) <= 100 else f"{text[:100]}..."


def _scalar(value: Any) -> Any:
    return value if isinstance(value, (str, int, float, bool)) else None


# ---- writing


def render(value: Any) -> dict[str, Any]:
    """The JSON of a model, defaults included, fields without a value left out."""
    return {
        wire: _render(found) for f, wire in wire_fields(type(value)) if (found := getattr(value, f.name)) is not None
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

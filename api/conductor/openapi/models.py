"""JSON schemas of typed models (``workflows_app.formats.conductor.fields``): derived, so that they cannot drift."""

from __future__ import annotations

import types
from dataclasses import MISSING
from enum import Enum
from typing import Any, Union, get_args, get_origin, get_type_hints

from workflows_app.formats.conductor.fields import wire_fields

Schema = dict[str, Any]
_BASIC: dict[Any, str] = {str: "string", int: "integer", bool: "boolean", float: "number"}


def reference(name: str) -> Schema:
    return {"$ref": f"#/components/schemas/{name}"}


def schemas_of(*models: type[Any]) -> dict[str, Schema]:
    """The schemas of models and of all models inside them, by the name of the class."""
    found: dict[str, Schema] = {}
    todo = list(models)
    while todo:
        model = todo.pop()
        if model.__name__ not in found:
            found[model.__name__] = _object(model, todo)
    return found


def _object(model: type[Any], inner: list[type[Any]]) -> Schema:
    hints = get_type_hints(model)
    properties = {}
    for field, wire in wire_fields(model):
        schema = _schema(hints[field.name], inner)
        default = field.default.value if isinstance(field.default, Enum) else field.default
        if default is not MISSING and default is not None:
            schema["default"] = default
        # null stands for the default (see ``fields``); nothing may stand beside a reference
        properties[wire] = schema if "$ref" in schema else {**schema, "nullable": True}
    return {"type": "object", "properties": properties}


def _schema(hint: Any, inner: list[type[Any]]) -> Schema:
    if hint is Any:
        return {}
    if hint in _BASIC:
        return {"type": _BASIC[hint]}
    origin, arguments = get_origin(hint), get_args(hint)
    if origin in (Union, types.UnionType):
        return _schema(next(a for a in arguments if a is not type(None)), inner)
    if origin is list:
        return {"type": "array", "items": _schema(arguments[0], inner)}
    if origin is dict:
        return {"type": "object", "additionalProperties": _schema(arguments[1], inner)}
    if issubclass(hint, Enum):
        return {"type": "string", "enum": [member.value for member in hint]}
    inner.append(hint)
    return reference(hint.__name__)

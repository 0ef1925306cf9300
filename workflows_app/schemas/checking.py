"""Documents against JSON schemas.

A schema comes from a stranger. Its patterns are run by RE2, in linear time, and nothing that it refers to is fetched:
``$ref`` reaches the schema itself and the standard's own schemas.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from functools import lru_cache
from typing import Any

import re2
from jsonschema import exceptions, validators
from jsonschema.protocols import Validator
from jsonschema_specifications import REGISTRY
from referencing.exceptions import Unresolvable

from workflows_app.json_text import dumps, loads

# Problems told of one document.
_MOST = 5
_LONGEST = 300
# Keywords that compare names of properties with patterns in a way that cannot be replaced.
_REFUSED = ("unevaluatedProperties", "unevaluatedItems")
_MAX_MEMORY = 1 << 20  # bytes for the automaton of one pattern


class SchemaError(ValueError):
    """What is called a schema is none."""


def check_schema(schema: Any) -> None:
    """Raises SchemaError if a document is no JSON schema that this module can work with."""
    if not isinstance(schema, (dict, bool)):
        raise SchemaError("a JSON schema is an object")
    try:
        validators.validator_for(schema, default=validators.Draft202012Validator).check_schema(schema)
        _check_parts(schema)
        _validator(dumps(schema)).is_valid({})
    except exceptions.SchemaError as error:
        place = ".".join(str(part) for part in error.absolute_path)
        raise SchemaError(f"{place}: {error.message}" if place else error.message) from None
    except Unresolvable as error:
        raise SchemaError(f"{error.ref} cannot be resolved: only what is in the schema itself is known") from None
    except (RecursionError, TypeError, AttributeError) as error:
        raise SchemaError(f"this is no schema: {error}") from None


def _check_parts(schema: Any) -> None:
    """Every pattern must compile; what RE2 cannot do is told now."""
    queue = [schema]
    while queue:
        part = queue.pop()
        if isinstance(part, list):
            queue += part
        elif isinstance(part, Mapping):
            queue += part.values()
            if isinstance(part.get("pattern"), str):
                _pattern(part["pattern"])
            if isinstance(part.get("patternProperties"), Mapping):
                for pattern in part["patternProperties"]:
                    _pattern(pattern)
            if refused := [name for name in _REFUSED if name in part]:
                raise SchemaError(f"{refused[0]} is not supported")


def problem(schema: Any, document: Any) -> str | None:
    """What is wrong with a document, in one line; None if it is as its schema wants it."""
    found = []
    try:
        for error in _validator(dumps(schema)).iter_errors(document):
            place = ".".join(str(part) for part in error.absolute_path)
            message = error.message if len(error.message) <= _LONGEST else f"{error.message[:_LONGEST]}..."
            found.append(f"{place}: {message}" if place else message)
            if len(found) >= _MOST:
                break
    except (Unresolvable, RecursionError) as error:
        return f"the schema cannot be applied: {error}"
    return "; ".join(found) or None


@lru_cache(maxsize=512)
def _validator(text: str) -> Validator:
    schema = loads(text)
    base = validators.validator_for(schema, default=validators.Draft202012Validator)
    return _safe(base)(schema, registry=REGISTRY)


@lru_cache(maxsize=16)
def _safe(base: Any) -> Any:
    """The same kind of validator, with patterns that end."""
    return validators.extend(
        base,
        {
            "pattern": _keyword_pattern,
            "patternProperties": _keyword_pattern_properties,
            "additionalProperties": _keyword_additional_properties,
        },
    )


@lru_cache(maxsize=1024)
def _pattern(pattern: str) -> Any:
    options = re2.Options()
    options.max_mem = _MAX_MEMORY
    options.log_errors = False
    try:
        return re2.compile(pattern, options)
    except (re2.error, UnicodeError) as error:
        raise SchemaError(f"the pattern {pattern!r} is malformed or not supported: {_text(error)}") from None


def _text(error: Exception) -> str:
    found = error.args[0] if error.args else error
    return found.decode("utf-8", "replace") if isinstance(found, bytes) else str(found)


def _matches(pattern: str, text: str) -> bool:
    return _pattern(pattern).search(text.encode("utf-8", "replace").decode()) is not None


def _keyword_pattern(validator: Any, pattern: str, value: Any, schema: Any) -> Iterator[exceptions.ValidationError]:
    if isinstance(value, str) and not _matches(pattern, value):
        yield exceptions.ValidationError(f"{value!r} does not match {pattern!r}")


def _keyword_pattern_properties(
    validator: Any, patterns: Mapping[str, Any], value: Any, schema: Any
) -> Iterator[exceptions.ValidationError]:
    if not isinstance(value, dict):
        return
    for pattern, part in patterns.items():
        for name, inner in value.items():
            if _matches(pattern, name):
                yield from validator.descend(inner, part, path=name, schema_path=pattern)


def _keyword_additional_properties(
    validator: Any, allowed: Any, value: Any, schema: Any
) -> Iterator[exceptions.ValidationError]:
    if not isinstance(value, dict):
        return
    known, patterns = schema.get("properties", {}), schema.get("patternProperties", {})
    extras = [name for name in value if name not in known and not any(_matches(p, name) for p in patterns)]
    if isinstance(allowed, dict):
        for name in extras:
            yield from validator.descend(value[name], allowed, path=name)
    elif allowed is False and extras:
        yield exceptions.ValidationError(f"unexpected properties: {', '.join(map(repr, extras))}")

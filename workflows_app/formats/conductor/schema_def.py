"""SchemaDef as typed data, and the schemas that definitions enforce (contracts/conductor.md, sections 2.1 to 2.9)."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from workflows_app.formats.conductor.fields import Invalid, Problems, anything, integer, read, text
from workflows_app.schemas import keeping
from workflows_app.schemas.checking import SchemaError, check_schema

_LONGEST_NAME = 255


@dataclass(slots=True, kw_only=True)
class SchemaDef:
    name: str | None = text()
    version: int = integer(1)
    type: str = text(keeping.JSON)
    data: Any = anything()
    external_ref: str | None = text()


def schema_drafts(data: Any) -> list[keeping.Draft]:
    """The schemas of a request: one, or a list. Raises Invalid with every problem."""
    problems = Problems()
    several = isinstance(data, list)
    drafts = []
    for number, given in enumerate(data if several else [data]):
        draft = _draft(given, f"[{number}]" if several else "", problems)
        drafts += [draft] if draft else []
    if not drafts and not problems:
        problems.note("", "SchemaDef list is empty")
    if problems:
        raise Invalid(problems)
    return drafts


def _draft(given: Any, path: str, problems: Problems) -> keeping.Draft | None:
    schema = read(SchemaDef, given, path, problems)
    if schema is None:
        return None

    def at(name: str) -> str:
        return f"{path}.{name}" if path else name

    if not schema.name:
        problems.note(at("name"), "SchemaDef name cannot be null or empty", schema.name)
    elif len(schema.name) > _LONGEST_NAME:
        problems.note(at("name"), f"must not be longer than {_LONGEST_NAME} characters")
    if not 0 < schema.version < 2**31:
        problems.note(at("version"), "must be a number from 1 up", schema.version)
    if schema.type not in keeping.TYPES:
        problems.note(at("type"), f"must be one of {', '.join(keeping.TYPES)}", schema.type)
    if schema.type == keeping.JSON and schema.data is not None:
        _check(schema.data, at("data"), problems)
    return keeping.Draft(
        name=schema.name or "",
        version=schema.version,
        type=schema.type,
        data=schema.data,
        external_ref=schema.external_ref or "",
    )


def _check(data: Any, path: str, problems: Problems) -> None:
    try:
        check_schema(data)
    except SchemaError as error:
        problems.note(path, f"is no JSON schema: {error}")


def enforced(given: dict[str, Any] | None, path: str, problems: Problems) -> Any:
    """The JSON schema that a definition's inputSchema or outputSchema stands for: its own ``data``, or what is
    registered under its name and version. None: there is nothing to enforce, which goes for the types AVRO and PROTOBUF
    too. Notes what is wrong."""
    schema = None if given is None else read(SchemaDef, given, path, problems)
    if schema is None or schema.type != keeping.JSON:
        return None
    if schema.data is not None:
        _check(schema.data, f"{path}.data", problems)
        return schema.data
    found = keeping.find(schema.name or "", schema.version)
    if found is None:
        problems.note(
            path,
            f"there is no schema {schema.name} version {schema.version}: register it, give its data, or set"
            " enforceSchema to false",
        )
        return None
    if found.type != keeping.JSON:
        return None
    return found.data

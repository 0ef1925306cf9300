"""Definitions as clients see them (contracts/mistral.md, sections 2.8 and 3)."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from typing import Any

from api.mistral.ids import Of, public_id
from api.mistral.wire import PROJECT, document, stamp
from workflows_app.models import ActionDefinition, Version, Workbook

_MISSING: Any = object()


def inputs_of(body: Mapping[str, Any]) -> dict[str, Any]:
    """The declared inputs with their defaults, in order; a required one has the default ``_MISSING``."""
    found: dict[str, Any] = {}
    for entry in body.get("input") or ():
        if isinstance(entry, Mapping):
            found.update(entry)
        else:
            found[str(entry)] = _MISSING
    return found


def input_text(body: Mapping[str, Any]) -> str:
    """The inputs as one line: ``a, b="2"``."""
    return ", ".join(_shown(name, default) for name, default in inputs_of(body).items())


def _shown(name: str, default: Any) -> str:
    if default is _MISSING:
        return name
    if default is None:
        return f"{name}=null"
    if isinstance(default, (dict, list)):
        return f"{name}={json.dumps(default)}"
    return f'{name}="{default}"'


def interface(body: Mapping[str, Any]) -> dict[str, Any]:
    """What a workflow takes and gives."""
    inputs = [name if default is _MISSING else {name: default} for name, default in inputs_of(body).items()]
    output = body.get("output")
    return {"input": inputs, "output": list(output) if isinstance(output, Mapping) else []}


def workflow_json(version: Version, *, created: bool = False, in_answer: bool = False) -> dict[str, Any]:
    """``version.definition`` must be loaded. ``in_answer``: to a request that has written it; ``created``: for the
    first time."""
    definition, body = version.definition, version.body
    assert definition is not None
    shape = interface(body)
    found = {
        "id": public_id(Of.WORKFLOW, definition.pk),
        "name": definition.name,
        "namespace": definition.namespace,
        "input": input_text(body),
        "interface": shape if in_answer else document(shape),
        "definition": version.source,
        "checksum": hashlib.md5(version.source.encode(), usedforsecurity=False).hexdigest(),
        "tags": body.get("tags") or [],
        "scope": "private",
        "project_id": PROJECT,
        "created_at": stamp(definition.created_at),
        "updated_at": stamp(version.created_at) if version.revision > 1 else None,
    }
    if created:
        del found["updated_at"]
    return found


def workbook_json(row: Workbook) -> dict[str, Any]:
    return {
        "id": str(row.id),
        "name": row.name,
        "namespace": row.namespace,
        "definition": row.definition,
        "tags": row.tags,
        "scope": "private",
        "project_id": PROJECT,
        "created_at": stamp(row.created_at),
        "updated_at": stamp(row.updated_at),
    }


def action_json(row: ActionDefinition) -> dict[str, Any]:
    """An ad-hoc action."""
    return {
        "id": str(row.id),
        "name": row.name,
        "namespace": row.namespace,
        "is_system": False,
        "input": input_text(row.body),
        "description": row.body.get("description") or "",
        "tags": row.body.get("tags") or [],
        "definition": row.definition,
        "scope": "private",
        "project_id": PROJECT,
        "created_at": stamp(row.created_at),
        "updated_at": stamp(row.updated_at),
    }

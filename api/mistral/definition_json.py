"""Definitions as clients see them (contracts/mistral.md, sections 2.8 and 3)."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from typing import Any

from api.mistral.ids import Of, public_id
from api.mistral.wire import PROJECT, document, stamp
from workflows_app.models import Version

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
    """The inputs of a workflow as one line: ``a, b="2"``."""
    return ", ".join(_shown(name, default) for name, default in inputs_of(body).items())


def action_input_text(body: Mapping[str, Any]) -> str:
    """The inputs of an action as one line, defaults as JSON: ``a, b=2``."""
    found = inputs_of(body).items()
    return ", ".join(name if default is _MISSING else f"{name}={json.dumps(default)}" for name, default in found)


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


def workflow_json(version: Version, *, in_answer: bool = False) -> dict[str, Any]:
    """``in_answer``: to a request that has written it."""
    shape = interface(version.body)
    return _definition_json(
        version,
        Of.WORKFLOW,
        input=input_text(version.body),
        interface=shape if in_answer else document(shape),
        checksum=hashlib.md5(version.source.encode(), usedforsecurity=False).hexdigest(),
    )


def workbook_json(version: Version) -> dict[str, Any]:
    return _definition_json(version, Of.WORKBOOK)


def action_json(version: Version) -> dict[str, Any]:
    """An ad-hoc action."""
    spec = version.body["spec"]
    return _definition_json(
        version,
        Of.ACTION,
        is_system=False,
        input=action_input_text(spec),
        description=spec.get("description") or "",
        tags=spec.get("tags") or [],
    )


def _definition_json(version: Version, of: Of, **own: Any) -> dict[str, Any]:
    """What all definitions have, and what is ``own`` to one kind. ``version.definition`` must be loaded."""
    definition = version.definition
    assert definition is not None
    changed = stamp(version.created_at) if version.revision > 1 else None
    return {
        "id": public_id(of, definition.pk),
        "name": definition.name,
        "namespace": definition.namespace,
        "definition": version.source,
        "tags": version.body.get("tags") or [],
        "scope": "private",
        "project_id": PROJECT,
        "created_at": stamp(definition.created_at),
        "updated_at": changed,
        **own,
    }

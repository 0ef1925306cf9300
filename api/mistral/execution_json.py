"""Executions as clients see them (contracts/mistral.md, sections 2.8, 3 and 5)."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from api.mistral import states
from api.mistral.ids import Of, public_id
from api.mistral.task_places import task_ids_of
from api.mistral.wire import PROJECT, document, stamp
from executions.engine.rows import ExecutionRow
from workflows_app import catalog

FIELDS = (
    "id",
    "workflow_id",
    "workflow_name",
    "workflow_namespace",
    "description",
    "tags",
    "params",
    "task_execution_id",
    "root_execution_id",
    "state",
    "state_info",
    "input",
    "output",
    "published_global",
    "created_at",
    "updated_at",
    "project_id",
)
SUB_EXECUTION = "sub-workflow execution"


def executions_json(rows: Sequence[ExecutionRow], *, output: bool = True, whole: bool = False) -> list[dict[str, Any]]:
    """``output``: with it. ``whole``: with what only the answer for a single execution has."""
    tasks = task_ids_of([row.parent_run_id for row in rows if row.parent_run_id])
    return [_execution_json(row, tasks, output=output, whole=whole) for row in rows]


def _execution_json(row: ExecutionRow, tasks: Mapping[str, str], *, output: bool, whole: bool) -> dict[str, Any]:
    attributes = row.attributes.value
    definition, namespace = catalog.origin(row.version_id)
    task = tasks.get(row.parent_run_id, row.parent_run_id) if row.parent_run_id else None
    root = row.root_id if task is not None and row.root_id != row.id else None
    settings = row.settings.value
    params = {"namespace": namespace, "env": settings.get("env") or {}, **(settings.get("params") or {})}
    if task is not None:
        params = {"root_execution_id": root, "task_execution_id": task, "index": 0, **params}
    found = {
        "id": row.id,
        "workflow_id": definition and public_id(Of.WORKFLOW, definition),
        "workflow_name": row.name,
        "workflow_namespace": params.get("namespace") or "",
        "description": attributes.get("description") or (SUB_EXECUTION if task is not None else ""),
        "tags": (catalog.graph(row.version_id).options.get("spec") or {}).get("tags") or [],
        "params": document(params),
        "task_execution_id": task,
        "root_execution_id": root,
        "state": states.EXECUTION[row.state],
        "state_info": row.reason,
        "input": document(row.input.value),
        "output": document(row.output.value),
        "published_global": document(published_everywhere(row)),
        "created_at": stamp(row.created_at),
        "updated_at": stamp(row.updated_at),
        "project_id": PROJECT,
    }
    if not output:
        del found["output"]
    if not whole:
        del found["published_global"]
    return found


def published_everywhere(row: ExecutionRow) -> dict[str, Any]:
    """What tasks have published for the whole execution, without the variables that its definition begins with."""
    if not row.variables.value:
        return {}
    own = (catalog.graph(row.version_id).options.get("spec") or {}).get("vars") or {}
    return {name: value for name, value in row.variables.value.items() if name not in own}

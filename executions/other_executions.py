"""What expressions read of executions other than their own: ``tasks(id)`` and ``executions(...)``
(contracts/mistral.md, section 8.2)."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

from executions.engine.rows import ExecutionRow, RunRow
from executions.ids import run_id
from executions.models import Execution, TaskRun
from executions.operations.finding import is_id
from executions.store import executions, runs
from workflows_app import catalog
from workflows_app.expressions import ExpressionError
from workflows_app.expressions.mistral import functions
from workflows_app.expressions.mistral.outside import Child
from workflows_app.expressions.mistral.states import EXECUTION_STATES

FORMAT = "mistral"
# One expression reads no more than so many tasks or executions.
MOST = 1000
_DEEPEST = 20


class OtherExecutions:
    """See ``workflows_app.expressions.mistral.outside.Reader``."""

    def tasks(self, execution_id: str, recursive: bool, state: str | None, flat: bool) -> list[dict[str, Any]]:
        found: list[dict[str, Any]] = []
        self._collect(execution_id, recursive, state, flat, 0, found)
        return found

    def children(self, execution_id: str) -> list[Child]:
        rows = Execution.objects.filter(parent__id=execution_id).order_by("created_at", "id")
        found = [(str(pk), state, str(run)) for pk, state, run in rows.values_list("id", "state", "parent_run_id")]
        items = TaskRun.objects.filter(id__in=[run for _, _, run in found], path__endswith="]")
        lists = {str(pk): str(scope) for pk, scope in items.values_list("id", "scope_id")}
        return [Child(pk, EXECUTION_STATES[state], lists.get(run, run)) for pk, state, run in found[:MOST]]

    def executions(
        self, id: str | None, root_id: str | None, state: str | None, from_time: str | None, to_time: str | None
    ) -> list[dict[str, Any]]:
        rows = Execution.objects.filter(format=FORMAT)
        for name, value in (("id", id), ("root_id", root_id)):
            if value is not None:
                if not is_id(str(value)):
                    return []
                rows = rows.filter(**{name: value})
        if state is not None:
            rows = rows.filter(state__in=[ours for ours, theirs in EXECUTION_STATES.items() if theirs == state])
        if from_time is not None:
            rows = rows.filter(created_at__gte=_time(from_time))
        if to_time is not None:
            rows = rows.filter(created_at__lt=_time(to_time))
        ids = [str(pk) for pk in rows.order_by("created_at").values_list("pk", flat=True)[:MOST]]
        return [_document(row) for pk in ids if (row := executions.read(pk)) is not None]

    def _collect(
        self,
        execution_id: str,
        recursive: bool,
        state: str | None,
        flat: bool,
        depth: int,
        found: list[dict[str, Any]],
    ) -> None:
        row = executions.read(execution_id) if is_id(execution_id) else None
        if row is None or len(found) >= MOST:
            return
        children = self.children(execution_id) if recursive or flat else []
        for run in _last_attempts(execution_id):
            if len(found) >= MOST:
                return
            document = _task(row, run)
            states_below = [child.state for child in children if child.run_id == run.id]
            if state in (None, document["state"]) and not (flat and document["state"] in states_below):
                found.append(document)
        if recursive and depth < _DEEPEST:
            for child in children:
                self._collect(child.id, recursive, state, flat, depth + 1, found)


def _last_attempts(execution_id: str) -> list[RunRow]:
    last: dict[tuple[str, str], RunRow] = {}
    for run in runs.read(execution_id, "scope_id = execution_id"):
        last[run.ref, run.path] = run
    return sorted(last.values(), key=lambda run: run.seq)


def _task(row: ExecutionRow, run: RunRow) -> dict[str, Any]:
    node = catalog.graph(row.version_id).nodes.get(run.ref)
    return functions.task_document(run, node, run_id(row.id, row.epoch, run.ref, run.path, 0))


def _document(row: ExecutionRow) -> dict[str, Any]:
    return {
        "id": row.id,
        "name": row.name,
        "workflow_name": row.name,
        "description": row.attributes.value.get("description") or "",
        "state": EXECUTION_STATES[row.state],
        "state_info": row.reason,
        "input": row.input.value,
        "output": row.output.value,
        "params": row.settings.value.get("params") or {},
        "created_at": row.created_at.strftime("%Y-%m-%d %H:%M:%S"),
        "updated_at": row.updated_at.strftime("%Y-%m-%d %H:%M:%S"),
        "root_execution_id": None if row.root_id == row.id else row.root_id,
    }


def _time(value: Any) -> datetime:
    try:
        found = datetime.fromisoformat(str(value))
    except ValueError:
        raise ExpressionError(f"{value!r} is no time: write it as 2026-11-21 10:00:00") from None
    return found if found.tzinfo else found.replace(tzinfo=UTC)

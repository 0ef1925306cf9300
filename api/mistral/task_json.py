"""Tasks and action executions as clients see them (contracts/mistral.md, sections 2.8 and 3; docs/decisions/0013)."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from typing import Any

from api.mistral import states
from api.mistral.ids import Of, public_id
from api.mistral.run_states import LATE, action_state, memo_of, task_state
from api.mistral.task_places import first_attempts, place_of, task_ids_of
from api.mistral.wire import PROJECT, document, stamp
from executions import task_types
from executions.action_executions import NEVER_BEGUN
from executions.actions.placing import AD_HOC_RUN, defaults_of
from executions.engine import publishing, retries
from executions.engine.finishing import ENDED_AS
from executions.engine.place import item_index
from executions.engine.rows import ExecutionRow, RunRow
from executions.engine.starting import BY
from executions.models import Execution
from executions.states import ExecutionState, RunsOn, RunState
from executions.store import executions as store
from executions.task_types.action import named
from workflows_app import catalog

TASK_FIELDS = (
    "id",
    "name",
    "type",
    "workflow_name",
    "workflow_namespace",
    "workflow_id",
    "workflow_execution_id",
    "tags",
    "state",
    "state_info",
    "project_id",
    "runtime_context",
    "result",
    "published",
    "processed",
    "created_at",
    "updated_at",
    "started_at",
    "finished_at",
)
ACTION_FIELDS = (
    "id",
    "workflow_name",
    "workflow_namespace",
    "task_execution_id",
    "task_name",
    "state",
    "state_info",
    "tags",
    "name",
    "description",
    "project_id",
    "accepted",
    "input",
    "output",
    "created_at",
    "updated_at",
)
UNKNOWN_ERROR = "Unknown error"


def tasks_json(rows: Sequence[RunRow], *, result: bool = True) -> list[dict[str, Any]]:
    """``rows``: the last attempts at the places of these tasks. ``result``: with it."""
    places = [place_of(run.execution_id, run.ref, run.path) for run in rows if run.attempt]
    first = first_attempts(places)
    causes = task_ids_of({by[0] for run in rows for by in memo_of(run).get(BY, ())})
    paused = _paused_children(rows)
    executions = {row.id: row for row in store.read_many({run.execution_id for run in rows})}
    found = []
    for run in rows:
        execution = executions.get(run.execution_id)
        if execution is None:
            continue  # it is deleted in this moment
        task_id = first.get(place_of(run.execution_id, run.ref, run.path), run.id) if run.attempt else run.id
        found.append(_task_json(run, task_id, execution, causes, paused, result=result))
    return found


def _task_json(
    run: RunRow,
    task_id: str,
    execution: ExecutionRow,
    causes: Mapping[str, str],
    paused: Collection[str],
    *,
    result: bool,
) -> dict[str, Any]:
    definition, namespace = catalog.origin(run.version_id)
    state = task_state(run, child_paused=run.id in paused)
    found: dict[str, Any] = {
        "id": task_id,
        "name": run.ref,
        "type": "WORKFLOW" if starts_workflow(run) else "ACTION",
        "workflow_name": execution.name,
        "workflow_namespace": namespace,
        "workflow_id": definition and public_id(Of.WORKFLOW, definition),
        "workflow_execution_id": run.execution_id,
        "tags": _tags(run),
        "state": state,
        "state_info": state_info(run),
        "project_id": PROJECT,
        "runtime_context": document(_runtime_context(run, causes)),
        "result": document(result_of(run)),
        "published": document(run.published.value if run.published else {}),
        "processed": run.settled,
        "created_at": stamp(run.first_scheduled_at),
        "updated_at": stamp(run.updated_at),
        "started_at": stamp(run.started_at),
        "finished_at": stamp(run.ended_at) if state in (*states.ENDED, states.SKIPPED) else None,
    }
    if not result:
        del found["result"]
    return found


def _tags(run: RunRow) -> list[str]:
    node = catalog.graph(run.version_id).nodes.get(run.ref)
    return ((node.options.get("spec") if node is not None else None) or {}).get("tags") or []


def published_everywhere(run: RunRow) -> dict[str, Any]:
    """The variables of its execution that a task has published, with the values that they have now."""
    outcome = publishing.outcome_of(run) if run.ended else None
    node = catalog.graph(run.version_id).nodes.get(run.ref)
    names: dict[str, None] = {}
    for entry in node.publish if node is not None and outcome is not None else ():
        if entry.on is outcome and entry.everywhere is not None and isinstance(entry.everywhere.value, Mapping):
            names |= dict.fromkeys(entry.everywhere.value)
    execution = store.read(run.execution_id) if names else None
    variables = execution.variables.value if execution is not None else {}
    return {name: variables[name] for name in names if name in variables}


def starts_workflow(run: RunRow) -> bool:
    """Whether a run stands for an execution of its own, and does no action."""
    return task_types.find(run.type, run.name).runs_on == RunsOn.CHILD


def state_info(run: RunRow) -> str | None:
    """Why a task is in its state."""
    if run.state == RunState.DELAYED:
        delay, policy = f"[delay={run.start_delay:g}]", "retry" if run.attempt else "wait-before"
        if ENDED_AS in memo_of(run):
            seconds = round((run.due_at - run.updated_at).total_seconds()) if run.due_at else 0
            return f"Delayed by 'wait-after' policy [delay={seconds}]"
        return f"Delayed by '{policy}' policy {delay}"
    if run.state == RunState.WAITING and run.reason is None:
        return "Task is waiting."
    return run.reason


def _runtime_context(run: RunRow, causes: Mapping[str, str]) -> dict[str, Any]:
    memo = memo_of(run)
    found: dict[str, Any] = {}
    if BY in memo:
        found["triggered_by"] = [{"task_id": causes.get(by[0], by[0]), "event": by[1]} for by in memo[BY]]
    if "count" in memo:
        found["with_items"] = {"count": memo["count"], "capacity": memo.get("capacity")}
        if memo.get("capacity"):
            found["concurrency"] = memo["capacity"]
    if retries.number_of(run):
        found["retry_task_policy"] = {"retry_no": retries.number_of(run)}
    return found


def result_of(run: RunRow) -> Any:
    """The result of a task: ``[]`` while there is none, of a list that of its items in order."""
    output = run.output.value
    if run.pending is not None:
        return [item.get("result") if isinstance(item, Mapping) else item for item in output.get("items", ())]
    if not run.ended and ENDED_AS not in memo_of(run):
        return []
    if "result" in output:
        return output["result"]
    if not output:
        return run.reason if _has_failed_itself(run) else [] if run.failed else None
    return output


def _has_failed_itself(run: RunRow) -> bool:
    """Whether its own work has failed: not if that never began, or has not come to its end."""
    return run.state in NEVER_BEGUN and run.started_at is not None and not starts_workflow(run)


def _paused_children(rows: Sequence[RunRow]) -> set[str]:
    """Those of these runs that have started something which is paused, themselves or by one of their items."""
    waiting = [run for run in rows if not run.ended and starts_workflow(run)]
    if not waiting:
        return set()
    children = Execution.objects.filter(
        parent_id__in={run.execution_id for run in waiting}, state=ExecutionState.PAUSED
    ).values_list("parent_run_id", flat=True)
    by = [str(pk) for pk in children]
    tasks = task_ids_of(by)
    paused = {*by, *tasks.values()}
    first = first_attempts([place_of(run.execution_id, run.ref, run.path) for run in waiting])
    return {
        run.id
        for run in waiting
        if run.id in paused or first.get(place_of(run.execution_id, run.ref, run.path)) in paused
    }


# ---- action executions


def actions_json(rows: Sequence[RunRow], *, superseded: Collection[str], output: bool = True) -> list[dict[str, Any]]:
    """``superseded``: ids of those after which there was another attempt. ``output``: with it."""
    tasks = task_ids_of([run.id for run in rows if run.attempt or item_index(run.path) is not None])
    executions = {row.id: row for row in store.read_many({run.execution_id for run in rows})}
    found = []
    for run in rows:
        execution = executions.get(run.execution_id)
        if execution is not None:
            found.append(_action_json(run, tasks.get(run.id, run.id), execution, run.id in superseded, output=output))
    return found


def _action_json(
    run: RunRow, task_id: str, execution: ExecutionRow, superseded: bool, *, output: bool
) -> dict[str, Any]:
    _, namespace = catalog.origin(run.version_id)
    state = action_state(run)
    name, given = named(run.type, run.name, run.input.value)
    alone = runs_alone(execution)
    ended = state in states.ENDED
    found: dict[str, Any] = {
        "id": run.id,
        "workflow_name": None if alone else execution.name,
        "workflow_namespace": namespace,
        "task_execution_id": None if alone else task_id,
        "task_name": None if alone else run.ref,
        "state": state,
        "state_info": None,
        "tags": None,
        "name": name,
        "description": execution.attributes.value.get("description", "") if alone else "",
        "project_id": PROJECT,
        "accepted": ended and not superseded,
        "input": document({**defaults_of(execution, name), **given}),
        "output": document(action_output(run)) if ended else None,
        "created_at": stamp(run.first_scheduled_at if not run.attempt else run.scheduled_at),
        "updated_at": stamp(run.updated_at),
    }
    if not output:
        del found["output"]
    return found


def action_output(run: RunRow) -> dict[str, Any]:
    """``{"result": X}``, or ``{}`` where the definition does not keep it."""
    output: dict[str, Any] = run.output.value
    if "result" in output:
        return {"result": output["result"]}
    if output:
        return {"result": output}
    if run.failed and LATE not in memo_of(run):
        return {"result": None if run.state == RunState.CANCELED else run.reason or UNKNOWN_ERROR}
    return {}


def runs_alone(execution: ExecutionRow) -> bool:
    """Whether an action is run by itself, and no workflow is there."""
    return execution.format == AD_HOC_RUN

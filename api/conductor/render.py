"""Executions and task runs as Conductor's JSON (contracts/conductor.md, sections 2.4 and 2.5).

Fields without a value are left out; maps keep their nulls. Every task carries the definition it was made from, and a
``tasks`` list is always there: the SDKs' models rely on both.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from functools import lru_cache
from typing import Any

from api.conductor.task_input import Branches, branches_of, shown_input
from api.conductor.times import millis
from executions.engine.debts import node_of
from executions.engine.place import split
from executions.engine.rows import ExecutionRow, RunRow
from executions.ids import run_id
from executions.states import RunsOn, RunState
from executions.store import runs as run_store
from workflows_app.formats.conductor.fields import Problems, read, render
from workflows_app.formats.conductor.task_def import TaskDef
from workflows_app.formats.conductor.workflow_def import WorkflowDef, walk
from workflows_app.models import TaskDefinition, Version

FORKS = ("FORK_JOIN", "FORK_JOIN_DYNAMIC")
# Types whose tasks go by the type instead of their own name.
NAMED_BY_TYPE = {"FORK_JOIN": "FORK", "FORK_JOIN_DYNAMIC": "FORK", "JOIN": "JOIN", "SWITCH": "SWITCH",
                  "DECISION": "DECISION", "EXCLUSIVE_JOIN": "EXCLUSIVE_JOIN"}  # fmt: skip
FAILED_STATES = (RunState.FAILED, RunState.FAILED_WITH_TERMINAL_ERROR)
FOR_EVER = 2**31 - 1
SHOWN_STATES = {RunState.WAITING: "IN_PROGRESS", RunState.DELAYED: "SCHEDULED"}


def workflow_json(execution: ExecutionRow, runs: Iterable[RunRow] | None) -> dict[str, Any]:
    """A Workflow. ``runs`` None: without tasks."""
    attributes = execution.attributes.value
    rows = None if runs is None else list(runs)
    failed = _failures(execution, rows)
    found: dict[str, Any] = {
        "ownerApp": attributes.get("ownerApp") or "",
        "createTime": millis(execution.created_at),
        "updateTime": millis(execution.updated_at),
        "createdBy": attributes.get("createdBy"),
        "status": execution.state,
        "endTime": millis(execution.ended_at),
        "workflowId": execution.id,
        "parentWorkflowId": execution.parent_id,
        "parentWorkflowTaskId": execution.parent_run_id,
        "tasks": tasks_json(execution, rows) if rows is not None else [],
        "input": execution.input.value,
        "output": output_of(execution),
        "correlationId": execution.correlation_id,
        "reRunFromWorkflowId": attributes.get("reRunFromWorkflowId"),
        "reasonForIncompletion": execution.reason,
        "event": attributes.get("event"),
        "taskToDomain": execution.settings.value.get("domains") or {},
        "failedReferenceTaskNames": list(dict.fromkeys(ref for ref, _ in failed)),
        "failedTaskNames": list(dict.fromkeys(name for _, name in failed)),
        "workflowDefinition": definition_of(execution.version_id),
        "rateLimited": bool(execution.memo.value.get("held")),
        "rateLimitKey": execution.settings.value.get("admission"),
        "priority": execution.priority,
        "variables": execution.variables.value,
        "lastRetriedTime": millis(execution.retried_at),
        "idempotencyKey": execution.idempotency_key or attributes.get("idempotencyKey"),
        "history": [],
        "startTime": millis(execution.created_at),
        "workflowName": execution.name,
        "workflowVersion": execution.number,
    }
    return {k: v for k, v in found.items() if v is not None}


def _failures(execution: ExecutionRow, rows: list[RunRow] | None) -> list[tuple[str, str]]:
    """Which tasks have failed, by reference name and name: of an execution that has ended every failed attempt, also
    one that was made good (section 3.4). Without the rows, the failures that were final."""
    if rows is None or not execution.ended:
        return [(ref, name) for ref, name in (execution.failed_refs.value if execution.failed_refs else [])]
    return [(reference_name(run.ref, run.path), task_name(run)) for run in rows if run.state in FAILED_STATES]


def output_of(execution: ExecutionRow) -> dict[str, Any]:
    """The output, with the id of the failure workflow as soon as that exists."""
    output: dict[str, Any] = execution.output.value
    problem = execution.memo.value.get("compensation")
    if execution.failure_execution_id is not None and execution.due_at is None:
        return {**output, "conductor.failure_workflow": problem or execution.failure_execution_id}
    return output


def tasks_json(execution: ExecutionRow, runs: Iterable[RunRow]) -> list[dict[str, Any]]:
    """All tasks of an execution in order of their numbers."""
    rows = list(runs)
    last = {(r.ref, r.path): max(r.attempt, 0) for r in sorted(rows, key=lambda r: r.attempt)}
    attempts = {(r.ref, r.path, r.attempt): r.id for r in rows}
    children, branches = _by_scope(rows), branches_of(rows)
    return [
        task_json(
            execution,
            run,
            retried=run.attempt < last[run.ref, run.path],
            body=children.get(run.id),
            attempts=attempts,
            branches=branches,
        )
        for run in rows
    ]


def _by_scope(rows: list[RunRow]) -> dict[str, list[RunRow]]:
    found: dict[str, list[RunRow]] = {}
    for run in rows:
        found.setdefault(run.scope_id, []).append(run)
    return found


def task_json(
    execution: ExecutionRow,
    run: RunRow,
    *,
    retried: bool = False,
    body: list[RunRow] | None = None,
    attempts: Mapping[tuple[str, str, int], str] | None = None,
    branches: Branches | None = None,
) -> dict[str, Any]:
    """A Task. ``retried``: there is a later attempt. ``body``: the runs inside an unfinished loop. ``attempts``: the
    ids of all task runs by place and attempt, ``branches``: those of dynamic forks, if the caller has them."""
    source = _source(run)
    definition = source.get("taskDefinition") or _definition_body(run.task_definition_id)
    counts = definition or (_ad_hoc(run.name, run.type == "SIMPLE") if run.fragment is None else None)
    found: dict[str, Any] = {
        "taskType": task_type(run),
        "status": shown_state(run),
        "inputData": shown_input(execution, run, source, branches),
        "referenceTaskName": reference_name(run.ref, run.path),
        "retryCount": run.attempt,
        "seq": run.seq,
        "correlationId": execution.correlation_id,
        "pollCount": run.polls,
        "taskDefName": task_name(run),
        "scheduledTime": millis(run.scheduled_at),
        "startTime": millis(run.started_at),
        "endTime": millis(run.ended_at),
        "updateTime": millis(run.updated_at),
        "startDelayInSeconds": int(run.start_delay),
        "retriedTaskId": _previous(execution, run, attempts),
        "retried": retried,
        "executed": run.settled and run.ended and not retried,
        "callbackFromWorker": True,
        "responseTimeoutSeconds": int((definition or {}).get("responseTimeoutSeconds") or _response_timeout(run)),
        "workflowInstanceId": run.execution_id,
        "workflowType": execution.name,
        "taskId": run.id,
        "reasonForIncompletion": run.reason,
        "callbackAfterSeconds": _callback_after(run),
        "workerId": run.worker,
        "outputData": _output(run, body),
        "workflowTask": {**source, "taskDefinition": definition} if definition else source,
        "domain": run.domain,
        "rateLimitPerFrequency": (definition or {}).get("rateLimitPerFrequency", 0),
        "rateLimitFrequencyInSeconds": (definition or {}).get("rateLimitFrequencyInSeconds", 1),
        "workflowPriority": run.priority,
        "iteration": _iteration(run),
        "subWorkflowId": run.child_id if run.state != RunState.SCHEDULED else None,
        "subworkflowChanged": False,
        "loopOverTask": run.iteration > 0,
        "taskDefinition": counts,
        "queueWaitTime": millis(run.started_at) - millis(run.scheduled_at) if run.started_at else 0,
        "firstStartTime": millis(run.started_at),
        "executionMetadata": {},
    }
    return {k: v for k, v in found.items() if v is not None}


def shown_state(run: RunRow) -> str:
    """The status of a task."""
    state = SHOWN_STATES.get(RunState(run.state), run.state)
    if run.runs_on == RunsOn.SERVER and state == "IN_PROGRESS" and node_of(run).completed_outside:
        return "SCHEDULED"  # it counts as in progress when its own work is done
    return state


def task_name(run: RunRow) -> str:
    """The name of a task's definition, or its type for those that go by it."""
    return NAMED_BY_TYPE.get(run.type, run.name)


def task_type(run: RunRow) -> str:
    """The name of a SIMPLE task, FORK for both forks, else the type."""
    if run.type == "SIMPLE":
        return run.name
    return "FORK" if run.type in FORKS else run.type


def _callback_after(run: RunRow) -> int:
    """Seconds. Of an open WAIT, its whole time; without a timer for ever."""
    if run.type != "WAIT" or run.state != RunState.IN_PROGRESS or run.started_at is None:
        return int(run.callback_after)
    timer = (run.memo.value if run.memo else {}).get("timer")
    return FOR_EVER if timer is None else round(timer - run.started_at.timestamp())


def _iteration(run: RunRow) -> int:
    """The iteration that a run is in; of a loop, the one that it has come to."""
    if run.type != "DO_WHILE":
        return run.iteration
    return int((run.memo.value if run.memo else {}).get("iteration", 0))


def reference_name(ref: str, path: str) -> str:
    """``ref``, with ``__N`` for every loop around it."""
    return ref + "".join(f"__{part}" for part in path.split(".") if part)


def place_of(name: str) -> tuple[str, str]:
    """The ref and the path of a reference name: the opposite of ``reference_name``."""
    ref, *iterations = name.split("__")
    return ref, ".".join(iterations)


def _previous(execution: ExecutionRow, run: RunRow, attempts: Mapping[tuple[str, str, int], str] | None) -> str | None:
    if run.attempt == 0:
        return None
    if attempts is not None:
        return attempts.get((run.ref, run.path, run.attempt - 1))
    if execution.epoch:  # it has been taken back: attempts of one task may have begun before and after
        found = run_store.read(execution.id, "ref = %s AND path = %s", [run.ref, run.path])
        return next((r.id for r in found if r.attempt == run.attempt - 1), None)
    return run_id(run.execution_id, execution.epoch, run.ref, run.path, run.attempt - 1)


def _output(run: RunRow, body: list[RunRow] | None) -> dict[str, Any]:
    output: dict[str, Any] = run.output.value
    if run.ended:
        return output
    if run.runs_on == RunsOn.CHILD and run.state == RunState.IN_PROGRESS:
        return {**output, "subWorkflowId": run.child_id}
    if body and run.type == "DO_WHILE":
        return {**output, **_iterations(body)}
    return output


def _iterations(body: list[RunRow]) -> dict[str, Any]:
    found: dict[str, Any] = {}
    for run in body:
        if run.ended:
            found.setdefault(split(run.path)[1], {})[run.ref] = run.output.value
    return found


def _response_timeout(run: RunRow) -> float:
    node = node_of(run)
    policy = node.policy or node.default_policy
    return policy.timeouts.response


def _source(run: RunRow) -> Mapping[str, Any]:
    """The WorkflowTask that a run was made from."""
    if run.fragment is not None:
        node = node_of(run)
        if "source" in node.options:
            source: Mapping[str, Any] = node.options["source"]
            return source
    return _sources(run.version_id).get(run.ref) or {"name": run.name, "taskReferenceName": run.ref, "type": run.type}


@lru_cache(maxsize=512)
def definition_of(version_id: int) -> dict[str, Any]:
    """The WorkflowDef of a version, as it was when the execution started."""
    body: dict[str, Any] = Version.objects.values_list("body", flat=True).get(pk=version_id)
    return body


@lru_cache(maxsize=512)
def _sources(version_id: int) -> dict[str, dict[str, Any]]:
    """Every task of a definition by its ref."""
    definition = read(WorkflowDef, definition_of(version_id), "", Problems())
    return {task.ref: render(task) for task in walk(definition.tasks)} if definition else {}


@lru_cache(maxsize=2048)
def _definition_of_task(task_definition_id: int) -> dict[str, Any] | None:
    return TaskDefinition.objects.values_list("body", flat=True).filter(pk=task_definition_id).first()


@lru_cache(maxsize=2048)
def _ad_hoc(name: str, simple: bool) -> dict[str, Any]:
    """The TaskDef that counts for a task without one (section 6.1)."""
    definition = TaskDef(name=name)
    if not simple:
        definition.retry_count = definition.response_timeout_seconds = 0
    return render(definition)


def _definition_body(task_definition_id: int | None) -> dict[str, Any] | None:
    return None if task_definition_id is None else _definition_of_task(task_definition_id)

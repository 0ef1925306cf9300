"""The functions of expressions whose values come from outside of the expression (contracts/mistral.md, section 8.2)."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping, Sequence
from typing import Any

from workflows_app.expressions.base import ExpressionError, TaskView, WholeScope
from workflows_app.expressions.mistral.outside import reader
from workflows_app.expressions.mistral.states import TASK_STATES
from workflows_app.graph.model import Graph, Node

_PARAMETERS: dict[str, tuple[tuple[str, Any], ...]] = {
    "env": (),
    "execution": (),
    "global": (("var_name", None),),
    "task": (("task_name", None),),
    "tasks": (("workflow_execution_id", None), ("recursive", False), ("state", None), ("flat", False)),
    "executions": (
        ("id", None),
        ("root_execution_id", None),
        ("state", None),
        ("from_time", None),
        ("to_time", None),
    ),
}


def call(scope: WholeScope, function: str, arguments: Sequence[Any], keywords: Mapping[str, Any]) -> Any:
    """The value of a call. Raises ExpressionError."""
    given = in_order(function, arguments, keywords)
    return _FUNCTIONS[function](scope, *given)


def in_order(function: str, arguments: Sequence[Any], keywords: Mapping[str, Any]) -> list[Any]:
    """Every argument in its place. Raises ExpressionError for one too many."""
    parameters = _PARAMETERS[function]
    names = [name for name, _ in parameters]
    unknown = set(keywords) - set(names)
    if len(arguments) > len(parameters) or unknown:
        raise ExpressionError(f"{function}() takes {', '.join(names) or 'no arguments'}")
    given = dict(zip(names, arguments, strict=False)) | dict(keywords)
    found = [given.get(name, default) for name, default in parameters]
    return [] if function == "task" and found == [None] else found


def call_key(function: str, arguments: Sequence[Any]) -> str:
    """How the sandbox finds the value of a call (``sandbox/guest/templating.py``)."""
    return json.dumps([function, list(arguments), {}], sort_keys=True, default=str)


def env(scope: WholeScope) -> Any:
    """The environment that the execution was started with."""
    return scope.execution["settings"].get("env") or {}


def execution(scope: WholeScope) -> dict[str, Any]:
    """id, name, spec, input, params, created_at, updated_at and root_execution_id of the execution."""
    row = scope.execution
    return {
        "id": row["id"],
        "name": row["name"],
        "spec": specification(scope.definition),
        "input": row["input"],
        "params": row["settings"].get("params") or {},
        "created_at": _time(row["created_at"]),
        "updated_at": _time(row["updated_at"]),
        "root_execution_id": None if row["root_id"] == row["id"] else row["root_id"],
    }


def global_variable(scope: WholeScope, name: Any) -> Any:
    """A variable of the execution; null if there is none."""
    return scope.execution["variables"].get(name)


def task(scope: WholeScope, name: Any = None) -> dict[str, Any] | None:
    """The current task, or the last run of another one; null for one that has not run."""
    current = scope.current
    if name is None or (current is not None and current.ref == name):
        if current is None:
            raise ExpressionError("there is no current task here: name one")
        return describe(scope, current)
    if not isinstance(name, str):
        return None
    found = scope.run(name)
    return None if found is None else describe(scope, found)


def tasks(
    scope: WholeScope, execution_id: Any = None, recursive: Any = False, state: Any = None, flat: Any = False
) -> list[dict[str, Any]]:
    """The tasks of an execution, by default of this one. ``recursive``: with those of its sub-workflows. ``flat``:
    without tasks that are only in this state because of a task of their sub-workflow."""
    own = scope.execution["id"]
    if execution_id not in (None, own):
        return reader().tasks(str(execution_id), bool(recursive), state, bool(flat))
    # what this execution is about to become is not stored yet
    runs = scope.runs()
    children = reader().children(own) if recursive or flat else []
    found = []
    for run in runs:
        document = describe(scope, run)
        states_below = [child.state for child in children if child.run_id == run.id]
        if state in (None, document["state"]) and not (flat and document["state"] in states_below):
            found.append(document)
    for child in children if recursive else ():
        found += reader().tasks(child.id, True, state, bool(flat))
    return found


def executions(
    scope: WholeScope,
    id: Any = None,
    root_id: Any = None,
    state: Any = None,
    from_time: Any = None,
    to_time: Any = None,
) -> list[dict[str, Any]]:
    """The executions that fit every given condition, among them this one."""
    found = reader().executions(id, root_id, state, from_time, to_time)
    row = scope.execution
    fits = id in (None, row["id"]) and root_id in (None, row["root_id"]) and state in (None, "RUNNING")
    if not fits or from_time is not None or to_time is not None or any(e["id"] == row["id"] for e in found):
        return found
    return [*found, _about_to_begin(row)]


def _about_to_begin(row: Mapping[str, Any]) -> dict[str, Any]:
    """This execution while it is decided how it begins: it is not stored yet."""
    return {
        "id": row["id"],
        "name": row["name"],
        "workflow_name": row["name"],
        "description": "",
        "state": "RUNNING",
        "state_info": None,
        "input": row["input"],
        "output": {},
        "params": row["settings"].get("params") or {},
        "created_at": _time(row["created_at"]),
        "updated_at": _time(row["updated_at"]),
        "root_execution_id": None if row["root_id"] == row["id"] else row["root_id"],
    }


def describe(scope: WholeScope, run: TaskView) -> dict[str, Any]:
    """A task as expressions see it."""
    node = scope.definition.nodes.get(run.ref)
    return task_document(run, node, scope.place_id(run))


def task_document(run: TaskView, node: Node | None, task_id: str) -> dict[str, Any]:
    """The document of one task run; ``node`` is None if the definition is not at hand."""
    options = node.options if node is not None else {}
    return {
        "id": task_id,
        "name": run.ref,
        "spec": options.get("spec") or {},
        "state": TASK_STATES[run.state],
        "state_info": run.reason,
        "result": result_of(run, node),
        "published": run.published.value if run.published else {},
        "type": "WORKFLOW" if options.get("child") else "ACTION",
        "workflow_execution_id": run.execution_id,
        "created_at": _time(run.first_scheduled_at),
        "updated_at": _time(run.updated_at),
    }


def result_of(run: TaskView, node: Node | None) -> Any:
    """The result of a task: of a list of items one of each, ``[]`` while there is none, null where it is not kept."""
    output = run.output.value
    if "items" in output and (node is None or node.items is not None):
        return [item.get("result") if isinstance(item, dict) else None for item in output["items"]]
    if "result" in output:
        return output["result"]
    return None if run.state in ("COMPLETED", "SKIPPED") else []


def specification(graph: Graph) -> dict[str, Any]:
    """The definition as it was written."""
    spec = dict(graph.options.get("spec") or {})
    tasks = {ref: node.options.get("spec") or {} for ref, node in graph.nodes.items()}
    return {**spec, "name": graph.name, "version": "2.0", "tasks": tasks}


def _time(at: Any) -> str | None:
    return None if at is None else at.strftime("%Y-%m-%d %H:%M:%S")


_FUNCTIONS: dict[str, Callable[..., Any]] = {
    "env": env,
    "execution": execution,
    "global": global_variable,
    "task": task,
    "tasks": tasks,
    "executions": executions,
}

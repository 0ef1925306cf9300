"""The inputData of a task as clients know it: its input, with what the real server writes into it by type
(contracts/conductor.md, sections 4.2, 4.3 and 4.6)."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from executions.engine.debts import node_of
from executions.engine.new_execution import CHILDREN
from executions.engine.rows import ExecutionRow, RunRow
from executions.store import runs as run_store

# What SUB_WORKFLOW shows, null where nothing is given.
_CHILD = ("subWorkflowDefinition", "subWorkflowName", "subWorkflowTaskToDomain", "subWorkflowVersion", "priority",
          "idempotencyKey", "idempotencyStrategy")  # fmt: skip
# By JOIN and path: the refs of the branches that a dynamic fork has made for it.
Branches = Mapping[tuple[str, str], list[str]]


def branches_of(rows: Iterable[RunRow]) -> Branches:
    """What the dynamic forks among these rows have made."""
    found = {}
    for run in rows:
        if run.type == "FORK_JOIN_DYNAMIC" and "forkedTasks" in run.input.value:
            found[node_of(run).opens or "", run.path] = run.input.value["forkedTasks"]
    return found


def shown_input(
    execution: ExecutionRow, run: RunRow, source: Mapping[str, Any], branches: Branches | None
) -> Mapping[str, Any]:
    """``source``: the WorkflowTask. ``branches`` None: they are looked up if they matter."""
    given: Mapping[str, Any] = run.input.value
    if run.type == "HTTP":
        return {"asyncComplete": bool(source.get("asyncComplete")), **given}
    if run.type == "SUB_WORKFLOW":
        inline = (source.get("subWorkflowParam") or {}).get("workflowDefinition")
        found = {**dict.fromkeys(_CHILD), **given}
        if found["subWorkflowVersion"] is None:
            pinned = execution.settings.value.get(CHILDREN, {})
            found["subWorkflowVersion"] = pinned.get(str(found["subWorkflowName"]))
        if isinstance(inline, Mapping):
            found |= {"subWorkflowDefinition": inline, "subWorkflowName": inline.get("name")}
        return found
    if run.type == "DECISION" and "case" in given:
        return {name: given[name] for name in ("case", "hasChildren") if name in given}
    if run.type == "EXCLUSIVE_JOIN":
        return {"defaultExclusiveJoinTask": source.get("defaultExclusiveJoinTask") or [], **given}
    if run.type == "JOIN" and not given.get("joinOn"):
        if branches is None:
            forks = ["FORK_JOIN_DYNAMIC", run.path]
            branches = branches_of(run_store.read(execution.id, "type = %s AND path = %s", forks))
        return {**given, "joinOn": branches.get((run.ref, run.path), [])}
    return given

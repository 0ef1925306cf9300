"""The input of a failure workflow (contracts/conductor.md, section 3.4)."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from api.conductor.render import workflow_json
from executions.engine.rows import ExecutionRow
from executions.store import runs


def failure_input(execution: ExecutionRow) -> Mapping[str, Any]:
    """The failed execution's own input, what went wrong, and the whole of it."""
    blamed = execution.memo.value.get("blamed")
    return {
        **execution.input.value,
        "workflowId": execution.id,
        "reason": execution.reason,
        "failureStatus": execution.state,
        **({"failureTaskId": blamed} if blamed else {}),
        "failedWorkflow": workflow_json(execution, runs.read(execution.id)),
    }

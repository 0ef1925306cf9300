"""States as coloured words."""

from __future__ import annotations

from django.utils.safestring import SafeString

from executions.console.labels import label
from executions.states import EXECUTION_ENDED, RUN_ENDED, RUN_FAILED, RUN_OPEN, ExecutionState, RunState
from workflows_app.admin.columns import badge

_EXECUTIONS = {
    **dict.fromkeys(EXECUTION_ENDED, "danger"),
    ExecutionState.RUNNING: "info",
    ExecutionState.PAUSED: "warning",
    ExecutionState.COMPLETED: "success",
    ExecutionState.TERMINATED: "default",
}
_RUNS = {
    **dict.fromkeys(RUN_OPEN, "warning"),
    **dict.fromkeys(RUN_ENDED, "default"),
    **dict.fromkeys(RUN_FAILED, "danger"),
    RunState.IN_PROGRESS: "info",
    RunState.COMPLETED: "success",
    RunState.COMPLETED_WITH_ERRORS: "warning",
    RunState.CANCELED: "default",
}
# The colour of every state; those that executions and task runs share have the same one.
COLOURS: dict[str, str] = {str(state): colour for states in (_RUNS, _EXECUTIONS) for state, colour in states.items()}


def state_badge(state: str) -> SafeString:
    """A state as a word in its colour."""
    return badge(label(state), COLOURS[state])

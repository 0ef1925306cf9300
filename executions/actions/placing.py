"""Where an action runs: what its execution tells it."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from executions.actions.base import ActionContext
from executions.engine.place import item_index, split
from executions.engine.rows import ExecutionRow
from executions.ids import run_id as id_of_place
from workflows_app import expressions

# The format of executions of a single action: there is no workflow to speak of.
AD_HOC_RUN = "mistral-action-run"
_PATIENCE = 4.0


def context_of(
    execution: ExecutionRow, run_id: str, ref: str, path: str, *, script: Callable[[str, str, Any], Any]
) -> ActionContext:
    """What an action may know of the run that it is for."""
    if execution.format == AD_HOC_RUN:
        return ActionContext(action_execution_id=run_id, script=script)
    return ActionContext(
        action_execution_id=run_id,
        workflow_name=execution.name,
        execution_id=execution.id,
        task_id=task_id(execution, ref, path),
        script=script,
    )


def task_id(execution: ExecutionRow, ref: str, path: str) -> str:
    """The id of the task that a run belongs to: that of the first attempt at its place, items of lists not counted."""
    place = split(path)[0] if item_index(path) is not None else path
    return id_of_place(execution.id, execution.epoch, ref, place, 0)


def defaults_of(execution: ExecutionRow, name: str) -> Mapping[str, Any]:
    """The inputs that the environment sets for an action: ``env["__actions"][name]``."""
    env = execution.settings.value.get("env")
    actions = env.get("__actions") if isinstance(env, Mapping) else None
    found = actions.get(name) if isinstance(actions, Mapping) else None
    return found if isinstance(found, Mapping) else {}


def run_script(language: str, source: str, data: Any) -> Any:
    """Runs a script in the sandbox. Raises ScriptError."""
    return expressions.script(language).run(source, data, _PATIENCE)

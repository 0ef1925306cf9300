"""DYNAMIC: becomes the task that its input names (contracts/conductor.md, section 4.1)."""

from __future__ import annotations

from dataclasses import replace

from executions.engine.tools import Resolved, Task
from executions.task_types.base import TaskType
from workflows_app.formats.conductor.compile import COMPUTED
from workflows_app.formats.conductor.fields import LONGEST_NAME
from workflows_app.formats.conductor.task_def import AD_HOC, AD_HOC_SYSTEM
from workflows_app.graph.model import Kind
from workflows_app.json_text import dumps, is_storable

# Types that need more than a name and an input to be one of them.
_IMPOSSIBLE = frozenset({"SUB_WORKFLOW", "FORK_JOIN", "FORK_JOIN_DYNAMIC", "JOIN", "EXCLUSIVE_JOIN", "DO_WHILE",
                         "SWITCH", "DECISION", "DYNAMIC"})  # fmt: skip


class Dynamic(TaskType):
    """The input named by ``dynamicTaskNameParam`` is the name of a task, or of a built-in type such as HTTP."""

    def resolve(self, task: Task) -> Resolved:
        from executions.task_types import is_built_in

        parameter = task.node.options.get("dynamic_task_name_param")
        name = task.input.get(str(parameter))
        if name is None or name == "":
            return Resolved(
                abort="Cannot map a dynamic task based on the parameter and input. "
                f"Parameter= {parameter}, input= {dumps(dict(task.input))}"
            )
        name = str(name)
        if len(name) > LONGEST_NAME or not is_storable(name):
            return Resolved(abort=f"A dynamic task cannot be called {name[:100]!r}: that is no name of a task")
        if name in _IMPOSSIBLE:
            return Resolved(abort=f"A dynamic task cannot become a {name} task")
        built_in = is_built_in(name) and name != "SIMPLE"
        return Resolved(
            node=replace(
                task.node,
                kind=Kind.COMPUTE if name in COMPUTED else Kind.TASK,
                type=name if built_in else "SIMPLE",
                name=name,
                default_policy=AD_HOC_SYSTEM if built_in else AD_HOC,
                retry_limit=task.node.options.get("retry_count"),
            )
        )

"""FORK_JOIN_DYNAMIC: branches that the input describes, in three styles (contracts/conductor.md, section 4.2)."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import replace
from typing import Any

from executions.engine.tools import Branch, Branches, Task
from executions.task_types.base import TaskType
from workflows_app.formats.conductor.compile import compile_branch
from workflows_app.formats.conductor.drafts import MAX_DEPTH
from workflows_app.formats.conductor.fields import Problems, read, render, whole_number
from workflows_app.formats.conductor.workflow_def import SubWorkflowParams, WorkflowTask
from workflows_app.json_text import deeper_than, dumps


class _Nonsense(Exception):
    """The input describes no branches."""


class ForkJoinDynamic(TaskType):
    """``forkTaskInputs`` (one task, many inputs), or a list of tasks with a map of inputs, or the legacy list."""

    def fan_out(self, task: Task) -> Branches:
        if task.node.options.get("abort"):
            return Branches(abort=str(task.node.options["abort"]))
        try:
            described = list(_described(task))
            _refuse_duplicates(described)
            for branch in described:
                _refuse_depth(branch.input_parameters)
        except _Nonsense as error:
            return Branches(abort=str(error))
        known = frozenset(task.node.options.get("known", ()))
        branches = []
        for branch in described:
            nodes = compile_branch([branch], task.node.opens, known=known)
            if task.node.scope is not None:
                nodes = {ref: replace(node, scope=node.scope or task.node.scope) for ref, node in nodes.items()}
            branches.append(Branch(nodes=nodes, entry=branch.ref, last=branch.ref))
        return Branches(
            branches=branches,
            defined=[branch.name or "" for branch in described if _needs_definition(branch)],
            input={
                "forkedTasks": [branch.ref for branch in described],
                "forkedTaskDefs": [render(branch) for branch in described],
            },
        )


def _needs_definition(branch: WorkflowTask) -> bool:
    """Whether its type says nothing about who does it."""
    from executions.task_types import is_built_in

    return not is_built_in(branch.type) and branch.task_definition is None


def _described(task: Task) -> Iterator[WorkflowTask]:
    options, given = task.node.options, task.input
    if isinstance(given.get("forkTaskInputs"), list):
        return _same_task(task, given["forkTaskInputs"])
    legacy, listed = options.get("dynamic_fork_join_tasks_param"), options.get("dynamic_fork_tasks_param")
    if legacy and given.get(legacy) is not None:
        return _legacy(legacy, given[legacy])
    if listed:
        return _tasks_and_inputs(
            listed, given.get(listed), given.get(options.get("dynamic_fork_tasks_input_param_name", ""))
        )
    name = legacy or "forkTaskInputs"
    raise _Nonsense(f"Dynamic tasks could not be created. The value of {name} from task's input"
                    f" {_shown(dict(given))} has no dynamic tasks to be scheduled")  # fmt: skip


# ---- one task, many inputs


def _same_task(task: Task, inputs: list[Any]) -> Iterator[WorkflowTask]:
    given = task.input
    workflow = given.get("forkTaskWorkflow")
    kind = "SUB_WORKFLOW" if workflow else str(given.get("forkTaskType") or "SIMPLE")
    called = str(given.get("forkTaskName") or _default_name(task, kind))
    name = str(given.get("forkTaskName") or workflow or called)
    for number, element in enumerate(inputs):
        values = dict(element) if isinstance(element, Mapping) else {"input": element}
        described: dict[str, Any] = {
            "name": name,
            "taskReferenceName": f"_{task.node.ref}_{called}_{number}"
            if _among_others(task)
            else f"_{called}_{number}",
            "type": kind,
            "inputParameters": {**values, "__index": number},
            "optional": bool(task.node.options.get("optional_branches")),
        }
        if workflow:
            version = given.get("forkTaskWorkflowVersion")
            described["subWorkflowParam"] = {
                "name": str(workflow),
                "version": whole_number(str(version)),
            }
        yield _task(described)


def _default_name(task: Task, kind: str) -> str:
    return task.node.ref if kind in ("SIMPLE", "SUB_WORKFLOW") else kind


def _among_others(task: Task) -> bool:
    """Whether the execution has made branches before: then the fork's own ref keeps their names apart."""
    return bool(task.execution.memo.value.get("fan_outs"))


# ---- a list of tasks and a map of inputs


def _tasks_and_inputs(name: str, tasks: Any, inputs: Any) -> Iterator[WorkflowTask]:
    tasks = _tasks(name, tasks, tasks)
    if inputs is None and not tasks:
        inputs = {}
    if not isinstance(inputs, Mapping):
        raise _Nonsense(
            f"Input to the dynamically forked tasks is not a map -> expecting a map of K,V  but found {_shown(inputs)}"
        )
    for described in tasks:
        branch = _task(dict(described))
        own = inputs.get(branch.ref)
        if own is not None and not isinstance(own, Mapping):
            raise _Nonsense("Tasks could not be dynamically forked due to invalid input: the input of"
                            f" {branch.ref} must be a map, not {_shown(own)}")  # fmt: skip
        branch.input_parameters = {**branch.input_parameters, **(own or {})}
        yield branch


def _legacy(name: str, value: Any) -> Iterator[WorkflowTask]:
    tasks = value.get("dynamicTasks") if isinstance(value, Mapping) else value
    for described in _tasks(name, tasks, value):
        yield _task(
            {
                "name": described.get("taskName"),
                "taskReferenceName": described.get("referenceName"),
                "type": described.get("type") or "SIMPLE",
                "inputParameters": described.get("input") or {},
            }
        )


# ---- what is the same for all


def _tasks(name: str, tasks: Any, given: Any) -> list[Mapping[str, Any]]:
    if isinstance(tasks, list) and all(isinstance(t, Mapping) for t in tasks):
        return tasks
    raise _Nonsense(f"Input '{name}' is invalid. Cannot deserialize a list of Workflow Tasks from '{_shown(given)}'")


def _task(described: dict[str, Any]) -> WorkflowTask:
    _refuse_depth(described)
    problems = Problems()
    found = read(WorkflowTask, described, "", problems)
    if found is None or problems:
        wrong = "; ".join(f"{p.path}: {p.message}" for p in problems)
        raise _Nonsense(f"Cannot deserialize a list of Workflow Tasks from '{_shown(described)}': {wrong}")
    if not found.task_reference_name:
        raise _Nonsense(f"A dynamically forked task has no taskReferenceName: '{_shown(described)}'")
    found.name = found.name or found.ref
    if found.type == "SUB_WORKFLOW" and found.sub_workflow_param is None:
        found.sub_workflow_param = SubWorkflowParams(name=found.name)
    return found


def _refuse_depth(value: Any) -> None:
    """A branch is a definition, and is held to what definitions are held to."""
    if deeper_than(MAX_DEPTH, value):
        raise _Nonsense(f"A dynamically forked task is nested more than {MAX_DEPTH} levels deep")


def _refuse_duplicates(branches: list[WorkflowTask]) -> None:
    seen: set[str] = set()
    for branch in branches:
        if branch.ref in seen:
            raise _Nonsense(f"Dynamic fork contains tasks with the same reference name: {branch.ref}")
        seen.add(branch.ref)


def _shown(value: Any) -> str:
    text = value if isinstance(value, str) else dumps(value)
    return text if len(text) <= 200 else f"{text[:200]}..."

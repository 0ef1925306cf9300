"""A workflow as typed data, checked as a whole (contracts/mistral.md, sections 7.1 and 7.2)."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

from workflows_app.formats.mistral.clauses import COMMANDS, Clause
from workflows_app.formats.mistral.problems import LONGEST_NAME, Checker, shown
from workflows_app.formats.mistral.task_spec import (
    CLAUSES,
    DEFAULTS,
    Settings,
    Task,
    read_settings,
    read_task,
)
from workflows_app.formats.mistral.yaml_text import Path

_UUID = re.compile(r"[0-9a-f]{8}-?([0-9a-f]{4}-?){3}[0-9a-f]{12}\Z", re.IGNORECASE)
MAX_TASKS = 5000


@dataclass(frozen=True, slots=True)
class Parameter:
    """An input: required, unless it has a default."""

    name: str
    required: bool = True
    default: Any = None


@dataclass(slots=True)
class Workflow:
    name: str
    data: dict[str, Any]
    kind: str = "direct"
    description: str = ""
    tags: list[str] = field(default_factory=list)
    input: list[Parameter] = field(default_factory=list)
    output: dict[str, Any] | None = None
    output_on_error: dict[str, Any] | None = None
    vars: dict[str, Any] | None = None
    defaults: Settings = field(default_factory=Settings)
    tasks: dict[str, Task] = field(default_factory=dict)

    def clause(self, task: Task, key: str) -> Clause:
        """The clause that counts for a task: its own, or the default if its own leads nowhere."""
        own = task.settings.clauses.get(key, Clause())
        if own.transitions or key not in self.defaults.clauses:
            return own
        default = self.defaults.clauses[key].without(task.name)
        return Clause(default.transitions, own.publish, own.publish_global)

    def targets(self, task: Task) -> Iterator[str]:
        """The tasks and commands that may follow a task, as often as they are named."""
        for key in CLAUSES:
            for transition in self.clause(task, key).transitions:
                yield transition.to

    def sources(self, name: str) -> list[str]:
        """The tasks that may lead to this one."""
        return [task.name for task in self.tasks.values() if name in self.targets(task)]

    def requires(self, task: Task) -> list[str]:
        """What a task of a reverse workflow needs."""
        wanted = dict.fromkeys([*task.settings.requires, *self.defaults.requires])
        return [name for name in wanted if name != task.name]


def read_workflow(name: str, value: Any, path: Path, checker: Checker) -> Workflow:
    """Reads and checks a workflow; what is wrong is noted."""
    workflow = Workflow(name, value)
    if not 0 < len(name) <= LONGEST_NAME:
        checker.note(path, f"a workflow's name has 1 to {LONGEST_NAME} characters")
    if _UUID.match(name):
        checker.note(path, "Workflow name cannot be in the format of UUID.")
    if not checker.is_object(value, path):
        return workflow
    kind = value.get("type", "direct")
    if kind in ("direct", "reverse"):
        workflow.kind = kind
    else:
        checker.note((*path, "type"), f"{shown(kind)} should be direct or reverse")
    if value.get("description") is not None and checker.is_text(value["description"], (*path, "description")):
        workflow.description = value["description"]
    if value.get("tags") is not None:
        workflow.tags = checker.texts(value["tags"], (*path, "tags"))
    if "input" in value:
        workflow.input = read_parameters(value["input"], (*path, "input"), checker)
    for key, attribute in (("output", "output"), ("output-on-error", "output_on_error"), ("vars", "vars")):
        if value.get(key) is not None and checker.is_object(value[key], (*path, key)):
            checker.expressions(value[key], (*path, key))
            setattr(workflow, attribute, value[key])
    _read_tasks(workflow, value, path, checker)
    return workflow


def read_parameters(value: Any, path: Path, checker: Checker) -> list[Parameter]:
    """Inputs: names, and objects of one name and its default."""
    if not isinstance(value, list) or not value:
        checker.note(path, f"{shown(value)} should be a list of names, and of objects of one name and its default")
        return []
    found: dict[str, Parameter] = {}
    for number, element in enumerate(value):
        if isinstance(element, str) and element:
            parameter = Parameter(element)
        elif isinstance(element, dict) and len(element) == 1:
            ((name, default),) = element.items()
            parameter = Parameter(name, required=False, default=default)
        else:
            checker.note((*path, number), f"{shown(element)} should be a name, or an object of one name")
            continue
        if parameter.name in found:
            checker.note((*path, number), f"the input {parameter.name!r} is named twice")
        found[parameter.name] = parameter
    return list(found.values())


def _read_tasks(workflow: Workflow, value: dict[str, Any], path: Path, checker: Checker) -> None:
    defaults = value.get("task-defaults")
    if defaults is not None and checker.is_object(defaults, (*path, "task-defaults")):
        checker.keys(defaults, DEFAULTS, (*path, "task-defaults"))
        workflow.defaults = read_settings(defaults, (*path, "task-defaults"), checker)
    tasks: Any = value.get("tasks")
    if "tasks" not in value:
        checker.note(path, "'tasks' is required")
        return
    place = (*path, "tasks")
    if not checker.is_object(tasks, place):
        return
    if len(tasks) > MAX_TASKS:
        checker.note(place, f"a workflow has at most {MAX_TASKS} tasks")
        return
    for name, task in tasks.items():
        if checker.is_object(task, (*place, name)):
            workflow.tasks[name] = read_task(name, task, workflow.kind, (*place, name), checker)
        if name in COMMANDS:
            checker.note((*place, name), f"{name!r} is a command and cannot name a task")
    if len(workflow.tasks) < len(tasks):
        return
    if workflow.kind == "direct":
        _check_transitions(workflow, place, checker)
    else:
        _check_requirements(workflow, place, checker)


def _check_transitions(workflow: Workflow, path: Path, checker: Checker) -> None:
    reached: dict[str, set[str]] = {}
    for task in workflow.tasks.values():
        for name in workflow.targets(task):
            if name not in workflow.tasks and name not in COMMANDS:
                checker.note((*path, task.name), f"Task '{name}' not found.")
            reached.setdefault(name, set()).add(task.name)
    if all(name in reached for name in workflow.tasks):
        checker.note(
            path,
            "Failed to find start tasks in direct workflow. There must be at least one task without inbound"
            f" transition.[workflow_name={workflow.name}]",
        )
    for task in workflow.tasks.values():
        inbound = len(reached.get(task.name, ()))
        if task.join == "all" and not inbound:
            checker.note((*path, task.name), f"No inbound tasks for task with 'join: all' [task_name={task.name}]")
        elif task.join is not None and task.join != "all":
            needed = 1 if task.join == "one" else int(task.join)
            if inbound < needed:
                checker.note(
                    (*path, task.name),
                    "Not enough inbound tasks for task with 'join'"
                    f" [task_name={task.name}, join={needed}, inbound_tasks={inbound}]",
                )


def _check_requirements(workflow: Workflow, path: Path, checker: Checker) -> None:
    for task in workflow.tasks.values():
        for name in workflow.requires(task):
            if name not in workflow.tasks:
                checker.note((*path, task.name), f"Task '{name}' not found.")
    done: set[str] = set()
    waiting = dict(workflow.tasks)
    while ready := [name for name, task in waiting.items() if set(workflow.requires(task)) <= done | {name}]:
        done.update(ready)
        for name in ready:
            del waiting[name]
    known = {name for name, task in waiting.items() if set(workflow.requires(task)) <= workflow.tasks.keys()}
    if known and known == waiting.keys():
        checker.note(path, f"the tasks {', '.join(sorted(known))} need each other")

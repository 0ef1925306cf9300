"""Conductor's JSON as a definition format: a WorkflowDef, a TaskDef, or a list of either, in a file."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from workflows_app.formats.base import Drafts, TextProblem, Unreadable
from workflows_app.formats.conductor.drafts import NAME, task_draft, workflow_draft
from workflows_app.formats.conductor.fields import Invalid
from workflows_app.json_text import dumps_for_people
from workflows_app.models import TaskDefinition, Version


class ConductorFormat:
    name = NAME
    suffixes = ("json",)

    def recognises(self, data: Any, suffix: str) -> bool:
        """Tasks with reference names, or the fields of a task definition."""
        first = data[0] if isinstance(data, list) and data else data
        return isinstance(first, Mapping) and (_is_workflow(first) or _is_task(first))

    def read(self, text: str, data: Any) -> Drafts:
        found = Drafts()
        problems = []
        several = isinstance(data, list)
        for number, element in enumerate(data if several else [data]):
            path = f"[{number}]" if several else ""
            try:
                if isinstance(element, Mapping) and not _is_workflow(element) and _is_task(element):
                    found.task_definitions.append(task_draft(element, path))
                else:
                    found.definitions.append(workflow_draft(element, path))
            except Invalid as error:
                problems += [TextProblem(p.message, path=p.path) for p in error.problems]
        if problems:
            raise Unreadable(problems)
        return found

    def write(self, version: Version) -> str:
        return dumps_for_people(version.body)

    def write_task_definition(self, task: TaskDefinition) -> str | None:
        return dumps_for_people(task.body)


def _is_workflow(data: Mapping[str, Any]) -> bool:
    tasks = data.get("tasks")
    return isinstance(tasks, list) and (
        not tasks or any(isinstance(t, Mapping) and "taskReferenceName" in t for t in tasks)
    )


def _is_task(data: Mapping[str, Any]) -> bool:
    known = ("retryCount", "timeoutSeconds", "responseTimeoutSeconds", "retryLogic", "inputTemplate", "inputKeys")
    return "name" in data and "tasks" not in data and any(key in data for key in known)


FORMAT = ConductorFormat()

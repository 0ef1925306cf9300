"""From JSON to drafts: read, check, compile."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from workflows_app.formats.conductor import task_def, validation
from workflows_app.formats.conductor.compile import compile_workflow
from workflows_app.formats.conductor.fields import Invalid, Problems, read, render
from workflows_app.formats.conductor.task_def import TaskDef
from workflows_app.formats.conductor.workflow_def import WorkflowDef
from workflows_app.registration import Draft, TaskDraft

NAME = "conductor"
# JSON values nested deeper than this are refused: nothing sensible is that deep.
MAX_DEPTH = 200


def workflow_draft(data: Any, path: str = "") -> Draft:
    """A draft of one WorkflowDef. Raises Invalid with every problem, each with its path."""
    problems = Problems()
    definition = read(WorkflowDef, data, path, problems) if _shallow(data, path, problems) else None
    if definition is None or problems:
        raise Invalid(problems)
    validation.check(definition, path, problems)
    if problems:
        raise Invalid(problems)
    return Draft(
        format=NAME,
        name=definition.name or "",
        number=definition.version,
        body=render(definition),
        graph=compile_workflow(definition),
        description=definition.description or "",
    )


def numbered(draft: Draft, number: int) -> Draft:
    """The same definition as another version."""
    return replace(draft, number=number, body={**draft.body, "version": number})


def task_draft(data: Any, path: str = "") -> TaskDraft:
    """A draft of one TaskDef. Raises Invalid with every problem."""
    problems = Problems()
    definition = read(TaskDef, data, path, problems) if _shallow(data, path, problems) else None
    if definition is None or problems:
        raise Invalid(problems)
    task_def.check(definition, path, problems)
    if problems:
        raise Invalid(problems)
    return TaskDraft(name=definition.name or "", body=render(definition), policy=task_def.policy(definition))


def _shallow(data: Any, path: str, problems: Problems) -> bool:
    """Whether the data is not nested beyond reason; looks without recursion."""
    level = [data]
    for _ in range(MAX_DEPTH):
        level = [
            inner
            for value in level
            if isinstance(value, (dict, list))
            for inner in (value.values() if isinstance(value, dict) else value)
        ]
        if not level:
            return True
    problems.note(path, f"is nested more than {MAX_DEPTH} levels deep")
    return False

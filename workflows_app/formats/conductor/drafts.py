"""From JSON to drafts: read, check, compile."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any, TypeVar

from workflows_app.formats.conductor import task_def, validation
from workflows_app.formats.conductor.compile import compile_workflow
from workflows_app.formats.conductor.fields import Invalid, Problem, Problems, read, render
from workflows_app.formats.conductor.task_def import TaskDef
from workflows_app.formats.conductor.workflow_def import WorkflowDef
from workflows_app.json_text import deeper_than
from workflows_app.registration import Draft, TaskDraft

M = TypeVar("M")
NAME = "conductor"
# JSON values nested deeper than this are refused: nothing sensible is that deep.
MAX_DEPTH = 200


def workflow_draft(data: Any, path: str = "") -> Draft:
    """A draft of one WorkflowDef. Raises Invalid with every problem, each with its path."""
    problems = Problems()
    definition = read(WorkflowDef, data, path, problems) if _shallow(data, path, problems) else None
    if definition is None:
        raise Invalid(problems)
    _check(validation.check, definition, path, problems)
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
    if definition is None:
        raise Invalid(problems)
    _check(task_def.check, definition, path, problems)
    if problems:
        raise Invalid(problems)
    return TaskDraft(name=definition.name or "", body=render(definition), policy=task_def.policy(definition))


def _check(check: Callable[[M, str, Problems], None], definition: M, path: str, problems: Problems) -> None:
    """Adds the rules that a definition breaks, but for those that only what could not be read seems to break."""
    found = Problems()
    check(definition, path, found)
    unread = list(problems)
    problems += [problem for problem in found if not any(_follows(problem, other) for other in unread)]


def _follows(problem: Problem, unread: Problem) -> bool:
    """Whether a rule seems broken because of a value that could not be read: it, or something that it holds, counts
    as missing."""
    if problem.path.startswith(unread.path) and problem.path[len(unread.path) :][:1] in ("", ".", "["):
        return True
    if not unread.path.startswith(problem.path):
        return False
    if unread.path.endswith("]"):  # a whole task: nobody knows its reference name
        return problem.message.startswith("taskReferenceName:")
    return unread.path.rpartition(".")[2] in problem.message


def _shallow(data: Any, path: str, problems: Problems) -> bool:
    if deeper_than(MAX_DEPTH, data):
        problems.note(path, f"is nested more than {MAX_DEPTH} levels deep")
        return False
    return True

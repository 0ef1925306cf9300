"""From JSON to drafts: read, check, compile."""

from __future__ import annotations

from typing import Any

from django.conf import settings

from workflows_app.formats.mender.compile import compile_workflow
from workflows_app.formats.mender.definition import WorkflowDef, render
from workflows_app.formats.mender.fields import Invalid, Place, Problem, Problems, read
from workflows_app.json_text import deeper_than, is_storable, storable
from workflows_app.registration import Draft

NAME = "mender"
LONGEST_NAME = 255
# JSON values nested deeper than this are refused: nothing sensible is that deep.
MAX_DEPTH = 200
NO_NAME = "Workflow missing name"
_LARGEST = 2**31 - 1


def draft(data: Any) -> Draft:
    """A draft of one definition. Raises Invalid with every problem."""
    problems = Problems()
    definition = None
    if deeper_than(MAX_DEPTH, data):
        problems.append(Problem("", f"the definition is nested more than {MAX_DEPTH} levels deep"))
    else:
        definition = read(WorkflowDef, {} if data is None else data, Place(), problems)
    if definition is None or problems:
        raise Invalid(problems)
    problems += _checked(definition)
    if problems:
        raise Invalid(problems)
    return Draft(
        format=NAME,
        name=definition.name,
        number=definition.version,
        body=render(definition),
        graph=compile_workflow(definition),
        description=storable(definition.description),
    )


def _checked(definition: WorkflowDef) -> list[Problem]:
    found = []
    if not definition.name:
        found.append(Problem("", NO_NAME))
    elif len(definition.name) > LONGEST_NAME or not is_storable(definition.name):
        message = f"must have at most {LONGEST_NAME} characters, none of them a NUL character or a lone surrogate"
        found.append(Problem("name", message))
    if not -_LARGEST - 1 <= definition.version <= _LARGEST:
        found.append(Problem("version", f"must be between {-_LARGEST - 1} and {_LARGEST}"))
    if not settings.NATS_URL:
        for number, task in enumerate(definition.tasks or []):
            if task.type.lower() == "nats":
                message = "a task of type nats needs a NATS server, and UPBEAT_NATS_URL is not set"
                found.append(Problem(f"tasks[{number}]", message))
    return found

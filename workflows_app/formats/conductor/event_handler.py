"""EventHandler as typed data (contracts/conductor.md, sections 1.9 and 2.9)."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from enum import Enum
from typing import Any

from workflows_app import expressions, sinks
from workflows_app.expressions.base import ExpressionError, ScriptError
from workflows_app.expressions.conductor import payload
from workflows_app.formats.conductor.fields import (
    Invalid,
    Problems,
    anything,
    boolean,
    choice,
    model,
    models,
    optional_mapping,
    read,
    text,
)

VALUE_PARAM = "value-param"
SCRIPTS = ("javascript", "graaljs", "js")
_LONGEST_NAME = 255


class ActionType(Enum):
    START_WORKFLOW = "start_workflow"
    COMPLETE_TASK = "complete_task"
    FAIL_TASK = "fail_task"
    TERMINATE_WORKFLOW = "terminate_workflow"
    UPDATE_WORKFLOW_VARIABLES = "update_workflow_variables"


@dataclass(slots=True, kw_only=True)
class StartWorkflow:
    """``version`` and ``priority`` may be expressions, like everything else."""

    name: str | None = text()
    version: Any = anything()
    correlation_id: str | None = text()
    input: dict[str, Any] | None = optional_mapping()
    input_message: dict[str, Any] | None = optional_mapping()
    task_to_domain: dict[str, Any] | None = optional_mapping()
    priority: Any = anything()
    idempotency_key: str | None = text()
    idempotency_strategy: str | None = text()


@dataclass(slots=True, kw_only=True)
class TaskDetails:
    workflow_id: str | None = text()
    task_ref_name: str | None = text()
    task_id: str | None = text()
    output: dict[str, Any] | None = optional_mapping()
    output_message: dict[str, Any] | None = optional_mapping()
    reason_for_incompletion: str | None = text()


@dataclass(slots=True, kw_only=True)
class TerminateWorkflow:
    workflow_id: str | None = text()
    termination_reason: str | None = text()


@dataclass(slots=True, kw_only=True)
class UpdateWorkflowVariables:
    workflow_id: str | None = text()
    variables: dict[str, Any] | None = optional_mapping()
    append_array: bool | None = boolean()


@dataclass(slots=True, kw_only=True)
class Action:
    """``action`` says which of the others counts; their keys are snake_case on the wire."""

    action: ActionType | None = choice(ActionType)
    start_workflow: StartWorkflow | None = model(lambda: StartWorkflow, wire="start_workflow")
    complete_task: TaskDetails | None = model(lambda: TaskDetails, wire="complete_task")
    fail_task: TaskDetails | None = model(lambda: TaskDetails, wire="fail_task")
    terminate_workflow: TerminateWorkflow | None = model(lambda: TerminateWorkflow, wire="terminate_workflow")
    update_workflow_variables: UpdateWorkflowVariables | None = model(
        lambda: UpdateWorkflowVariables, wire="update_workflow_variables"
    )
    expand_inline_json: bool = boolean(False, wire="expandInlineJSON")


@dataclass(slots=True, kw_only=True)
class EventHandler:
    name: str | None = text()
    event: str | None = text()
    condition: str | None = text()
    evaluator_type: str | None = text()
    active: bool = boolean(False)
    actions: list[Action] = models(lambda: Action)


def read_handler(data: Any) -> EventHandler:
    """Raises Invalid with every problem."""
    problems = Problems()
    handler = read(EventHandler, data, "", problems)
    if handler is None or problems:
        raise Invalid(problems)
    _check(handler, problems)
    if problems:
        raise Invalid(problems)
    return handler


def _check(handler: EventHandler, problems: Problems) -> None:
    if not handler.name:
        problems.note("name", "Missing event handler name", handler.name)
    elif len(handler.name) > _LONGEST_NAME:
        problems.note("name", f"must not be longer than {_LONGEST_NAME} characters")
    if not handler.event:
        problems.note("event", "Missing event location", handler.event)
    elif (problem := sinks.problem(handler.event)) is not None or ":" not in handler.event:
        problems.note("event", problem or "must be like conductor:workflow:name", handler.event)
    if not handler.actions:
        problems.note("actions", "No actions specified. Please specify at-least one action")
    for number, action in enumerate(handler.actions):
        for message in _wrong_with(action):
            problems.note(f"actions[{number}]", message)
    _check_condition(handler.condition, handler.evaluator_type or SCRIPTS[0], problems)


def _check_condition(condition: str | None, evaluator: str, problems: Problems) -> None:
    if evaluator not in (*SCRIPTS, VALUE_PARAM):
        problems.note("evaluatorType", f"must be one of {', '.join((*SCRIPTS, VALUE_PARAM))}", evaluator)
    if not condition or evaluator not in SCRIPTS:
        return
    try:
        expressions.script("javascript").check(condition)
    except ScriptError as error:
        problems.note("condition", f"Expression is not well formatted: {error}", condition)


def _wrong_with(action: Action) -> Iterator[str]:
    if action.action is None:
        yield "action is required"
        return
    details = getattr(action, action.action.value)
    if details is None:
        yield f"{action.action.value} is required for action {action.action.value}"
        return
    match details:
        case StartWorkflow(name=None | ""):
            yield "start_workflow.name is required"
        case TaskDetails(task_id=None | "", workflow_id=wf, task_ref_name=ref) if not (wf and ref):
            yield f"{action.action.value} needs taskId, or workflowId and taskRefName"
        case TerminateWorkflow(workflow_id=None | "") | UpdateWorkflowVariables(workflow_id=None | ""):
            yield f"{action.action.value}.workflowId is required"
    try:
        for name in details.__dataclass_fields__:
            payload.check(getattr(details, name))
    except ExpressionError as error:
        yield str(error)

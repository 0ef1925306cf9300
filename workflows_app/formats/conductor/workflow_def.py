"""WorkflowDef and WorkflowTask as typed data (contracts/conductor.md, sections 2.1 and 2.2)."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from enum import Enum
from typing import Any

from workflows_app.formats.conductor.fields import (
    LONGEST_NAME,
    anything,
    boolean,
    choice,
    integer,
    lists_of_models,
    long,
    mapping,
    model,
    models,
    models_by_name,
    optional_mapping,
    text,
    texts,
)
from workflows_app.formats.conductor.task_def import TaskDef


class WorkflowTimeoutPolicy(Enum):
    TIME_OUT_WF = "TIME_OUT_WF"
    ALERT_ONLY = "ALERT_ONLY"


@dataclass(slots=True, kw_only=True)
class SubWorkflowParams:
    """Which workflow a SUB_WORKFLOW task starts. ``workflow_definition``: an object, or an expression for one."""

    name: str | None = text()
    version: int | None = anything()  # a number, or an expression
    task_to_domain: dict[str, Any] | None = optional_mapping()
    workflow_definition: Any = anything()
    idempotency_key: str | None = text()
    idempotency_strategy: str | None = text()
    priority: Any = anything()

    @property
    def latest_of(self) -> str | None:
        """The name, if it asks for the latest version of a registered workflow."""
        asks = self.version is None and self.workflow_definition is None and "${" not in (self.name or "")
        return self.name if asks else None


@dataclass(slots=True, kw_only=True)
class WorkflowTask:
    """One task of a definition, with the lists nested in it."""

    name: str | None = text(longest=LONGEST_NAME)
    task_reference_name: str | None = text(longest=LONGEST_NAME)
    description: str | None = text()
    input_parameters: dict[str, Any] = mapping()
    type: str = text("SIMPLE", longest=LONGEST_NAME)
    dynamic_task_name_param: str | None = text()
    case_value_param: str | None = text()
    case_expression: str | None = text()
    script_expression: str | None = text()
    decision_cases: dict[str, list[WorkflowTask]] = models_by_name(lambda: WorkflowTask)
    dynamic_fork_join_tasks_param: str | None = text()
    dynamic_fork_tasks_param: str | None = text()
    dynamic_fork_tasks_input_param_name: str | None = text()
    default_case: list[WorkflowTask] = models(lambda: WorkflowTask)
    fork_tasks: list[list[WorkflowTask]] = lists_of_models(lambda: WorkflowTask)
    start_delay: int = integer(0)
    sub_workflow_param: SubWorkflowParams | None = model(lambda: SubWorkflowParams)
    join_on: list[str] = texts()
    join_status: str | None = text()
    join_mode: str | None = text()
    sink: str | None = text()
    optional: bool = boolean(False)
    task_definition: TaskDef | None = model(lambda: TaskDef)
    rate_limited: bool | None = boolean()
    default_exclusive_join_task: list[str] = texts()
    async_complete: bool = boolean(False)
    loop_condition: str | None = text()
    loop_over: list[WorkflowTask] = models(lambda: WorkflowTask)
    items: Any = anything()
    retry_count: int | None = integer()
    evaluator_type: str | None = text()
    expression: str | None = text()
    cache_config: dict[str, Any] | None = optional_mapping()
    on_state_change: dict[str, Any] = mapping()
    permissive: bool = boolean(False)
    metadata: dict[str, Any] = mapping()

    @property
    def ref(self) -> str:
        """The reference name; validation makes sure that there is one."""
        return self.task_reference_name or ""

    def lists(self) -> Iterator[list[WorkflowTask]]:
        """The lists of tasks nested in this one, inline sub-workflow definitions not included."""
        yield from self.decision_cases.values()
        yield self.default_case
        yield from self.fork_tasks
        yield self.loop_over


@dataclass(slots=True, kw_only=True)
class WorkflowDef:
    """A definition. Audit fields (createTime ...) are not part of it: the server adds them when it answers."""

    name: str | None = text(longest=LONGEST_NAME)
    description: str | None = text()
    version: int = integer(1)
    tasks: list[WorkflowTask] = models(lambda: WorkflowTask)
    input_parameters: list[str] = texts()
    output_parameters: dict[str, Any] = mapping()
    failure_workflow: str | None = text()
    failure_workflow_version: int | None = integer()
    schema_version: int = integer(2)
    restartable: bool = boolean(True)
    workflow_status_listener_enabled: bool = boolean(False)
    workflow_status_listener_sink: str | None = text()
    owner_app: str | None = text()
    owner_email: str | None = text()
    timeout_policy: WorkflowTimeoutPolicy = choice(WorkflowTimeoutPolicy, WorkflowTimeoutPolicy.ALERT_ONLY)
    timeout_seconds: int = long(0)
    variables: dict[str, Any] = mapping()
    input_template: dict[str, Any] = mapping()
    input_schema: dict[str, Any] | None = optional_mapping()
    output_schema: dict[str, Any] | None = optional_mapping()
    enforce_schema: bool = boolean(True)
    metadata: dict[str, Any] = mapping()
    rate_limit_config: dict[str, Any] | None = optional_mapping()
    cache_config: dict[str, Any] | None = optional_mapping()
    masked_fields: list[str] = texts()

    def all_tasks(self) -> Iterator[WorkflowTask]:
        """Every task, nested ones included, in the order of the text."""
        yield from walk(self.tasks)


def walk(tasks: list[WorkflowTask]) -> Iterator[WorkflowTask]:
    """These tasks and everything nested in them."""
    for task in tasks:
        yield task
        for nested in task.lists():
            yield from walk(nested)

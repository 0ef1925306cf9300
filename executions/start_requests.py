"""Starting what a stored request asks for: an event handler's, a schedule's."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from executions.engine.new_execution import NewExecution
from executions.engine.rows import ExecutionRow
from executions.idempotency import start_once
from executions.store import executions
from workflows_app.formats.conductor.fields import Invalid, Problems, read
from workflows_app.formats.conductor.start_request import StartWorkflowRequest, find, find_inline


def start_requested(
    request: Mapping[str, Any], execution_id: str, *, input: Mapping[str, Any], attributes: Mapping[str, Any]
) -> ExecutionRow:
    """Starts a StartWorkflowRequest (contracts/conductor.md, section 2.8) under a given id: once, however often.

    ``input`` is used instead of the request's own. Raises Invalid, NoSuchWorkflow, idempotency.KeyTaken.
    """
    there = executions.read(execution_id)
    if there is not None:
        return there
    problems = Problems()
    wanted = read(StartWorkflowRequest, request, "", problems)
    if wanted is None or problems:
        raise Invalid(problems)
    inline = wanted.workflow_def is not None
    found = find_inline(wanted.workflow_def) if inline else find(wanted.name or "", wanted.version)
    known = {"createdBy": wanted.created_by or None, **attributes}
    return start_once(
        NewExecution(
            id=execution_id,
            version_id=found.id,
            format=found.format,
            name=found.name,
            number=found.number,
            input=input,
            correlation_id=(wanted.correlation_id or "")[:1024] or None,
            priority=min(max(wanted.priority or 0, 0), 99),
            idempotency_key=wanted.idempotency_key or None,
            settings={"domains": wanted.task_to_domain} if wanted.task_to_domain else {},
            attributes={key: value for key, value in known.items() if value is not None},
        ),
        wanted.idempotency_strategy or "FAIL",
    )

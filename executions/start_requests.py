"""Starting what a request asks for that names a workflow: an event handler's, a schedule's, a client's."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from executions.engine.new_execution import NewExecution
from executions.engine.rows import ExecutionRow
from executions.environments import environment
from executions.idempotency import start_once
from executions.operations import Illegal, NotFound
from executions.starting import start
from executions.store import executions
from workflows_app import catalog
from workflows_app.formats.conductor.fields import Invalid, Problems, read
from workflows_app.formats.conductor.start_request import StartWorkflowRequest, find, find_inline
from workflows_app.formats.mistral.drafts import NAME as MISTRAL
from workflows_app.formats.mistral.start import CannotStart, check_input, check_params, settings

# formats whose workflows are started by name here
CONDUCTOR = "conductor"


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


@dataclass(frozen=True, slots=True, kw_only=True)
class NamedStart:
    """A request to start a workflow by its name (contracts/mistral.md, section 3).

    ``params``: ``env`` (variables, or the name of an environment), ``task_name`` (what a backward workflow shall
    reach), and whatever else the client gives.
    """

    name: str
    namespace: str = ""
    input: Mapping[str, Any] = field(default_factory=dict)
    params: Mapping[str, Any] = field(default_factory=dict)
    description: str = ""


def prepared(request: NamedStart, execution_id: str | None = None) -> NewExecution:
    """The execution that is asked for, checked. Raises NotFound for an unknown workflow, Illegal for anything else."""
    found = catalog.Catalog().find(MISTRAL, request.name, namespace=request.namespace)
    if found is None:
        raise NotFound(f"Workflow not found [workflow_identifier={request.name}, namespace={request.namespace}]")
    graph = catalog.graph(found.id)
    variables = environment(request.params.get("env"), evaluated=request.params.get("evaluate_env") is not False)
    params = {"namespace": request.namespace, **request.params, "env": variables}
    try:
        check_input(graph, request.input)
        check_params(graph, params)
    except CannotStart as error:
        raise Illegal(str(error)) from None
    return NewExecution(
        id=execution_id,
        version_id=found.id,
        format=found.format,
        name=found.name,
        number=found.number,
        input=dict(request.input),
        settings=settings(graph, params, variables),
        attributes={"description": request.description, "namespace": request.namespace},
    )


def start_named(request: Mapping[str, Any], execution_id: str) -> ExecutionRow | None:
    """Starts a stored ``NamedStart`` under a given id: once, however often; None: it was there. Raises what
    ``prepared`` does."""
    wanted = {key: request[key] for key in NamedStart.__dataclass_fields__ if key in request}
    return start(prepared(NamedStart(**wanted), execution_id))

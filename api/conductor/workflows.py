"""Reading and controlling executions (contracts/conductor.md, sections 1.3 and 1.4)."""

from __future__ import annotations

from typing import Any

from django.http import HttpResponse
from drf_spectacular.utils import extend_schema
from rest_framework.request import Request
from rest_framework.response import Response

from api.conductor.openapi import query, shapes
from api.conductor.render import output_of, tasks_json, workflow_json
from api.conductor.starts import StartByName
from api.conductor.wire import ConductorView, done, no_content
from executions import operations
from executions.store import runs

MAX_PAGE = 5000


class Workflow(StartByName):
    """An execution by its id; ``POST`` takes the name of a definition in the same place."""

    @extend_schema(
        summary="One execution, with its tasks unless includeTasks is false",
        parameters=[query.INCLUDE_TASKS],
        responses={200: shapes.WORKFLOW},
    )
    def get(self, request: Request, name: str) -> Response:
        execution = operations.execution(name)
        with_tasks = self.boolean("includeTasks", True)
        return Response(workflow_json(execution, runs.read(name) if with_tasks else None))

    @extend_schema(summary="Terminate an execution", parameters=[query.REASON, query.COMPENSATE], responses={200: None})
    def delete(self, request: Request, name: str) -> HttpResponse:
        operations.terminate(
            name,
            by=who(request),
            reason=self.text("reason"),
            trigger_failure_workflow=self.boolean("triggerFailureWorkflow", False),
        )
        return done()


class Status(ConductorView):
    @extend_schema(summary="The state of an execution", parameters=query.STATUS, responses={200: shapes.STATUS})
    def get(self, request: Request, workflow_id: str) -> Response:
        execution = operations.execution(workflow_id)
        found: dict[str, Any] = {"workflowId": execution.id, "status": execution.state}
        if execution.correlation_id is not None:
            found["correlationId"] = execution.correlation_id
        if self.boolean("includeOutput", False):
            found["output"] = output_of(execution)
        if self.boolean("includeVariables", False):
            found["variables"] = execution.variables.value
        return Response(found)


class Tasks(ConductorView):
    @extend_schema(
        summary="The tasks of an execution, by page and status",
        parameters=query.TASKS,
        responses={200: shapes.page(shapes.TASK)},
    )
    def get(self, request: Request, workflow_id: str) -> Response:
        execution = operations.execution(workflow_id)
        tasks = tasks_json(execution, runs.read(workflow_id))
        wanted = set(self.texts("status"))
        if wanted:
            tasks = [task for task in tasks if task["status"] in wanted]
        start, count = self.count("start", 0), min(self.count("count", 15), MAX_PAGE)
        return Response({"totalHits": len(tasks), "results": tasks[start : start + count]})


class Pause(ConductorView):
    @extend_schema(summary="Pause an execution", responses={200: None})
    def put(self, request: Request, workflow_id: str) -> HttpResponse:
        operations.pause(workflow_id, by=who(request))
        return done()


class Resume(ConductorView):
    @extend_schema(summary="Resume an execution", responses={200: None})
    def put(self, request: Request, workflow_id: str) -> HttpResponse:
        operations.resume(workflow_id, by=who(request))
        return done()


class Retry(ConductorView):
    @extend_schema(summary="Run again what failed", parameters=[query.RESUME_CHILDREN], responses={204: None})
    def post(self, request: Request, workflow_id: str) -> Response:
        operations.retry(workflow_id, by=who(request), resume_children=self.boolean("resumeSubworkflowTasks", False))
        return no_content()


class Restart(ConductorView):
    @extend_schema(summary="Begin anew", parameters=[query.LATEST], responses={204: None})
    def post(self, request: Request, workflow_id: str) -> Response:
        operations.restart(workflow_id, by=who(request), latest_version=self.boolean("useLatestDefinitions", False))
        return no_content()


class Decide(ConductorView):
    @extend_schema(summary="Evaluate an execution now", responses={200: None})
    def put(self, request: Request, workflow_id: str) -> HttpResponse:
        operations.advance(workflow_id)
        return done()


def who(request: Request) -> str:
    """Who asks, for the audit."""
    return str(request.user) if request.user.is_authenticated else "anonymous"

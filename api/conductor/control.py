"""Taking executions back, on, and away (contracts/conductor.md, sections 1.4 and 3.5)."""

from __future__ import annotations

import ast
import json
from dataclasses import dataclass
from typing import Any

from django.http import HttpResponse
from drf_spectacular.utils import extend_schema
from rest_framework.request import Request
from rest_framework.response import Response

from api.conductor.errors import Refused
from api.conductor.openapi import query, shapes
from api.conductor.render import workflow_json
from api.conductor.wire import ConductorView, done, no_content, plain
from api.conductor.workflows import who
from executions import operations
from executions.store import runs
from workflows_app.formats.conductor.fields import Invalid, Problems, optional_mapping, read, text


@dataclass(slots=True, kw_only=True)
class RerunRequest:
    re_run_from_workflow_id: str | None = text()
    workflow_input: dict[str, Any] | None = optional_mapping()
    re_run_from_task_id: str | None = text()
    task_input: dict[str, Any] | None = optional_mapping()
    correlation_id: str | None = text()


@dataclass(slots=True, kw_only=True)
class SkipTaskRequest:
    task_input: dict[str, Any] | None = optional_mapping()
    task_output: dict[str, Any] | None = optional_mapping()


class Rerun(ConductorView):
    subject = "rerun.request"

    @extend_schema(summary="Run again from a task", request=shapes.RERUN, responses={200: str})
    def post(self, request: Request, workflow_id: str) -> HttpResponse:
        problems = Problems()
        wanted = read(RerunRequest, self.object_body(), "", problems)
        if wanted is None or problems:
            raise Invalid(problems)
        operations.rerun(
            workflow_id,
            wanted.re_run_from_task_id or None,
            by=who(request),
            input=wanted.task_input,
            execution_input=wanted.workflow_input,
            correlation_id=wanted.correlation_id,
        )
        return plain(workflow_id)


class SkipTask(ConductorView):
    subject = "skipTaskFromWorkflow.skipTaskRequest"

    @extend_schema(
        summary="Skip a task that has not been reached",
        parameters=[query.SKIP],
        request=shapes.SKIP,
        responses={200: None},
    )
    def put(self, request: Request, workflow_id: str, ref: str) -> HttpResponse:
        problems = Problems()
        wanted = read(SkipTaskRequest, self.object_body() or self._from_query(), "", problems)
        if wanted is None or problems:
            raise Invalid(problems)
        operations.skip(workflow_id, ref, by=who(request), input=wanted.task_input, output=wanted.task_output)
        return done()

    def _from_query(self) -> dict[str, Any]:
        """The SDK for Python puts the request into a parameter, as Python spells it. The one for Go does so as Go
        does, ``{map[] map[a:1 b:c]}``, from which nothing can be read for certain: without input and output, then."""
        given = self.text("skipTaskRequest")
        if given is None or given.startswith("{map["):
            return {}
        for parse in (json.loads, ast.literal_eval):
            try:
                found = parse(given)
            except (ValueError, SyntaxError, RecursionError, MemoryError):
                continue
            if isinstance(found, dict):
                return found
        raise Refused(400, "Parameter skipTaskRequest must be an object with taskInput and taskOutput")


class Jump(ConductorView):
    @extend_schema(
        summary="Go on at a task; the body is its input",
        parameters=[query.JUMP],
        request=shapes.MAP,
        responses={200: None},
    )
    def post(self, request: Request, workflow_id: str, ref: str) -> HttpResponse:
        # the SDK for Python leaves the path's placeholder as it is, and names the task in a parameter
        target = self.text("taskReferenceName") or ref
        operations.jump(workflow_id, target, by=who(request), input=self.object_body() or None)
        return done()


class ResetCallbacks(ConductorView):
    @extend_schema(summary="Offer tasks at once that workers have put aside", responses={204: None})
    def post(self, request: Request, workflow_id: str) -> Response:
        operations.reset_callbacks(workflow_id, by=who(request))
        return no_content()


class Variables(ConductorView):
    @extend_schema(
        summary="Merge variables into those of a running execution",
        request=shapes.MAP,
        responses={200: shapes.WORKFLOW},
    )
    def post(self, request: Request, workflow_id: str) -> Response:
        operations.set_variables(workflow_id, self.object_body(), by=who(request))
        operations.advance(workflow_id)
        return Response(workflow_json(operations.execution(workflow_id), runs.read(workflow_id)))


class Remove(ConductorView):
    @extend_schema(
        summary="Archive an execution, or delete it with archiveWorkflow=false",
        parameters=[query.ARCHIVE],
        responses={200: None},
    )
    def delete(self, request: Request, workflow_id: str) -> HttpResponse:
        put_away(workflow_id, by=who(request), archive=self.boolean("archiveWorkflow", True))
        return done()


class TerminateRemove(ConductorView):
    @extend_schema(
        summary="Terminate an execution, and archive or delete it",
        parameters=[query.ARCHIVE, query.REASON],
        responses={200: None},
    )
    def delete(self, request: Request, workflow_id: str) -> HttpResponse:
        end_and_put_away(
            workflow_id,
            by=who(request),
            archive=self.boolean("archiveWorkflow", True),
            reason=self.text("reason"),
        )
        return done()


def put_away(workflow_id: str, *, by: str, archive: bool, reason: str | None = None) -> None:
    """Archives or deletes."""
    away = operations.archive if archive else operations.remove
    away(workflow_id, by=by, reason=reason)


def end_and_put_away(workflow_id: str, *, by: str, archive: bool, reason: str | None) -> None:
    """Terminates what is open, then archives or deletes."""
    if not operations.execution(workflow_id).ended:
        operations.terminate(workflow_id, by=by, reason=reason)
    put_away(workflow_id, by=by, archive=archive, reason=reason)

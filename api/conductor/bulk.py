"""The same operation on many executions (contracts/conductor.md, section 1.5)."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import Any

from drf_spectacular.utils import extend_schema
from rest_framework.request import Request
from rest_framework.response import Response

from api.conductor.control import end_and_put_away, put_away
from api.conductor.openapi import query, shapes
from api.conductor.render import workflow_json
from api.conductor.wire import ConductorView, refuse_field
from api.conductor.workflows import who
from executions import operations
from executions.store import runs

MOST = 1000


class Bulk(ConductorView):
    """Base: the body is a list of ids; each is done for itself, and the answer is 200 whatever came of them."""

    subject = "bulk"

    def ids(self) -> list[str]:
        """Raises Refused, Invalid."""
        found = self.list_body()
        if not all(isinstance(element, str) for element in found):
            raise refuse_field("workflowIds", "WorkflowIds must be texts")
        if not found:
            raise refuse_field("workflowIds", "WorkflowIds list cannot be null.")
        if len(found) > MOST:
            raise refuse_field(
                "workflowIds", f"Cannot process more than {MOST} workflows. Please use multiple requests."
            )
        return found

    def each(self, operation: Callable[[str], object]) -> Response:
        done, refused = operations.each(self.ids(), operation)
        return Response(
            {
                "bulkErrorResults": refused,
                "bulkSuccessfulResults": done,
                "message": "Bulk Request has been processed.",
            }
        )


_ANSWER = {200: dict[str, Any]}


class Pause(Bulk):
    @extend_schema(summary="Pause executions", request=shapes.NAMES, responses=_ANSWER)
    def put(self, request: Request) -> Response:
        return self.each(partial(operations.pause, by=who(request)))


class Resume(Bulk):
    @extend_schema(summary="Resume executions", request=shapes.NAMES, responses=_ANSWER)
    def put(self, request: Request) -> Response:
        return self.each(partial(operations.resume, by=who(request)))


class Restart(Bulk):
    @extend_schema(summary="Begin executions anew", parameters=[query.LATEST], request=shapes.NAMES, responses=_ANSWER)
    def post(self, request: Request) -> Response:
        latest = self.boolean("useLatestDefinitions", False)
        return self.each(partial(operations.restart, by=who(request), latest_version=latest))


class Retry(Bulk):
    @extend_schema(
        summary="Run again what failed in executions",
        parameters=[query.RESUME_CHILDREN],
        request=shapes.NAMES,
        responses=_ANSWER,
    )
    def post(self, request: Request) -> Response:
        children = self.boolean("resumeSubworkflowTasks", False)
        return self.each(partial(operations.retry, by=who(request), resume_children=children))


class Terminate(Bulk):
    @extend_schema(
        summary="Terminate executions",
        parameters=[query.REASON, query.COMPENSATE],
        request=shapes.NAMES,
        responses=_ANSWER,
    )
    def post(self, request: Request) -> Response:
        compensate = self.boolean("triggerFailureWorkflow", False)
        return self.each(
            partial(
                operations.terminate,
                by=who(request),
                reason=self.text("reason"),
                trigger_failure_workflow=compensate,
            )
        )


class Remove(Bulk):
    @extend_schema(
        summary="Archive or delete executions", parameters=[query.ARCHIVE], request=shapes.NAMES, responses=_ANSWER
    )
    def delete(self, request: Request) -> Response:
        return self.each(partial(put_away, by=who(request), archive=self.boolean("archiveWorkflow", True)))


class TerminateRemove(Bulk):
    @extend_schema(
        summary="Terminate executions, and archive or delete them",
        parameters=[query.ARCHIVE, query.REASON],
        request=shapes.NAMES,
        responses=_ANSWER,
    )
    def delete(self, request: Request) -> Response:
        archive, reason = self.boolean("archiveWorkflow", True), self.text("reason")
        return self.each(partial(end_and_put_away, by=who(request), archive=archive, reason=reason))


class Search(Bulk):
    @extend_schema(
        summary="Executions by their ids", parameters=[query.INCLUDE_TASKS], request=shapes.NAMES, responses=_ANSWER
    )
    def post(self, request: Request) -> Response:
        with_tasks = self.boolean("includeTasks", True)
        found: list[dict[str, Any]] = []

        def look(workflow_id: str) -> None:
            execution = operations.execution(workflow_id)
            found.append(workflow_json(execution, runs.read(workflow_id) if with_tasks else None))

        _, refused = operations.each(self.ids(), look)
        return Response(
            {
                "bulkErrorResults": refused,
                "bulkSuccessfulResults": found,
                "message": "Bulk Request has been processed.",
            }
        )

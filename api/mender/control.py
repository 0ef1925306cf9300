"""What can be done to a job. The real service has nothing of this; it is what every execution can have done to it."""

from __future__ import annotations

from typing import Any

from drf_spectacular.utils import extend_schema
from rest_framework.request import Request
from rest_framework.response import Response

from api.mender.go_json import Wrong, first_value
from api.mender.lookups import find_job, read_job
from api.mender.wire import MenderView, Refused
from executions import operations
from executions.engine.rows import ExecutionRow
from executions.store import runs

_LONGEST_REASON = 1000


class ControlView(MenderView):
    def options_given(self) -> dict[str, Any]:
        """The body as an object, ``{}`` if there is none. Raises Refused."""
        if not self.raw_body().strip():
            return {}
        try:
            found = first_value(self.raw_body())
        except Wrong as wrong:
            raise Refused(400, f"Error parsing JSON form: {wrong}") from None
        if not isinstance(found, dict):
            raise Refused(400, "Error parsing JSON form: an object was expected")
        return found

    def option(self, given: dict[str, Any], name: str) -> str | None:
        found = given.get(name)
        if found is not None and not isinstance(found, str):
            raise Refused(400, f"{name} must be a text")
        return found and found.replace("\0", "")[:_LONGEST_REASON]


class Retry(ControlView):
    @extend_schema(
        summary="Go on with a failed job where it failed", request=dict[str, Any], responses={200: dict[str, Any]}
    )
    def post(self, request: Request, job: str) -> Response:
        reason = self.option(self.options_given(), "reason")
        operations.retry(find_job(job).id, by=self.who(), reason=reason)
        return Response(read_job(job)[0])


class Rerun(ControlView):
    """``task``: where to begin again, by the name of a task that has run; without it, at the first one."""

    @extend_schema(summary="Run an ended job again", request=dict[str, Any], responses={200: dict[str, Any]})
    def post(self, request: Request, job: str) -> Response:
        given = self.options_given()
        reason, task = self.option(given, "reason"), self.option(given, "task")
        execution = find_job(job)
        run = _run_of(execution, task) if task is not None else None
        operations.rerun(execution.id, run, by=self.who(), reason=reason)
        return Response(read_job(job)[0])


class Cancel(ControlView):
    @extend_schema(summary="End a job", request=dict[str, Any], responses={200: dict[str, Any]})
    def post(self, request: Request, job: str) -> Response:
        reason = self.option(self.options_given(), "reason")
        operations.terminate(find_job(job).id, by=self.who(), reason=reason or "canceled")
        return Response(read_job(job)[0])


def _run_of(execution: ExecutionRow, task: str) -> str:
    """The task run to begin again with. Raises Refused."""
    found = [run for run in runs.read(execution.id) if run.ref == task]
    if not found:
        raise Refused(400, f"the task {task!r} has not run")
    return found[-1].id

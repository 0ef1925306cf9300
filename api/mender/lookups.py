"""Jobs: one by its id, all of them in pages (contracts/mender.md, sections 2 and 9)."""

from __future__ import annotations

from typing import Any
from urllib.parse import urlencode

from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import OpenApiParameter, extend_schema
from rest_framework.request import Request
from rest_framework.response import Response

from api.mender.job_ids import execution_id
from api.mender.jobs import first_form, job_json, status_word, summary_json
from api.mender.wire import NOT_FOUND, MenderView, Refused
from executions.engine.rows import ExecutionRow, RunRow
from executions.models import Execution, TaskRun
from executions.states import EXECUTION_OPEN, ExecutionState
from executions.store import executions, runs
from workflows_app.formats.mender.drafts import NAME

PER_PAGE = 75
MOST_PER_PAGE = 500
LAST_PAGE = 1_000_000
_STATES = {
    "pending": tuple(EXECUTION_OPEN),
    "processing": tuple(EXECUTION_OPEN),
    "done": (ExecutionState.COMPLETED,),
    "failed": (ExecutionState.FAILED, ExecutionState.TIMED_OUT, ExecutionState.TERMINATED),
}


def find_job(job: str, workflow: str | None = None) -> ExecutionRow:
    """The execution that a job is. Raises Refused, also if it is a job of another workflow."""
    wanted = execution_id(job)
    found = executions.read(wanted) if wanted is not None else None
    if found is None or found.format != NAME or workflow not in (None, found.name):
        raise Refused(404, NOT_FOUND)
    return found


def read_job(job: str, workflow: str | None = None) -> tuple[dict[str, Any], list[RunRow]]:
    """A job document, and the task runs that it was made of. Raises Refused."""
    execution = find_job(job, workflow)
    rows = runs.read(execution.id)
    return job_json(execution, rows), rows


class JobOfWorkflow(MenderView):
    """``/api/v1/workflow/<name>/<id>``"""

    @extend_schema(summary="One job of a workflow", responses={200: dict[str, Any]})
    def get(self, request: Request, name: str, job: str = "batch") -> Response:
        return Response(read_job(job, name)[0])


class JobOfWorkflowFirstForm(MenderView):
    """``/api/workflow/<name>/<id>``"""

    @extend_schema(summary="One job of a workflow, in the first form of the API", responses={200: dict[str, Any]})
    def get(self, request: Request, name: str, job: str) -> Response:
        return Response(first_form(*read_job(job, name)))


class Job(MenderView):
    """``/api/v1/jobs/<id>``"""

    @extend_schema(summary="One job", responses={200: dict[str, Any]})
    def get(self, request: Request, job: str) -> Response:
        return Response(read_job(job)[0])


class Jobs(MenderView):
    """``/api/v1/jobs``, which the real service has on its command line only: newest first.

    ``X-Total-Count`` says how many there are, ``Link`` where the pages beside this one are."""

    @extend_schema(
        summary="Jobs, newest first, without parameters and results",
        parameters=[
            OpenApiParameter("page", OpenApiTypes.INT, description="from 1"),
            OpenApiParameter("perPage", OpenApiTypes.INT, description=f"{PER_PAGE} unless given"),
            OpenApiParameter("workflow", OpenApiTypes.STR, description="only jobs of this workflow"),
            OpenApiParameter("status", OpenApiTypes.STR, enum=list(_STATES)),
        ],
        responses={200: list[dict[str, Any]]},
    )
    def get(self, request: Request) -> Response:
        page, size = self._number("page", 1, LAST_PAGE), self._number("perPage", PER_PAGE, MOST_PER_PAGE)
        found = Execution.objects.filter(format=NAME)
        workflow, status = request.query_params.get("workflow"), request.query_params.get("status")
        if workflow is not None:
            found = found.filter(name=workflow.replace("\0", ""))
        if status is not None:
            if status not in _STATES:
                raise Refused(400, f"status must be one of {', '.join(_STATES)}, not {status[:100]!r}")
            found = found.filter(state__in=_STATES[status])
            if status in ("pending", "processing"):
                begun = TaskRun.objects.filter(execution__format=NAME, started_at__isnull=False)
                open_ones = begun.filter(execution__state__in=_STATES[status]).values("execution_id")
                found = found.exclude(id__in=open_ones) if status == "pending" else found.filter(id__in=open_ones)
        total = found.count()
        ids = [
            str(i)
            for i in found.order_by("-created_at", "-id").values_list("id", flat=True)[(page - 1) * size :][:size]
        ]
        rows = {row.id: row for row in executions.read_many(ids)}
        response = Response(_summaries([rows[i] for i in ids if i in rows]))
        response["X-Total-Count"] = str(total)
        response["Link"] = self._links(page, size, total)
        return response

    def _number(self, name: str, default: int, most: int) -> int:
        text = self.request.query_params.get(name)
        if not text:
            return default
        if not text.isascii() or not text.isdecimal() or len(text) > 9 or not 1 <= int(text) <= most:
            raise Refused(400, f"{name} must be a whole number between 1 and {most}, not {text[:100]!r}")
        return int(text)

    def _links(self, page: int, size: int, total: int) -> str:
        given = {k: v for k, v in self.request.query_params.items() if k in ("workflow", "status")}
        last = max((total + size - 1) // size, 1)
        pages = {"first": 1, "prev": page - 1, "next": page + 1, "last": last}
        return ", ".join(
            f'<{self.request.path}?{urlencode({"page": number, "perPage": size, **given})}>; rel="{name}"'
            for name, number in pages.items()
            if 1 <= number <= last
        )


def _summaries(rows: list[ExecutionRow]) -> list[dict[str, Any]]:
    open_ids = [row.id for row in rows if not row.ended]
    begun_ones = TaskRun.objects.filter(execution_id__in=open_ids, started_at__isnull=False) if open_ids else None
    begun = {str(i) for i in begun_ones.values_list("execution_id", flat=True)} if begun_ones is not None else set()
    return [summary_json(row, status_word(row.state, begun=row.id in begun)) for row in rows]

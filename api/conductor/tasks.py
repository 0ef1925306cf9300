"""The side of the workers: polling, results, logs, queues (contracts/conductor.md, section 1.7)."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from typing import Any

from django.db.models import Count
from django.http import HttpResponse
from drf_spectacular.utils import extend_schema
from rest_framework.request import Request
from rest_framework.response import Response

from api.conductor.errors import Refused
from api.conductor.openapi import query, shapes
from api.conductor.polling import offer, poll_one
from api.conductor.render import task_json, workflow_json
from api.conductor.results import TaskResult, accept, check_status, find_by_reference, read_result, worker_name
from api.conductor.times import millis
from api.conductor.wire import ConductorView, done, no_content, plain
from executions import operations
from executions.clock import now
from executions.engine import polling
from executions.models import TaskLog, TaskRun
from executions.states import RunsOn, RunState
from executions.store import runs
from workflows_app.formats.conductor.fields import Invalid, Problems
from workflows_app.json_text import storable

MAX_BATCH = 1000
MAX_TIMEOUT_MS = 5000


class Poll(ConductorView):
    @extend_schema(summary="Poll for one task", parameters=query.POLL, responses={200: shapes.TASK, 204: None})
    def get(self, request: Request, task_type: str) -> Response:
        found = poll_one(task_type, worker_name(self.text("workerid")) or "", self.text("domain"))
        return no_content() if found is None else Response(found)


class PollBatch(ConductorView):
    @extend_schema(
        summary="Poll for several tasks", parameters=query.POLL_BATCH, responses={200: shapes.many(shapes.TASK)}
    )
    def get(self, request: Request, task_type: str) -> Response:
        timeout = self.count("timeout", 100)
        if timeout > MAX_TIMEOUT_MS:
            raise Refused(400, "Long Poll Timeout value cannot be more than 5 seconds")
        count = min(self.count("count", 1), MAX_BATCH)
        return Response(
            offer(task_type, worker_name(self.text("workerid")) or "", self.text("domain"), count, timeout / 1000)
        )


class Update(ConductorView):
    subject = "updateTask.taskResult"

    @extend_schema(summary="Report the result of a task", request=shapes.TASK_RESULT, responses={200: str})
    def post(self, request: Request) -> HttpResponse:
        result = read_result(self.object_body())
        accept(result, size=len(self.raw_body()))
        return plain(result.task_id or "")


class UpdateV2(ConductorView):
    subject = "updateTaskV2.taskResult"

    @extend_schema(
        summary="Report the result of a task and get the next one",
        request=shapes.TASK_RESULT,
        responses={200: shapes.TASK, 204: None},
    )
    def post(self, request: Request) -> Response:
        result = read_result(self.object_body())
        run = accept(result, size=len(self.raw_body()))
        if result.extend_lease or run is None or not run.ended:
            return no_content()
        found = poll_one(
            run.type if run.type != "SIMPLE" else run.name, worker_name(result.worker_id) or "", run.domain
        )
        return no_content() if found is None else Response(found)


class UpdateByReference(ConductorView):
    @extend_schema(
        summary="Complete or fail a task by its reference name",
        parameters=[query.WORKER],
        request=shapes.MAP,
        responses={200: str},
    )
    def post(self, request: Request, workflow_id: str, ref: str, status: str) -> HttpResponse:
        result = self.result(workflow_id, ref, status)
        return plain(result.task_id if result is not None and result.task_id else "")

    def result(self, workflow_id: str, ref: str, status: str) -> TaskResult | None:
        """Reports the body as the output of the open task of that name; None if there is none."""
        output, worker, problems = self.object_body(), self.text("workerid"), Problems()
        check_status(status, problems)
        if problems:
            raise Invalid(problems)
        run = find_by_reference(workflow_id, ref)
        if run is None:
            return None
        result = read_result(
            {
                "workflowInstanceId": workflow_id,
                "taskId": run.id,
                "status": status,
                "workerId": worker,
                "outputData": output,
            }
        )
        accept(result, merge=True, size=len(self.raw_body()))
        return result


class UpdateByReferenceSync(UpdateByReference):
    @extend_schema(
        summary="Complete or fail a task by its reference name; answers the workflow",
        parameters=[query.WORKER],
        request=shapes.MAP,
        responses={200: shapes.WORKFLOW},
    )
    def post(self, request: Request, workflow_id: str, ref: str, status: str) -> Response:
        if self.result(workflow_id, ref, status) is None:
            raise Refused(404, f"Found no running task {ref} of workflow {workflow_id} to update")
        return Response(workflow_json(operations.execution(workflow_id), runs.read(workflow_id)))


class Task(ConductorView):
    @extend_schema(summary="One task", responses={200: shapes.TASK})
    def get(self, request: Request, task_id: str) -> Response:
        run = operations.task_run(task_id)
        return Response(task_json(operations.execution(run.execution_id), run))


class Log(ConductorView):
    @extend_schema(
        summary="Add a line to a task's log; the body is the line itself", request=str, responses={200: None}
    )
    def post(self, request: Request, task_id: str) -> HttpResponse:
        run = operations.task_run(task_id)
        line = self.raw_body().decode("utf-8", "replace")
        if len(line) > 1 and line[0] == line[-1] == '"':
            line = line[1:-1]  # an SDK that sends JSON after all
        TaskLog.objects.create(task_run_id=run.id, at=now(), message=storable(_unescaped(line)))
        return done()

    @extend_schema(summary="The log of a task", responses={200: shapes.many(shapes.LOG_LINE), 204: None})
    def get(self, request: Request, task_id: str) -> Response:
        lines = TaskLog.objects.filter(task_run_id=task_id) if operations.is_id(task_id) else ()
        found = [{"log": line.message, "taskId": task_id, "createdTime": millis(line.at)} for line in lines]
        return Response(found) if found else no_content()


def _unescaped(line: str) -> str:
    r"""SDKs leave JSON's escapes in the raw text: ``\"``, ``\n``."""
    try:
        return str(json.loads(f'"{line}"'))
    except ValueError:
        return line


class QueueSizes(ConductorView):
    @extend_schema(
        summary="How many tasks wait, by type", parameters=[query.TASK_TYPES], responses={200: dict[str, int]}
    )
    def get(self, request: Request) -> Response:
        names = self.texts("taskType")
        sizes = _sizes(names)
        return Response({name: sizes.get(name, 0) for name in names})


class QueueSize(ConductorView):
    @extend_schema(
        summary="How many tasks of one type wait", parameters=[query.TASK_TYPE, query.DOMAIN], responses={200: int}
    )
    def get(self, request: Request) -> Response:
        name, domain = self.text("taskType", "") or "", self.text("domain")
        queue = f"{domain}:{name}" if domain else name
        return Response(_sizes([queue]).get(queue, 0))


class QueueAll(ConductorView):
    @extend_schema(summary="How many tasks wait in every queue", responses={200: dict[str, int]})
    def get(self, request: Request) -> Response:
        return Response(dict(sorted(_sizes(None).items())))


def _sizes(queues: list[str] | None) -> dict[str, int]:
    waiting = TaskRun.objects.filter(state__in=(RunState.SCHEDULED, RunState.DELAYED), runs_on=RunsOn.WORKER)
    if queues is not None:
        waiting = waiting.filter(queue__in=queues)
    return {queue or "": n for queue, n in waiting.values_list("queue").annotate(Count("id")).order_by()}


class PollData(ConductorView):
    @extend_schema(
        summary="Who polled last for a task type",
        parameters=[query.TASK_TYPE],
        responses={200: shapes.many(shapes.POLL_DATA)},
    )
    def get(self, request: Request) -> Response:
        return Response([poll_json(p) for p in polling.polls(self.text("taskType", "") or "")])


class PollDataAll(ConductorView):
    @extend_schema(summary="Who polled last, for every task type", responses={200: shapes.many(shapes.POLL_DATA)})
    def get(self, request: Request) -> Response:
        return Response([poll_json(p) for p in polling.polls()])


def poll_json(poll: polling.Poll) -> dict[str, Any]:
    found = {
        "queueName": poll.name,
        "domain": poll.domain,
        "workerId": poll.worker,
        "lastPollTime": millis(datetime.fromtimestamp(poll.at, tz=UTC)),
    }
    return {k: v for k, v in found.items() if v is not None}

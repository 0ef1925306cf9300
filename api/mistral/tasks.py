"""Tasks of executions (contracts/mistral.md, sections 3 and 5.6)."""

from __future__ import annotations

from typing import Any

from django.db.models import Q
from django.urls import path
from drf_spectacular.utils import extend_schema
from rest_framework.request import Request
from rest_framework.response import Response

from api.mistral import states
from api.mistral.action_lists import LISTING as ACTIONS
from api.mistral.action_lists import action_runs, actions_page
from api.mistral.errors import Refused, not_found
from api.mistral.execution_json import executions_json
from api.mistral.executions import descendants, errors_only, in_order
from api.mistral.executions import find as find_execution
from api.mistral.ids import Of
from api.mistral.listing import Column, Kind, Listing, page, read
from api.mistral.run_states import task_condition
from api.mistral.task_json import TASK_FIELDS, published_everywhere, tasks_json
from api.mistral.task_places import attempts_of, children_of, last_attempts
from api.mistral.wire import PROJECT, MistralView, document
from executions import operations
from executions.actions.placing import AD_HOC_RUN
from executions.engine.rows import RunRow
from executions.models import Execution, TaskRun
from executions.operations import Conflict, is_id
from executions.store import runs

LISTING = Listing(
    name="tasks",
    fields=TASK_FIELDS,
    columns={
        "id": Column(stored="id", kind=Kind.ID, asks=lambda ids: Q(id__in=attempts_of(ids))),
        "name": Column(stored="ref"),
        "workflow_name": Column(stored="execution__name"),
        "workflow_namespace": Column(stored="version__definition__namespace"),
        "workflow_id": Column(stored="version__definition_id", kind=Kind.ID, of=Of.WORKFLOW),
        "workflow_execution_id": Column(stored="execution_id", kind=Kind.ID),
        "state": Column(stored="state", asks=task_condition),
        "state_info": Column(stored="reason"),
        "project_id": Column(fixed=PROJECT),
        "processed": Column(stored="settled", kind=Kind.FLAG),
        "created_at": Column(stored="first_scheduled_at", kind=Kind.TIME),
        "updated_at": Column(stored="updated_at", kind=Kind.TIME),
        "started_at": Column(stored="started_at", kind=Kind.TIME),
        "finished_at": Column(stored="ended_at", kind=Kind.TIME),
    },
    locate=lambda task_id: last_attempts().filter(id__in=attempts_of([task_id])).first(),
)
_CHANGEABLE = (*TASK_FIELDS, "reset", "env")


def find(task_id: str) -> RunRow:
    """The last attempt at a task. Raises Refused."""
    attempts = attempts_of([task_id]) if is_id(task_id) else []
    found = [run for i in attempts if (run := runs.find(i)) is not None]
    if not found or "!" in found[0].path or found[0].path.endswith("]"):
        raise not_found("Task execution", id=task_id)
    return max(found, key=lambda run: run.attempt)


def rows_of(found: list[TaskRun]) -> list[RunRow]:
    """The rows, in the same order."""
    rows = {run.id: run for run in runs.find_many([str(run.pk) for run in found])}
    return [rows[str(run.pk)] for run in found if str(run.pk) in rows]


def _page(request: Request, **scope: Any) -> Response:
    query = read(LISTING, request)
    rows = last_attempts().filter(**scope).exclude(execution__format=AD_HOC_RUN).only("id")
    return Response(
        page(LISTING, query, rows, lambda found: tasks_json(rows_of(found), result="result" in query.fields), request)
    )


class Tasks(MistralView):
    @extend_schema(summary="Tasks", operation_id="mistral_tasks", responses={200: dict[str, Any]})
    def get(self, request: Request) -> Response:
        return _page(request)


class TasksOfExecution(MistralView):
    @extend_schema(summary="The tasks of an execution", responses={200: dict[str, Any]})
    def get(self, request: Request, execution_id: str) -> Response:
        return _page(request, execution_id=find_execution(execution_id).id)


class Task(MistralView):
    @extend_schema(summary="A task, with its result", responses={200: dict[str, Any]})
    def get(self, request: Request, task_id: str) -> Response:
        run = find(task_id)
        shown = tasks_json([run])[0]
        if everywhere := published_everywhere(run):
            shown["published_global"] = document(everywhere)
        return self.one(shown)

    @extend_schema(
        summary="Run a failed task again (RUNNING), or pass over it (SKIPPED)",
        request=dict[str, Any],
        responses={200: dict[str, Any]},
    )
    def put(self, request: Request, task_id: str) -> Response:
        data = self.object_body("task", _CHANGEABLE)
        run = find(task_id)
        name, state, reset = data.text("name"), data.text("state"), data.flag("reset")
        env = data.json_object("env")
        if name is not None and name != run.ref:
            raise Refused(400, "Task name does not match.")
        workflow = data.text("workflow_name")
        if workflow is not None and workflow != find_execution(run.execution_id).name:
            raise Refused(400, "Workflow name does not match.")
        if state == states.SKIPPED:
            _mend(lambda: operations.pass_over_task(run.id, by=self.who))
        elif state == states.RUNNING:
            self._rerun(run, reset, env)
        else:
            raise Refused(400, "Invalid task state. Only updating task to RUNNING or SKIPPED is supported.")
        return Response(tasks_json([find(task_id)])[0])

    def _rerun(self, run: RunRow, reset: bool | None, env: dict[str, Any] | None) -> None:
        if not run.failed:
            raise Refused(
                400,
                "The current task execution must be in ERROR for rerun. Only updating task to rerun is supported.",
            )
        if reset is None:
            raise Refused(400, "Reset field is mandatory to rerun task.")
        if not reset and run.pending is None:
            raise Refused(400, "Only with-items task has the option to not reset.")
        if env and find_execution(run.execution_id).ended:
            operations.merge_environment(run.execution_id, env, by=self.who)
        _mend(lambda: operations.run_task_again(run.id, by=self.who, afresh=reset))


def _mend(operation: Any) -> None:
    try:
        operation()
    except Conflict as error:
        raise Refused(400, str(error)) from None


class ActionsOfTask(MistralView):
    @extend_schema(summary="The action executions of a task", responses={200: dict[str, Any]})
    def get(self, request: Request, task_id: str) -> Response:
        query = read(ACTIONS, request)
        attempts = attempts_of([task_id])
        rows = action_runs().filter(Q(id__in=attempts) | Q(scope_id__in=attempts))
        return Response(actions_page(self, query, rows))


class SubExecutionsOfTask(MistralView):
    @extend_schema(summary="What a task has started, and all below it", responses={200: dict[str, Any]})
    def get(self, request: Request, task_id: str) -> Response:
        self.only_parameters("max_depth", "errors_only", "include_output", "fields")
        found = []
        depth = self.whole("max_depth", -1)
        for row in _started_by(task_id):
            found += [row, *(below for _, below in descendants(row, depth))]
        return Response({"executions": executions_json(errors_only(self, found), output=self.flag("include_output"))})


class WorkflowExecutionsOfTask(MistralView):
    @extend_schema(summary="The executions that a task has started", responses={200: dict[str, Any]})
    def get(self, request: Request, task_id: str) -> Response:
        return Response({"executions": executions_json(_started_by(task_id), output=self.flag("include_output"))})


def _started_by(task_id: str) -> list[Any]:
    find(task_id)
    found = Execution.objects.filter(children_of([task_id])).order_by("created_at", "id")
    return in_order([str(pk) for pk in found.values_list("id", flat=True)])


paths = [
    path("executions/<str:execution_id>/tasks", TasksOfExecution.as_view()),
    path("tasks", Tasks.as_view()),
    path("tasks/<str:task_id>", Task.as_view()),
    path("tasks/<str:task_id>/action_executions", ActionsOfTask.as_view()),
    path("tasks/<str:task_id>/executions", SubExecutionsOfTask.as_view()),
    path("tasks/<str:task_id>/workflow_executions", WorkflowExecutionsOfTask.as_view()),
]

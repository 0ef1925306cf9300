"""Workflow and task definitions (contracts/conductor.md, section 1.8)."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from django.db import transaction
from django.db.models import Min, QuerySet
from django.http import HttpResponse
from drf_spectacular.utils import extend_schema
from rest_framework.request import Request
from rest_framework.response import Response

from api.conductor.errors import Refused
from api.conductor.openapi import query, shapes
from api.conductor.times import millis
from api.conductor.wire import ConductorView, done, refuse_field
from executions import limits
from executions.clock import now
from workflows_app import registration
from workflows_app.formats.conductor.drafts import NAME, numbered, task_draft, workflow_draft
from workflows_app.formats.conductor.fields import Invalid, Problem, whole_number
from workflows_app.models import TaskDefinition, Version
from workflows_app.registration import AlreadyExists


def current_versions() -> QuerySet[Version]:
    """Every version that counts, by name and number, with the time its number first came into being."""
    return Version.objects.filter(format=NAME, definition__isnull=False, current=True).order_by("name", "number")


def first_created(versions: QuerySet[Version]) -> dict[tuple[str, int], Any]:
    """When the first revision of each (name, number) was stored."""
    rows = (
        Version.objects.filter(format=NAME, name__in=versions.values("name"), definition__isnull=False)
        .values_list("name", "number")
        .annotate(first=Min("created_at"))
    )
    return {(name, number): first for name, number, first in rows}


def classifier(definition: Mapping[str, Any]) -> str:
    """What kind of definition it is: "workflow" unless its metadata says something else."""
    metadata = definition.get("metadata") or {}
    given = metadata.get("classifier")
    if isinstance(given, str) and given.strip():
        return given
    return "agent" if metadata.get("agent_sdk") or metadata.get("agentDef") else "workflow"


def definition_json(version: Version, created: Any) -> dict[str, Any]:
    """A WorkflowDef as clients get it."""
    return {
        "createTime": millis(created),
        "updateTime": millis(version.created_at) if version.revision > 1 else 0,
        **({"createdBy": version.created_by} if version.created_by else {}),
        **version.body,
    }


def task_json(task: TaskDefinition, created: Any) -> dict[str, Any]:
    """A TaskDef as clients get it."""
    return {
        "createTime": millis(created),
        "updateTime": millis(task.created_at) if task.revision > 1 else 0,
        "createdBy": task.created_by,
        **task.body,
    }


class Workflows(ConductorView):
    """All definitions."""

    subject = {"POST": "registerWorkflowDef.workflowDef", "PUT": "updateWorkflowDef.workflowDefList"}

    @extend_schema(
        summary="All workflow definitions, every version",
        parameters=query.DEFINITIONS,
        responses={200: shapes.many(shapes.WORKFLOW_DEF)},
    )
    def get(self, request: Request) -> Response:
        versions = current_versions()
        name = self.text("name")
        if name is not None:
            versions = versions.filter(name=name)
        created, short, kind = first_created(versions), self.boolean("short", False), self.text("classifier")
        found = [
            definition_json(v, created[v.name, v.number])
            for v in versions
            if kind is None or classifier(v.body) == kind
        ]
        # (the lists of the web UI show everything but the tasks)
        return Response([{**d, "tasks": []} for d in found] if short else found)

    @extend_schema(
        summary="Register a workflow definition",
        parameters=[query.OVERWRITE, query.NEW_VERSION],
        request=shapes.WORKFLOW_DEF,
        responses={200: None},
    )
    def post(self, request: Request) -> HttpResponse:
        overwrite = self.boolean("overwrite", False)
        draft = workflow_draft(self.body())
        if self.boolean("newVersion", False):
            registration.save_next(draft, numbered, by=_who(request))
            return done()
        try:
            registration.save(draft, overwrite=overwrite, by=_who(request))
        except AlreadyExists:
            raise Refused(409, f"Workflow with {draft.name}.{draft.number} already exists!") from None
        return done()

    @extend_schema(
        summary="Register or overwrite workflow definitions",
        parameters=[query.NEW_VERSION],
        request=shapes.many(shapes.WORKFLOW_DEF),
        responses={200: shapes.BULK_ANSWER},
    )
    def put(self, request: Request) -> Response:
        given = self.list_body()
        if not given:
            raise refuse_field("", "WorkflowDefList is empty")
        drafts, problems = [], []
        for number, data in enumerate(given):
            try:
                drafts.append(workflow_draft(data, f"[{number}]"))
            except Invalid as error:
                problems += error.problems
        if problems:
            raise Invalid(problems)
        new_version = self.boolean("newVersion", False)
        with transaction.atomic():
            for draft in drafts:
                if new_version:
                    registration.save_next(draft, numbered, by=_who(request))
                else:
                    registration.save(draft, overwrite=True, by=_who(request))
        names = [draft.name for draft in drafts]
        return Response(
            {"bulkErrorResults": {}, "bulkSuccessfulResults": names, "message": "Bulk Request has been processed."}
        )


class ValidateWorkflow(ConductorView):
    subject = "validateWorkflowDef.workflowDef"

    @extend_schema(
        summary="Check a workflow definition without storing it", request=shapes.WORKFLOW_DEF, responses={200: None}
    )
    def post(self, request: Request) -> HttpResponse:
        workflow_draft(self.body())
        return done()


class NamesAndVersions(ConductorView):
    @extend_schema(
        summary="Names with their versions", responses={200: shapes.by_name(shapes.many(shapes.VERSION_SUMMARY))}
    )
    def get(self, request: Request) -> Response:
        found: dict[str, list[dict[str, Any]]] = {}
        for summary in _summaries(current_versions()):
            found.setdefault(summary["name"], []).append(summary)
        return Response(found)


class Names(ConductorView):
    @extend_schema(summary="Names of all workflow definitions", responses={200: list[str]})
    def get(self, request: Request) -> Response:
        return Response(sorted({v.name for v in current_versions().only("name")}))


class LatestVersions(ConductorView):
    @extend_schema(
        summary="The latest version of every workflow definition", responses={200: shapes.many(shapes.WORKFLOW_DEF)}
    )
    def get(self, request: Request) -> Response:
        versions = current_versions()
        created = first_created(versions)
        latest = {v.name: v for v in versions}
        return Response([definition_json(v, created[v.name, v.number]) for v in latest.values()])


class Versions(ConductorView):
    @extend_schema(
        summary="The versions of one workflow definition", responses={200: shapes.many(shapes.VERSION_SUMMARY)}
    )
    def get(self, request: Request, name: str) -> Response:
        return Response(_summaries(current_versions().filter(name=name)))


def _summaries(versions: QuerySet[Version]) -> list[dict[str, Any]]:
    created = first_created(versions)
    return [
        {
            "name": v.name,
            "version": v.number,
            "createTime": millis(created[v.name, v.number]),
            **({"updateTime": millis(v.created_at)} if v.revision > 1 else {}),
        }
        for v in versions
    ]


class Workflow(ConductorView):
    @extend_schema(
        summary="One workflow definition; the latest version if none is given",
        parameters=[query.VERSION],
        responses={200: shapes.WORKFLOW_DEF},
    )
    def get(self, request: Request, name: str) -> Response:
        number = self.integer("version")
        versions = current_versions().filter(name=name)
        if number is not None:
            versions = versions.filter(number=number)
        version = versions.last()
        if version is None:
            shown = "null" if number is None else number
            raise Refused(404, f"No such workflow found by name: {name}, version: {shown}")
        return Response(definition_json(version, first_created(versions)[name, version.number]))


class WorkflowVersion(ConductorView):
    @extend_schema(summary="Withdraw a version", responses={200: None})
    def delete(self, request: Request, name: str, number: str) -> HttpResponse:
        wanted = whole_number(number)
        if wanted is None or not registration.withdraw(NAME, name, wanted):
            raise Refused(404, f"No such workflow definition: {name} version: {number}")
        return done()


class TaskDefs(ConductorView):
    subject = {"POST": "registerTaskDef.taskDefList", "PUT": "updateTaskDef.taskDef"}

    @extend_schema(summary="All task definitions", responses={200: shapes.many(shapes.TASK_DEF)})
    def get(self, request: Request) -> Response:
        tasks = TaskDefinition.objects.filter(current=True).order_by("name")
        created = _first_task_revisions(tasks)
        return Response([task_json(t, created[t.name]) for t in tasks])

    @extend_schema(
        summary="Register or overwrite task definitions", request=shapes.many(shapes.TASK_DEF), responses={200: None}
    )
    def post(self, request: Request) -> HttpResponse:
        given = self.list_body()
        if not given:
            raise refuse_field("", "TaskDefList is empty")
        drafts, problems = [], list[Problem]()
        for number, data in enumerate(given):
            try:
                drafts.append(task_draft(data, f"[{number}]"))
            except Invalid as error:
                problems += error.problems
        if problems:
            raise Invalid(problems)
        with transaction.atomic():
            for draft in drafts:
                registration.save_task_definition(draft, by=_who(request))
            limits.changed([draft.name for draft in drafts], now())
        return done()

    @extend_schema(summary="Change a task definition", request=shapes.TASK_DEF, responses={200: None})
    def put(self, request: Request) -> HttpResponse:
        draft = task_draft(self.body())
        if not TaskDefinition.objects.filter(name=draft.name, current=True).exists():
            raise Refused(404, f"No such task by name {draft.name}")
        with transaction.atomic():
            registration.save_task_definition(draft, by=_who(request))
            limits.changed([draft.name], now())
        return done()


class TaskDef(ConductorView):
    @extend_schema(summary="One task definition", responses={200: shapes.TASK_DEF})
    def get(self, request: Request, name: str) -> Response:
        tasks = TaskDefinition.objects.filter(name=name, current=True)
        task = tasks.first()
        if task is None:
            raise Refused(404, f"No such taskType found by name: {name}")
        return Response(task_json(task, _first_task_revisions(tasks)[name]))

    @extend_schema(summary="Withdraw a task definition", responses={200: None})
    def delete(self, request: Request, name: str) -> HttpResponse:
        if not registration.withdraw_task_definition(name):
            raise Refused(404, f"No such taskType found by name: {name}")
        limits.changed([name], now())
        return done()


def _first_task_revisions(tasks: QuerySet[TaskDefinition]) -> dict[str, Any]:
    rows = TaskDefinition.objects.filter(name__in=tasks.values("name")).values_list("name").annotate(Min("created_at"))
    return dict(rows)


def _who(request: Request) -> str:
    return str(request.user) if request.user.is_authenticated else ""

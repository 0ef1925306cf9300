"""The server itself: version, health, configuration, and help for stuck tasks (contracts/conductor.md, sections 1.7
and 1.11)."""

from __future__ import annotations

import logging
from typing import Any

from django.conf import settings
from django.db import DatabaseError, connection
from django.db.models import Count, Q
from django.http import HttpResponse
from django.urls import path
from drf_spectacular.utils import extend_schema
from redis.exceptions import RedisError
from rest_framework.request import Request
from rest_framework.response import Response

from api.conductor.openapi import query, shapes
from api.conductor.render import task_json
from api.conductor.wire import ConductorView, plain
from api.conductor.workflows import MAX_PAGE, who
from executions import operations
from executions.models import TaskRun
from executions.redis_client import client
from executions.states import RunsOn, RunState
from executions.store import executions, runs
from executions.store.sizes import bytes_of

logger = logging.getLogger(__name__)

# All tasks of a queue lie in one shard; clients expect that it has a name.
_SHARD = "a"
# What an operator may see of the settings: nothing secret, and no addresses, which may hold passwords.
_SHOWN = ("LEASE_SECONDS", "QUEUE_WINDOW", "CHORD_MAX_WIDTH", "HTTP_ALLOW_PRIVATE", "DATA_UPLOAD_MAX_MEMORY_SIZE")


class Version(ConductorView):
    """For everybody: the web UI asks before anybody has signed in."""

    authentication_classes = ()
    permission_classes = ()

    @extend_schema(summary="The version of the server", responses={200: str})
    def get(self, request: Request) -> HttpResponse:
        return plain(settings.VERSION)


class Health(ConductorView):
    """For everybody, and so it says what is wrong, not where; ``/health`` says more."""

    authentication_classes = ()
    permission_classes = ()

    @extend_schema(
        summary="Whether the database and Redis answer", responses={200: dict[str, Any], 503: dict[str, Any]}
    )
    def get(self, request: Request) -> Response:
        results = [_health("database", _ask_database), _health("redis", lambda: client().ping())]
        healthy = all(result["healthy"] for result in results)
        found = {"healthResults": results, "suppressedHealthResults": [], "healthy": healthy}
        return Response(found, status=200 if healthy else 503)


def _health(name: str, ask: Any) -> dict[str, Any]:
    try:
        ask()
    except (DatabaseError, RedisError, OSError) as error:
        logger.warning("health: %s does not answer: %s", name, error)
        return {"details": {"name": name}, "healthy": False, "errorMessage": f"the {name} does not answer"}
    return {"details": {"name": name}, "healthy": True}


def _ask_database() -> None:
    with connection.cursor() as cursor:
        cursor.execute("SELECT 1")


class Config(ConductorView):
    @extend_schema(summary="Settings that are no secrets", responses={200: dict[str, str]})
    def get(self, request: Request) -> Response:
        shown = {f"upbeat.{name.lower()}": str(getattr(settings, name)) for name in _SHOWN}
        return Response({"upbeat.version": settings.VERSION, "upbeat.database": connection.vendor, **shown})


class PendingTasks(ConductorView):
    @extend_schema(
        summary="Open tasks of a type, oldest first", parameters=query.SLICE, responses={200: shapes.many(shapes.TASK)}
    )
    def get(self, request: Request, task_type: str) -> Response:
        start, count = self.count("start", 0), min(self.count("count", 100), MAX_PAGE)
        ids = operations.pending(task_type).values_list("id", flat=True)[start : start + count]
        found = [run for run_id in ids if (run := runs.find(str(run_id))) is not None]
        of = {each: executions.read(each) for each in {run.execution_id for run in found}}
        return Response([task_json(row, run) for run in found if (row := of[run.execution_id]) is not None])


class SweepRequeue(ConductorView):
    @extend_schema(summary="Have an execution looked at now", responses={200: str})
    def post(self, request: Request, workflow_id: str) -> HttpResponse:
        operations.advance(workflow_id)
        return plain(f"true.{workflow_id}")


class VerifyAndRepair(ConductorView):
    @extend_schema(summary="Take the consequences of what was left undone; whether there was any", responses={200: str})
    def post(self, request: Request, workflow_id: str) -> HttpResponse:
        before = _open_runs(workflow_id)
        operations.advance(workflow_id)
        return plain("true" if _open_runs(workflow_id) != before else "false")


def _open_runs(workflow_id: str) -> list[tuple[str, str]]:
    operations.execution(workflow_id)
    return [(run.id, run.state) for run in runs.read(workflow_id, "settled = %s", [False])]


class QueueAllVerbose(ConductorView):
    @extend_schema(
        summary="Tasks of every queue: how many wait, how many a worker has",
        responses={200: shapes.by_name(shapes.by_name(shapes.by_name(shapes.NUMBER)))},
    )
    def get(self, request: Request) -> Response:
        open_states = (RunState.SCHEDULED, RunState.DELAYED, RunState.IN_PROGRESS)
        rows = (
            TaskRun.objects.filter(state__in=open_states, runs_on=RunsOn.WORKER, queue__isnull=False)
            .values_list("queue")
            .annotate(size=Count("id", filter=~Q(state=RunState.IN_PROGRESS)), taken=Count("id"))
            .order_by("queue")
        )
        return Response({q: {_SHARD: {"size": size, "uacked": everything - size}} for q, size, everything in rows})


class Requeue(ConductorView):
    @extend_schema(summary="Offer every open task of a type again; how many", responses={200: str})
    def post(self, request: Request, task_type: str) -> HttpResponse:
        return plain(str(operations.requeue(task_type, by=who(request))))


class Size(ConductorView):
    @extend_schema(summary="How much room an execution takes", responses={200: dict[str, Any]})
    def get(self, request: Request, workflow_id: str) -> Response:
        operations.execution(workflow_id)
        # no limit is set on the whole of an execution, only on each payload
        return Response({"sizeBytes": bytes_of(workflow_id), "limitBytes": 0, "ratio": 0})


class Agents(ConductorView):
    """This server runs no agents; the web UI asks before it shows a schedule."""

    @extend_schema(summary="The agents of this server: none", responses={200: shapes.many(shapes.MAP)})
    def get(self, request: Request) -> Response:
        return Response([])


paths = [
    path("version", Version.as_view()),
    path("health", Health.as_view()),
    path("agent/list", Agents.as_view()),
    path("admin/config", Config.as_view()),
    path("admin/task/<str:task_type>", PendingTasks.as_view()),
    path("admin/sweep/requeue/<str:workflow_id>", SweepRequeue.as_view()),
    path("admin/consistency/verifyAndRepair/<str:workflow_id>", VerifyAndRepair.as_view()),
    path("workflow/<str:workflow_id>/size", Size.as_view()),
    path("tasks/queue/all/verbose", QueueAllVerbose.as_view()),
    path("tasks/queue/requeue/<str:task_type>", Requeue.as_view()),
]

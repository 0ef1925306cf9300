"""Workflows by what they are called: running ones of a name, and those with a correlation id (section 1.3).

Without ``includeClosed`` the correlation look-ups give those with status RUNNING alone: paused ones are not among them.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

from drf_spectacular.utils import extend_schema
from rest_framework.request import Request
from rest_framework.response import Response

from api.conductor.errors import Refused
from api.conductor.openapi import query, shapes
from api.conductor.render import workflow_json
from api.conductor.wire import ConductorView
from executions.search import find
from executions.search.columns import EXECUTION_FIELDS
from executions.search.conditions import Comparison, Operator, Value
from executions.search.sql import Sql, all_of
from executions.store import runs

MAX_FOUND = 5000
MAX_ASKED = 1000


class Running(ConductorView):
    @extend_schema(
        summary="Ids of the running workflows of a name", parameters=query.RUNNING, responses={200: list[str]}
    )
    def get(self, request: Request, name: str) -> Response:
        conditions = [_is("state", "RUNNING", "PAUSED"), _is("name", name)]
        version = self.integer("version")
        if version is not None:
            conditions.append(_is("number", str(version)))
        for parameter, operator in (("startTime", Operator.GREATER_OR_EQUAL), ("endTime", Operator.LESS_OR_EQUAL)):
            moment = self.integer(parameter)
            if moment is not None:
                conditions.append(_compared("created_at", operator, str(moment)))
        return Response(find.execution_ids_where(all_of(conditions)))


class _Correlated(ConductorView):
    """What the three look-ups have in common."""

    def found(self, names: Iterable[str], ids: Iterable[str]) -> dict[str, list[dict[str, Any]]]:
        """Workflows by correlation id, newest first; every id is there."""
        names, ids = list(dict.fromkeys(names)), list(dict.fromkeys(ids))
        found: dict[str, list[dict[str, Any]]] = {i: [] for i in ids}
        if not names or not ids:
            return found
        conditions = [_is("correlation_id", *ids), _is("name", *names)]
        if not self.boolean("includeClosed", False):
            conditions.append(_is("state", "RUNNING"))
        with_tasks = self.boolean("includeTasks", False)
        for execution in find.executions_where(all_of(conditions), MAX_FOUND):
            tasks = runs.read(execution.id) if with_tasks else None
            found.setdefault(execution.correlation_id or "", []).append(workflow_json(execution, tasks))
        return found


class Correlated(_Correlated):
    @extend_schema(
        summary="Workflows of a name with a correlation id",
        parameters=[query.INCLUDE_CLOSED, query.WITH_TASKS],
        responses={200: shapes.many(shapes.WORKFLOW)},
    )
    def get(self, request: Request, name: str, correlation_id: str) -> Response:
        return Response(self.found([name], [correlation_id])[correlation_id])


class CorrelatedBatch(_Correlated):
    @extend_schema(
        summary="Workflows of a name by correlation ids",
        parameters=[query.INCLUDE_CLOSED, query.WITH_TASKS],
        request=shapes.NAMES,
        responses={200: shapes.by_name(shapes.many(shapes.WORKFLOW))},
    )
    def post(self, request: Request, name: str) -> Response:
        return Response(self.found([name], _texts("the body", self.list_body())))


class CorrelatedBatchOfNames(_Correlated):
    @extend_schema(
        summary="Workflows of several names by correlation ids",
        parameters=[query.INCLUDE_CLOSED, query.WITH_TASKS],
        request=shapes.CORRELATION,
        responses={200: shapes.by_name(shapes.many(shapes.WORKFLOW))},
    )
    def post(self, request: Request) -> Response:
        body = self.object_body()
        ids, names = (_texts(key, body.get(key)) for key in ("correlationIds", "workflowNames"))
        return Response(self.found(names, ids))


def _texts(where: str, value: Any) -> list[str]:
    """Raises Refused for what is not a list of texts."""
    if not isinstance(value, list) or not all(isinstance(text, str) for text in value):
        raise Refused(400, f"{where} must be a list of texts")
    if len(value) > MAX_ASKED:
        raise Refused(400, f"{where} must not have more than {MAX_ASKED} entries")
    return value


def _is(field: str, *values: str) -> Sql:
    return _compared(field, Operator.IN, *values)


def _compared(field: str, operator: Operator, *values: str) -> Sql:
    """The SQL for literal values: an asterisk is one."""
    operands: Sequence[Value] = [Value((value,), 1) for value in values]
    return EXECUTION_FIELDS[field].condition(Comparison(field, operator, tuple(operands), 1))

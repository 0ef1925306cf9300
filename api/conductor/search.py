"""Searching workflows and tasks (contracts/conductor.md, sections 1.6 and 2.7)."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, ClassVar

from drf_spectacular.utils import OpenApiParameter, extend_schema, extend_schema_view
from rest_framework.request import Request
from rest_framework.response import Response

from api.conductor.errors import Refused
from api.conductor.render import task_json, workflow_json
from api.conductor.search_fields import TASK_SEARCH_FIELDS, WORKFLOW_FIELDS
from api.conductor.summaries import task_summary, workflow_summary
from api.conductor.wire import ConductorView, refuse_field
from executions.engine.rows import ExecutionRow, RunRow
from executions.search import find
from executions.search.conditions import QueryError
from executions.search.find import Search
from executions.search.sql import ALWAYS, NEVER, Sql, all_of
from executions.store import executions

MAX_SIZE = 5000
DEFAULT_SIZE = 100
_CLASSIFIER = "workflow"


def _documented(summary: str) -> Callable[[type[SearchView]], type[SearchView]]:
    names = ("query", "freeText", "sort", "classifier")
    parameters = [OpenApiParameter(name, str) for name in names]
    parameters += [OpenApiParameter(name, int) for name in ("start", "size")]
    parameters.append(OpenApiParameter("topLevelOnly", bool))
    return extend_schema_view(
        get=extend_schema(summary=summary, parameters=parameters, responses={200: dict[str, Any]})
    )


def _without_tasks(execution: ExecutionRow) -> dict[str, Any]:
    return workflow_json(execution, None)


class SearchView(ConductorView):
    """What all searches have in common: their parameters, and the refusal of what makes no sense.

    ``subject``: how the path of the error about a page that is too large begins; ``things``: what it is a page of.
    """

    things = "workflows"

    def search(self) -> Search:
        size = self.count("size", DEFAULT_SIZE)
        if size > MAX_SIZE:
            message = f"Cannot return more than {MAX_SIZE} {self.things}. Please use pagination."
            raise refuse_field("size", message, size)
        return Search(
            query=self.text("query", "") or "",
            free_text=self.text("freeText", "") or "",
            sort=self.text("sort", "") or "",
            start=self.count("start", 0),
            size=size,
            also=self.also(),
        )

    def also(self) -> Sql:
        """What the web UI asks for beside the query."""
        parts = []
        if self.boolean("topLevelOnly", False):
            parts.append(Sql("e.parent_id IS NULL"))
        classifier = self.text("classifier")
        if classifier is not None and classifier.lower() != _CLASSIFIER:
            parts.append(NEVER)
        return all_of(parts) if parts else ALWAYS

    def get(self, request: Request) -> Response:
        try:
            total, results = self.results(self.search())
        except QueryError as error:
            raise Refused(400, str(error)) from None
        return Response({"totalHits": total, "results": results})

    def results(self, search: Search) -> tuple[int, list[dict[str, Any]]]:
        """How many there are, and one page of them. Raises QueryError."""
        raise NotImplementedError


class _Workflows(SearchView):
    """``by_tasks``: the query is about tasks, and what is found are their workflows. ``shape``: how each is shown."""

    by_tasks: ClassVar[bool] = False

    @staticmethod
    def shape(execution: ExecutionRow) -> dict[str, Any]:
        raise NotImplementedError

    def results(self, search: Search) -> tuple[int, list[dict[str, Any]]]:
        if self.by_tasks:
            page = find.executions_by_task_runs(search, TASK_SEARCH_FIELDS, WORKFLOW_FIELDS)
        else:
            page = find.executions(search, WORKFLOW_FIELDS)
        return page.total, [self.shape(execution) for execution in page.rows]


@_documented("Search workflows; gives summaries")
class WorkflowSearch(_Workflows):
    subject = "searchWorkflows"
    shape = staticmethod(workflow_summary)


@_documented("Search workflows; gives workflows without their tasks")
class WorkflowSearchV2(_Workflows):
    subject = "searchWorkflowsV2"
    shape = staticmethod(_without_tasks)


@_documented("Search workflows by their tasks; gives summaries")
class WorkflowSearchByTasks(_Workflows):
    subject = "searchWorkflowsByTasks"
    by_tasks = True
    shape = staticmethod(workflow_summary)


@_documented("Search workflows by their tasks; gives workflows without their tasks")
class WorkflowSearchByTasksV2(_Workflows):
    subject = "searchWorkflowsByTasksV2"
    by_tasks = True
    shape = staticmethod(_without_tasks)


class _Tasks(SearchView):
    """``shape``: how a task of a workflow is shown."""

    things = "tasks"

    @staticmethod
    def shape(execution: ExecutionRow, run: RunRow) -> dict[str, Any]:
        raise NotImplementedError

    def results(self, search: Search) -> tuple[int, list[dict[str, Any]]]:
        page = find.task_runs(search, TASK_SEARCH_FIELDS)
        owners = {row.id: row for row in executions.read_many({run.execution_id for run in page.rows})}
        # a workflow that is removed meanwhile takes its tasks along
        rows = [(owners[run.execution_id], run) for run in page.rows if run.execution_id in owners]
        return page.total, [self.shape(execution, run) for execution, run in rows]


@_documented("Search tasks; gives summaries")
class TaskSearch(_Tasks):
    subject = "searchTasks"
    shape = staticmethod(task_summary)


@_documented("Search tasks; gives tasks")
class TaskSearchV2(_Tasks):
    subject = "searchTasksV2"
    shape = staticmethod(task_json)

"""The report of an execution: how its tasks stand, as numbers and as a tree (contracts/mistral.md, section 3)."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from typing import Any
from uuid import UUID

from django.urls import path
from drf_spectacular.utils import extend_schema
from rest_framework.request import Request
from rest_framework.response import Response

from api.mistral import states
from api.mistral.action_lists import action_runs, superseded
from api.mistral.executions import find, in_order
from api.mistral.task_json import actions_json, tasks_json
from api.mistral.task_places import last_attempts, task_ids_of
from api.mistral.wire import MistralView, stamp
from executions.clock import now
from executions.engine.rows import ExecutionRow
from executions.models import Execution, TaskRun
from executions.states import ExecutionState
from executions.store import runs
from workflows_app.json_text import loads

_TASK = ("id", "name", "created_at", "updated_at", "state", "state_info")
_ACTION = ("id", "name", "created_at", "updated_at", "state", "state_info", "accepted")
_COUNTED = {
    "running_tasks_count": (states.RUNNING, states.DELAYED, states.WAITING),
    "success_tasks_count": (states.SUCCESS,),
    "error_tasks_count": (states.ERROR,),
    "idle_tasks_count": (states.IDLE,),
    "paused_tasks_count": (states.PAUSED,),
}
# Executions that one report looks at.
MOST = 1000
# Former executions by which it is guessed how long one will take.
LATELY = 20


class Report(MistralView):
    @extend_schema(summary="How an execution stands: numbers, and a tree of its tasks", responses={200: dict[str, Any]})
    def get(self, request: Request, execution_id: str) -> Response:
        self.only_parameters("errors_only", "max_depth", "statistics_only")
        builder = _Builder(self.flag("errors_only"), self.whole("max_depth", -1))
        found = find(execution_id)
        tree = builder.execution(found, 0)
        answer: dict[str, Any] = {"statistics": {**builder.statistics(), "estimated_time": _time_left(found)}}
        if not self.flag("statistics_only"):
            answer["root_workflow_execution"] = tree
        return Response(answer)


def _time_left(row: ExecutionRow) -> int:
    """Seconds until an execution may end, going by those of its workflow that did well lately: at least 1, -1 if there
    is none to go by. 0 for one that has ended."""
    if row.ended:
        return 0
    lately = Execution.objects.filter(format=row.format, name=row.name, state=ExecutionState.COMPLETED)
    times = lately.order_by("-created_at").values_list("created_at", "ended_at")[:LATELY]
    known = [(end - begin).total_seconds() for begin, end in times if end is not None]
    if not known:
        return -1
    return max(round(sum(known) / len(known) - (now() - row.created_at).total_seconds()), 1)


class _Builder:
    def __init__(self, errors_only: bool, max_depth: int) -> None:
        self._errors_only = errors_only
        self._max_depth = max_depth
        self._states: Counter[str] = Counter()
        self._executions = 0

    def execution(self, row: ExecutionRow, depth: int) -> dict[str, Any]:
        """An execution with its tasks, and with what they have started as far down as is asked for."""
        self._executions += 1
        tasks = self._tasks(row)
        self._states.update(task["state"] for task in tasks)
        actions = self._actions(row)
        started = self._children(row) if depth != self._max_depth else {}
        return {
            "id": row.id,
            "name": row.name,
            "created_at": stamp(row.created_at),
            "updated_at": stamp(row.updated_at),
            "state": states.EXECUTION[row.state],
            "state_info": row.reason,
            "task_executions": [
                {
                    **{key: task[key] for key in _TASK},
                    **self._retries(task),
                    **(
                        {"workflow_executions": [self.execution(child, depth + 1) for child in started[task["id"]]]}
                        if task["id"] in started
                        else {"action_executions": actions.get(task["id"], []), "workflow_executions": []}
                    ),
                }
                for task in tasks
            ],
        }

    def statistics(self) -> dict[str, int]:
        found = {key: sum(self._states[state] for state in counted) for key, counted in _COUNTED.items()}
        return {"total_tasks_count": sum(self._states.values()), **found}

    def _tasks(self, row: ExecutionRow) -> list[dict[str, Any]]:
        ids = last_attempts().filter(execution_id=row.id).order_by("seq").values_list("id", flat=True)
        found = tasks_json(sorted(runs.find_many([str(pk) for pk in ids]), key=lambda run: run.seq))
        return [task for task in found if not self._errors_only or task["state"] == states.ERROR]

    @staticmethod
    def _retries(task: dict[str, Any]) -> dict[str, Any]:
        retried = loads(task["runtime_context"]).get("retry_task_policy")
        return {"retry_count": retried["retry_no"]} if retried else {}

    def _actions(self, row: ExecutionRow) -> dict[str, list[dict[str, Any]]]:
        """Action executions by task."""
        rows: Sequence[TaskRun] = list(action_runs().filter(execution_id=row.id).order_by("seq").only("id"))
        found = sorted(runs.find_many([str(run.pk) for run in rows]), key=lambda run: run.seq)
        by_task: dict[str, list[dict[str, Any]]] = {}
        for action in actions_json(found, superseded=superseded(found), output=False):
            by_task.setdefault(action["task_execution_id"], []).append(
                {**{key: action[key] for key in _ACTION}, "last_heartbeat": action["updated_at"]}
            )
        return by_task

    def _children(self, row: ExecutionRow) -> dict[str, list[ExecutionRow]]:
        """What tasks have started, by task."""
        below = Execution.objects.filter(parent_id=UUID(row.id)).order_by("created_at", "id")
        room = max(MOST - self._executions, 0)
        children = in_order([str(pk) for pk in below.values_list("id", flat=True)[:room]])
        tasks = task_ids_of([child.parent_run_id for child in children if child.parent_run_id])
        found: dict[str, list[ExecutionRow]] = {}
        for child in children:
            found.setdefault(tasks.get(child.parent_run_id or "", ""), []).append(child)
        return found


paths = [path("executions/<str:execution_id>/report", Report.as_view())]

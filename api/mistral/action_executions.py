"""Action executions: looked at, completed, and run by themselves (contracts/mistral.md, sections 3 and 6).

The document of asynchronous actions writes ``POST /v2/action-executions/<id>``, the clients send ``PUT
/v2/action_executions/<id>``: both mean the same.
"""

from __future__ import annotations

from typing import Any

from django.conf import settings
from django.urls import path
from drf_spectacular.utils import extend_schema
from rest_framework.request import Request
from rest_framework.response import Response

from api.mistral import states
from api.mistral.action_lists import LISTING, action_runs, actions_page, superseded
from api.mistral.actions import SHELF as ACTIONS
from api.mistral.errors import Refused
from api.mistral.listing import read
from api.mistral.run_states import action_state
from api.mistral.task_json import ACTION_FIELDS, actions_json
from api.mistral.wire import LONGEST_NAME, Attributes, MistralView
from executions import action_executions, operations
from executions.actions import registry
from executions.actions.placing import AD_HOC_RUN
from executions.engine.rows import RunRow
from executions.operations import Conflict
from executions.states import ExecutionState, RunState
from executions.store import executions, runs
from executions.waiting import wait_for
from workflows_app.json_text import size_of

_STATES = (states.SUCCESS, states.ERROR, states.CANCELLED, states.PAUSED, states.RUNNING)
_ENDS = {
    states.SUCCESS: RunState.COMPLETED,
    states.ERROR: RunState.FAILED,
    states.CANCELLED: RunState.CANCELED,
}
# Seconds for which a request waits for an action that it has asked to be run.
PATIENCE = 60
_GIVEN = (*ACTION_FIELDS, "params")


class ActionExecutions(MistralView):
    @extend_schema(summary="Action executions", responses={200: dict[str, Any]})
    def get(self, request: Request) -> Response:
        return Response(actions_page(self, read(LISTING, request), action_runs()))

    @extend_schema(summary="Run an action by itself", request=dict[str, Any], responses={201: dict[str, Any]})
    def post(self, request: Request) -> Response:
        data = self.object_body("action_ex", _GIVEN)
        name = data.text("name")
        if not name:
            raise Refused(400, "Please provide at least action name to run action.")
        given, params = data.json_object("input") or {}, Attributes("params", data.json_object("params") or {})
        namespace = data.text("workflow_namespace") or ""
        save, sync, timeout = params.flag("save_result"), params.flag("run_sync"), params.whole("timeout") or 0
        _refuse_unknown(name, namespace)
        outside = action_executions.asynchronous(name, given, namespace=namespace)
        if sync and outside:
            raise Refused(400, "Action does not support synchronous execution.")
        run = action_executions.run(
            name,
            given,
            namespace=namespace,
            timeout=max(timeout, 0),
            description=data.text("description") or "",
        )
        if outside or (save and not sync):
            return Response(_shown(run), status=201)
        ended = wait_for(lambda: _ended(run.id), min(timeout or PATIENCE, PATIENCE))
        found = _shown(ended or run)
        if ended is not None and not save:
            operations.remove(ended.execution_id, by=self.who, reason="its result was not to be kept")
            kept = ("name", "input", "output", "state", "workflow_namespace")
            found = {key: value if key in kept else None for key, value in found.items()}
        return Response(found, status=201)


class OneActionExecution(MistralView):
    @extend_schema(summary="An action execution", responses={200: dict[str, Any]})
    def get(self, request: Request, action_id: str) -> Response:
        return self.one(_shown(action_executions.find(action_id)))

    @extend_schema(
        summary="Complete, pause or resume an action", request=dict[str, Any], responses={200: dict[str, Any]}
    )
    def put(self, request: Request, action_id: str) -> Response:
        return self._update(action_id)

    @extend_schema(
        summary="Complete, pause or resume an action, as the document says it",
        request=dict[str, Any],
        responses={200: dict[str, Any]},
    )
    def post(self, request: Request, action_id: str) -> Response:
        return self._update(action_id)

    @extend_schema(summary="Delete an action that was run by itself and has ended", responses={204: None})
    def delete(self, request: Request, action_id: str) -> Response:
        run = action_executions.find(action_id)
        execution = operations.execution(run.execution_id)
        if execution.format != AD_HOC_RUN:
            raise Refused(403, "Only ad-hoc action execution can be deleted.")
        if not execution.ended:
            raise Refused(403, "Only completed action execution can be deleted.")
        operations.remove(execution.id, by=self.who, reason="deleted")
        return Response(None, status=204)

    def _update(self, action_id: str) -> Response:
        data = self.object_body("action_ex", _GIVEN)
        state = data.text("state")
        if state not in _STATES:
            raise Refused(400, f"Error. Expected one of {list(_STATES)}, actual: {state or 'Unset'}")
        result = data.any_json("output", {} if state == states.SUCCESS else None)
        if (size := size_of(result)) > settings.MAX_PAYLOAD:
            raise Refused(413, f"Field size limit exceeded [field=output, size={size}, limit={settings.MAX_PAYLOAD}]")
        if state in _ENDS:
            run = action_executions.complete(action_id, _ENDS[state], result, by=self.who)
        else:
            run = self._hold(action_id, state)
        return Response(_shown(run))

    def _hold(self, action_id: str, state: str) -> RunRow:
        before = action_executions.find(action_id)
        try:
            if state == states.PAUSED:
                run = action_executions.hold(action_id, by=self.who)
                operations.pause_ancestors(run.execution_id, by=self.who)
            else:
                run = action_executions.go_on(action_id, by=self.who)
                found = executions.read(run.execution_id)
                if found is not None and found.state == ExecutionState.RUNNING:
                    operations.resume_ancestors(run.execution_id, by=self.who)
        except Conflict:
            raise Refused(400, f"Invalid state transition from {action_state(before)} to {state}.") from None
        return run


def _refuse_unknown(name: str, namespace: str) -> None:
    """Raises Refused for a name that stands for no action: nothing is kept of it."""
    if registry.find_short(name) is not None or name in registry.UNSUPPORTED:
        return
    if not any(ACTIONS.look(name, space) for space in dict.fromkeys((namespace, ""))):
        raise Refused(400, f"Failed to find action [action_name={name[:LONGEST_NAME]}]")


def _shown(run: RunRow) -> dict[str, Any]:
    """All of an action execution."""
    return actions_json([run], superseded=superseded([run]))[0]


def _ended(run_id: str) -> RunRow | None:
    """The run, once it has ended and nothing more follows from it."""
    run = runs.find(run_id)
    return run if run is not None and run.ended and run.settled else None


paths = [
    path("action_executions", ActionExecutions.as_view()),
    path("action_executions/<str:action_id>", OneActionExecution.as_view()),
    path("action-executions", ActionExecutions.as_view()),
    path("action-executions/<str:action_id>", OneActionExecution.as_view()),
]

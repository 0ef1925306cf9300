"""Action executions: completing, pausing and running actions by id (docs/decisions/0013).

An action execution is a task run. Whoever has its id may say how it ended, once: a program, a person, the service that
an asynchronous action has called, at any time. ``by`` is who does it; of a completion it is kept with the run, as its
worker.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from django.db.models import F

from executions import audit
from executions.actions import adhoc, registry
from executions.actions.base import Action, wrong_input
from executions.actions.placing import AD_HOC_RUN
from executions.clock import now
from executions.engine import beginning, transact
from executions.engine.events import Finished, Held, Result
from executions.engine.new_execution import NewExecution
from executions.engine.refusals import ENDED, NOT_HELD, RUN_ENDED, UNKNOWN_RUN
from executions.engine.rows import ExecutionRow, RunRow
from executions.engine.transact import Hint
from executions.ids import run_id as id_of_place
from executions.models import TaskRun
from executions.operations.applying import decide
from executions.operations.finding import execution, task_run
from executions.operations.refusals import Conflict, Illegal, NotFound
from executions.starting import start
from executions.states import RunsOn, RunState
from executions.store import runs
from executions.task_types.action import failed, named
from workflows_app import registration
from workflows_app.expressions import ExpressionError, compile_template
from workflows_app.formats.mistral.compile import ACTION, COMPUTED_ACTION, DEFINED_ACTION, PURE
from workflows_app.formats.mistral.problems import LANGUAGE, LONGEST_NAME
from workflows_app.formats.mistral.start import wrong_input as wrong_input_text
from workflows_app.graph.model import Graph, Kind, Node
from workflows_app.policies import TaskPolicy

# in the memo of a run: the state of a result that came when nothing could follow from it any more
LATE = "late"
UNKNOWN_ERROR = "Unknown error"
# A run that has ended like this and was never started has failed by what came before it.
NEVER_BEGUN = frozenset({RunState.FAILED, RunState.FAILED_WITH_TERMINAL_ERROR})
# in the memo of a run that waits for others: those that have come
ARRIVED = "arrived"
_NODE = "action"
_STATES = frozenset({RunState.COMPLETED, RunState.FAILED, RunState.CANCELED})


def complete(action_id: str, state: RunState, result: Any = None, *, by: str) -> RunRow:
    """Ends an action: COMPLETED with its result, FAILED with what says why, or CANCELED. Gives the run as it is then.

    The first one wins. A result for an action whose execution has ended, or whose task has timed out, is kept with the
    action, and nothing follows from it. Raises NotFound; Conflict for an action that has been completed already.
    """
    assert state in _STATES
    run = find(action_id)
    outcome = replace(_outcome(run, state, result), worker=by)
    decision = decide(run.execution_id, Finished(run.id, outcome), hint=Hint.of(run))
    if decision.refused == UNKNOWN_RUN:
        raise not_found(action_id)
    if decision.refused in (RUN_ENDED, ENDED):
        _keep_late(action_id, outcome)
    return next((changed for changed in decision.runs if changed.id == run.id), None) or find(action_id)


def hold(action_id: str, *, by: str) -> RunRow:
    """Pauses an asynchronous action, and its execution with it. A result may be pushed all the same.

    Raises NotFound, Illegal for an action that is not asynchronous, Conflict for one that has ended."""
    run = find(action_id)
    if not is_asynchronous(run):
        raise Illegal("Transition to the PAUSED state is only supported for asynchronous action execution.")
    return _hold(run, True, by)


def go_on(action_id: str, *, by: str) -> RunRow:
    """Takes a pause of an action back; its execution goes on unless another of its actions is paused. For an action
    that is not paused nothing happens. Raises NotFound, Conflict for one that has ended."""
    return _hold(find(action_id), False, by)


def run(
    name: str,
    input: Mapping[str, Any],
    *,
    namespace: str = "",
    timeout: float = 0,
    description: str = "",
) -> RunRow:
    """Runs an action by itself, without any workflow. A pure one has ended when this returns; of any other the row is
    there, and is looked at again later. Raises Illegal for an unknown action or a wrong input.
    """
    if not 0 < len(name) <= LONGEST_NAME:
        raise Illegal(f"Failed to find action [action_name={name[:LONGEST_NAME]}]")
    alone = _nowhere(name, namespace)
    _check(name, input, alone)
    graph = _graph_of(name, timeout, defined=bool(adhoc.chain_of(name, alone)))
    version = registration.anonymous(registration.Draft(format=AD_HOC_RUN, name=name, number=1, body={}, graph=graph))
    request = NewExecution(
        version_id=version.pk,
        format=AD_HOC_RUN,
        name=name,
        number=1,
        input=dict(input),
        attributes={"namespace": namespace, "description": description},
    )
    started = start(request)
    assert started is not None
    return find(id_of_place(started.id, started.epoch, _NODE, "", 0))


def asynchronous(name: str, input: Mapping[str, Any], *, namespace: str = "") -> bool:
    """Whether somebody else pushes the result of this action. Raises Illegal for an unknown action."""
    return not _is_sync(*_resolved(name, input, _nowhere(name, namespace)))


def find(action_id: str) -> RunRow:
    """The run that is this action execution. Raises NotFound."""
    try:
        found = task_run(action_id)
    except NotFound:
        raise not_found(action_id) from None
    if found.runs_on == RunsOn.CHILD or found.pending is not None or not has_begun(found):
        raise not_found(action_id)
    return found


def not_found(action_id: str) -> NotFound:
    return NotFound(f"ActionExecution not found [id={action_id}]")


def has_begun(run: RunRow) -> bool:
    """Whether the action of a run is there: not while the run waits for its turn, or for a delay to be over, and never
    if it has failed before it could begin."""
    if run.state == RunState.WAITING or (run.state in NEVER_BEGUN and run.started_at is None):
        return False
    if run.state == RunState.CANCELED and run.started_at is None:  # cut off while it waited, or in somebody's hands
        return not run.start_delay and ARRIVED not in (run.memo.value if run.memo else {})
    return run.state != RunState.DELAYED or run.started_at is not None


def is_asynchronous(run: RunRow) -> bool:
    """Whether somebody else pushes the result of this run's action."""
    name, given = named(run.type, run.name, run.input.value)
    cls = registry.find(name) if run.type == ACTION else None
    try:
        return not _is_sync(*((cls, given) if cls else _resolved(name, given, execution(run.execution_id))))
    except Illegal:
        return False


# ---- results


def _outcome(run: RunRow, state: RunState, result: Any) -> Result:
    if state == RunState.CANCELED:
        return Result(state=state, output={"result": None})
    if state == RunState.FAILED:
        return failed(result or UNKNOWN_ERROR)
    chain = _chain(run)
    if chain:
        try:
            result = adhoc.transform(chain, result, execution(run.execution_id))
        except ExpressionError as error:
            return failed(str(error))
    return Result(state=state, output={"result": result})


def _chain(run: RunRow) -> list[int]:
    """The ad-hoc actions that make the result over. Until the action's own call has returned, it is not noted yet."""
    noted = run.output.value.get("adhoc") if not run.ended else None
    if isinstance(noted, list):
        return noted
    name, _ = named(run.type, run.name, run.input.value)
    if run.type not in (ACTION, COMPUTED_ACTION, DEFINED_ACTION):
        return []
    if run.type == ACTION and registry.find(name) is not None:
        return []
    return adhoc.chain_of(name, execution(run.execution_id))


def _keep_late(action_id: str, outcome: Result) -> None:
    """Stores a result from which nothing follows; once. Raises Conflict if there is a result already."""
    for _ in range(transact.TRIES):
        run = task_run(action_id)
        memo = run.memo.value if run.memo else {}
        cut_off = run.state == RunState.CANCELED and not run.output.value
        if LATE in memo or not (cut_off or run.state == RunState.TIMED_OUT):
            break
        stored = TaskRun.objects.filter(id=action_id, revision=run.revision).update(
            memo={**memo, LATE: str(outcome.state)},
            output=dict(outcome.output or {}),
            updated_at=now(),
            revision=F("revision") + 1,
        )
        if stored:
            return
    raise Conflict(f"Action {action_id} is already completed")


def _hold(run: RunRow, held: bool, by: str) -> RunRow:
    decision = decide(run.execution_id, Held(run.id, held), hint=Hint.of(run))
    if decision.refused in (RUN_ENDED, ENDED):
        raise Conflict(f"Action {run.id} is already completed")
    if decision.refused is None:
        audit.record("pause action" if held else "resume action", by=by, execution_id=run.execution_id,
                     task_run_id=run.id)  # fmt: skip
    elif decision.refused != NOT_HELD:
        raise Conflict(f"Action {run.id} cannot be changed: {decision.refused}")
    return runs.find(run.id) or run


# ---- actions by themselves


def _graph_of(name: str, timeout: float, *, defined: bool = False) -> Graph:
    """A graph of one node: the execution's input is the action's. ``defined``: it is an ad-hoc action."""
    pure = name in PURE and name != "std.echo" and not defined
    node = Node(
        ref=_NODE,
        kind=Kind.COMPUTE if pure else Kind.TASK,
        type=DEFINED_ACTION if defined else ACTION,
        name=name,
        input=compile_template(LANGUAGE, "<% $ %>"),
        timeout=timeout or None,
        policy=TaskPolicy(),
        rerun_lost=name == "std.mistral_http",
    )
    return Graph(name=name, nodes={_NODE: node}, entry=(_NODE,))


def _nowhere(name: str, namespace: str) -> ExecutionRow:
    """The execution that an action would be run in by itself. It is not stored, and neither is a version."""
    request = NewExecution(version_id=0, format=AD_HOC_RUN, name=name, number=1, attributes={"namespace": namespace})
    return beginning.new_row(request, _graph_of(name, 0), now(), definitions={})


def _check(name: str, given: Mapping[str, Any], row: ExecutionRow) -> None:
    """Raises Illegal for an action that cannot be run with this input."""
    cls, values = _resolved(name, given, row)
    missing, unexpected = wrong_input(cls, values)
    if missing or unexpected:
        raise Illegal(wrong_input_text(name, f"{cls.__module__}.{cls.__qualname__}", missing, unexpected))


def _resolved(name: str, given: Mapping[str, Any], row: ExecutionRow) -> tuple[type[Action], dict[str, Any]]:
    try:
        found = adhoc.resolve(name, row, given)
    except adhoc.Unusable as error:
        raise Illegal(str(error)) from None
    return found.cls, found.input


def _is_sync(cls: type[Action], given: Mapping[str, Any]) -> bool:
    try:
        return cls(**given).is_sync()
    except Exception:
        return cls.is_sync(cls.__new__(cls))


__all__ = ["asynchronous", "complete", "find", "go_on", "has_begun", "hold", "is_asynchronous", "run"]

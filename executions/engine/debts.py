"""What one execution owes another: children to start and to end, parents to tell, failures to compensate.

Two executions are never changed in one transaction. What is owed stands in a row's ``due_at`` until it is paid;
paying twice is harmless, because the ids of children and of failure workflows are derived from what they belong to.
"""

from __future__ import annotations

import logging
from contextlib import suppress
from copy import copy
from dataclasses import replace
from datetime import datetime, timedelta
from typing import TYPE_CHECKING

from django.db import transaction

from executions import hooks, task_types
from executions.clock import now
from executions.engine import transact
from executions.engine.events import ChildRevived, ExecutionDue, Finished, Result, Terminated
from executions.engine.fragments import nodes_of
from executions.engine.new_execution import InputRefused, NewExecution
from executions.engine.rows import Doc, ExecutionRow, RunRow
from executions.states import ExecutionState, RunsOn, RunState
from executions.store import claims, due, runs
from executions.store import executions as execution_store
from executions.task_types.base import Work
from workflows_app import catalog
from workflows_app.graph.model import Node

if TYPE_CHECKING:
    from executions.engine.driver import Driver

logger = logging.getLogger(__name__)

# A child that does not exist yet may still be about to be started by a process that has not seen the cancelation.
_LATE_START = timedelta(minutes=5)
_LOOK_AGAIN = timedelta(seconds=30)
PARENT_ENDED = "Parent workflow has been terminated with reason: {}"


def node_of(run: RunRow) -> Node:
    """The node of a stored run."""
    if run.fragment is not None:
        nodes = nodes_of(run.fragment)
        if run.ref in nodes:
            return nodes[run.ref]
    return catalog.graph(run.version_id).nodes[run.ref]


def start_child(driver: Driver, run: RunRow) -> None:
    """Starts the child execution of a claimed run: once, however often this is tried."""
    parent = execution_store.read(run.execution_id)
    if parent is None:
        return
    node = node_of(run)
    request = _request(run, node, parent)
    if isinstance(request, Result):
        driver.decide(run.execution_id, Finished(run.id, request, run.revision), run=run)
        return
    assert run.child_id is not None
    mine = replace(request, id=run.child_id, parent_id=parent.id, parent_run_id=run.id, root_id=parent.root_id)
    try:
        child = driver.begin(mine)
    except InputRefused as error:
        refused = Result(state=RunState.FAILED_WITH_TERMINAL_ERROR, reason=str(error))
        driver.decide(run.execution_id, Finished(run.id, refused, run.revision), run=run)
        return
    if child is not None and child.ended:
        return  # it tells its parent next
    if not claims.hand_over_to_child(run.id, run.revision):
        _end_if_orphaned(driver, run)


def _request(run: RunRow, node: Node, parent: ExecutionRow) -> NewExecution | Result:
    work = Work(run=run, node=node, input=run.input.value, log=lambda line: None)
    try:
        return task_types.find(node.type, node.name).child(work, parent)
    except Exception as error:
        logger.exception("task run %s could not start its child", run.id)
        return Result(state=RunState.FAILED, reason=f"{type(error).__name__}: {error}")


def _end_if_orphaned(driver: Driver, run: RunRow) -> None:
    """The parent's run was taken away while its child was being started: ended for good, or started by another."""
    current = runs.find(run.id)
    if current is None or current.ended:
        end_child(driver, run, current.reason if current else None)


def end_children(driver: Driver, execution_id: str) -> None:
    """Ends the child executions of an execution's canceled runs."""
    owing = "due_at IS NOT NULL AND state IN ('CANCELED', 'SKIPPED') AND child_id IS NOT NULL"
    for run in runs.read(execution_id, owing):
        pay(driver, run)


def pay(driver: Driver, run: RunRow) -> None:
    """A canceled run is due: its child must end, also one that is only just being started."""
    parent = execution_store.read(run.execution_id)
    if end_child(driver, run, parent.reason if parent else None) or _is_late(run):
        if run.seq < 0:  # set aside for this alone
            runs.delete([run.id])
        else:
            due.put_off(run.id, run.revision, None)
    else:
        due.put_off(run.id, run.revision, now() + _LOOK_AGAIN)


def _is_late(run: RunRow) -> bool:
    ended: datetime = run.ended_at or run.updated_at
    return now() - ended > _LATE_START


def end_child(driver: Driver, run: RunRow, reason: str | None) -> bool:
    """Ends a run's child execution; False if there is none (yet)."""
    assert run.child_id is not None
    event = Terminated(reason=PARENT_ENDED.format(reason or ""))
    return driver.decide(run.child_id, event) is not None


def settle(driver: Driver, execution: ExecutionRow) -> None:
    """An execution has ended and owes something: tells its parent, starts its failure workflow, or is to go."""
    revision = execution.revision
    if execution.failure_execution_id is not None:
        problem = _compensate(driver, execution)
        if problem is not None:
            revision = _note_problem(execution, problem)
    if execution.parent_run_id is not None and execution.parent_id is not None:
        _tell_parent(driver, execution)
    if execution.state == ExecutionState.COMPLETED and catalog.graph(execution.version_id).forgets_success:
        execution_store.delete(execution.id, revision)
        return
    execution_store.settle_debts(execution.id, revision)


def revive_parent(driver: Driver, child: ExecutionRow) -> None:
    """An operator has revived a child execution: its parent, if it has ended over it, goes on as well."""
    if child.parent_id is not None and child.parent_run_id is not None:  # (a removed parent is None)
        with suppress(execution_store.Archived):  # who has put the parent away does not want it back
            driver.decide(child.parent_id, ChildRevived(child.parent_run_id, child.id))
    driver.decide(child.id, ExecutionDue())  # that is paid


def _tell_parent(driver: Driver, child: ExecutionRow) -> None:
    assert child.parent_id is not None
    assert child.parent_run_id is not None
    run = runs.find(child.parent_run_id)
    if run is None or run.ended or run.runs_on != RunsOn.CHILD or run.child_id != child.id:
        return
    node = node_of(run)
    result = task_types.find(node.type, node.name).child_ended(child)
    driver.decide(child.parent_id, Finished(run.id, result), hint=transact.Hint.of(run))


def _compensate(driver: Driver, execution: ExecutionRow) -> str | None:
    """Starts the failure workflow; or says why not."""
    graph = catalog.graph(execution.version_id)
    name = _failure_workflow(graph.failure_workflow or "", execution)
    found = catalog.Catalog().find(execution.format, name, graph.failure_workflow_version)
    if found is None:
        return f"Error workflow {name} failed to start.  reason: there is no such workflow"
    if found.name == execution.name and execution.attributes.value.get("compensates"):
        return f"Error workflow {name} failed to start.  reason: it has just failed itself"
    request = NewExecution(
        version_id=found.id,
        format=found.format,
        name=found.name,
        number=found.number,
        id=execution.failure_execution_id,
        input=hooks.failure_input(execution),
        correlation_id=execution.correlation_id,
        settings={k: v for k, v in execution.settings.value.items() if k == "domains"},
        attributes={"compensates": execution.id},
    )
    try:
        driver.begin(request)
    except InputRefused as error:
        return f"Error workflow {name} failed to start.  reason: {error}"
    return None


def _failure_workflow(name: str, execution: ExecutionRow) -> str:
    """The name itself, or the input that it points to: ``$input.key``."""
    if not name.startswith("$input."):
        return name
    return str(execution.input.value.get(name.removeprefix("$input."), ""))


def _note_problem(execution: ExecutionRow, problem: str) -> int:
    """Keeps the reason in the execution's memo; gives the execution's revision."""
    logger.warning("execution %s: %s", execution.id, problem)
    with transaction.atomic():
        row = execution_store.lock(execution.id, 0, now())
        if row is None:
            return execution.revision
        noted = copy(row)
        noted.memo = Doc({**row.memo.value, "compensation": problem})
        execution_store.update(row, noted)
    return row.revision

"""The beginning of executions: new ones, several at once, those that had to wait for room, and ended ones anew."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import datetime
from typing import Any

from django.db import transaction

from executions.clock import now
from executions.engine import admission, transact
from executions.engine.decide import decide
from executions.engine.decision import Decision
from executions.engine.events import Event, Started
from executions.engine.new_execution import CHILDREN, InputRefused, NewExecution
from executions.engine.polling import active_domain
from executions.engine.refusals import STILL_RUNNING
from executions.engine.reviving import REVIVE_PARENT
from executions.engine.rows import EMPTY, Doc, ExecutionRow, RunRow
from executions.engine.snapshot import Probe, Snapshot
from executions.engine.toolbox import Toolbox
from executions.engine.tools import Claimer
from executions.ids import new_id
from executions.states import ExecutionState
from executions.store import admissions, cache, logs, outbox, runs
from executions.store import executions as execution_store
from workflows_app import catalog
from workflows_app.catalog import Found
from workflows_app.graph.analysis import analyse
from workflows_app.graph.model import Graph


def start(request: NewExecution, *, claimer: Claimer | None = None) -> Decision | None:
    """Creates an execution and decides its beginning. None: an execution of that id was there already.

    Raises IntegrityError when the idempotency key is taken, InputRefused for an input against the version's schema, or
    one with which the variables of a workflow that breaks off over that cannot be evaluated,
    NotAdmitted when there is no room for another one.
    """
    graph = catalog.graph(request.version_id)
    moment = now()
    row = new_row(request, graph, moment)
    tools = Toolbox(locked=False, active_domain=active_domain)
    key = admission.key_of(graph, row, tools, moment)
    if graph.input_schema is not None:
        problem = tools.schema_problem(graph.input_schema, row.input.value)
        if problem is not None:
            raise InputRefused(f"The input is not as its schema wants it: {problem}")
    # nobody knows the execution yet: there is nothing to lock, and nothing to load
    decision = decide(graph, _Nothing(execution=row), Started(), moment, tools, claimer)
    if graph.broken_ends and graph.variables is not None and decision.execution.ended and not decision.runs:
        raise InputRefused(decision.execution.reason or "The variables of the workflow cannot be evaluated")
    decision.execution.revision = 1
    for run in decision.runs:
        assert run.stored < 0

    def begin() -> Decision | None:
        if not execution_store.insert(decision.execution):
            return None
        if decision.runs:
            runs.write(decision.runs)
        transact.forget(decision)
        transact.hand_on(decision, moment)
        return decision

    if key is None:
        return transact.insist(lambda _: begin(), tools)
    decision.execution.settings = Doc({**row.settings.value, "admission": key})
    return transact.insist(lambda _: admission.start(key, graph, row, request, moment, begin), tools)


def start_all(requests: Sequence[NewExecution], *, claimer: Claimer | None = None) -> list[Decision]:
    """Creates several executions in one transaction, and decides the beginning of each: all of them, or none.

    Raises Conflict when there is an execution of one of the ids already, IntegrityError when a key is taken. Not for
    definitions of which only so many executions run at a time.
    """
    moment = now()
    tools = Toolbox(locked=False, active_domain=active_domain)
    look = catalog.Catalog()
    definitions = {v: look.task_definitions(catalog.task_names(v)) for v in {r.version_id for r in requests}}
    decisions = []
    for request in requests:
        graph = catalog.graph(request.version_id)
        assert graph.admission is None
        row = new_row(request, graph, moment, definitions[request.version_id])
        decision = decide(graph, _Nothing(execution=row), Started(), moment, tools, claimer)
        decision.execution.revision = 1
        decisions.append(decision)

    def begin() -> list[Decision]:
        execution_store.insert_all([d.execution for d in decisions])
        runs.write([run for d in decisions for run in d.runs])
        for decision in decisions:
            transact.forget(decision)
        logs.add([line for d in decisions for line in d.logs], moment)
        outbox.add([message for d in decisions for message in d.messages], moment)
        return decisions

    return transact.insist(lambda _: begin(), tools)


def admit(key: str, *, claimer: Claimer | None = None) -> Decision | None:
    """Lets the next execution begin that waits under an admission key; None if there is none, or no room."""
    tools = Toolbox(locked=True, active_domain=active_domain)
    found: list[Decision] = []

    def apply(execution_id: str, event: Event) -> Decision | None:
        decision = transact.locked(execution_id, event, tools, claimer, None, None)
        found[:] = [decision] if decision else []
        return decision

    return found[0] if transact.insist(lambda _: admission.admit_next(key, apply), tools) else None


def restart(
    execution_id: str,
    version: Found | None,
    *,
    input: Mapping[str, Any] | None = None,
    correlation_id: str | None = None,
    claimer: Claimer | None = None,
) -> Decision | None:
    """Begins an ended execution anew: same id, all task runs deleted. None: there is no such execution.

    ``version`` replaces the version it ran; None keeps that, and the task definitions it knew. ``input`` and
    ``correlation_id`` replace what it was started with.
    """
    tools = Toolbox(locked=True, active_domain=active_domain)

    def attempt(_: int) -> Decision | None:
        moment = now()
        row = execution_store.lock(execution_id, 0, moment)
        if row is None or not row.ended:
            transaction.set_rollback(True)
            return None if row is None else Decision(execution=row, refused=STILL_RUNNING)
        fresh = _begun_anew(row, version, moment)
        if input is not None:
            fresh.input = Doc(dict(input))
        fresh.correlation_id = correlation_id or row.correlation_id
        graph = catalog.graph(fresh.version_id)
        decision = decide(graph, _Nothing(execution=fresh), Started(), moment, tools, claimer)
        decision.reopening = True
        decision.execution_changed = True
        runs.delete_all(execution_id, row.epoch)
        if row.memo.value.get("held"):
            admissions.begin(execution_id)
        transact.write(row, 0, decision, moment)
        return decision

    return transact.insist(attempt, tools)


def _begun_anew(row: ExecutionRow, version: Found | None, moment: datetime) -> ExecutionRow:
    fresh = replace(
        row,
        state=ExecutionState.RUNNING,
        epoch=row.epoch + 1,
        next_seq=0,
        created_at=moment,
        updated_at=moment,
        retried_at=None,
        ended_at=None,
        deadline_at=None,
        due_at=None,
        reason=None,
        failed_refs=None,
        failure_execution_id=None,
        memo=Doc({REVIVE_PARENT: True}) if row.parent_run_id else EMPTY,
        output=EMPTY,
        variables=EMPTY,
    )
    if version is not None:
        fresh.version_id, fresh.number = version.id, version.number
        look = catalog.Catalog()
        fresh.task_definitions = _doc(look.task_definitions(catalog.task_names(version.id)))
        fresh.settings = _doc(_with_children(row.settings.value, row.format, catalog.graph(version.id), look))
    return fresh


def new_row(
    request: NewExecution, graph: Graph, moment: datetime, definitions: Mapping[str, int] | None = None
) -> ExecutionRow:
    """The row of an execution that is about to begin: its input with defaults, the task definitions of this moment.

    ``definitions``: these, where they are known already.
    """
    given = dict(request.input)
    for key, value in graph.input_defaults.items():
        if key not in given or (given[key] is None and not graph.keeps_null):
            given[key] = value
    look = None
    if definitions is None:
        look = catalog.Catalog()
        definitions = look.task_definitions(catalog.task_names(request.version_id))
    execution_id = request.id or new_id()
    return ExecutionRow(
        id=execution_id,
        version_id=request.version_id,
        format=request.format,
        name=request.name,
        number=request.number,
        priority=request.priority,
        correlation_id=request.correlation_id,
        idempotency_key=request.idempotency_key,
        parent_id=request.parent_id,
        parent_run_id=request.parent_run_id,
        root_id=request.root_id or execution_id,
        created_at=moment,
        updated_at=moment,
        task_definitions=_doc(definitions),
        settings=_doc(_with_children(request.settings, request.format, graph, look)),
        attributes=_doc(request.attributes),
        input=_doc(given),
    )


def _with_children(
    settings: Mapping[str, Any], format: str, graph: Graph, look: catalog.Catalog | None
) -> Mapping[str, Any]:
    """The settings with what the latest version of each child workflow is at this moment: it stays that."""
    names = analyse(graph).children
    if not names and CHILDREN not in settings:
        return settings
    kept = {name: value for name, value in settings.items() if name != CHILDREN}
    found = (look or catalog.Catalog()).latest(format, names)
    return {**kept, CHILDREN: found} if found else kept


def _doc(value: object) -> Doc:
    return Doc(value) if value else EMPTY


class _Nothing(Snapshot):
    """The snapshot of an execution that does not exist yet: it holds no rows, for certain."""

    def run(self, run_id: str) -> RunRow | None:
        return None

    def require(self, refs: frozenset[str]) -> None:
        pass

    def latest_of(self, ref: str) -> RunRow | None:
        return None

    def runs_at(self, path: str, refs: frozenset[str]) -> dict[str, RunRow]:
        return {}

    def cached_output(self, key: str) -> Doc | None:
        if key not in self.cached:
            self.cached[key] = cache.read([key], now()).get(key)
        return self.cached[key]

    def probe(self, scope_id: str, beside: frozenset[str]) -> Probe:
        return Probe(active=False)

    def everything(self) -> list[RunRow]:
        return []

    def last_run(self) -> RunRow | None:
        return None

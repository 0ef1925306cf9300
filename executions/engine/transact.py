"""The shell around the core: lock, load, decide, write, in one transaction.

Everything here may be killed between any two lines. Before the commit nothing has happened; after it the rows say
what is owed (``due_at``), and whoever comes next finds it there.
"""

from __future__ import annotations

import random
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from typing import Any, TypeVar

from django.db import OperationalError, transaction

from executions.engine import admission
from executions.engine.cutting import Cut, cut
from executions.engine.decide import decide
from executions.engine.decision import Decision
from executions.engine.events import Event, Finished, Jumped, Rerun, Started
from executions.engine.new_execution import CHILDREN, InputRefused, NewExecution
from executions.engine.place import item_index
from executions.engine.polling import active_domain
from executions.engine.refusals import STILL_RUNNING
from executions.engine.reviving import REVIVE_PARENT
from executions.engine.rows import EMPTY, Doc, ExecutionRow, RunRow
from executions.engine.snapshot import Missing, Needs, Probe, Snapshot
from executions.engine.toolbox import Toolbox, TooSlow
from executions.engine.tools import Claimer
from executions.ids import new_id, run_id
from executions.states import ExecutionState
from executions.store import admissions, cache, logs, outbox, runs
from executions.store import executions as execution_store
from executions.store.executions import Conflict
from workflows_app import catalog
from workflows_app.catalog import Found
from workflows_app.graph.analysis import analyse
from workflows_app.graph.model import Graph

# A conflict or a busy database is tried again so often before it is somebody's problem.
TRIES = 8
# The core may ask for more rows so often; each time it has read more of the graph.
ROUNDS = 50

T = TypeVar("T")


@dataclass(frozen=True, slots=True, kw_only=True)
class Rewind:
    """A request to go on at a task: at the run ``run_id`` of an ended execution, or at the node ``ref`` of one that
    runs. ``input``: see ``Rerun`` and ``Jumped``."""

    run_id: str | None = None
    ref: str | None = None
    input: Mapping[str, Any] | None = None
    execution_input: Mapping[str, Any] | None = None
    correlation_id: str | None = None

    def target(self, everything: Sequence[RunRow]) -> RunRow | None:
        """The run to go back to; None if there is none."""
        if self.run_id is not None:
            return next((run for run in everything if run.id == self.run_id), None)
        found = [run for run in everything if run.ref == self.ref and run.path == ""]
        return found[-1] if found else None

    def event(self, found: Cut | None) -> Event:
        if self.run_id is not None:
            cut = found or Cut(0)
            return Rerun(self.run_id, cut, self.input, self.execution_input, self.correlation_id)
        return Jumped(self.ref or "", found, self.input)


def now() -> datetime:
    return datetime.now(UTC)


@dataclass(frozen=True, slots=True)
class Hint:
    """What is known of a task run without reading it: enough to load the right rows along with it."""

    version_id: int
    ref: str
    path: str
    scope_id: str
    in_fragment: bool

    @classmethod
    def of(cls, run: RunRow) -> Hint:
        return cls(run.version_id, run.ref, run.path, run.scope_id, run.fragment is not None)


def apply(
    execution_id: str,
    event: Event,
    *,
    claimer: Claimer | None = None,
    run: RunRow | None = None,
    hint: Hint | None = None,
) -> Decision | None:
    """Applies an event to an execution; None if there is no such execution.

    ``run``: the claimed run that the event is about, as the claim gave it. It is not read again: the write is
    guarded by its revision. ``hint``: what is known of the run otherwise.
    A decision that is ``refused`` has changed nothing.
    """
    tools = Toolbox(locked=True, active_domain=active_domain)
    hint = hint or (Hint.of(run) if run else None)

    def attempt(number: int) -> Decision | None:
        # after a conflict the claimed row is not what it was: read it
        return _locked(execution_id, event, tools, claimer, run if number == 0 else None, hint)

    return _insist(attempt, tools)


def _insist(attempt: Callable[[int], T], tools: Toolbox) -> T:
    """Tries a transaction again after a conflict, after a slow script, and while the database is busy."""
    for number in range(TRIES):
        try:
            with transaction.atomic():
                return attempt(number)
        except TooSlow as slow:
            tools.learn(slow)
        except Conflict:
            if number == TRIES - 1:
                raise
        except OperationalError as error:
            if number == TRIES - 1 or not _passes(error):
                raise
            time.sleep(random.uniform(0, 0.05 * 2**number))  # noqa: S311
    raise Conflict("a script was too slow in every attempt")


def _passes(error: OperationalError) -> bool:
    """A busy SQLite, a deadlock or a lock timeout: somebody else goes first."""
    text = str(error).lower()
    return "locked" in text or "deadlock" in text or "lock timeout" in text


def _locked(
    execution_id: str,
    event: Event,
    tools: Toolbox,
    claimer: Claimer | None,
    run: RunRow | None,
    hint: Hint | None,
) -> Decision | None:
    moment = now()
    reserved = 1
    if hint is not None and not hint.in_fragment:
        reserved = analyse(catalog.graph(hint.version_id)).ahead(hint.ref).rows
    row = execution_store.lock(execution_id, reserved, moment)
    if row is None:
        return None
    graph = catalog.graph(row.version_id)
    snapshot = Snapshot(execution=row)
    if run is not None and run.id == run_id(row.id, row.epoch, run.ref, run.path, run.attempt):
        snapshot.runs[run.id] = run
    else:  # made before an operator took the execution back, if at all: it may have been deleted since
        run = None
    first = _ahead(graph, event, run, hint)
    if first:
        runs.load(snapshot, first)
    decision = _decide(graph, snapshot, event, moment, tools, claimer)
    if decision.refused is None:
        _write(row, reserved, decision, moment)
    else:
        transaction.set_rollback(True)  # the lock has written too
    return decision


def _ahead(graph: Graph, event: Event, run: RunRow | None, hint: Hint | None) -> Needs:
    """What the decision will read, as far as that can be told: one statement instead of several."""
    ids: set[str] = set()
    if run is None and (named := getattr(event, "run_id", None)) is not None:
        ids.add(named)
    if hint is None or not isinstance(event, Finished):
        return Needs(ids=frozenset(ids))
    analysis = analyse(graph)
    ahead = analysis.ahead(hint.ref)
    if item_index(hint.path) is not None:
        own = frozenset({event.run_id})
        return Needs(ids=frozenset(ids | {hint.scope_id}), held=frozenset({(hint.scope_id, own)}))
    node = graph.nodes.get(hint.ref)
    if node is not None and node.scope is not None and not node.edges:
        ids.add(hint.scope_id)
    return Needs(
        ids=frozenset(ids),
        refs=ahead.refs | frozenset(ahead.joins),
        joins=frozenset((ref, hint.path, over) for ref, over in ahead.joins.items() if over),
    )


def _decide(
    graph: Graph,
    snapshot: Snapshot,
    event: Event,
    moment: datetime,
    tools: Toolbox,
    claimer: Claimer | None,
) -> Decision:
    for _ in range(ROUNDS):
        try:
            return decide(graph, snapshot, event, moment, tools, claimer)
        except Missing as missing:
            _load(snapshot, missing.needs, moment)
    raise AssertionError(f"{event} keeps asking for more rows")


def _load(snapshot: Snapshot, needs: Needs, moment: datetime) -> None:
    if needs.cached:
        kept = cache.read(needs.cached, moment)
        snapshot.cached.update({key: kept.get(key) for key in needs.cached})
    runs.load(snapshot, needs)


def _hand_on(decision: Decision, moment: datetime) -> None:
    """What is neither the execution nor a task run, in the same transaction."""
    if decision.logs:
        logs.add(decision.logs, moment)
    if decision.messages:
        outbox.add(decision.messages, moment)
    if decision.cached:
        cache.put(decision.cached)


def _forget(decision: Decision) -> None:
    """Deletes what loops do not keep, once everything is written: they may have gone round several times at once."""
    for iteration in decision.forget:
        runs.forget(decision.execution.id, iteration)


def _write(old: ExecutionRow, reserved: int, decision: Decision, moment: datetime) -> None:
    new = decision.execution
    if decision.runs:
        runs.write(decision.runs, reopening=decision.reopening)
    _forget(decision)
    if decision.cancel_others is not None:
        runs.cancel_others(new.id, [r.id for r in decision.runs], moment)
    if decision.execution_changed or new.next_seq > old.next_seq + reserved:
        execution_store.update(old, new, reopening=decision.reopening)
    _hand_on(decision, moment)


def start(request: NewExecution, *, claimer: Claimer | None = None) -> Decision | None:
    """Creates an execution and decides its beginning. None: an execution of that id was there already.

    Raises IntegrityError when the idempotency key is taken, InputRefused for an input against the version's schema,
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
    decision.execution.revision = 1
    for run in decision.runs:
        assert run.stored < 0

    def begin() -> Decision | None:
        if not execution_store.insert(decision.execution):
            return None
        if decision.runs:
            runs.write(decision.runs)
        _forget(decision)
        _hand_on(decision, moment)
        return decision

    if key is None:
        return _insist(lambda _: begin(), tools)
    decision.execution.settings = Doc({**row.settings.value, "admission": key})
    return _insist(lambda _: admission.start(key, graph, row, request, moment, begin), tools)


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
            _forget(decision)
        logs.add([line for d in decisions for line in d.logs], moment)
        outbox.add([message for d in decisions for message in d.messages], moment)
        return decisions

    return _insist(lambda _: begin(), tools)


def admit(key: str, *, claimer: Claimer | None = None) -> Decision | None:
    """Lets the next execution begin that waits under an admission key; None if there is none, or no room."""
    tools = Toolbox(locked=True, active_domain=active_domain)
    found: list[Decision] = []

    def apply(execution_id: str, event: Event) -> Decision | None:
        decision = _locked(execution_id, event, tools, claimer, None, None)
        found[:] = [decision] if decision else []
        return decision

    return found[0] if _insist(lambda _: admission.admit_next(key, apply), tools) else None


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
        _write(row, 0, decision, moment)
        return decision

    return _insist(attempt, tools)


def rerun(execution_id: str, request: Rewind, *, claimer: Claimer | None = None) -> Decision | None:
    """Takes an ended execution back to a task run, or has a running one jump to a node: what followed from it is
    deleted first. None: there is no such execution.

    What waits for a child to end, or to be ended, is put aside instead of deleted: it still owes that.
    """
    tools = Toolbox(locked=True, active_domain=active_domain)

    def attempt(_: int) -> Decision | None:
        moment = now()
        row = execution_store.lock(execution_id, 0, moment)
        if row is None:
            return None
        graph = catalog.graph(row.version_id)
        everything = runs.read(execution_id)
        target = request.target(everything)
        found = Cut(row.epoch)
        if target is not None:
            found = cut(graph, everything, target, row.epoch + 1)
            aside = [r.id for r in found.gone if r.child_id and (not r.ended or r.due_at)]
            runs.set_aside(aside, row.epoch, moment)
            runs.delete([r.id for r in found.gone if r.id not in aside])
        gone = {r.id for r in found.gone}
        kept = [r for r in everything if r.id not in gone]
        snapshot = Snapshot(execution=row, all=kept, runs={request.run_id or "": None, **{r.id: r for r in kept}})
        event = request.event(found if target is not None else None)
        decision = _decide(graph, snapshot, event, moment, tools, claimer)
        if decision.refused is not None:
            transaction.set_rollback(True)
        else:
            _write(row, 0, decision, moment)
        return decision

    return _insist(attempt, tools)


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
        fresh.settings = _doc(_with_children(row.settings.value, row.format, version.id, look))
    return fresh


def new_row(
    request: NewExecution, graph: Graph, moment: datetime, definitions: Mapping[str, int] | None = None
) -> ExecutionRow:
    """The row of an execution that is about to begin: its input with defaults, the task definitions of this moment.

    ``definitions``: these, where they are known already.
    """
    given = dict(request.input)
    for key, value in graph.input_defaults.items():
        if given.get(key) is None:
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
        settings=_doc(_with_children(request.settings, request.format, request.version_id, look)),
        attributes=_doc(request.attributes),
        input=_doc(given),
    )


def _with_children(
    settings: Mapping[str, Any], format: str, version_id: int, look: catalog.Catalog | None
) -> Mapping[str, Any]:
    """The settings with what the latest version of each child workflow is at this moment: it stays that."""
    names = catalog.child_names(version_id)
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

"""The shell around the core: lock, load, decide, write, in one transaction.

Everything here may be killed between any two lines. Before the commit nothing has happened; after it the rows say
what is owed (``due_at``), and whoever comes next finds it there.
"""

from __future__ import annotations

import random
import time
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from typing import TypeVar

from django.db import OperationalError, transaction

from executions.clock import now
from executions.engine.decide import decide
from executions.engine.decision import Decision
from executions.engine.events import Event, Finished
from executions.engine.place import item_index
from executions.engine.polling import active_domain
from executions.engine.rows import ExecutionRow, RunRow
from executions.engine.snapshot import Missing, Needs, Snapshot
from executions.engine.toolbox import Toolbox, TooSlow
from executions.engine.tools import Claimer
from executions.ids import run_id
from executions.store import cache, logs, outbox, runs
from executions.store import executions as execution_store
from executions.store.executions import Conflict
from workflows_app import catalog
from workflows_app.graph.analysis import analyse
from workflows_app.graph.model import Graph

# A conflict or a busy database is tried again so often before it is somebody's problem.
TRIES = 8
# The core may ask for more rows so often; each time it has read more of the graph.
ROUNDS = 50

T = TypeVar("T")


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
        return locked(execution_id, event, tools, claimer, run if number == 0 else None, hint)

    return insist(attempt, tools)


def insist(attempt: Callable[[int], T], tools: Toolbox) -> T:
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


def locked(
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
    decision = decided(graph, snapshot, event, moment, tools, claimer)
    if decision.refused is None:
        write(row, reserved, decision, moment)
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


def decided(
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


def hand_on(decision: Decision, moment: datetime) -> None:
    """What is neither the execution nor a task run, in the same transaction."""
    if decision.logs:
        logs.add(decision.logs, moment)
    if decision.messages:
        outbox.add(decision.messages, moment)
    if decision.cached:
        cache.put(decision.cached)


def forget(decision: Decision) -> None:
    """Deletes what loops do not keep, once everything is written: they may have gone round several times at once."""
    for iteration in decision.forget:
        runs.forget(decision.execution.id, iteration)


def write(old: ExecutionRow, reserved: int, decision: Decision, moment: datetime) -> None:
    new = decision.execution
    if decision.runs:
        runs.write(decision.runs, reopening=decision.reopening)
    forget(decision)
    if decision.cancel_others is not None:
        runs.cancel_others(new.id, [r.id for r in decision.runs], moment)
    if decision.execution_changed or new.next_seq > old.next_seq + reserved:
        execution_store.update(old, new, reopening=decision.reopening)
    hand_on(decision, moment)

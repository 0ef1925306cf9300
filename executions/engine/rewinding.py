"""Taking an execution back to a task, or on to one: what followed from it is deleted first."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.db import transaction

from executions.clock import now
from executions.engine import transact
from executions.engine.cutting import Cut, cut
from executions.engine.decision import Decision
from executions.engine.events import Event, Jumped, Rerun
from executions.engine.polling import active_domain
from executions.engine.rows import RunRow
from executions.engine.snapshot import Snapshot
from executions.engine.toolbox import Toolbox
from executions.engine.tools import Claimer
from executions.ids import new_id
from executions.states import RunState
from executions.store import executions as execution_store
from executions.store import runs
from workflows_app import catalog


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
            aside = [r.id for r in found.gone if _owes(r)]
            runs.set_aside(aside, row.epoch, moment)
            runs.delete([r.id for r in found.gone if r.id not in aside])
            stays = [r for r in everything if r.id == target.id or r.id in found.joins]
            runs.write([_debt(r, row.epoch, moment) for r in stays if _owes(r)])
        gone = {r.id for r in found.gone}
        kept = [r for r in everything if r.id not in gone]
        snapshot = Snapshot(execution=row, all=kept, runs={request.run_id or "": None, **{r.id: r for r in kept}})
        event = request.event(found if target is not None else None)
        decision = transact.decided(graph, snapshot, event, moment, tools, claimer)
        if decision.refused is not None:
            transaction.set_rollback(True)
        else:
            transact.write(row, 0, decision, moment)
        return decision

    return transact.insist(attempt, tools)


def _owes(run: RunRow) -> bool:
    """Whether a child execution still runs for this run, or is still to be ended."""
    return run.child_id is not None and (not run.ended or run.due_at is not None)


def _debt(run: RunRow, epoch: int, moment: datetime) -> RunRow:
    """What a run owes that begins again in its own row: another row out of the flow's way, as ``set_aside`` makes."""
    left = run.copy()
    left.id = new_id()
    left.path, left.seq = f"{run.path}!{epoch}", -abs(run.seq)
    left.state, left.settled = RunState.CANCELED, True
    left.ended_at = run.ended_at or moment
    left.deadline_at, left.due_at = None, moment
    left.revision, left.stored, left.origin = 0, -1, None
    return left

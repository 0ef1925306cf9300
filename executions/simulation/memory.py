"""One execution's rows in a dict, loaded and written as the real store does it.

It loads exactly what the core asks for, so that a decision that reads what it did not ask for fails here too.
"""

from __future__ import annotations

from copy import copy
from datetime import datetime

from executions.engine.decide import decide
from executions.engine.decision import Decision
from executions.engine.events import Event
from executions.engine.place import item_index
from executions.engine.rows import ExecutionRow, RunRow
from executions.engine.snapshot import Missing, Needs, Probe, Snapshot
from executions.engine.tools import Claimer, Tools
from executions.states import RunState, execution_may_become, run_may_become
from workflows_app.graph.model import Graph

# The core may ask for more rows so often.
_ROUNDS = 50


class Memory:
    """``execution`` and ``rows`` (by id) are the truth; ``loads`` is what the core has asked for."""

    def __init__(self, graph: Graph, execution: ExecutionRow) -> None:
        self.graph = graph
        self.execution = execution
        self.rows: dict[str, RunRow] = {}
        self.loads: list[Needs] = []

    def decide(self, event: Event, now: datetime, tools: Tools, claimer: Claimer | None = None) -> Decision:
        """Decides, loading what is missing, and writes unless the event is refused."""
        snapshot = Snapshot(execution=copy(self.execution))
        for _ in range(_ROUNDS):
            try:
                decision = decide(self.graph, snapshot, event, now, tools, claimer)
            except Missing as missing:
                self.loads.append(missing.needs)
                self.load(snapshot, missing.needs)
                continue
            if decision.refused is None:
                self._write(decision, now)
            return decision
        raise AssertionError(f"{event} keeps asking for more rows")

    def in_order(self) -> list[RunRow]:
        return sorted(self.rows.values(), key=lambda r: r.seq)

    def load(self, snapshot: Snapshot, needs: Needs) -> None:
        rows = [r.copy() for r in self.in_order()]
        snapshot.cached.update(dict.fromkeys(needs.cached))  # nothing is kept, and nothing is taken from others
        for run_id in needs.ids:
            snapshot.runs[run_id] = next((r for r in rows if r.id == run_id), None)
        for ref in needs.refs:
            found = (r for r in reversed(rows) if r.ref == ref and item_index(r.path) is None)
            snapshot.latest[ref] = next(found, None)
        for path, refs in needs.branches:
            snapshot.branches[path, refs] = {r.ref: r for r in rows if r.ref in refs and r.path == path}
        for scope in needs.scopes:
            snapshot.scopes[scope] = [r for r in rows if r.scope_id == scope]
        for scope, beside in needs.held:
            waiting = [r for r in rows if r.scope_id == scope and r.state == RunState.WAITING and r.id not in beside]
            snapshot.held[scope, beside] = waiting[0] if waiting else None
        for scope, beside in needs.probes:
            others = [r for r in rows if r.scope_id == scope and not r.settled and r.id not in beside]
            active = any(r.state != RunState.WAITING for r in others)
            snapshot.probes[scope, beside] = Probe(active, () if active else tuple(others))
        if needs.unsettled:
            snapshot.unsettled = [r for r in rows if r.ended and not r.settled]
        if needs.last:
            snapshot.last = rows[-1] if rows else None
            snapshot.knows_last = True
        if needs.everything:
            snapshot.all = rows
            snapshot.runs.update({r.id: r for r in rows})
            snapshot.latest.update({r.ref: r for r in rows if item_index(r.path) is None})

    def _write(self, decision: Decision, now: datetime) -> None:
        reopening = decision.reopening
        assert execution_may_become(self.execution.state, decision.execution.state, reopening=reopening)
        seqs = [r.seq for r in decision.runs]
        assert len(set(seqs)) == len(seqs)
        for run in decision.runs:
            old = self.rows.get(run.id)
            assert run.revision == (0 if old is None else old.revision + 1), f"{run.ref} written twice"
            assert old is None or run_may_become(old.state, run.state, reopening=reopening), (
                f"{old.state} -> {run.state}"
            )
            stored = run.copy()
            stored.stored = stored.revision
            self.rows[run.id] = stored
        if decision.cancel_others is not None:
            self._cancel_others({r.id for r in decision.runs}, now)
        for body in decision.forget:
            for row in list(self.rows.values()):
                inside = row.ref in body.refs and row.path.startswith(body.path + ".")
                if inside or (row.scope_id == body.scope_id and row.path == body.path):
                    del self.rows[row.id]
        self.execution = copy(decision.execution)
        self.execution.revision += 1

    def _cancel_others(self, written: set[str], now: datetime) -> None:
        for other in self.rows.values():
            if other.id not in written and not other.settled:
                other.state = other.state if other.ended else RunState.CANCELED
                other.settled, other.ended_at, other.due_at = True, now, None
                other.revision += 1
                other.stored = other.revision

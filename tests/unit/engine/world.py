"""An engine in memory: the real core, a table of rows in a dict, and task types that are told what to do.

It loads exactly what the core asks for, so that a decision that reads what it did not ask for fails here too.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Mapping, Sequence
from copy import copy
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any

from executions.engine.decide import decide
from executions.engine.decision import Decision
from executions.engine.events import Event, Finished, Result, Started
from executions.engine.rows import Doc, ExecutionRow, RunRow
from executions.engine.snapshot import Missing, Needs, Probe, Snapshot
from executions.engine.tools import Branches, Claimer, Opening, Resolved, Task
from executions.ids import new_id
from executions.states import RUN_OPEN, RunsOn, RunState, execution_may_become, run_may_become
from workflows_app.expressions.base import Scope
from workflows_app.graph.codec import decode, encode
from workflows_app.graph.model import Graph, Kind, Node
from workflows_app.graph.template import Template
from workflows_app.policies import TaskPolicy

EPOCH = datetime(2026, 1, 1, tzinfo=UTC)


@dataclass
class Logic:
    """A task type for tests: pure functions given as attributes."""

    runs_on: RunsOn = RunsOn.SERVER
    computes: Callable[[Task], Result] = lambda task: Result(state=RunState.COMPLETED, output=dict(task.input))
    opens: Callable[[Task], Opening] = lambda task: Opening()
    branches: Callable[[Task], Branches] = lambda task: Branches()
    becomes: Callable[[Task], Resolved] = lambda task: Resolved()
    policy: TaskPolicy | None = None

    def compute(self, task: Task) -> Result:
        return self.computes(task)

    def open(self, task: Task) -> Opening:
        return self.opens(task)

    def fan_out(self, task: Task) -> Branches:
        return self.branches(task)

    def resolve(self, task: Task) -> Resolved:
        return self.becomes(task)

    def queue(self, name: str) -> str | None:
        return "default" if self.runs_on != RunsOn.WORKER else None


@dataclass
class World:
    """One execution of a graph. Expressions are Python callables named in ``functions``: language "call"."""

    graph: Graph
    types: dict[str, Logic] = field(default_factory=dict)
    functions: dict[str, Callable[[Scope], Any]] = field(default_factory=dict)
    scripts: dict[str, Callable[[Any], Any]] = field(default_factory=dict)
    definitions: dict[str, TaskPolicy] = field(default_factory=dict)
    input: Mapping[str, Any] = field(default_factory=dict)
    settings: Mapping[str, Any] = field(default_factory=dict)
    claimer: Claimer | None = None

    def __post_init__(self) -> None:
        self.graph = decode(encode(self.graph))  # every graph of the tests goes through its stored form
        self.now = EPOCH
        self.rows: dict[str, RunRow] = {}
        self.loads: list[Needs] = []
        self.execution = ExecutionRow(
            id=new_id(),
            version_id=1,
            name=self.graph.name,
            created_at=self.now,
            updated_at=self.now,
            input=Doc(dict(self.input)),
            settings=Doc(dict(self.settings)),
        )

    # ---- driving

    def start(self) -> World:
        self.apply(Started())
        return self

    def apply(self, event: Event) -> Decision:
        """Decides, loading what is missing, and writes under the same guards as the real store."""
        snapshot = Snapshot(execution=copy(self.execution))
        for _ in range(20):
            try:
                decision = decide(self.graph, snapshot, event, self.now, self, self.claimer)
            except Missing as missing:
                self.loads.append(missing.needs)
                self.load(snapshot, missing.needs)
                continue
            self.write(decision)
            return decision
        raise AssertionError("the core keeps asking")

    def finish(
        self,
        ref: str,
        output: Mapping[str, Any] | None = None,
        state: RunState = RunState.COMPLETED,
        reason: str | None = None,
        path: str | None = None,
    ) -> Decision:
        """Reports a result for the open run of ``ref``."""
        run = self.open_run(ref, path)
        return self.apply(Finished(run.id, Result(state=state, output=output or {}, reason=reason)))

    def fail(self, ref: str, reason: str = "broken", path: str | None = None) -> Decision:
        return self.finish(ref, state=RunState.FAILED, reason=reason, path=path)

    def later(self, seconds: float) -> None:
        self.now += timedelta(seconds=seconds)

    # ---- looking

    def open_run(self, ref: str, path: str | None = None) -> RunRow:
        found = [r for r in self.rows.values() if r.ref == ref and not r.ended and path in (None, r.path)]
        assert len(found) == 1, f"{len(found)} open runs of {ref}: {self.story()}"
        return found[0]

    def open_refs(self) -> list[str]:
        return [r.ref for r in self.in_order() if r.state in RUN_OPEN and r.state != RunState.WAITING]

    def in_order(self) -> list[RunRow]:
        return sorted(self.rows.values(), key=lambda r: r.seq)

    def story(self) -> list[str]:
        return [f"{r.ref}{r.path and ' ' + r.path} {r.state}" for r in self.in_order()]

    def run(self, ref: str, path: str = "") -> RunRow:
        return max((r for r in self.rows.values() if r.ref == ref and r.path == path), key=lambda r: r.attempt)

    @property
    def state(self) -> str:
        return self.execution.state

    @property
    def output(self) -> Any:
        return self.execution.output.value

    # ---- the store

    def load(self, snapshot: Snapshot, needs: Needs) -> None:
        rows = [r.copy() for r in self.in_order()]
        for run_id in needs.ids:
            snapshot.runs[run_id] = next((r for r in rows if r.id == run_id), None)
        for ref in needs.refs:
            snapshot.latest[ref] = next((r for r in reversed(rows) if r.ref == ref), None)
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
            snapshot.latest.update({r.ref: r for r in rows})

    def write(self, decision: Decision) -> None:
        if decision.refused is not None:
            return
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
            written = {r.id for r in decision.runs}
            for other in self.rows.values():
                if other.id not in written and not other.settled:
                    other.state = other.state if other.ended else RunState.CANCELED
                    other.settled, other.ended_at, other.due_at = True, self.now, None
                    other.revision += 1
                    other.stored = other.revision
        for body in decision.forget:
            for row in list(self.rows.values()):
                inside = row.ref in body.refs and row.path.startswith(body.path + ".")
                if inside or (row.scope_id == body.scope_id and row.path == body.path):
                    del self.rows[row.id]
        self.execution = copy(decision.execution)
        self.execution.revision += 1

    # ---- the tools

    def task_type(self, type_name: str, name: str) -> Logic:
        return self.types.get(type_name) or _DEFAULTS.get(type_name) or Logic(runs_on=RunsOn.WORKER)

    def evaluate(self, template: Template, scope: Scope) -> Any:
        return _resolve(template.value, self.functions, scope)

    def script(self, language: str, source: str, data: Any) -> Any:
        return self.scripts[source](data)

    def task_definition(self, execution: ExecutionRow, name: str, *, known: bool) -> int | None:
        return list(self.definitions).index(name) if name in self.definitions else None

    def policy(self, task_definition_id: int) -> TaskPolicy:
        return list(self.definitions.values())[task_definition_id]

    def domain(self, candidates: Sequence[str], name: str) -> str | None:
        return candidates[0]

    def random(self, key: str) -> float:
        return int.from_bytes(hashlib.sha256(key.encode()).digest()[:4], "big") / 2**32


_DEFAULTS = {
    "server": Logic(runs_on=RunsOn.SERVER),
    "worker": Logic(runs_on=RunsOn.WORKER),
    "wait": Logic(runs_on=RunsOn.NOBODY),
    "pass": Logic(),
    "choose": Logic(
        computes=lambda task: Result(state=RunState.COMPLETED, case=str(task.input["case"]), output=dict(task.input))
    ),
}


def _resolve(value: Any, functions: Mapping[str, Callable[[Scope], Any]], scope: Scope) -> Any:
    if isinstance(value, dict):
        if value.keys() == {"call"}:
            return functions[value["call"]](scope)
        return {k: _resolve(v, functions, scope) for k, v in value.items()}
    if isinstance(value, list):
        return [_resolve(v, functions, scope) for v in value]
    return value


def call(name: str, *reads: str, history: Sequence[str] = ()) -> Template:
    """A template whose value is what ``functions[name]`` gives."""
    return Template(language="call", value={"call": name}, reads=frozenset(reads), history=frozenset(history))


def task(ref: str, type: str = "worker", **fields: Any) -> Node:
    return Node(**{"ref": ref, "kind": Kind.TASK, "type": type, "name": ref, **fields})


def compute(ref: str, type: str = "pass", **fields: Any) -> Node:
    return Node(**{"ref": ref, "kind": Kind.COMPUTE, "type": type, "name": ref, **fields})


def graph(*nodes: Node, **fields: Any) -> Graph:
    return Graph(**{"name": "g", "nodes": {n.ref: n for n in nodes}, "entry": (nodes[0].ref,), **fields})

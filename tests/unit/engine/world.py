"""An engine in memory: the real core, a table of rows in a dict, and task types that are told what to do.

The rows are those of ``executions.simulation.memory``.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any

from executions.engine.decision import Decision
from executions.engine.events import Event, Finished, Result, Started
from executions.engine.rows import Doc, ExecutionRow, RunRow
from executions.engine.snapshot import Needs
from executions.engine.tools import Branches, Claimer, Opening, Resolved, Task
from executions.ids import new_id
from executions.simulation.memory import Memory
from executions.states import RUN_OPEN, RunsOn, RunState
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

    def queue_of(self, node: Node) -> str | None:
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
        execution = ExecutionRow(
            id=new_id(),
            version_id=1,
            name=self.graph.name,
            created_at=self.now,
            updated_at=self.now,
            input=Doc(dict(self.input)),
            settings=Doc(dict(self.settings)),
        )
        self.memory = Memory(self.graph, execution)

    @property
    def execution(self) -> ExecutionRow:
        return self.memory.execution

    @property
    def rows(self) -> dict[str, RunRow]:
        return self.memory.rows

    @property
    def loads(self) -> list[Needs]:
        return self.memory.loads

    # ---- driving

    def start(self) -> World:
        self.apply(Started())
        return self

    def apply(self, event: Event) -> Decision:
        return self.memory.decide(event, self.now, self, self.claimer)

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
        return self.memory.in_order()

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

    def schema_problem(self, schema: Any, document: Any) -> str | None:
        missing = [key for key in schema["required"] if key not in document]
        return f"missing: {missing}" if missing else None

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

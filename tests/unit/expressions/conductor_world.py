"""One execution as expressions see it, in memory."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from workflows_app.expressions.base import RunView
from workflows_app.expressions.conductor import LANGUAGE

INPUT: dict[str, Any] = {
    "i": 42,
    "f": 1.5,
    "t": True,
    "n": None,
    "s": "text",
    "key": "s",
    "path": "m.a",
    "l": [1, "two", None, {"k": [True]}],
    "m": {"a": {"b": [{"c": "deep"}, {"c": 2}]}, "a.b": 9, "with space": 7, "x-y": 8},
    "items": [{"p": 1, "n": "one"}, {"p": 2, "n": "two"}, {"p": 3, "n": "three"}],
    "tricky": "${workflow.workflowId}",
    "escaped": "a$${x}b",
    "braces": "}{",
    "unicode": "ü€😀",
}


@dataclass
class Run:
    """A task run that has ended well."""

    ref: str
    input: Any = field(default_factory=dict)
    output: Any = field(default_factory=dict)
    id: str = "run-1"
    execution_id: str = "wf-1"
    path: str = ""
    iteration: int = 0
    type: str = "SIMPLE"
    name: str = "charge_card"
    state: str = "COMPLETED"
    attempt: int = 0
    polls: int = 0
    worker: str | None = None
    reason: str | None = None
    callback_after: float = 0
    scheduled_at: datetime | None = None
    started_at: datetime | None = None
    ended_at: datetime | None = None


class World:
    """A scope of one execution. ``looked_up``: which runs were asked for."""

    def __init__(self, *runs: Run, run_id: str | None = "run-9", **execution: Any) -> None:
        self.execution: Mapping[str, Any] = {
            "id": "wf-1",
            "name": "orders",
            "number": 3,
            "state": "RUNNING",
            "reason": None,
            "correlation_id": None,
            "parent_id": None,
            "parent_run_id": None,
            "input": INPUT,
            "output": {},
            "variables": {"v": [1]},
            **execution,
        }
        self.run_id = run_id
        self.context: Mapping[str, Any] = {}
        self.locals: Mapping[str, Any] = {}
        self.looked_up: list[str] = []
        self._runs = {run.ref: run for run in runs}

    def run(self, ref: str) -> RunView | None:
        return self._find(ref)

    def run_input(self, ref: str) -> Any:
        found = self._find(ref)
        return found and found.input

    def run_output(self, ref: str) -> Any:
        found = self._find(ref)
        return found and found.output

    def _find(self, ref: str) -> Run | None:
        self.looked_up.append(ref)
        return self._runs.get(ref)


WORLD = World(Run("a", {"q": 1}, {"x": [1, 2], "o": {"k": "v"}}), Run("my-ref", {}, {"x": "dash"}))


def evaluate(value: Any, world: World = WORLD) -> Any:
    """What a template of Conductor's gives."""
    return LANGUAGE.compile(value).evaluate(world)

"""What expressions may read of an execution that is stored: for a worker that renders something while a task runs."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from executions.engine.rows import RunRow
from executions.store import executions, runs


class StoredScope:
    """The execution of a task run, and the latest runs of these refs. See ``workflows_app.expressions.base.Scope``."""

    def __init__(self, run: RunRow, refs: Iterable[str]) -> None:
        row = executions.read(run.execution_id)
        assert row is not None
        self.run_id: str | None = run.id
        self.context: Mapping[str, Any] = {}
        self.locals: Mapping[str, Any] = {}
        self.execution: Mapping[str, Any] = {"id": row.id, "name": row.name, "input": row.input.value}
        wanted = frozenset(refs)
        self._runs = {r.ref: r for r in runs.read(row.id) if r.ref in wanted} if wanted else {}

    def run(self, ref: str) -> RunRow | None:
        return self._runs.get(ref)

    def run_input(self, ref: str) -> Any:
        found = self._runs.get(ref)
        return found and found.input.value

    def run_output(self, ref: str) -> Any:
        found = self._runs.get(ref)
        return found and found.output.value

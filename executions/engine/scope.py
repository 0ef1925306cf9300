"""What expressions see while the core decides."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

from executions.engine import contexts
from executions.engine.place import item_index
from executions.engine.rows import Doc, ExecutionRow, RunRow
from executions.ids import run_id
from workflows_app.graph.model import Graph

if TYPE_CHECKING:
    from executions.engine.plan import Plan

NOTHING: Mapping[str, Any] = {}


class PlanScope:
    """A ``workflows_app.expressions.Scope`` on a plan."""

    def __init__(
        self,
        plan: Plan,
        *,
        run_id: str | None = None,
        context: Doc | None = None,
        locals: Mapping[str, Any] = NOTHING,
        history: frozenset[str] = frozenset(),
    ) -> None:
        self._plan = plan
        self._context = context
        self._history = history
        self.run_id = run_id
        self.locals = locals

    @property
    def context(self) -> Mapping[str, Any]:
        return contexts.visible(self._context)

    @property
    def current(self) -> RunRow | None:
        run = self._plan.run_by_id(self.run_id) if self.run_id else None
        if run is not None and item_index(run.path) is not None:
            return self._plan.run_by_id(run.scope_id)
        return run

    @property
    def definition(self) -> Graph:
        return self._plan.graph

    def place_id(self, run: RunRow) -> str:
        return run_id(run.execution_id, self._plan.execution.epoch, run.ref, run.path, 0)

    def runs(self) -> Sequence[RunRow]:
        return self._plan.latest_runs()

    def script(self, language: str, source: str, data: Any) -> Any:
        return self._plan.tools.script(language, source, data)

    @property
    def execution(self) -> Mapping[str, Any]:
        return ExecutionFields(self._plan.execution)

    def run(self, ref: str) -> RunRow | None:
        return self._plan.latest(ref)

    def run_input(self, ref: str) -> Any:
        run = self._plan.latest(ref)
        return run and run.input.value

    def run_output(self, ref: str) -> Any:
        run = self._plan.latest(ref)
        if run is None:
            return None
        if ref in self._history and not run.ended:
            from executions.engine import loops

            return loops.output_so_far(self._plan, run)
        return run.output.value


class ExecutionFields(Mapping[str, Any]):
    """The execution's fields by name; documents are parsed only when they are asked for."""

    _FIELDS = (
        "id",
        "name",
        "number",
        "state",
        "reason",
        "correlation_id",
        "parent_id",
        "parent_run_id",
        "root_id",
        "priority",
        "created_at",
        "updated_at",
    )
    _DOCUMENTS = ("input", "output", "variables", "settings")

    def __init__(self, row: ExecutionRow) -> None:
        self._row = row

    def __getitem__(self, key: str) -> Any:
        if key in self._DOCUMENTS:
            return getattr(self._row, key).value
        if key in self._FIELDS:
            return getattr(self._row, key)
        raise KeyError(key)

    def __iter__(self) -> Any:
        return iter(self._FIELDS + self._DOCUMENTS)

    def __len__(self) -> int:
        return len(self._FIELDS) + len(self._DOCUMENTS)

"""What expressions may read where there is no task run: an execution, and nothing else."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from executions.actions.placing import run_script
from workflows_app.expressions.base import RunView
from workflows_app.graph.model import Graph


class LoneScope:
    """A ``workflows_app.expressions.base.WholeScope`` without tasks. A subclass may know the definition."""

    run_id = None
    current = None
    locals: Mapping[str, Any] = {}
    context: Mapping[str, Any] = {}

    def __init__(self, execution: Mapping[str, Any]) -> None:
        self.execution = execution

    @property
    def definition(self) -> Graph:
        return Graph(name="", nodes={}, entry=())

    def place_id(self, run: RunView) -> str:
        return run.id

    def runs(self) -> Sequence[RunView]:
        return []

    def run(self, ref: str) -> RunView | None:
        return None

    def run_input(self, ref: str) -> Any:
        return None

    def run_output(self, ref: str) -> Any:
        return None

    def script(self, language: str, source: str, data: Any) -> Any:
        return run_script(language, source, data)

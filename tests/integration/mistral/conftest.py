"""Workflows in YAML on a real database, with a courier for Celery's messages."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest

from executions.engine.events import Result
from executions.engine.new_execution import NewExecution
from executions.engine.rows import ExecutionRow, RunRow
from executions.operations import report
from executions.starting import start
from executions.states import RunState
from executions.store import executions, runs
from tests.integration.conftest import Courier
from tests.integration.mistral.service import Service, serving
from workflows_app import catalog
from workflows_app.formats.mistral import drafts
from workflows_app.formats.mistral import start as starting
from workflows_app.registration import save


class Mistral:
    """Defines, starts and looks at workflows."""

    def __init__(self, courier: Courier) -> None:
        self.courier = courier

    def define(self, text: str) -> None:
        for draft in drafts.read_workflows(text):
            save(draft, overwrite=True)

    def define_actions(self, text: str) -> None:
        for draft in drafts.read_actions(text):
            save(draft, overwrite=True)

    def define_workbook(self, text: str) -> None:
        book = drafts.read_workbook(text)
        for draft in (book.draft, *book.actions, *book.workflows):
            save(draft, overwrite=True)

    def start(
        self,
        name: str,
        input: dict[str, Any] | None = None,
        params: dict[str, Any] | None = None,
        env: dict[str, Any] | None = None,
    ) -> str:
        found = starting.find(name)
        assert found is not None
        graph = catalog.graph(found.id)
        starting.check_input(graph, input or {})
        starting.check_params(graph, params or {})
        started = start(
            NewExecution(
                version_id=found.id,
                format=found.format,
                name=found.name,
                number=found.number,
                input=input or {},
                settings=starting.settings(graph, params or {}, env),
            )
        )
        assert started is not None
        self.courier.deliver()
        return started.id

    def run(self, text: str, input: dict[str, Any] | None = None, **more: Any) -> ExecutionRow:
        """Defines the workflow ``w`` of the text and runs it as far as it goes by itself."""
        self.define(text)
        return self.execution(self.start("w", input, **more))

    def execution(self, execution_id: str) -> ExecutionRow:
        found = executions.read(execution_id)
        assert found is not None
        return found

    def tasks(self, execution_id: str) -> dict[str, list[str]]:
        """The states of the last attempts at each task, by name."""
        last: dict[tuple[str, str], RunRow] = {}
        for run in runs.read(execution_id):
            if run.scope_id == execution_id:
                last[run.ref, run.path] = run
        found: dict[str, list[str]] = {}
        for (ref, _), run in last.items():
            found.setdefault(ref, []).append(run.state)
        return found

    def task(self, execution_id: str, ref: str) -> RunRow:
        return [r for r in runs.read(execution_id) if r.ref == ref and r.scope_id == execution_id][-1]

    def attempts(self, execution_id: str, ref: str) -> list[RunRow]:
        return [r for r in runs.read(execution_id) if r.ref == ref]

    def complete(self, execution_id: str, ref: str, result: Any = None, state: RunState = RunState.COMPLETED) -> None:
        """Pushes a result for the open run of an action."""
        (run,) = [r for r in runs.read(execution_id) if r.ref == ref and not r.ended]
        report(execution_id, run.id, Result(state=state, output={"result": result}))
        self.courier.deliver()


@pytest.fixture
def mistral(courier: Courier, db: None) -> Mistral:
    return Mistral(courier)


@pytest.fixture
def service() -> Iterator[Service]:
    with serving() as found:
        yield found

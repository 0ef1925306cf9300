"""A scope for Mistral's expressions in memory."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from typing import Any

from executions.engine.rows import Doc, RunRow
from workflows_app import expressions
from workflows_app.expressions import compile_template, evaluate
from workflows_app.expressions.base import ExpressionError
from workflows_app.graph.model import Graph, Items, Kind, Node
from workflows_app.graph.template import literal

AT = datetime(2026, 11, 21, 10, 0, tzinfo=UTC)


def run(ref: str, state: str = "COMPLETED", output: Any = None, **fields: Any) -> RunRow:
    return RunRow(
        id=f"id of {ref}",
        execution_id="e",
        version_id=1,
        scope_id="e",
        ref=ref,
        type="t",
        name=ref,
        state=state,
        scheduled_at=AT,
        first_scheduled_at=AT,
        updated_at=AT,
        output=Doc(output if output is not None else {}),
        **fields,
    )


class World:
    """``names`` is the context; ``rows`` are the tasks that have run, the last one of which is the current one."""

    run_id = None
    context: Mapping[str, Any] = {}
    scripts: list[str]

    def __init__(
        self,
        names: Mapping[str, Any] | None = None,
        rows: Sequence[RunRow] = (),
        env: Mapping[str, Any] | None = None,
        variables: Mapping[str, Any] | None = None,
        locals: Mapping[str, Any] | None = None,
        seconds: float = 2,
    ) -> None:
        self._rows = {row.ref: row for row in rows}
        self.current = rows[-1] if rows else None
        self.locals = locals or {}
        self.scripts = []
        self.seconds = seconds
        self.execution = {
            "id": "e",
            "name": "w",
            "variables": variables or {},
            "input": names or {},
            "settings": {"env": env or {}, "params": {"p": 1}},
            "created_at": AT,
            "updated_at": AT,
            "root_id": "e",
        }
        node = Node(ref="list", kind=Kind.TASK, type="t", name="list", items=Items(bindings=literal({})))
        self.definition = Graph(name="w", nodes={"list": node}, entry=("list",), options={"spec": {"type": "direct"}})

    def place_id(self, row: RunRow) -> str:
        return f"place of {row.ref}"

    def runs(self) -> list[RunRow]:
        return list(self._rows.values())

    def run(self, ref: str) -> RunRow | None:
        return self._rows.get(ref)

    def script(self, language: str, source: str, data: Any) -> Any:
        self.scripts.append(source)
        return expressions.script(language).run(source, data, self.seconds)


def value(expression: Any, world: World | None = None) -> Any:
    """What a value with expressions gives."""
    return evaluate(compile_template("mistral", expression), world or World())  # type: ignore[arg-type]


def problem(expression: Any, world: World | None = None) -> str:
    """Why it gives nothing."""
    try:
        found = value(expression, world)
    except ExpressionError as error:
        return str(error)
    raise AssertionError(f"{expression!r} gives {found!r}")

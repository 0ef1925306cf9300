"""The real tools of the core: registered task types, expression languages, the catalog."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from hashlib import blake2b
from typing import Any

from executions import task_types
from executions.engine.rows import ExecutionRow
from executions.engine.tools import TaskLogic
from workflows_app import catalog, expressions
from workflows_app.expressions.base import Scope, ScriptTimeout
from workflows_app.graph.template import Template
from workflows_app.json_text import dumps
from workflows_app.policies import TaskPolicy
from workflows_app.schemas import checking

# Seconds a script may take while the execution is locked, and at all.
PATIENCE_LOCKED = 0.05
PATIENCE = 4.0

ActiveDomain = Callable[[Sequence[str], str], str | None]


class TooSlow(Exception):
    """A script takes too long for a transaction; run it outside and decide again."""

    def __init__(self, language: str, source: str, data: Any) -> None:
        super().__init__(language)
        self.arguments = (language, source, data)


class Toolbox:
    """See ``executions.engine.tools.Tools``. One per event: what a script gave once, it gives again."""

    def __init__(self, *, locked: bool, active_domain: ActiveDomain) -> None:
        self._locked = locked
        self._active_domain = active_domain
        self._results: dict[tuple[str, str, str], Any] = {}

    def task_type(self, type_name: str, name: str) -> TaskLogic:
        return task_types.find(type_name, name)

    def evaluate(self, template: Template, scope: Scope) -> Any:
        return expressions.evaluate(template, scope)

    def script(self, language: str, source: str, data: Any) -> Any:
        key = (language, source, dumps(data))
        if key in self._results:
            result = self._results[key]
            if isinstance(result, Exception):
                raise result
            return result
        try:
            result = expressions.script(language).run(source, data, PATIENCE_LOCKED if self._locked else PATIENCE)
        except ScriptTimeout:
            if not self._locked:
                raise
            raise TooSlow(language, source, data) from None
        self._results[key] = result
        return result

    def learn(self, slow: TooSlow) -> None:
        """Runs a slow script outside of any transaction and keeps what came of it."""
        language, source, data = slow.arguments
        key = (language, source, dumps(data))
        try:
            self._results[key] = expressions.script(language).run(source, data, PATIENCE)
        except expressions.ScriptError as error:
            self._results[key] = error

    def task_definition(self, execution: ExecutionRow, name: str, *, known: bool) -> int | None:
        found: int | None = execution.task_definitions.value.get(name)
        if found is None and not known:
            return catalog.Catalog().task_definitions([name]).get(name)
        return found

    def policy(self, task_definition_id: int) -> TaskPolicy:
        return catalog.policy(task_definition_id)

    def domain(self, candidates: Sequence[str], name: str) -> str | None:
        return self._active_domain(candidates, name)

    def schema_problem(self, schema: Any, document: Any) -> str | None:
        return checking.problem(schema, document)

    def random(self, key: str) -> float:
        return int.from_bytes(blake2b(key.encode(), digest_size=4).digest(), "big") / 2**32

"""The interface between expression languages and whoever evaluates them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Protocol

from workflows_app.graph.model import Graph


class ExpressionError(Exception):
    """An expression is malformed, or cannot be evaluated. The text is for the author of the definition."""


class ScriptError(Exception):
    """A script failed. ``line`` is counted from 1; None when it is not known."""

    def __init__(self, message: str, line: int | None = None) -> None:
        super().__init__(message)
        self.line = line

    @property
    def told(self) -> str:
        """What people read about it."""
        line = f" at line {self.line}" if self.line is not None else ""
        return f"Error evaluating the script `{self}`{line}"


class ScriptTimeout(ScriptError):
    """A script took longer than it may."""

    @property
    def told(self) -> str:
        return str(self)


class RunView(Protocol):
    """What expressions may read of a task run. Times are datetimes or None."""

    @property
    def id(self) -> str: ...
    @property
    def execution_id(self) -> str: ...
    @property
    def ref(self) -> str: ...
    @property
    def path(self) -> str: ...
    @property
    def iteration(self) -> int: ...
    @property
    def type(self) -> str: ...
    @property
    def name(self) -> str: ...
    @property
    def state(self) -> str: ...
    @property
    def attempt(self) -> int: ...
    @property
    def polls(self) -> int: ...
    @property
    def worker(self) -> str | None: ...
    @property
    def reason(self) -> str | None: ...
    @property
    def callback_after(self) -> float: ...
    @property
    def scheduled_at(self) -> Any: ...
    @property
    def started_at(self) -> Any: ...
    @property
    def ended_at(self) -> Any: ...


class Scope(Protocol):
    """Where expressions look things up. Reading what was not loaded raises the engine's own ``Missing``."""

    @property
    def execution(self) -> Mapping[str, Any]:
        """id, name, number, state, reason, correlation_id, parent_id, parent_run_id, root_id, created_at, updated_at,
        input, output, variables, settings."""
        ...

    @property
    def run_id(self) -> str | None:
        """The task run whose input is being made, or None."""
        ...

    @property
    def context(self) -> Mapping[str, Any]:
        """What branches have published on the way here."""
        ...

    @property
    def locals(self) -> Mapping[str, Any]:
        """Names that exist only here: the variables of an item."""
        ...

    def run(self, ref: str) -> RunView | None:
        """The latest run of a node, or None if it has not run."""
        ...

    def run_input(self, ref: str) -> Any:
        """Its input; None if it has not run."""
        ...

    def run_output(self, ref: str) -> Any:
        """Its output; None if it has not run. A loop's output holds its iterations only if the template says that
        it reads them (``Template.history``)."""
        ...


class Document(Protocol):
    """A JSON document that may not have been parsed yet."""

    @property
    def value(self) -> Any: ...


class TaskView(RunView, Protocol):
    """A task run with its documents, for languages whose expressions look at tasks as a whole."""

    @property
    def first_scheduled_at(self) -> Any: ...
    @property
    def updated_at(self) -> Any: ...
    @property
    def output(self) -> Document: ...
    @property
    def published(self) -> Document | None: ...


class WholeScope(Scope, Protocol):
    """A scope that also knows the definition, the current task, and all others."""

    def run(self, ref: str) -> TaskView | None: ...

    @property
    def current(self) -> TaskView | None:
        """The task run that ``run_id`` belongs to: itself, or the list whose item it is. None outside of any task."""
        ...

    @property
    def definition(self) -> Graph:
        """The graph that is run."""
        ...

    def place_id(self, run: TaskView) -> str:
        """The id of the first attempt at the place of a run: the same for all attempts."""
        ...

    def runs(self) -> Sequence[TaskView]:
        """The last run of every place, in the order in which they were reached: costs as much as there are."""
        ...

    def script(self, language: str, source: str, data: Any) -> Any:
        """What a script gives (``expressions.script``). Raises ScriptError."""
        ...


class Compiled(Protocol):
    """A value with its expressions parsed. ``reads``, ``reads_any`` and ``history``: see ``Template``."""

    reads: frozenset[str]
    reads_any: bool
    history: frozenset[str]

    def evaluate(self, scope: Scope) -> Any: ...


class Language(Protocol):
    def compile(self, value: Any) -> Compiled:
        """Raises ExpressionError if an expression in ``value`` is malformed."""
        ...


class Script(Protocol):
    def check(self, source: str) -> None:
        """Raises ScriptError if the source does not parse."""
        ...

    def run(self, source: str, data: Any, seconds: float) -> Any:
        """Runs the program on ``data`` and gives its result, both JSON. Raises ScriptError, ScriptTimeout."""
        ...

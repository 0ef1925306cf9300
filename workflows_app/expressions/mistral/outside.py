"""What expressions may ask of executions other than their own. Whoever keeps executions registers how to answer."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Protocol

from workflows_app.expressions.base import ExpressionError


@dataclass(frozen=True, slots=True)
class Child:
    """An execution that a task has started: its id, its state in Mistral's words, and the task run, or the list of
    items, that it belongs to."""

    id: str
    state: str
    run_id: str


class Reader(Protocol):
    def children(self, execution_id: str) -> list[Child]:
        """What the tasks of an execution have started."""
        ...

    def tasks(self, execution_id: str, recursive: bool, state: str | None, flat: bool) -> list[dict[str, Any]]:
        """The tasks of an execution, of its descendants too with ``recursive``; see ``functions.tasks``."""
        ...

    def executions(
        self, id: str | None, root_id: str | None, state: str | None, from_time: str | None, to_time: str | None
    ) -> list[dict[str, Any]]:
        """The executions that fit every given condition."""
        ...


_readers: list[Reader] = []


def register(reader: Reader) -> None:
    _readers[:] = [reader]


def reader() -> Reader:
    """Raises ExpressionError where nobody can answer."""
    if not _readers:
        raise ExpressionError("other executions cannot be read here")
    return _readers[0]

"""Executions and task runs as the engine sees them: plain rows, detached from the ORM."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Self

from executions.states import EXECUTION_ENDED, RUN_ENDED, RUN_FAILED, ExecutionState, RunsOn, RunState
from workflows_app.json_text import dumps, loads

_UNREAD: Any = object()


class Doc:
    """A JSON document that is parsed when it is read and rendered when it is written, at most once each.

    Treat ``value`` as frozen: rows share it.
    """

    __slots__ = ("_text", "_value")

    def __init__(self, value: Any = _UNREAD, text: str | None = None) -> None:
        assert value is not _UNREAD or text is not None
        self._value = value
        self._text = text

    @property
    def value(self) -> Any:
        if self._value is _UNREAD:
            assert self._text is not None
            self._value = loads(self._text)
        return self._value

    @property
    def text(self) -> str:
        if self._text is None:
            self._text = dumps(self._value)
        return self._text

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Doc) and self.value == other.value

    def __hash__(self) -> int:
        return hash(self.text)

    def __repr__(self) -> str:
        return f"Doc({self.text})"


EMPTY = Doc({}, "{}")


class _Row:
    """What both kinds of rows have. They are copied for every decision: by their slots, ten times as fast as ``copy``
    does it for any object."""

    __slots__: tuple[str, ...] = ()

    def __copy__(self) -> Self:
        other = object.__new__(type(self))
        for name in self.__slots__:
            setattr(other, name, getattr(self, name))
        return other


@dataclass(slots=True, kw_only=True)
class ExecutionRow(_Row):
    """See ``executions.models.Execution``; ids are text, documents are ``Doc``."""

    id: str
    version_id: int
    format: str = ""
    name: str = ""
    number: int = 1
    state: str = ExecutionState.RUNNING
    priority: int = 0
    correlation_id: str | None = None
    idempotency_key: str | None = None
    parent_id: str | None = None
    parent_run_id: str | None = None
    root_id: str | None = None
    failure_execution_id: str | None = None
    revision: int = 0
    next_seq: int = 0
    epoch: int = 0
    created_at: datetime
    updated_at: datetime
    retried_at: datetime | None = None
    ended_at: datetime | None = None
    deadline_at: datetime | None = None
    due_at: datetime | None = None
    reason: str | None = None
    failed_refs: Doc | None = None
    task_definitions: Doc = EMPTY
    settings: Doc = EMPTY
    attributes: Doc = EMPTY
    memo: Doc = EMPTY
    input: Doc = EMPTY
    output: Doc = EMPTY
    variables: Doc = EMPTY

    @property
    def ended(self) -> bool:
        return self.state in EXECUTION_ENDED


@dataclass(slots=True, kw_only=True)
class RunRow(_Row):
    """See ``executions.models.TaskRun``; ids are text, documents are ``Doc``.

    Two fields are no columns. ``stored`` is the revision that the table holds, -1 for a row that is not there yet.
    ``origin`` is the row as it was loaded, where this one is a changed copy: what is the same need not be written.
    """

    id: str
    execution_id: str
    version_id: int
    task_definition_id: int | None = None
    scope_id: str
    ref: str
    path: str = ""
    attempt: int = 0
    seq: int = 0
    type: str
    name: str
    state: str = RunState.SCHEDULED
    settled: bool = False
    revision: int = 0
    runs_on: str = RunsOn.NOBODY
    queue: str | None = None
    domain: str | None = None
    priority: int = 0
    limited: bool = False
    worker: str | None = None
    pending: int | None = None
    polls: int = 0
    losses: int = 0
    start_delay: float = 0
    callback_after: float = 0
    child_id: str | None = None
    scheduled_at: datetime
    first_scheduled_at: datetime
    started_at: datetime | None = None
    updated_at: datetime
    ended_at: datetime | None = None
    claim_seconds: float | None = None
    expires_at: datetime | None = None
    deadline_at: datetime | None = None
    due_at: datetime | None = None
    reason: str | None = None
    memo: Doc | None = None
    published: Doc | None = None
    fragment: Doc | None = None
    context: Doc | None = None
    output: Doc = EMPTY
    input: Doc = EMPTY
    stored: int = field(default=-1, compare=False)
    origin: RunRow | None = field(default=None, compare=False, repr=False)

    @property
    def ended(self) -> bool:
        return self.state in RUN_ENDED

    @property
    def failed(self) -> bool:
        return self.state in RUN_FAILED

    @property
    def iteration(self) -> int:
        """The innermost loop's iteration, counted from 1; 0 outside of loops."""
        last = self.path.rpartition(".")[2]
        return int(last) if last.isdigit() else 0

    def copy(self) -> RunRow:
        return self.__copy__()

"""What the core has decided, for the shell to write and to ring."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from executions.engine.events import Message
from executions.engine.rows import ExecutionRow, RunRow


@dataclass(frozen=True, slots=True)
class Iteration:
    """One iteration of a loop: the loop's run, the path of the iteration, and every ref inside the loop."""

    scope_id: str
    path: str
    refs: frozenset[str]


@dataclass(frozen=True, slots=True)
class Cached:
    """An output to be kept for others until it expires."""

    key: str
    output: Mapping[str, Any]
    expires_at: datetime


@dataclass(slots=True, kw_only=True)
class Decision:
    """The outcome of one event.

    ``execution``: the row as it shall be; ``execution_changed`` says whether more than the lock's own columns
    differ. ``runs``: every changed or new task run. ``cancel_others``: all other open runs end as CANCELED with
    this reason. ``forget``: iterations whose task runs are deleted.
    ``send``: new or freed server-side runs that need a message, in order. ``claimed``: runs that the deciding
    process has claimed and now goes on with. ``logs``: (task run id, line). ``messages``: (task run id, what it tells
    the world).
    ``cached``: for tasks to come.
    ``reopening``: an operator has revived what had ended. ``refused``: why the event was not
    applied; then nothing else is set.
    """

    execution: ExecutionRow
    execution_changed: bool = False
    runs: list[RunRow] = field(default_factory=list)
    cancel_others: str | None = None
    forget: list[Iteration] = field(default_factory=list)
    send: list[RunRow] = field(default_factory=list)
    claimed: list[RunRow] = field(default_factory=list)
    logs: list[tuple[str, str]] = field(default_factory=list)
    messages: list[tuple[str, Message]] = field(default_factory=list)
    cached: list[Cached] = field(default_factory=list)
    reopening: bool = False
    refused: str | None = None

"""What can be searched, by the names of the core. Doors give these fields the names that their clients know.

``e`` is the execution, ``t`` the task run, as ``executions.search.find`` calls them.
"""

from __future__ import annotations

from executions.search.fields import Choice, Field, Identifier, Number, Text, Time
from executions.states import ExecutionState, RunState

EXECUTION_FIELDS: dict[str, Field] = {
    "id": Identifier("e.id"),
    "name": Text("e.name"),
    "number": Number("e.number"),
    "state": Choice(
        "e.state",
        {state.value: (state.value,) for state in ExecutionState},
        # the conditions of the indexes execution_open and execution_failed, word for word
        groups=(("RUNNING", "PAUSED"), ("FAILED", "TIMED_OUT", "TERMINATED")),
    ),
    "correlation_id": Text("e.correlation_id", nullable=True),
    "idempotency_key": Text("e.idempotency_key", nullable=True),
    "parent_id": Identifier("e.parent_id", nullable=True),
    "priority": Number("e.priority"),
    "reason": Text("e.reason", nullable=True),
    "created_at": Time("e.created_at"),
    "updated_at": Time("e.updated_at"),
    "ended_at": Time("e.ended_at", nullable=True),
}

TASK_FIELDS: dict[str, Field] = {
    "id": Identifier("t.id"),
    "execution_id": Identifier("t.execution_id"),
    "name": Text("t.name"),
    "type": Text("t.type"),
    "ref": Text("t.ref"),
    "state": Choice("t.state", {state.value: (state.value,) for state in RunState}),
    "attempt": Number("t.attempt"),
    "seq": Number("t.seq"),
    "worker": Text("t.worker", nullable=True),
    "domain": Text("t.domain", nullable=True),
    "priority": Number("t.priority"),
    "reason": Text("t.reason", nullable=True),
    "scheduled_at": Time("t.scheduled_at"),
    "started_at": Time("t.started_at", nullable=True),
    "updated_at": Time("t.updated_at"),
    "ended_at": Time("t.ended_at", nullable=True),
}

"""Sending messages to running executions."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from executions.engine.events import Woken
from executions.inbox import keeping
from executions.starting import driver
from executions.store import runs

# The type of the tasks that take messages out.
PULLING = "PULL_WORKFLOW_MESSAGES"


def send_message(execution_id: str, payload: Mapping[str, Any]) -> str:
    """Puts a message into an execution's inbox, and wakes the task that has waited longest for one; gives the id.

    Raises NotFound, Conflict, ``executions.inbox.keeping.InboxFull``. If this process dies before it has woken anybody,
    the task looks by itself within a minute.
    """
    message_id = keeping.put(execution_id, payload)
    for run in runs.read(execution_id, "settled = %s AND type = %s AND state = 'IN_PROGRESS'", [False, PULLING]):
        decision = driver().apply(execution_id, Woken(run.id))
        if decision is not None and decision.refused is None:
            break
    return message_id

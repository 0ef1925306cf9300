"""PULL_WORKFLOW_MESSAGES: takes messages that were sent to the execution (contracts/conductor.md, section 4.3)."""

from __future__ import annotations

from typing import Any

from executions.engine.events import Result
from executions.engine.rows import RunRow
from executions.inbox import keeping
from executions.inbox.models import InboxMessage
from executions.states import RunsOn, RunState
from executions.task_types.base import TaskType, Work

MAX_BATCH = 100
# Seconds until a task that nobody has woken looks by itself: a wake-up call may be lost.
LOOK_AGAIN = 60


class PullWorkflowMessages(TaskType):
    """``batchSize`` (1 to 100): how many messages at most. ``blocking`` (true): waits for the first one, and holds no
    worker meanwhile; false: ends without any. Output: ``messages`` (id, workflowId, payload, receivedAt), ``count``."""

    runs_on = RunsOn.SERVER

    def run(self, work: Work) -> Result:
        found = keeping.take(work.run.execution_id, work.run.id, _batch(work.input.get("batchSize")))
        if not found and work.input.get("blocking") is not False:
            return Result(state=RunState.IN_PROGRESS, callback_after=LOOK_AGAIN)
        messages = [_message(each) for each in found]
        return Result(state=RunState.COMPLETED, output={"messages": messages, "count": len(messages)})

    def may_go_on(self, run: RunRow) -> bool:
        return keeping.waiting(run.execution_id)


def _batch(value: Any) -> int:
    """1 to MAX_BATCH, whatever was given."""
    number = int(value) if isinstance(value, (int, float)) and not isinstance(value, bool) and value == value else 1
    return min(max(number, 1), MAX_BATCH)


def _message(found: InboxMessage) -> dict[str, Any]:
    return {
        "id": str(found.message_id),
        "workflowId": str(found.execution_id),
        "payload": found.payload,
        "receivedAt": found.received_at.isoformat().replace("+00:00", "Z"),
    }

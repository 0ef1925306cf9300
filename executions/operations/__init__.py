"""What people and clients can do to executions: one function each, for every door, the admin and the console.

Each is applied under the execution's lock, is refused with one clear sentence where it is illegal (``refusals``), and
leaves an ``Event`` for the audit. ``by`` is who does it, ``reason`` why.
"""

from executions.operations.bulk import each
from executions.operations.describing import describe, merge_environment
from executions.operations.families import pause_ancestors, pause_family, resume_ancestors, resume_family
from executions.operations.finding import execution, is_id, task_run
from executions.operations.going_back import rerun, restart, retry
from executions.operations.messages import send_message
from executions.operations.moving import jump, skip
from executions.operations.refusals import Conflict, Illegal, NotFound, Refusal
from executions.operations.removing import archive, remove
from executions.operations.requeuing import pending, requeue
from executions.operations.running import (
    advance,
    pause,
    reset_callbacks,
    resume,
    set_variables,
    stop,
    terminate,
)
from executions.operations.tasks import complete_by_hand, extend_lease, pass_over_task, report, run_task_again

__all__ = [
    "Conflict",
    "Illegal",
    "NotFound",
    "Refusal",
    "advance",
    "archive",
    "complete_by_hand",
    "describe",
    "each",
    "execution",
    "extend_lease",
    "is_id",
    "jump",
    "merge_environment",
    "pass_over_task",
    "pause",
    "pause_ancestors",
    "pause_family",
    "pending",
    "remove",
    "report",
    "requeue",
    "rerun",
    "reset_callbacks",
    "restart",
    "resume",
    "resume_ancestors",
    "resume_family",
    "retry",
    "run_task_again",
    "send_message",
    "set_variables",
    "skip",
    "stop",
    "task_run",
    "terminate",
]

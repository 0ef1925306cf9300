"""States in Mistral's words (contracts/mistral.md, section 5.1)."""

from __future__ import annotations

TASK_STATES = {
    "WAITING": "WAITING",
    "DELAYED": "DELAYED",
    "SCHEDULED": "RUNNING",
    "IN_PROGRESS": "RUNNING",
    "COMPLETED": "SUCCESS",
    "COMPLETED_WITH_ERRORS": "SUCCESS",
    "FAILED": "ERROR",
    "FAILED_WITH_TERMINAL_ERROR": "ERROR",
    "TIMED_OUT": "ERROR",
    "CANCELED": "CANCELLED",
    "SKIPPED": "SKIPPED",
}
EXECUTION_STATES = {
    "RUNNING": "RUNNING",
    "PAUSED": "PAUSED",
    "COMPLETED": "SUCCESS",
    "FAILED": "ERROR",
    "TIMED_OUT": "ERROR",
    "TERMINATED": "CANCELLED",
}

"""Words for states (contracts/mistral.md, section 5.1): the one place where they are translated."""

from __future__ import annotations

from collections.abc import Mapping

from executions.states import ExecutionState, RunState

SUCCESS, ERROR, CANCELLED = "SUCCESS", "ERROR", "CANCELLED"
RUNNING, PAUSED, IDLE, WAITING, DELAYED, SKIPPED = "RUNNING", "PAUSED", "IDLE", "WAITING", "DELAYED", "SKIPPED"
ENDED = (SUCCESS, ERROR, CANCELLED)

_E = ExecutionState
_R = RunState

EXECUTION: Mapping[str, str] = {
    _E.RUNNING: RUNNING,
    _E.PAUSED: PAUSED,
    _E.COMPLETED: SUCCESS,
    _E.FAILED: ERROR,
    _E.TIMED_OUT: ERROR,
    _E.TERMINATED: CANCELLED,
}
# a join waits; a task that nobody has claimed yet counts as running
TASK: Mapping[str, str] = {
    _R.WAITING: WAITING,
    _R.DELAYED: DELAYED,
    _R.SCHEDULED: RUNNING,
    _R.IN_PROGRESS: RUNNING,
    _R.COMPLETED: SUCCESS,
    _R.COMPLETED_WITH_ERRORS: SUCCESS,
    _R.FAILED: ERROR,
    _R.FAILED_WITH_TERMINAL_ERROR: ERROR,
    _R.TIMED_OUT: ERROR,
    _R.CANCELED: CANCELLED,
    _R.SKIPPED: SKIPPED,
}


def stored_as(words: Mapping[str, str], word: str) -> list[str]:
    """The stored states that a word stands for; none for a word that is no state."""
    return [stored for stored, known in words.items() if known == word]

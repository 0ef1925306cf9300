"""The states of executions and task runs, and every legal transition, as data.

The store refuses to write an arrow that is not in ``EXECUTION_ARROWS`` or ``RUN_ARROWS``; the tests and the
reference documentation are made from the same tables.
"""

from __future__ import annotations

from django.db.models import TextChoices


class ExecutionState(TextChoices):
    # tasks are scheduled as others end
    RUNNING = "RUNNING"
    # what runs may finish, nothing new is scheduled
    PAUSED = "PAUSED"
    # ended well
    COMPLETED = "COMPLETED"
    # ended by a failure that nothing handled
    FAILED = "FAILED"
    # ended by a timeout of its own or of a task
    TIMED_OUT = "TIMED_OUT"
    # ended on purpose, by a person, a program or a task
    TERMINATED = "TERMINATED"


class RunState(TextChoices):
    # a join (or a held item) that is not due yet: something else must happen first
    WAITING = "WAITING"
    # will be SCHEDULED when its delay is over
    DELAYED = "DELAYED"
    # ready to be claimed by a worker
    SCHEDULED = "SCHEDULED"
    # claimed by a worker, or waiting for a person, a clock, a child execution or its own body
    IN_PROGRESS = "IN_PROGRESS"
    COMPLETED = "COMPLETED"
    # failed for good, but the definition calls the task optional
    COMPLETED_WITH_ERRORS = "COMPLETED_WITH_ERRORS"
    # may be tried again, as its retry policy says
    FAILED = "FAILED"
    # failed in a way that another attempt cannot mend
    FAILED_WITH_TERMINAL_ERROR = "FAILED_WITH_TERMINAL_ERROR"
    TIMED_OUT = "TIMED_OUT"
    # its execution ended first, or somebody stopped it
    CANCELED = "CANCELED"
    # passed over, by a person or by its own condition
    SKIPPED = "SKIPPED"


class RunsOn(TextChoices):
    # a Celery worker, told by a message
    SERVER = "server"
    # somebody outside who polls for it
    WORKER = "worker"
    # nobody: it waits for a clock, a person, a call-back, or for other task runs
    NOBODY = "nobody"
    # a child execution
    CHILD = "child"


_E = ExecutionState
_R = RunState

EXECUTION_ENDED = frozenset({_E.COMPLETED, _E.FAILED, _E.TIMED_OUT, _E.TERMINATED})
EXECUTION_OPEN = frozenset(_E) - EXECUTION_ENDED

RUN_ENDED = frozenset(
    {
        _R.COMPLETED,
        _R.COMPLETED_WITH_ERRORS,
        _R.FAILED,
        _R.FAILED_WITH_TERMINAL_ERROR,
        _R.TIMED_OUT,
        _R.CANCELED,
        _R.SKIPPED,
    }
)
RUN_OPEN = frozenset(_R) - RUN_ENDED
RUN_SUCCEEDED = frozenset({_R.COMPLETED, _R.COMPLETED_WITH_ERRORS, _R.SKIPPED})
RUN_FAILED = RUN_ENDED - RUN_SUCCEEDED

# What the engine may write over what.
EXECUTION_ARROWS: dict[str, frozenset[ExecutionState]] = {
    _E.RUNNING: frozenset({_E.PAUSED}) | EXECUTION_ENDED,
    _E.PAUSED: frozenset({_E.RUNNING}) | EXECUTION_ENDED,
    _E.COMPLETED: frozenset(),
    _E.FAILED: frozenset({_E.TERMINATED}),
    _E.TIMED_OUT: frozenset({_E.TERMINATED}),
    _E.TERMINATED: frozenset(),
}

RUN_ARROWS: dict[str, frozenset[RunState]] = {
    _R.WAITING: frozenset({_R.DELAYED, _R.SCHEDULED, _R.IN_PROGRESS}) | RUN_ENDED,
    _R.DELAYED: frozenset({_R.SCHEDULED, _R.IN_PROGRESS}) | RUN_ENDED,
    # a result may come for a task that is on offer again: its worker reported progress and then the end
    _R.SCHEDULED: frozenset({_R.DELAYED, _R.IN_PROGRESS}) | RUN_ENDED,
    # back to SCHEDULED or DELAYED: progress was reported, or the worker was lost
    _R.IN_PROGRESS: frozenset({_R.DELAYED, _R.SCHEDULED, _R.WAITING}) | RUN_ENDED,
    _R.COMPLETED: frozenset(),
    _R.COMPLETED_WITH_ERRORS: frozenset(),
    _R.SKIPPED: frozenset(),
    # a failure whose consequences were held back by a pause may turn out to be tolerated
    _R.FAILED: frozenset({_R.COMPLETED_WITH_ERRORS, _R.SKIPPED}),
    _R.FAILED_WITH_TERMINAL_ERROR: frozenset({_R.COMPLETED_WITH_ERRORS, _R.SKIPPED}),
    _R.TIMED_OUT: frozenset({_R.COMPLETED_WITH_ERRORS, _R.SKIPPED}),
    _R.CANCELED: frozenset({_R.COMPLETED_WITH_ERRORS, _R.SKIPPED}),
}


def execution_may_become(old: str, new: str, *, reopening: bool = False) -> bool:
    """Whether an execution may go from ``old`` to ``new``. Staying the same is no transition, and legal.

    ``reopening``: an operator's retry, restart or rerun, which alone leads from an ended state to RUNNING, and on to
    wherever that leads if nothing takes time.
    """
    reached = new == _E.RUNNING or new in EXECUTION_ARROWS[_E.RUNNING]
    again = reopening and (old in EXECUTION_ENDED or reached)
    return old == new or new in EXECUTION_ARROWS[old] or again


def run_may_become(old: str, new: str, *, reopening: bool = False) -> bool:
    """The same for a task run. Reopening leads from any ended state to any open one, and on from there; and what has
    begun goes back to WAITING if what it had waited for comes once more.
    """
    again = reopening and (old in RUN_ENDED or new == _R.WAITING)
    return old == new or new in RUN_ARROWS[old] or again

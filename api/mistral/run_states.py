"""What Mistral's clients call the state of a task run, as a task and as an action execution: for a row, and for a
filter (contracts/mistral.md, section 5; docs/decisions/0013).

More than the stored state counts: an action that somebody has paused is open; one that was cut off by the end of its
execution counts as running, until its late result comes.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from django.db.models import Q

from api.mistral import states
from executions.engine.finishing import DID_WELL, ENDED_AS
from executions.engine.rows import RunRow
from executions.engine.starting import RELEASED
from executions.states import EXECUTION_ENDED, RUN_OPEN, RunState

# in the memo of a run
HELD = "held"
LATE = "late"


def memo_of(run: RunRow) -> dict[str, Any]:
    found: dict[str, Any] = run.memo.value if run.memo else {}
    return found


def cut_off(run: RunRow) -> bool:
    """Whether the end of its execution came before its own."""
    canceled = run.state == RunState.CANCELED and not run.output.value and run.child_id is None
    return canceled and LATE not in memo_of(run)


def task_state(run: RunRow, *, child_paused: bool = False) -> str:
    """``child_paused``: what the task has started is paused."""
    memo = memo_of(run)
    if not run.ended and (HELD in memo or child_paused):
        return states.PAUSED
    if run.state == RunState.WAITING and RELEASED in memo:
        return states.IDLE
    if cut_off(run):
        return states.WAITING if run.started_at is None else states.RUNNING
    if run.state == RunState.CANCELED and LATE in memo:
        return states.TASK[memo[LATE]]
    return states.TASK[run.state]


def action_state(run: RunRow) -> str:
    memo = memo_of(run)
    if LATE in memo:
        return states.TASK[memo[LATE]]
    if DID_WELL in memo:  # the action has done well, its task has not
        return states.SUCCESS
    if ENDED_AS in memo:
        return states.TASK[memo[ENDED_AS]]
    if run.state == RunState.TIMED_OUT:
        return states.RUNNING  # nobody has said how it has ended, and somebody still may
    if not run.ended:
        return states.PAUSED if HELD in memo else states.RUNNING
    found = states.RUNNING if cut_off(run) else states.TASK[run.state]
    return states.ERROR if found == states.SKIPPED else found


_held = Q(memo__contains=f'"{HELD}"', state__in=RUN_OPEN)
_released = Q(memo__contains=f'"{RELEASED}"', state=RunState.WAITING)
_late = Q(memo__contains=f'"{LATE}"')
_cut_off = (
    Q(
        Q(output__isnull=True) | Q(output={}),
        state=RunState.CANCELED,
        child_id__isnull=True,
        execution__state__in=EXECUTION_ENDED,
    )
    & ~_late
)


# of action executions: the task has run out of time, and no result has come yet
UNANSWERED = Q(state=RunState.TIMED_OUT) & ~_late


def task_condition(words: Sequence[str]) -> Q:
    """Tasks in any of these states. What is paused below a task is not looked at."""
    found = Q(pk__in=[])
    for word in words:
        stored = Q(state__in=states.stored_as(states.TASK, word)) & ~_held & ~_released & ~_cut_off
        found |= stored
        if word == states.PAUSED:
            found |= _held
        elif word == states.IDLE:
            found |= _released
        elif word == states.RUNNING:
            found |= _cut_off & Q(started_at__isnull=False)
        elif word == states.WAITING:
            found |= _cut_off & Q(started_at__isnull=True)
    return found


def action_condition(words: Sequence[str]) -> Q:
    """Action executions in any of these states."""
    found = Q(pk__in=[])
    for word in words:
        if word == states.RUNNING:
            found |= (Q(state__in=RUN_OPEN) & ~_held) | _cut_off | UNANSWERED
        elif word == states.PAUSED:
            found |= _held
        else:
            found |= Q(state__in=states.stored_as(states.TASK, word)) & ~_cut_off & ~_late & ~UNANSWERED
            found |= _late & Q(_any_late(states.stored_as(states.TASK, word)))
    return found


def _any_late(stored: Sequence[str]) -> Q:
    found = Q(pk__in=[])
    for state in stored:
        found |= Q(memo__contains=f'"{LATE}":"{state}"')
    return found

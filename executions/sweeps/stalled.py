"""Executions that run and yet have nothing open: there should be none. If one is found, it is told to go on.

The same query is the invariant that the tests check, and what an operator sees as "stuck".
"""

from __future__ import annotations

import logging
from datetime import timedelta

from django.db.models import Exists, OuterRef, QuerySet

from executions.clock import now
from executions.engine.events import Advanced
from executions.models import Execution, TaskRun
from executions.states import RUN_ENDED, ExecutionState, RunState
from executions.sweeps.process import driver

logger = logging.getLogger(__name__)

_MANY = 100
# What is younger may be in the middle of a transaction.
_AGE = timedelta(seconds=30)


def stalled() -> QuerySet[Execution]:
    """Running executions in which nothing can move: every open task run waits for another one."""
    moving = (
        TaskRun.objects.filter(execution=OuterRef("pk"), settled=False)
        .exclude(state=RunState.WAITING)
        .exclude(state__in=RUN_ENDED)
    )
    found = Execution.objects.filter(~Exists(moving), state=ExecutionState.RUNNING, held_at=None)
    # in words that SQLite knows its index of open executions by, and in no order: those that have ended are not read
    return found.extra(where=["executions_execution.state IN ('RUNNING', 'PAUSED')"]).order_by()


def run_once() -> int:
    """Gives how many were found."""
    found = list(stalled().filter(updated_at__lt=now() - _AGE).values_list("id", flat=True)[:_MANY])
    for execution_id in found:
        logger.error("execution %s had nothing to wait for; it is told to go on", execution_id)
        driver().apply(str(execution_id), Advanced())
    return len(found)

"""What a Celery worker does with a message: claim, run, report, go on."""

from __future__ import annotations

import logging
import traceback
from collections.abc import Sequence
from datetime import datetime, timedelta

from django.conf import settings
from django.db import DatabaseError

from executions import leaving, limits, task_types
from executions.clock import now
from executions.engine import canvas, transact
from executions.engine.debts import node_of
from executions.engine.driver import Driver
from executions.engine.events import Due, Finished, Result, TakenUp, Woken
from executions.engine.rows import RunRow
from executions.functions import Refused
from executions.heartbeat import heartbeat
from executions.secrets.handover import NO_SECRETS, hand_over, has_references
from executions.states import RunsOn, RunState
from executions.store import claims, logs, runs
from executions.task_types.base import Work
from workflows_app.graph.model import Change, Node

logger = logging.getLogger(__name__)

# How much one message may do beyond the task that it names.
STEPS = 25
SECONDS = 5.0


def driver(queues: frozenset[str], *, chained: frozenset[str] = frozenset(), in_chord: bool = False) -> Driver:
    """A driver for one message in this worker process."""
    return Driver(
        worker=heartbeat().worker,
        queues=queues,
        steps=STEPS,
        seconds=SECONDS,
        perform=perform,
        follow_up=follow_up,
        leaving=leaving.begun,
        chained=chained,
        in_chord=in_chord,
    )


def run_message(run_id: str, queue: str, rest_of_chain: Sequence[object], in_chord: bool) -> None:
    """A message names a task run: whoever claims it first does it. Anybody else finds nothing to do."""
    if leaving.begun():
        canvas.ring_quietly([(queue, run_id)])
        return
    chained = canvas.next_links(rest_of_chain)
    found = claims.claim(run_id, heartbeat().worker, now(), _lease())
    process = driver(frozenset({queue}), chained=chained, in_chord=in_chord)
    if found is not None:
        process.work(found)
        return
    current = runs.find(run_id)
    if current is None or current.ended:
        return
    if current.runs_on == RunsOn.NOBODY:
        process.apply(current.execution_id, Due(run_id))  # a plan that took a breath
    elif current.limited and current.state == RunState.SCHEDULED:
        found = limits.claim(current, heartbeat().worker, now(), _lease())
        if found is not None:
            process.work(found)
            _ring_next(current.name)


def _ring_next(name: str) -> None:
    """A place under a limit has become free."""
    following = claims.next_limited(name)
    if following is not None:
        canvas.ring([following])


def advance_message(execution_id: str, queue: str) -> None:
    """The body of a chord: whatever is on offer in this execution now needs somebody."""
    process = driver(frozenset({queue}))
    offered = runs.read(execution_id, "state = 'SCHEDULED' AND runs_on IN ('server', 'child')")
    for run in offered:
        if run.queue != queue or leaving.begun():
            canvas.ring_quietly([(run.queue or queue, run.id)])
            continue
        found = claims.claim(run.id, heartbeat().worker, now(), _lease())
        if found is not None:
            process.work(found)


def _lease() -> datetime:
    """When a claim of now is over unless it is renewed."""
    return now() + timedelta(seconds=settings.LEASE_SECONDS)


def perform(run: RunRow) -> Finished:
    """Runs a claimed server-side task, outside of any transaction; gives the event that reports it."""
    node = node_of(run)
    kind = task_types.find(node.type, node.name)
    tell_of_start(run, node)
    beat = heartbeat()
    canceled = beat.hold(run.id)
    masker = NO_SECRETS
    work = Work(
        run=run,
        node=node,
        input=run.input.value,
        log=lambda line: logs.add([(run.id, masker.text(line))], now()),
        canceled=canceled,
    )
    try:
        if kind.takes_secrets and has_references(run):
            handed = hand_over(run)
            if handed.problem is not None:
                raise Refused(handed.problem)
            work.input, masker = handed.input, handed.masker
        result = kind.run(work)
    except Refused as error:
        result = Result(state=RunState.FAILED_WITH_TERMINAL_ERROR, reason=str(error))
    except Exception as error:
        text = masker.text("".join(traceback.format_exception(error)))
        logger.info("task run %s (%s) failed:\n%s", run.id, run.ref, text)
        _log_quietly(work, text)
        result = Result(state=RunState.FAILED, reason=f"{type(error).__name__}: {error}")
    finally:
        beat.release(run.id)
    return Finished(run.id, masker.result(result) if masker else result, run.revision)


def tell_of_start(run: RunRow, node: Node) -> None:
    """A worker has claimed a run: the world is told, where the definition wants that."""
    if Change.STARTED in node.announces:
        decision = transact.apply(run.execution_id, TakenUp(run.id))
        if decision is not None and decision.messages:
            canvas.send_events([message_id for message_id, _ in decision.messages])


def follow_up(run: RunRow) -> Woken | None:
    """What a task waits for may have come while it was being put aside, when nobody could wake it yet."""
    node = node_of(run)
    return Woken(run.id) if task_types.find(node.type, node.name).may_go_on(run) else None


def _log_quietly(work: Work, text: str) -> None:
    """A traceback is worth keeping, but not worth failing for."""
    try:
        work.log(text)
    except DatabaseError as error:
        logger.warning("a log line of task run %s was lost: %s", work.run.id, error)

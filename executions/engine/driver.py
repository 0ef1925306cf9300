"""Driving executions forward: what a process does after it has decided, as far as its budget goes.

A driver belongs to one process for the length of one request or one message. It applies events, and then goes on with
what the decisions left it: tasks and child executions that came claimed for it, parents to be told, children to be
ended. What it does not get to is due in the table and has its message.
"""

from __future__ import annotations

import logging
import time
from collections import deque
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import partial
from typing import Any

from django.conf import settings
from django.db import InterfaceError, OperationalError, connection

from executions import wakeups
from executions.engine import beginning, canvas, debts, rewinding, transact
from executions.engine.decision import Decision
from executions.engine.events import Event, Finished
from executions.engine.new_execution import NewExecution
from executions.engine.reviving import REVIVE_PARENT
from executions.engine.rewinding import Rewind
from executions.engine.rows import ExecutionRow, RunRow
from executions.engine.tools import Claimer
from executions.engine.transact import Hint
from executions.states import RunsOn, RunState
from workflows_app.catalog import Found

logger = logging.getLogger(__name__)


@dataclass
class Driver:
    """``worker``: the name under which runs are claimed. ``queues``: the Celery queues whose tasks this process may
    run, None for a process that runs none. ``steps``, ``seconds``, ``children``: how much it will do before it leaves
    the rest to messages. ``perform`` does a claimed server-side task and gives the event that reports it.
    ``follow_up`` is asked about a task that was put aside: what has happened meanwhile, if anything.
    ``leaving`` says whether the process is about to stop, and had better begin nothing.
    ``chained``: runs that a chain under way will ring for. ``in_chord``: the body of a chord will ring for the rest.
    """

    worker: str
    queues: frozenset[str] | None = None
    steps: int = 0
    seconds: float = 2.0
    children: int = 20
    perform: Callable[[RunRow], Finished] | None = None
    follow_up: Callable[[RunRow], Event | None] | None = None
    leaving: Callable[[], bool] = lambda: False
    chained: frozenset[str] = frozenset()
    in_chord: bool = False
    _todo: deque[Callable[[], None]] = field(default_factory=deque)
    _begun: float = field(default_factory=time.monotonic)

    # ---- entry points

    def start(self, request: NewExecution) -> ExecutionRow | None:
        """Starts an execution and goes on with it. None: one of that id exists already.

        Raises IntegrityError when the idempotency key is taken.
        """
        execution = self.begin(request)
        self.go_on()
        return execution

    def start_all(self, requests: Sequence[NewExecution]) -> list[ExecutionRow]:
        """Starts several executions, all or none, and goes on with them. See ``beginning.start_all``."""
        decisions = beginning.start_all(requests, claimer=self._claimer())
        canvas.send_all([run for decision in decisions for run in decision.send])
        for decision in decisions:
            self._after(decision, sent=True)
        self.go_on()
        return [decision.execution for decision in decisions]

    def begin(self, request: NewExecution) -> ExecutionRow | None:
        """Starts an execution; what it leaves to do is taken up by the next ``go_on``."""
        decision = beginning.start(request, claimer=self._claimer())
        if decision is None:
            return None
        self._after(decision)
        return decision.execution

    def apply(
        self, execution_id: str, event: Event, *, run: RunRow | None = None, hint: Hint | None = None
    ) -> Decision | None:
        """Applies an event and goes on. None: there is no such execution. See ``transact.apply``."""
        decision = self.decide(execution_id, event, run=run, hint=hint)
        self.go_on()
        return decision

    def decide(
        self, execution_id: str, event: Event, *, run: RunRow | None = None, hint: Hint | None = None
    ) -> Decision | None:
        """Applies an event; what it leaves to do is taken up by the next ``go_on``."""
        decision = transact.apply(execution_id, event, claimer=self._claimer(), run=run, hint=hint)
        if decision is not None and decision.refused is None:
            self._after(decision)
        return decision

    def restart(
        self,
        execution_id: str,
        version: Found | None,
        *,
        input: Mapping[str, Any] | None = None,
        correlation_id: str | None = None,
    ) -> Decision | None:
        """Begins an ended execution anew and goes on. See ``beginning.restart``."""
        decision = beginning.restart(
            execution_id, version, input=input, correlation_id=correlation_id, claimer=self._claimer()
        )
        if decision is not None and decision.refused is None:
            self._after(decision)
        self.go_on()
        return decision

    def rerun(self, execution_id: str, request: Rewind) -> Decision | None:
        """Takes an execution back to a task, or on to one, and goes on. See ``rewinding.rerun``."""
        decision = rewinding.rerun(execution_id, request, claimer=self._claimer())
        if decision is not None and decision.refused is None:
            self._after(decision)
        self.go_on()
        return decision

    def admit(self, key: str) -> int:
        """Lets executions begin that wait under an admission key, as far as there is room; gives how many."""
        count = 0
        while (decision := beginning.admit(key, claimer=self._claimer())) is not None:
            count += 1
            self._after(decision)
        return count

    def _make_room(self, key: str) -> None:
        self.admit(key)

    def work(self, run: RunRow) -> None:
        """Does a task run that this process has claimed, and goes on."""
        self._take_up(run)
        self.go_on()

    def later(self, action: Callable[[], None]) -> None:
        """Adds something to what ``go_on`` does."""
        self._todo.append(action)

    def go_on(self) -> None:
        """Works off what the decisions left to this process."""
        while self._todo:
            self._todo.popleft()()

    # ---- what decisions leave

    def _claimer(self) -> Claimer | None:
        in_time = time.monotonic() - self._begun < self.seconds and not self.leaving()
        return Claimer(
            worker=self.worker,
            lease_seconds=settings.LEASE_SECONDS,
            queues=self.queues,
            steps=self.steps if in_time and self.perform is not None else 0,
            children=self.children if in_time else 0,
        )

    def _after(self, decision: Decision, *, sent: bool = False) -> None:
        execution = decision.execution
        if decision.send and not sent and not (self.in_chord and self._left_to_chord(decision)):
            canvas.send(decision.send, execution.epoch, but=self.chained)
        wakeups.work_arrived(
            run.queue
            for run in decision.runs
            if run.queue is not None and run.runs_on == RunsOn.WORKER and run.state == RunState.SCHEDULED
        )
        if decision.messages:
            canvas.send_events([run_id for run_id, _ in decision.messages])
        for run in decision.claimed:
            self.later(lambda run=run: self._take_up(run))  # type: ignore[misc]
        if decision.cancel_others is not None:
            self.later(lambda: debts.end_children(self, execution.id))
        if execution.ended and (key := execution.settings.value.get("admission")) is not None:
            self.later(partial(self._make_room, key))
        if execution.ended and execution.due_at is not None:
            self.later(lambda: debts.settle(self, execution))
        elif not execution.ended and REVIVE_PARENT in execution.memo.value:
            self.later(lambda: debts.revive_parent(self, execution))

    def _left_to_chord(self, decision: Decision) -> bool:
        """A chord's body rings for what follows its join; anything else that is sent here needs its own message."""
        ended = {run.type for run in decision.runs if run.ended}
        return any(t in ("JOIN", "EXCLUSIVE_JOIN") for t in ended)

    def _take_up(self, run: RunRow) -> None:
        if run.runs_on == RunsOn.CHILD:
            self.children -= 1
            debts.start_child(self, run)
            return
        if self.perform is None:  # claimed for nobody: its lease will run out
            logger.error("task run %s was claimed by a process that runs no tasks", run.id)
            return
        self.steps -= 1
        event = self.perform(run)
        decision = self._report(run, event)
        if decision is None or decision.refused:
            logger.info("the result of task run %s came to nothing: %s", run.id, decision and decision.refused)
        elif event.result.state == RunState.IN_PROGRESS and self.follow_up is not None:
            following = self.follow_up(run)
            if following is not None:
                self.decide(run.execution_id, following)

    def _report(self, run: RunRow, event: Finished) -> Decision | None:
        """Reports a result, and does not give it up while the database is away and the lease may hold."""
        patience = time.monotonic() + settings.LEASE_SECONDS
        pause = 0.2
        while True:
            try:
                return self.decide(run.execution_id, event, run=run)
            except (OperationalError, InterfaceError) as error:
                if time.monotonic() + pause > patience:
                    raise
                logger.warning("the result of task run %s cannot be stored yet: %s", run.id, error)
                connection.close()
                time.sleep(pause)
                pause = min(pause * 2, 5)

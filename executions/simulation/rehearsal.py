"""A rehearsal: a definition runs with made-up results in place of workers, services and people.

What is decided is decided by the real core: branches, forks, joins, loops, variables, retries, timeouts. Nothing is
stored, nothing is offered to a worker, and no service is called. Time does not pass: a delay is over at once, and a
made-up result that says how long it took moves its task into the past, so that timeouts apply.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import timedelta

from executions import task_types
from executions.clock import now
from executions.engine import beginning
from executions.engine.debts import node_of
from executions.engine.events import Due, Finished, Result, Started
from executions.engine.new_execution import NewExecution
from executions.engine.polling import active_domain
from executions.engine.rows import ExecutionRow, RunRow
from executions.engine.timeouts import earliest
from executions.engine.toolbox import Toolbox
from executions.ids import child_id
from executions.simulation.memory import Memory
from executions.states import RunsOn, RunState
from executions.task_types.base import Work
from workflows_app import catalog
from workflows_app.graph.model import Kind

# A definition that has not come to an end by then never will.
MOST_STEPS = 20_000
_DEEPEST = 50
_TIMES = ("scheduled_at", "first_scheduled_at", "started_at", "updated_at", "expires_at", "deadline_at", "due_at")


@dataclass(frozen=True, slots=True)
class MadeUp:
    """The result of one attempt. Times are seconds: how long the task had waited, and how long it took."""

    result: Result
    waited: float = 0
    took: float = 0


@dataclass(slots=True)
class Script:
    """What happens in a rehearsal. ``results``: by the name of a task, in the order of its attempts; a task in a loop
    goes by its name with its iteration (``name__2``), or else by its name alone. ``children``: by the name of the task
    that starts them."""

    results: Mapping[str, list[MadeUp]] = field(default_factory=dict)
    children: Mapping[str, Script] = field(default_factory=dict)


class EndlessRehearsal(Exception):
    """It takes too many steps."""


class Rehearsal:
    """One execution; ``memory`` holds what became of it."""

    def __init__(self, request: NewExecution, script: Script, *, depth: int = 0) -> None:
        self._script = script
        self._depth = depth
        self._used: dict[str, int] = {}
        self._now = now()
        self._tools = Toolbox(locked=False, active_domain=active_domain)
        graph = catalog.graph(request.version_id)
        self.memory = Memory(graph, beginning.new_row(request, graph, self._now))

    @property
    def execution(self) -> ExecutionRow:
        return self.memory.execution

    def run(self) -> None:
        """Goes on until the execution ends, or only waits for what nobody has made up. Raises EndlessRehearsal."""
        self.memory.decide(Started(), self._now, self._tools)
        for _ in range(MOST_STEPS):
            if self.execution.ended or not any(self._step(run) for run in self.memory.in_order()):
                return
        raise EndlessRehearsal(f"the workflow has not ended after {MOST_STEPS} steps")

    def _step(self, run: RunRow) -> bool:
        """Whether something was done about this run."""
        if run.ended or run.state == RunState.WAITING:
            return False
        if run.state == RunState.DELAYED and run.due_at is not None:
            self._move_back(run, (run.due_at - self._now).total_seconds())
            return self._look(run)
        if node_of(run).kind is Kind.COMPUTE:
            return self._look(run)  # a long stretch has taken a breath
        made_up = self._next(run)
        if made_up is not None:
            return self._report(run, made_up)
        if run.runs_on == RunsOn.CHILD and run.state == RunState.SCHEDULED:
            return self._child(run)
        return False

    def _next(self, run: RunRow) -> MadeUp | None:
        exact = run.ref + "".join(f"__{part}" for part in run.path.split(".") if part)
        for name in dict.fromkeys((exact, run.ref)):
            results, used = self._script.results.get(name, []), self._used.get(name, 0)
            if used < len(results):
                self._used[name] = used + 1
                return results[used]
        return None

    def _report(self, run: RunRow, made_up: MadeUp) -> bool:
        """The task waits, is claimed, takes its time and ends; unless its time is up before."""
        self._move_back(run, made_up.waited)
        if self._times_out(run):
            return True
        self._claim(self.memory.rows[run.id])
        self._move_back(run, made_up.took)
        if self._times_out(run):
            return True
        return self.memory.decide(Finished(run.id, made_up.result), self._now, self._tools).refused is None

    def _claim(self, stored: RunRow) -> None:
        if stored.state == RunState.IN_PROGRESS:
            return  # it waits for a person or a clock
        stored.state, stored.started_at, stored.updated_at = RunState.IN_PROGRESS, self._now, self._now
        stored.polls += 1
        until = self._now + timedelta(seconds=stored.claim_seconds) if stored.claim_seconds is not None else None
        stored.deadline_at = earliest(stored.expires_at, until)

    def _times_out(self, run: RunRow) -> bool:
        """Lets a timeout happen that has passed; False if none has, or if it is only worth a line in the log."""
        deadline = self.memory.rows[run.id].deadline_at
        if deadline is None or deadline > self._now:
            return False
        self._look(run)
        return self.memory.rows[run.id].ended

    def _look(self, run: RunRow) -> bool:
        self.memory.rows[run.id].due_at = self._now
        return self.memory.decide(Due(run.id), self._now, self._tools).refused is None

    def _child(self, run: RunRow) -> bool:
        """Rehearses the child execution of a run, as far as it goes."""
        if self._depth >= _DEEPEST:
            return False
        node = node_of(run)
        logic = task_types.find(node.type, node.name)
        stored = self.memory.rows[run.id]
        stored.state, stored.started_at = RunState.IN_PROGRESS, self._now
        stored.child_id = child_id(run.id)
        work = Work(run=stored, node=node, input=stored.input.value, log=lambda line: None)
        request = logic.child(work, self.execution)
        if isinstance(request, NewExecution):
            child = Rehearsal(request, self._script.children.get(run.ref, Script()), depth=self._depth + 1)
            child.run()
            if not child.execution.ended:
                return False
            request = logic.child_ended(child.execution)
        return self.memory.decide(Finished(run.id, request), self._now, self._tools).refused is None

    def _move_back(self, run: RunRow, seconds: float) -> None:
        """As if everything about this run had happened so much earlier."""
        stored = self.memory.rows[run.id]
        for name in _TIMES:
            at = getattr(stored, name)
            if at is not None:
                setattr(stored, name, at - timedelta(seconds=max(seconds, 0)))

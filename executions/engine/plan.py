"""A decision in the making: the work list and the rows it touches.

A plan works on copies. Everything that follows from one event goes through one queue, first in, first out, so that
task runs are numbered in the order in which a reader of the definition expects them. The parts that know how joins,
loops, items, failures and ends behave are functions in their own files; this one has what they share.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Mapping
from copy import copy
from datetime import datetime
from typing import Any

from executions.engine import endings, timeouts
from executions.engine.decision import Decision
from executions.engine.fragments import nodes_of
from executions.engine.place import Place, item_index
from executions.engine.rows import EMPTY, Doc, ExecutionRow, RunRow
from executions.engine.scope import NOTHING, PlanScope
from executions.engine.snapshot import Snapshot
from executions.engine.tools import Claimer, TaskLogic, Tools
from executions.ids import run_id
from executions.states import ExecutionState, RunsOn, RunState
from workflows_app.expressions.base import ExpressionError
from workflows_app.graph.analysis import Analysis, analyse
from workflows_app.graph.model import Graph, Node
from workflows_app.graph.template import Template
from workflows_app.policies import OnTimeout, TaskPolicy


class Plan:
    """See the module. ``graph``, ``snapshot``, ``now``, ``tools`` are given; the rest is the outcome."""

    def __init__(
        self, graph: Graph, snapshot: Snapshot, now: datetime, tools: Tools, claimer: Claimer | None = None
    ) -> None:
        self.graph = graph
        self.analysis: Analysis = analyse(graph)
        self.snapshot = snapshot
        self.now = now
        self.tools = tools
        self.claimer = claimer and copy(claimer)
        self.execution: ExecutionRow = copy(snapshot.execution)
        self.decision = Decision(execution=self.execution)
        self.rows: dict[str, RunRow] = {}
        self.in_doubt = False  # set where the structure of the graph must not be trusted
        self.counted: dict[str, set[str]] = {}  # by join: branches that it found ended when it opened
        self.touched: dict[str, None] = {}  # scopes in which something ended, in order
        self.undecided: set[str] = set()  # settled runs whose edges have not been looked at yet
        self.coming: set[tuple[str, str]] = set()  # (run, gathering node) of edges that are taken and have not arrived
        self._newest: dict[str, RunRow] = {}
        self._queue: deque[Callable[[], None]] = deque()
        self.computed = 0  # compute nodes evaluated so far

    # ---- rows

    def edit(self, run: RunRow) -> RunRow:
        """The plan's own copy of a run, to be changed and written."""
        mine = self.rows.get(run.id)
        if mine is None:
            mine = run.copy()
            mine.origin = run
            mine.revision += 1
            self.rows[run.id] = mine
            if run.ref not in self.graph.revisits and item_index(run.path) is None:
                self._newest[run.ref] = mine
        return mine

    def current(self, run: RunRow | None) -> RunRow | None:
        """The plan's view of a run that the snapshot holds."""
        return run and self.rows.get(run.id, run)

    def latest(self, ref: str) -> RunRow | None:
        """The run of ``ref`` with the highest seq; of a list the container, not its items."""
        if ref in self._newest:
            return self._newest[ref]
        return self.current(self.snapshot.latest_of(ref))

    def newest(self, ref: str) -> RunRow | None:
        """The latest run of ``ref`` that this plan has made or changed."""
        return self._newest.get(ref)

    def run_by_id(self, run_id: str) -> RunRow | None:
        return self.rows.get(run_id) or self.snapshot.run(run_id)

    def stored_in_scope(self, container: RunRow) -> list[RunRow]:
        """The runs of a loop or item list that the table holds."""
        return [] if container.stored < 0 else self.snapshot.runs_in(container.id)

    def held_in(self, container: RunRow) -> RunRow | None:
        """The next item that waits for its turn."""
        mine = [r for r in self.rows.values() if r.scope_id == container.id]
        if container.stored < 0:
            waiting = [r for r in mine if r.state == RunState.WAITING]
            return min(waiting, key=lambda r: r.seq, default=None)
        return self.snapshot.held_in(container.id, frozenset(r.id for r in mine))

    def nothing_else_stored(self, scope_id: str) -> bool:
        """Whether all that can be open in this scope is in the plan, as far as that is known without looking."""
        if self.orderly:
            return True
        container = self.rows.get(scope_id)
        return container is not None and container.stored < 0

    @property
    def orderly(self) -> bool:
        """What runs is what the structure of the graph says: no operator has moved anything, nothing is in doubt."""
        return self.analysis.structured and not self.in_doubt and not self.execution.memo.value.get("moved")

    def last_run(self) -> RunRow | None:
        """The run with the highest seq of the whole execution."""
        newest = max(self.rows.values(), key=lambda r: r.seq, default=None)
        if newest is not None and (newest.stored < 0 or newest.seq == self.snapshot.execution.next_seq):
            return newest
        last = self.current(self.snapshot.last_run())
        return last if newest is None or (last and last.seq > newest.seq) else newest

    def latest_runs(self) -> list[RunRow]:
        """The last attempt at every place, items of lists not included, in order of seq: for expressions that ask for
        all of them."""
        last: dict[tuple[str, str], RunRow] = {}
        for run in [*(self.current(r) or r for r in self.snapshot.everything()), *self.rows.values()]:
            known = last.get((run.ref, run.path))
            if item_index(run.path) is None and (known is None or run.attempt >= known.attempt):
                last[run.ref, run.path] = run
        return sorted(last.values(), key=lambda r: r.seq)

    def require(self, refs: frozenset[str]) -> None:
        """Loads all of them at once, if they are not there."""
        self.snapshot.require(frozenset(ref for ref in refs if ref not in self._newest))

    def node(self, run: RunRow) -> Node:
        return self.node_at(run.ref, run.fragment)

    def node_at(self, ref: str, fragment: Doc | None) -> Node:
        if fragment is not None:
            nodes = nodes_of(fragment)
            if ref in nodes:
                return nodes[ref]
        return self.graph.nodes[ref]

    def new_run(
        self, node: Node, place: Place, *, attempt: int = 0, state: str = RunState.SCHEDULED, salt: str = ""
    ) -> RunRow:
        """A new row, numbered after all others. ``salt`` tells its id from that of an earlier run at the same place."""
        execution = self.execution
        execution.next_seq += 1
        known = place.fragment is None  # a node of the graph: its definition was looked up when the execution began
        definition_id = self.tools.task_definition(execution, node.name, known=known)
        run = RunRow(
            id=run_id(execution.id, execution.epoch, node.ref, salt + place.path, attempt),
            execution_id=execution.id,
            version_id=execution.version_id,
            task_definition_id=definition_id,
            scope_id=place.scope_id,
            ref=node.ref,
            path=place.path,
            attempt=attempt,
            seq=execution.next_seq,
            type=node.type,
            name=node.name,
            state=state,
            priority=execution.priority,
            scheduled_at=self.now,
            first_scheduled_at=self.now,
            updated_at=self.now,
            context=place.context,
            fragment=place.fragment,
        )
        self.rows[run.id] = run
        if item_index(run.path) is None:
            self._newest[run.ref] = run
        return run

    def policy(self, run: RunRow, node: Node) -> TaskPolicy:
        if node.policy is not None:
            return node.policy
        if run.task_definition_id is not None:
            return self.tools.policy(run.task_definition_id)
        return self.logic(node).policy or node.default_policy

    def logic(self, node: Node) -> TaskLogic:
        return self.tools.task_type(node.type, node.name)

    def change_execution(self, **fields: Any) -> None:
        for name, value in fields.items():
            setattr(self.execution, name, value)
        self.decision.execution_changed = True

    def note(self, **fields: Any) -> None:
        """Adds to the execution's memo."""
        self.change_execution(memo=Doc({**self.execution.memo.value, **fields}))

    def set_deadline(self) -> None:
        """Sets when the execution must be over: its timeout counts from its start, or from its last revival."""
        graph, execution = self.graph, self.execution
        deadline = None
        if graph.timeout > 0 and graph.on_timeout is not OnTimeout.ALERT:
            deadline = timeouts.after(execution.retried_at or execution.created_at, graph.timeout)
        if (execution.deadline_at, execution.due_at) != (deadline, deadline):
            self.change_execution(deadline_at=deadline, due_at=deadline)

    @property
    def stopped(self) -> bool:
        """Nothing new may start: the execution is paused, has ended, or runs out after a failure."""
        return self.execution.state != ExecutionState.RUNNING or bool(self.execution.memo.value.get("stopped"))

    # ---- the queue

    def then(self, step: Callable[[], None]) -> None:
        self._queue.append(step)

    def run_queue(self) -> None:
        """Works until nothing follows any more, scopes that ran empty included."""
        while not self.execution.ended:
            if self._queue:
                self._queue.popleft()()
            elif not endings.close_empty_scope(self):
                break

    # ---- expressions

    def scope(
        self,
        *,
        run: RunRow | None = None,
        context: Doc | None = None,
        locals: Mapping[str, Any] = NOTHING,
        history: frozenset[str] = frozenset(),
    ) -> PlanScope:
        return PlanScope(
            self,
            run_id=run.id if run else None,
            context=context if context is not None else (run.context if run else None),
            locals=locals,
            history=history,
        )

    def evaluate(
        self,
        template: Template,
        *,
        run: RunRow | None = None,
        context: Doc | None = None,
        locals: Mapping[str, Any] = NOTHING,
    ) -> Any:
        """Raises ExpressionError."""
        self.require(template.reads)
        return self.tools.evaluate(
            template, self.scope(run=run, context=context, locals=locals, history=template.history)
        )

    def number(self, value: Template | float, run: RunRow, context: Doc | None = None) -> float:
        """A number that may be an expression. Raises ExpressionError if it is no number."""
        if not isinstance(value, Template):
            return value
        found = self.evaluate(value, run=run, context=context)
        if isinstance(found, bool) or not isinstance(found, (int, float)):
            raise ExpressionError(f"{value.value!r} gives {found!r} where a number belongs")
        return found

    def truth(self, value: Template | bool | None, run: RunRow, context: Doc | None = None) -> bool:
        """Whether something holds that may be an expression. Raises ExpressionError."""
        return bool(self.evaluate(value, run=run, context=context)) if isinstance(value, Template) else bool(value)

    def resolve_input(self, run: RunRow, node: Node, locals: Mapping[str, Any] = NOTHING) -> None:
        """Sets the run's input from the node's template and the defaults of its task definition."""
        found: dict[str, Any] = {}
        if node.input is not None:
            value = self.evaluate(node.input, run=run, locals=locals)
            if not isinstance(value, Mapping):
                raise ExpressionError(f"the input of {node.ref} must be an object, not {value!r}")
            found = dict(value)
        defaults = self.policy(run, node).input_defaults
        if defaults is not None:
            missing = {k: v for k, v in defaults.value.items() if found.get(k) is None}
            if missing:
                filled = self.evaluate(defaults, run=run, locals=locals)
                found.update({k: filled[k] for k in missing})
        run.input = Doc(found) if found else EMPTY

    # ---- starting nodes

    def set_due(self, run: RunRow, node: Node, other: datetime | None = None) -> None:
        """Sets deadline_at from the timeouts that tick now, and due_at to it or ``other``, whichever is earlier."""
        policy = self.policy(run, node).timeouts
        run.deadline_at = timeouts.deadline(timeouts.timeouts_of(run, policy, responds=self.responds(run, node)))
        run.due_at = timeouts.earliest(run.deadline_at, other)
        run.claim_seconds = timeouts.claim_seconds(run, policy)
        total = timeouts.after(run.first_scheduled_at, policy.total) if policy.total > 0 else None
        limit = timeouts.time_limit(run)
        run.expires_at = timeouts.earliest(total, timeouts.after(*limit) if limit else None)

    @staticmethod
    def responds(run: RunRow, node: Node) -> bool:
        """Whether signs of life are expected of whoever has this run; a server-side task's worker has a lease."""
        return run.runs_on in (RunsOn.WORKER, RunsOn.NOBODY) and not node.completed_outside

    # ---- ending nodes

    def settled(self, run: RunRow) -> None:
        run.settled = True
        self.touched[run.scope_id] = None

    # ---- the outcome

    def done(self) -> Decision:
        """The decision, once the queue is empty."""
        self.decision.runs = list(self.rows.values())
        return self.decision

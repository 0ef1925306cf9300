"""A decision in the making: the work list and the rows it touches.

A plan works on copies. Everything that follows from one event goes through one queue, first in, first out, so that
task runs are numbered in the order in which a reader of the definition expects them. The parts that know how joins,
loops, items, failures and ends behave are functions in their own files; this one has what they share.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Mapping
from copy import copy
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any

from executions.engine import endings, fanout, gathering, items, joins, loops, retries, timeouts
from executions.engine.decision import Decision
from executions.engine.events import Result
from executions.engine.fragments import fragment_of, nodes_of
from executions.engine.place import Place, item_index
from executions.engine.rows import EMPTY, Doc, ExecutionRow, RunRow
from executions.engine.scope import NOTHING, PlanScope
from executions.engine.snapshot import Snapshot
from executions.engine.tools import Claimer, Task, TaskLogic, Tools
from executions.ids import child_id, run_id
from executions.states import ExecutionState, RunsOn, RunState
from workflows_app.expressions.base import ExpressionError, ScriptError
from workflows_app.graph.analysis import Analysis, analyse
from workflows_app.graph.model import Edge, Graph, Kind, Node, On
from workflows_app.graph.template import Template
from workflows_app.policies import OnTimeout, TaskPolicy

# Compute nodes evaluated in one decision; then the plan takes a breath: the next one becomes a due row of its own.
MAX_COMPUTED = 500
# How long a message for a scheduled run may take before it counts as lost.
MESSAGE_GRACE = timedelta(seconds=5)


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
        self.touched: dict[str, None] = {}  # scopes in which something ended, in order
        self._newest: dict[str, RunRow] = {}
        self._queue: deque[Callable[[], None]] = deque()
        self._computed = 0

    # ---- rows

    def edit(self, run: RunRow) -> RunRow:
        """The plan's own copy of a run, to be changed and written."""
        mine = self.rows.get(run.id)
        if mine is None:
            mine = run.copy()
            mine.origin = run
            mine.revision += 1
            self.rows[run.id] = mine
            if run.ref not in self.graph.revisits:
                self._newest[run.ref] = mine
        return mine

    def current(self, run: RunRow | None) -> RunRow | None:
        """The plan's view of a run that the snapshot holds."""
        return run and self.rows.get(run.id, run)

    def latest(self, ref: str) -> RunRow | None:
        """The run of ``ref`` with the highest seq."""
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

    def new_run(self, node: Node, place: Place, *, attempt: int = 0, state: str = RunState.SCHEDULED) -> RunRow:
        """A new row, numbered after all others."""
        execution = self.execution
        execution.next_seq += 1
        known = place.fragment is None  # a node of the graph: its definition was looked up when the execution began
        definition_id = self.tools.task_definition(execution, node.name, known=known)
        run = RunRow(
            id=run_id(execution.id, execution.epoch, node.ref, place.path, attempt),
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
            deadline = (execution.retried_at or execution.created_at) + timedelta(seconds=graph.timeout)
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
        """A number of seconds that may be an expression. Raises ExpressionError if it is no number."""
        if not isinstance(value, Template):
            return value
        found = self.evaluate(value, run=run, context=context)
        if isinstance(found, bool) or not isinstance(found, (int, float)):
            raise ExpressionError(f"{value.value!r} gives {found!r} where a number of seconds belongs")
        return found

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

    def activate(self, node: Node, place: Place) -> None:
        """A node is reached: make its run and begin it."""
        if node.ref in self.graph.revisits:
            place = place.visited_after(self.latest(node.ref))
        if gathering.passed_over(self, node, place):
            return
        if node.kind is Kind.DYNAMIC:
            self._become(node, place)
            return
        run = self.new_run(node, place)
        self.begin(run, node)

    def _become(self, node: Node, place: Place) -> None:
        """A node whose input says what it really is becomes that, under its own ref."""
        execution = self.execution
        probe = run_id(execution.id, execution.epoch, node.ref, place.path, 0)
        try:
            given = self.evaluate(node.input, context=place.context) if node.input else {}
            resolved = self.logic(node).resolve(
                Task(
                    node=node,
                    run_id=probe,
                    path=place.path,
                    input=given,
                    execution=execution,
                    now=self.now,
                    script=self.tools.script,
                )
            )
        except ExpressionError as error:
            endings.end(self, ExecutionState.FAILED, str(error))
            return
        if resolved.node is None:
            endings.end(self, ExecutionState.FAILED, resolved.abort)
            return
        place = replace(place, fragment=fragment_of({node.ref: resolved.node}))
        self.begin(self.new_run(resolved.node, place), resolved.node)

    def begin(self, run: RunRow, node: Node) -> None:
        """Takes a new, delayed or waiting run up. ``run`` belongs to the plan."""
        try:
            if item_index(run.path) is not None:
                self.launch(run, node)
            elif node.skip_if is not None and self.evaluate(node.skip_if, run=run):
                self.finish(run, Result(state=RunState.SKIPPED, output=run.output.value))
            elif node.items is not None:
                items.start(self, run, node)
            elif node.kind is Kind.JOIN:
                joins.open_join(self, run, node)
            elif node.kind is Kind.LOOP:
                self.resolve_input(run, node)
                loops.start(self, run, node)
            else:
                self.resolve_input(run, node)
                delay = self.number(node.start_delay, run)
                if delay > 0:
                    self.delay(run, node, delay)
                else:
                    self.launch(run, node)
        except ExpressionError as error:
            self.finish(run, Result(state=RunState.FAILED_WITH_TERMINAL_ERROR, reason=str(error)))

    def delay(self, run: RunRow, node: Node, seconds: float) -> None:
        """Puts a run aside for so long. Its queue and kind are fixed now, so that nobody needs the graph later."""
        run.start_delay = seconds
        run.callback_after = 0
        run.state = RunState.DELAYED
        self._route(run, node)
        self.set_due(run, node, timeouts.available_at(run))

    def launch(self, run: RunRow, node: Node) -> None:
        """Gives a run to whoever does it: the core itself, a worker, the world outside."""
        if node.kind is Kind.COMPUTE:
            self._compute(run, node)
        elif node.kind is Kind.FANOUT:
            fanout.start(self, run, node)
        elif self.logic(node).runs_on == RunsOn.NOBODY:
            self._open(run, node)
        else:
            self._schedule(run, node)

    def task(self, run: RunRow, node: Node) -> Task:
        return Task(
            node=node,
            run_id=run.id,
            path=run.path,
            input=run.input.value,
            execution=self.execution,
            now=self.now,
            script=self.tools.script,
        )

    def _compute(self, run: RunRow, node: Node) -> None:
        self._computed += 1
        if self._computed > MAX_COMPUTED:
            run.state = RunState.SCHEDULED
            run.due_at = self.now
            self.decision.send.append(run)
            return
        run.started_at = self.now
        try:
            result = self.logic(node).compute(self.task(run, node))
        except ScriptError as error:
            result = Result(state=RunState.FAILED_WITH_TERMINAL_ERROR, reason=str(error))
        self.finish(run, result)

    def _open(self, run: RunRow, node: Node) -> None:
        opening = self.logic(node).open(self.task(run, node))
        run.state = RunState.IN_PROGRESS
        run.started_at = run.updated_at = self.now
        if opening.result is not None:
            self.finish(run, opening.result)
            return
        if opening.timer_at is not None:
            run.memo = Doc({**(run.memo.value if run.memo else {}), "timer": opening.timer_at.timestamp()})
        self.set_due(run, node, opening.timer_at)

    def _route(self, run: RunRow, node: Node) -> None:
        logic = self.logic(node)
        run.runs_on = logic.runs_on if node.kind is Kind.TASK else RunsOn.NOBODY
        if run.runs_on == RunsOn.WORKER:
            if run.queue is None:
                name = logic.queue(node.name) or node.name
                run.domain = self._domain(name)
                run.queue = f"{run.domain}:{name}" if run.domain else name
        elif run.runs_on in (RunsOn.SERVER, RunsOn.CHILD):
            run.queue = logic.queue(node.name)
            run.child_id = child_id(run.id) if run.runs_on == RunsOn.CHILD else None

    def _domain(self, name: str) -> str | None:
        domains = self.execution.settings.value.get("domains")
        if not domains:
            return None
        candidates = [d for d in str(domains.get(name) or domains.get("*") or "").split(",") if d.strip()]
        return self.tools.domain([d.strip() for d in candidates], name) if candidates else None

    def _schedule(self, run: RunRow, node: Node) -> None:
        run.state = RunState.SCHEDULED
        self._route(run, node)
        if run.runs_on == RunsOn.WORKER:
            self.set_due(run, node)
            return
        if self._claim(run, node):
            self.decision.claimed.append(run)
            return
        self.decision.send.append(run)
        self.set_due(run, node, self.now + MESSAGE_GRACE)

    def _claim(self, run: RunRow, node: Node) -> bool:
        """Whether the deciding process goes on with this run itself."""
        claimer = self.claimer
        limits = self.policy(run, node).limits
        if claimer is None or limits.concurrency or limits.rate:
            return False
        if run.runs_on == RunsOn.CHILD:
            if claimer.children <= 0:
                return False
            claimer.children -= 1
        else:
            if claimer.steps <= 0 or claimer.queues is None or run.queue not in claimer.queues:
                return False
            claimer.steps = 0  # one at a time: what it leads to is decided when it is done
        run.state = RunState.IN_PROGRESS
        run.worker = claimer.worker
        run.started_at = self.now
        run.polls = 1
        self.set_due(run, node, self.now + timedelta(seconds=claimer.lease_seconds))
        return True

    def set_due(self, run: RunRow, node: Node, other: datetime | None = None) -> None:
        """Sets deadline_at from the timeouts that tick now, and due_at to it or ``other``, whichever is earlier."""
        policy = self.policy(run, node).timeouts
        run.deadline_at = timeouts.deadline(timeouts.timeouts_of(run, policy, responds=self.responds(run, node)))
        run.due_at = timeouts.earliest(run.deadline_at, other)
        run.claim_seconds = timeouts.claim_seconds(run, policy)
        run.expires_at = run.first_scheduled_at + timedelta(seconds=policy.total) if policy.total > 0 else None

    @staticmethod
    def responds(run: RunRow, node: Node) -> bool:
        """Whether signs of life are expected of whoever has this run; a server-side task's worker has a lease."""
        return run.runs_on in (RunsOn.WORKER, RunsOn.NOBODY) and not node.completed_outside

    # ---- ending nodes

    def finish(self, run: RunRow, result: Result) -> None:
        """A run of the plan has ended; takes the consequences unless the execution is paused."""
        run.state = result.state
        run.ended_at = run.updated_at = self.now
        run.started_at = run.started_at or self.now
        run.due_at = run.deadline_at = None
        if result.output is not None:
            output = {**run.output.value, **result.output} if result.merge else result.output
            run.output = Doc(output) if output else EMPTY
        if result.reason is not None:
            run.reason = result.reason
        elif not run.failed:
            run.reason = None
        if result.worker is not None:
            run.worker = result.worker
        if result.input:
            run.input = Doc({**run.input.value, **result.input})
        if result.case is not None:
            run.memo = Doc({**(run.memo.value if run.memo else {}), "case": result.case})
        if result.variables:
            self.change_execution(variables=Doc({**self.execution.variables.value, **result.variables}))
        if result.abort is not None:
            self.settled(run)
            endings.end(self, ExecutionState.FAILED, result.abort, failed=run)
        elif result.end is not None:
            self.settled(run)
            endings.end_by_task(self, run, result.end)
        elif self.execution.state != ExecutionState.PAUSED:
            self.settle(run)

    def settled(self, run: RunRow) -> None:
        run.settled = True
        self.touched[run.scope_id] = None

    def settle(self, run: RunRow) -> None:
        """Decides the consequences of an ended run: another attempt, the nodes that follow, or the end."""
        node = self.node(run)
        index = item_index(run.path)
        if run.failed and self._retry(run, node):
            self.settled(run)
            return
        if run.failed and node.optional:
            run.state = RunState.COMPLETED_WITH_ERRORS
        self.settled(run)
        if index is not None:
            items.item_ended(self, run, node)
            return
        if run.failed and not node.permissive and not endings.handled(node):
            endings.unhandled_failure(self, run)
            if self.stopped:
                return
        if run.failed and node.permissive:
            endings.note_permissive_failure(self, run)
        self.then(lambda: self.follow(run, node))

    def _retry(self, run: RunRow, node: Node) -> bool:
        if self.stopped:
            return False
        policy = self.policy(run, node)
        chance = self.tools.random(run.id)
        delay = retries.delay_before_retry(run, policy, node.retry_limit, self.now, chance)
        if delay is None:
            return False
        self.attempt_again(run, node, delay)
        return True

    def attempt_again(self, run: RunRow, node: Node, delay: float) -> RunRow:
        """The next attempt of an ended run, after so many seconds."""
        place = Place(path=run.path, scope_id=run.scope_id, context=run.context, fragment=run.fragment)
        again = self.new_run(node, place, attempt=run.attempt + 1)
        again.first_scheduled_at = run.first_scheduled_at
        again.task_definition_id = run.task_definition_id
        again.reason = run.reason
        again.domain, again.queue = run.domain, run.queue
        if item_index(run.path) is None:
            self.resolve_input(again, node)
        else:
            again.input = run.input
        if delay > 0:
            self.delay(again, node, delay)
        else:
            self.then(lambda: self.launch(again, node))
        return again

    # ---- following edges

    def follow(self, run: RunRow, node: Node) -> None:
        """Tells the joins that watch this run, and takes the edges that apply to its outcome."""
        for ref in node.notifies:
            joins.notify(self, ref, run)
        place = Place(path=run.path, scope_id=run.scope_id, context=run.context, fragment=run.fragment)
        place = place.left_visit()
        edges = self._edges(run, node)
        for number, edge in enumerate(edges[self._followed(run) :], start=1):
            self._take(edge, run, place)
            if self.execution.ended:
                return
            if self.execution.state == ExecutionState.PAUSED and number < len(edges):
                # what comes after a command to pause is taken when the execution is resumed
                run.settled = False
                run.memo = Doc({**(run.memo.value if run.memo else {}), "followed": number})
                return
        if node.opens is not None:
            join = self.node_at(node.opens, place.fragment)
            self.then(lambda: self.activate(join, place))
        if not edges and node.opens is None:
            endings.branch_ended(self, run)

    @staticmethod
    def _followed(run: RunRow) -> int:
        """How many of its edges a run has followed already."""
        return (run.memo.value if run.memo else {}).get("followed", 0)

    def _edges(self, run: RunRow, node: Node) -> list[Edge]:
        outcome = On.SUCCESS
        if run.state == RunState.SKIPPED and any(e.on is On.SKIP for e in node.edges):
            outcome = On.SKIP
        elif run.failed and not node.permissive:
            outcome = On.ERROR
        edges = node.edges
        if self.graph.backward:
            wanted = self.execution.memo.value["wanted"]
            edges = tuple(e for e in edges if e.to in wanted)
        candidates = [e for e in edges if e.on is outcome]
        candidates += [e for e in edges if e.on is On.COMPLETE]
        case = run.memo.value.get("case") if run.memo else None
        if case is None:
            candidates = [e for e in candidates if e.case is None and not e.otherwise]
        else:
            named = [e for e in candidates if e.case == case]
            candidates = named or [e for e in candidates if e.otherwise]
        taken = []
        for edge in candidates:
            if edge.when is None or self.evaluate(edge.when, run=run, locals={"task": run.ref}):
                taken.append(edge)
            elif edge.to is not None:
                gathering.declined(self, edge.to, run)
        return taken

    def _take(self, edge: Edge, run: RunRow, place: Place) -> None:
        if edge.command is not None:
            endings.obey(self, edge, run)
            return
        if edge.to is None:
            return
        target = self.node_at(edge.to, place.fragment)
        if place.fragment is not None and edge.to not in nodes_of(place.fragment):
            place = place.without_fragment()
        if target.gather is not None:
            self.then(lambda: gathering.arrive(self, target, place, run))
        else:
            self.then(lambda: self.activate(target, place))

    # ---- the outcome

    def done(self) -> Decision:
        """The decision, once the queue is empty."""
        self.decision.runs = list(self.rows.values())
        return self.decision

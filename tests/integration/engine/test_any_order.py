"""Whatever happens, in whatever order: the invariants of the engine hold (reference: DESIGN section 3).

A Hypothesis state machine drives the real core and the real store: workers claim, finish, fail and die, messages are
lost and doubled, operators pause, resume, terminate and retry. After every step:

1. no attempt has been completed twice;
2. no execution runs without something that can move it;
3. whatever a server-side worker has, or should have, is due some time;
4. to apply the same result again changes nothing.
"""

from __future__ import annotations

import os
from datetime import timedelta
from typing import Any

import pytest
from django.db import transaction
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import Bundle, RuleBasedStateMachine, initialize, invariant, rule, run_state_machine_as_test

from executions.clock import now
from executions.engine import beginning, rewinding, transact
from executions.engine.driver import Driver
from executions.engine.events import (
    Advanced,
    Due,
    Event,
    Finished,
    Paused,
    Result,
    Resumed,
    Retried,
    Skipped,
    Terminated,
)
from executions.engine.new_execution import NewExecution
from executions.engine.rewinding import Rewind
from executions.engine.rows import RunRow
from executions.models import Execution, TaskRun
from executions.states import RUN_ENDED, RUN_OPEN, ExecutionState, RunsOn, RunState
from executions.store import claims, executions, runs
from executions.sweeps.stalled import stalled
from tests.integration.engine.graphs import build, build_direct, direct_plans, plans
from workflows_app.graph.model import Graph
from workflows_app.registration import Draft, save

ENDINGS = st.sampled_from(
    [RunState.COMPLETED, RunState.COMPLETED, RunState.FAILED, RunState.FAILED_WITH_TERMINAL_ERROR]
)


class Engine(RuleBasedStateMachine):
    """One execution of a random graph, its claims, and the clock."""

    claimed = Bundle("claimed")

    def __init__(self) -> None:
        super().__init__()
        self.outer = transaction.atomic()
        self.outer.__enter__()
        self.completed: dict[tuple[str, int], int] = {}
        self.id = ""

    def teardown(self) -> None:
        transaction.set_rollback(True)
        self.outer.__exit__(None, None, None)

    @initialize(plan=plans())
    def start(self, plan: list[Any]) -> None:
        self.begin(plan, build(plan))

    def begin(self, plan: list[Any], graph: Graph) -> None:
        version = save(
            Draft(format="test", name=graph.name, number=1, body={"plan": plan}, graph=graph), overwrite=True
        )
        started = beginning.start(NewExecution(version_id=version.pk, format="test", name=graph.name, number=1))
        assert started is not None
        self.id = started.execution.id
        self.refs = list(graph.nodes)

    # ---- what workers do

    @rule(target=claimed, number=st.integers(0, 5))
    def claim(self, number: int) -> RunRow | None:
        offered = runs.read(self.id, "state = 'SCHEDULED' AND runs_on IN ('server', 'worker')")
        if not offered:
            return None
        run = offered[number % len(offered)]
        moment = now()
        if run.runs_on == RunsOn.SERVER:
            return claims.claim(run.id, "w", moment, moment + timedelta(seconds=30))
        found = claims.poll(run.queue or "", 1, "w", moment)
        return found[0] if found else None

    @rule(run=claimed, state=ENDINGS, twice=st.booleans())
    def finish(self, run: RunRow | None, state: RunState, twice: bool) -> None:
        """The holder of a claim reports, possibly late, possibly twice."""
        if run is None:
            return
        event = Finished(run.id, Result(state=state, output={"by": run.revision}), run.revision)
        for _ in range(2 if twice else 1):
            decision = transact.apply(self.id, event, run=run)
            assert decision is not None
            if decision.refused is None:
                key = (run.id, run.revision)
                self.completed[key] = self.completed.get(key, 0) + 1

    @rule(run=claimed)
    def report_progress(self, run: RunRow | None) -> None:
        if run is not None and run.runs_on == RunsOn.WORKER:
            self.apply(Finished(run.id, Result(state=RunState.IN_PROGRESS), run.revision))

    @rule(run=claimed)
    def lose_the_worker(self, run: RunRow | None) -> None:
        """Its lease runs out: somebody looks at the row."""
        if run is not None:
            TaskRun.objects.filter(id=run.id, state=RunState.IN_PROGRESS).update(due_at=now())
            self.apply(Due(run.id))

    @rule(number=st.integers(0, 5))
    def look_at_any_run(self, number: int) -> None:
        """A message that was lost is sent again, a doubled one arrives: nothing but a look."""
        found = runs.read(self.id)
        self.apply(Due(found[number % len(found)].id))

    # ---- what operators do

    @rule()
    def pause(self) -> None:
        self.apply(Paused())

    @rule()
    def resume(self) -> None:
        self.apply(Resumed())

    @rule()
    def advance(self) -> None:
        self.apply(Advanced())

    @rule(sure=st.integers(0, 9))
    def terminate(self, sure: int) -> None:
        if sure == 0:
            self.apply(Terminated(reason="enough"))

    @rule()
    def retry(self) -> None:
        self.apply(Retried())

    @rule(number=st.integers(0, 9), sure=st.integers(0, 2))
    def rerun(self, number: int, sure: int) -> None:
        """From any task that has run; an open execution is ended first, now and then."""
        if sure == 0:
            self.apply(Terminated(reason="to be rerun"))
        found = runs.read(self.id)
        if found:
            rewinding.rerun(self.id, Rewind(run_id=found[number % len(found)].id))

    @rule(number=st.integers(0, 9))
    def jump(self, number: int) -> None:
        rewinding.rerun(self.id, Rewind(ref=self.refs[number % len(self.refs)]))

    @rule(number=st.integers(0, 9))
    def skip(self, number: int) -> None:
        self.apply(Skipped(self.refs[number % len(self.refs)], {}, {"skipped": True}))

    def apply(self, event: Event) -> None:
        decision = transact.apply(self.id, event)
        assert decision is not None

    # ---- what must be true

    @invariant()
    def no_transition_is_applied_twice(self) -> None:
        assert all(count == 1 for count in self.completed.values())

    @invariant()
    def nothing_runs_without_something_to_wait_for(self) -> None:
        if self.id:
            assert not stalled().filter(id=self.id).exists()

    @invariant()
    def an_ended_execution_has_nothing_open(self) -> None:
        execution = executions.read(self.id) if self.id else None
        if execution is not None and execution.ended:
            assert not [r for r in runs.read(self.id) if not r.settled or r.state in RUN_OPEN]

    @invariant()
    def what_a_server_shall_do_is_due(self) -> None:
        if self.id:
            forgotten = TaskRun.objects.filter(
                execution_id=self.id, runs_on=RunsOn.SERVER, state__in=(RunState.SCHEDULED, RunState.IN_PROGRESS)
            ).filter(due_at=None)
            assert not forgotten.exists()

    @invariant()
    def every_place_has_one_open_attempt_at_most(self) -> None:
        if self.id:
            open_places = [(r.ref, r.path) for r in runs.read(self.id) if r.state in RUN_OPEN]
            assert len(set(open_places)) == len(open_places)

    @invariant()
    def numbers_are_unique(self) -> None:
        if self.id:
            seqs = [r.seq for r in runs.read(self.id)]
            assert len(set(seqs)) == len(seqs)

    @invariant()
    def open_joins_wait_for_as_many_branches_as_are_open(self) -> None:
        if not self.id:
            return
        rows = runs.read(self.id)
        for join in rows:
            if join.state == RunState.WAITING and join.type == "JOIN":
                assert join.pending is not None
                assert join.pending > 0


def drive_to_the_end(execution_id: str) -> None:
    """Every worker does its work: the execution must come to an end."""
    for _ in range(500):
        execution = executions.read(execution_id)
        assert execution is not None
        if execution.ended:
            return
        if execution.state == ExecutionState.PAUSED:
            transact.apply(execution_id, Resumed())
        for run in runs.read(execution_id, "state NOT IN ('WAITING')"):
            if run.state == RunState.DELAYED:
                TaskRun.objects.filter(id=run.id).update(due_at=now(), start_delay=0)
                transact.apply(execution_id, Due(run.id))
            if run.state in RUN_ENDED or run.runs_on not in (RunsOn.SERVER, RunsOn.WORKER):
                continue
            transact.apply(execution_id, Finished(run.id, Result(state=RunState.COMPLETED)))
    raise AssertionError(f"execution {execution_id} does not end: {[str(r) for r in runs.read(execution_id)]}")


class EngineThatEnds(Engine):
    """The same, and whatever has happened, good workers bring the execution to an end."""

    def teardown(self) -> None:
        try:
            if self.id:
                drive_to_the_end(self.id)
        finally:
            super().teardown()


class DirectEngine(EngineThatEnds):
    """The same for graphs of transitions, whose nodes may be reached by several ways."""

    @initialize(plan=direct_plans())
    def start(self, plan: list[Any]) -> None:
        self.begin(plan, build_direct(plan))

    @rule(number=st.integers(0, 5))
    def let_a_delay_pass(self, number: int) -> None:
        found = runs.read(self.id, "state = 'DELAYED'")
        if found:
            run = found[number % len(found)]
            TaskRun.objects.filter(id=run.id).update(due_at=now(), start_delay=0)
            self.apply(Due(run.id))


@pytest.mark.django_db
@pytest.mark.parametrize("machine", [DirectEngine, EngineThatEnds])
def test_the_invariants_hold_whatever_happens_in_whatever_order(machine: type[Engine]) -> None:
    run_state_machine_as_test(
        machine,
        settings=settings(
            max_examples=int(os.environ.get("UPBEAT_EXAMPLES", "60")),
            stateful_step_count=25,
            deadline=None,
            suppress_health_check=list(HealthCheck),
        ),
    )


@pytest.mark.django_db
def test_the_same_history_gives_the_same_rows() -> None:
    """A driver without a budget and one with a generous budget come to the same end."""
    plan = ["server", {"fork": [["server"], ["server", "control"]]}, "server"]
    graph = build(plan)
    version = save(Draft(format="test", name="same", number=1, body={}, graph=graph), overwrite=True)
    ends = []
    for steps in (0, 50):
        started = Driver(worker="w", queues=frozenset({"default"}), steps=steps).start(
            NewExecution(version_id=version.pk, format="test", name="same", number=1)
        )
        assert started is not None
        drive_to_the_end(started.id)
        ends.append([(r.ref, r.path, r.state) for r in runs.read(started.id)])
    assert ends[0] == ends[1]
    assert Execution.objects.filter(name="same", state=ExecutionState.COMPLETED).count() == 2

"""Definitions of which only so many executions run at a time (contracts/conductor.md, section 6.6)."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from executions import operations
from executions.engine import transact
from executions.engine.admission import NotAdmitted
from executions.engine.events import Admitted, Result
from executions.engine.rows import ExecutionRow
from executions.models import Execution
from executions.starting import driver
from executions.states import RunState
from executions.sweeps import admissions as sweep
from executions.sweeps.stalled import stalled
from tests.integration.conftest import run_of, state_of, story
from tests.unit.engine.world import graph, task
from workflows_app.expressions import compile_template
from workflows_app.graph.model import Admission, Edge, Graph

pytestmark = pytest.mark.django_db

Begin = Callable[..., ExecutionRow]


def limited(limit: int, *, reject: bool = False) -> Graph:
    key = compile_template("conductor", "${workflow.input.customer}")
    return graph(
        task("t", "SIMPLE", name="somebody", edges=(Edge(to="u"),)),
        task("u", "SIMPLE", name="somebody"),
        admission=Admission(key=key, limit=limit, reject=reject),
    )


def finish(execution: ExecutionRow) -> None:
    for ref in ("t", "u"):
        operations.report(execution.id, run_of(execution.id, ref).id, Result(state=RunState.COMPLETED))


def test_those_beyond_the_limit_wait_and_begin_in_their_order(begin: Begin) -> None:
    first, second, third, fourth = (begin(limited(2), input={"customer": "a"}) for _ in range(4))
    assert [story(e.id) for e in (first, second)] == [["t SCHEDULED"]] * 2
    assert [story(e.id) for e in (third, fourth)] == [[], []]
    reason = operations.execution(third.id).reason
    assert reason == "waits for its turn: 2 executions with the same rate limit key may run at a time"
    finish(second)
    assert story(third.id) == ["t SCHEDULED"]
    assert operations.execution(third.id).reason is None
    assert story(fourth.id) == []
    finish(third)
    finish(fourth)
    assert state_of(fourth.id) == "COMPLETED"


def test_another_key_has_places_of_its_own(begin: Begin) -> None:
    begin(limited(1), input={"customer": "a"})
    other = begin(limited(1), input={"customer": "b"})
    assert story(other.id) == ["t SCHEDULED"]


def test_one_that_waits_is_neither_stalled_nor_ended_by_a_look_at_it(begin: Begin) -> None:
    begin(limited(1))
    held = begin(limited(1))
    operations.advance(held.id)
    assert state_of(held.id) == "RUNNING"
    assert not stalled().filter(id=held.id).exists()


def test_one_that_waits_can_be_terminated_and_takes_no_place(begin: Begin) -> None:
    running, held, last = (begin(limited(1)) for _ in range(3))
    operations.terminate(held.id, by="somebody")
    assert state_of(held.id) == "TERMINATED"
    finish(running)
    assert story(last.id) == ["t SCHEDULED"]


def test_a_paused_one_lets_others_pass_and_begins_when_it_is_resumed(begin: Begin) -> None:
    running, held, last = (begin(limited(1)) for _ in range(3))
    operations.pause(held.id, by="somebody")
    finish(running)
    assert (story(held.id), story(last.id)) == ([], ["t SCHEDULED"])
    operations.resume(held.id, by="somebody")
    assert story(held.id) == []
    finish(last)
    assert story(held.id) == ["t SCHEDULED"]


def test_a_sweep_lets_in_whom_a_killed_process_has_forgotten(begin: Begin) -> None:
    running, held = (begin(limited(1)) for _ in range(2))
    for ref in ("t", "u"):  # decided, and killed before anything that follows the commit
        from executions.engine.events import Finished

        transact.apply(running.id, Finished(run_of(running.id, ref).id, Result(state=RunState.COMPLETED)))
    assert story(held.id) == []
    assert sweep.run_once() == 1
    assert story(held.id) == ["t SCHEDULED"]
    assert sweep.run_once() == 0


def test_nobody_is_let_in_twice(begin: Begin) -> None:
    begin(limited(1))
    held = begin(limited(1))
    Execution.objects.filter(id=held.id).update(held_at=None)
    first = transact.apply(held.id, Admitted())
    second = transact.apply(held.id, Admitted())
    assert first is not None
    assert first.refused is None
    assert second is not None
    assert second.refused is not None
    assert story(held.id) == ["t SCHEDULED"]


def test_a_definition_may_refuse_instead(begin: Begin) -> None:
    begin(limited(1, reject=True))
    with pytest.raises(NotAdmitted, match="1 execution of"):
        begin(limited(1, reject=True))
    assert Execution.objects.count() == 1


def test_a_driver_without_room_admits_nobody(begin: Begin) -> None:
    first = begin(limited(1))
    begin(limited(1))
    key = operations.execution(first.id).settings.value["admission"]
    assert driver().admit(key) == 0

"""What a step costs in SQL statements and messages (DESIGN 3.5). BEGIN, COMMIT and savepoints are not counted."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from executions import worker
from executions.clock import now
from executions.engine.events import Finished, Result
from executions.engine.rows import ExecutionRow
from executions.engine.transact import Hint
from executions.operations import report
from executions.states import RunState
from executions.store import claims
from tests.integration.conftest import Courier, run_of, state_of, story
from tests.unit.engine.world import compute, graph, task
from workflows_app.graph.model import Edge, Graph, Join, Kind, Node

pytestmark = pytest.mark.django_db

Begin = Callable[..., ExecutionRow]


class Statements(CaptureQueriesContext):
    """Counts what really goes to the database."""

    def __init__(self) -> None:
        super().__init__(connection)

    @property
    def sql(self) -> list[str]:
        control = ("BEGIN", "COMMIT", "SAVEPOINT", "RELEASE", "ROLLBACK")
        return [q["sql"] for q in self.captured_queries if not q["sql"].startswith(control)]

    def __str__(self) -> str:
        return "\n".join(sql[:150] for sql in self.sql)


def function(ref: str, name: str = "noop_function", **fields: object) -> Node:
    return task(ref, "SIMPLE", name=name, **fields)


def sequence(*names: str) -> Graph:
    refs = [f"t{i}" for i in range(len(names))]
    nodes = [
        function(ref, name, edges=(Edge(to=following),) if following else ())
        for ref, name, following in zip(refs, names, [*refs[1:], None], strict=True)
    ]
    return graph(*nodes)


def test_a_server_side_task_with_its_own_message_costs_four_statements(begin: Begin, courier: Courier) -> None:
    execution = begin(sequence("noop_function", "other_queue", "noop_function"))
    for _ in range(3):
        message = courier.take()
        assert message is not None
        with Statements() as statements:
            courier.work(*message)
        assert len(statements.sql) <= 4, str(statements)
    assert state_of(execution.id) == "COMPLETED"
    assert [task for task, _ in courier.delivered] == ["executions.run"] * 3


def test_a_task_that_the_same_worker_goes_on_with_costs_three_statements_and_no_message(
    begin: Begin, courier: Courier
) -> None:
    def cost(steps: int) -> int:
        begin(sequence(*["noop_function"] * steps))
        with Statements() as statements:
            assert courier.deliver() == 1
        return len(statements.sql)

    cost(2)
    assert (cost(12) - cost(2)) / 10 <= 3


def test_a_task_that_an_external_worker_polls_costs_five_statements(begin: Begin) -> None:
    execution = begin(graph(task("a", "SIMPLE", edges=(Edge(to="b"),)), task("b", "SIMPLE")))
    for ref in ("a", "b"):
        with Statements() as statements:
            (run,) = claims.poll(ref, 1, "worker", now())
            report(execution.id, run.id, Result(state=RunState.COMPLETED), hint=Hint.of(run))
        assert len(statements.sql) <= 5, str(statements)
    assert state_of(execution.id) == "COMPLETED"


def test_ten_control_nodes_cost_what_one_costs(begin: Begin, courier: Courier) -> None:
    def cost(controls: int) -> int:
        nodes = [function("first", edges=(Edge(to="c0"),))]
        for i in range(controls):
            following = f"c{i + 1}" if i + 1 < controls else "last"
            nodes.append(compute(f"c{i}", "NOOP", edges=(Edge(to=following),)))
        begin(graph(*nodes, function("last")))
        with Statements() as statements:
            courier.deliver()
        return len(statements.sql)

    cost(1)
    assert cost(10) == cost(1)


def test_a_workflow_of_control_nodes_ends_within_its_own_start(begin: Begin, courier: Courier) -> None:
    nodes = [compute(f"c{i}", "NOOP", edges=(Edge(to=f"c{i + 1}"),) if i < 9 else ()) for i in range(10)]
    begin(graph(*nodes))
    with Statements() as statements:
        execution = begin(graph(*nodes))
    assert execution.state == "COMPLETED"
    inserts = [sql for sql in statements.sql if "executions_" in sql]
    assert len(inserts) == 2, str(statements)
    assert courier.take() is None


def fork(width: int, branch: str = "noop_function") -> Graph:
    refs = [f"b{i}" for i in range(width)]
    return graph(
        compute("fork", "FORK_JOIN", edges=tuple(Edge(to=ref) for ref in refs), opens="join"),
        *(function(ref, branch, notifies=("join",)) for ref in refs),
        Node(ref="join", kind=Kind.JOIN, type="JOIN", name="join", join=Join(over=tuple(refs))),
    )


@pytest.mark.parametrize("width", [3, 30])
def test_a_branch_costs_the_same_in_a_narrow_fork_and_in_a_wide_one(begin: Begin, courier: Courier, width: int) -> None:
    execution = begin(fork(width))
    costs = []
    while (message := courier.take()) is not None:
        with Statements() as statements:
            courier.work(*message)
        costs.append(len(statements.sql))
    branches = costs[:width]
    assert max(branches[:-1]) <= 4, costs
    assert state_of(execution.id) == "COMPLETED", story(execution.id)


def test_the_last_branch_ends_its_join_within_the_same_statements(begin: Begin, courier: Courier) -> None:
    execution = begin(fork(2))
    first, second = run_of(execution.id, "b0"), run_of(execution.id, "b1")
    worker.run_message(first.id, "default", (), False)
    with Statements() as statements:
        worker.run_message(second.id, "default", (), False)
    # one more than a branch: the execution's own row, which ends with it
    assert len(statements.sql) <= 5, str(statements)
    assert state_of(execution.id) == "COMPLETED"


def test_a_result_that_comes_to_nothing_changes_nothing(begin: Begin) -> None:
    execution = begin(graph(task("a")))
    run = run_of(execution.id, "a")
    report(execution.id, run.id, Result(state=RunState.COMPLETED, output={"n": 1}))
    report(execution.id, run.id, Result(state=RunState.FAILED, output={"n": 2}))
    after = run_of(execution.id, "a")
    assert (after.state, after.output.value) == ("COMPLETED", {"n": 1})


def test_events_name_their_run_once() -> None:
    assert Finished("x", Result(state=RunState.COMPLETED)).revision is None

"""Sequences, choices, forks that open joins, loops, retries: the shapes of nested task lists.

Expected behaviour: contracts/conductor.md, sections 3.2 to 3.4, 4.2 and 6.
"""

from __future__ import annotations

from typing import Any

from executions.engine.events import Due, End, ExecutionDue, Finished, Result, Retried, Terminated
from executions.engine.tools import Branch, Branches, Claimer, Opening, Resolved
from executions.states import RunsOn, RunState
from tests.unit.engine.world import Logic, World, compute, graph, task
from workflows_app.graph.model import Edge, Graph, Join, Kind, Loop, Node
from workflows_app.graph.template import Template, literal
from workflows_app.policies import Backoff, OnTimeout, RetryPolicy, TaskPolicy, Timeouts


def chain(*nodes: Node, **fields: Any) -> Graph:
    """Every node leads to the next."""
    linked = []
    for node, following in zip(nodes, [*nodes[1:], None], strict=True):
        edges = (Edge(to=following.ref),) if following else ()
        linked.append(node if node.edges or node.opens else _with(node, edges=edges))
    return graph(*linked, **fields)


def _with(node: Node, **fields: Any) -> Node:
    return Node(**{**{f: getattr(node, f) for f in node.__dataclass_fields__}, **fields})


def test_a_sequence_runs_in_order_and_ends_with_the_last_output() -> None:
    world = World(chain(task("a"), task("b"))).start()
    world.finish("a", {"x": 1})
    world.finish("b", {"y": 2})
    assert (world.state, world.output) == ("COMPLETED", {"y": 2})
    assert [r.seq for r in world.in_order()] == [1, 2]
    assert world.loads == [n for n in world.loads if n.ids], "a sequence reads nothing but the run it is about"


def test_a_stretch_of_compute_nodes_is_decided_in_one_go() -> None:
    world = World(chain(*(compute(f"c{i}") for i in range(10)))).start()
    assert world.state == "COMPLETED"
    assert world.execution.revision == 1
    assert len(world.rows) == 10


def test_a_choice_takes_its_case_or_the_default_and_goes_on_behind() -> None:
    def build(value: str) -> World:
        g = graph(
            compute(
                "sw",
                "choose",
                input=literal({"case": value}),
                edges=(Edge(to="a", case="A"), Edge(to="after", case="B"), Edge(to="d", otherwise=True)),
            ),
            compute("a", edges=(Edge(to="after"),)),
            compute("d", edges=(Edge(to="after"),)),
            compute("after"),
        )
        return World(g).start()

    assert [r.ref for r in build("A").in_order()] == ["sw", "a", "after"]
    assert [r.ref for r in build("B").in_order()] == ["sw", "after"]
    assert [r.ref for r in build("Z").in_order()] == ["sw", "d", "after"]


def fork(join: Join | None = None, **branch: Any) -> Graph:
    return graph(
        compute("fork", edges=(Edge(to="a"), Edge(to="b")), opens="join"),
        task("a", notifies=("join",), **branch),
        task("b", notifies=("join",)),
        Node(
            ref="join",
            kind=Kind.JOIN,
            type="join",
            name="join",
            join=join or Join(over=("a", "b")),
            edges=(Edge(to="after"),),
        ),
        task("after"),
    )


def test_a_join_opens_with_its_fork_and_ends_with_the_outputs_of_its_branches() -> None:
    world = World(fork()).start()
    assert [r.ref for r in world.in_order()] == ["fork", "a", "b", "join"]
    assert world.run("join").pending == 2
    world.finish("a", {"x": 1})
    world.finish("b")
    assert world.run("join").output.value == {"a": {"x": 1}}
    assert world.open_refs() == ["after"]


def test_a_join_over_one_branch_goes_on_and_the_execution_waits_for_the_other() -> None:
    g = fork(Join(over=("a",)))
    g = Graph(**{**{f: getattr(g, f) for f in ("name", "entry")}, "nodes": {**g.nodes, "b": task("b")}})
    world = World(g).start()
    world.finish("a")
    world.finish("after")
    assert (world.state, world.open_refs()) == ("RUNNING", ["b"])
    world.finish("b")
    assert world.state == "COMPLETED"


def test_a_failed_branch_ends_the_execution_and_cancels_the_rest() -> None:
    world = World(fork()).start()
    world.fail("a", "a broke")
    assert world.state == "FAILED"
    assert world.story() == ["fork COMPLETED", "a FAILED", "b CANCELED", "join CANCELED"]


def test_a_permissive_branch_fails_its_join_only_when_all_have_ended() -> None:
    world = World(fork(permissive=True)).start()
    world.fail("a", "a broke")
    assert world.state == "RUNNING"
    world.finish("b")
    assert world.run("join").state == RunState.FAILED
    assert world.state == "FAILED"
    assert "a broke" in (world.execution.reason or "")


def test_an_optional_branch_lets_its_join_end_with_errors() -> None:
    world = World(fork(optional=True)).start()
    world.fail("a")
    world.finish("b")
    assert world.run("a").state == world.run("join").state == RunState.COMPLETED_WITH_ERRORS
    assert world.open_refs() == ["after"]


def test_a_permissive_failure_fails_the_execution_at_its_end() -> None:
    world = World(chain(task("a", permissive=True), task("b"))).start()
    world.fail("a", "NETWORK ERROR")
    world.finish("b")
    assert world.state == "FAILED"
    assert world.execution.reason == f"Task {world.run('a').id} failed with status: FAILED and reason: 'NETWORK ERROR'"


def test_a_join_over_a_ref_that_is_never_reached_fails_instead_of_waiting_for_ever() -> None:
    world = World(fork(Join(over=("a", "b", "ghost")))).start()
    world.finish("a")
    world.finish("b")
    assert world.state == "FAILED"
    assert "will never end" in (world.run("join").reason or "")


def wide_fork(width: int) -> World:
    def branches(task: Any) -> Branches:
        made = []
        for i in range(width):
            node = Node(ref=f"b{i}", kind=Kind.TASK, type="worker", name="b", notifies=("join",))
            made.append(Branch(nodes={node.ref: node}, entry=node.ref, last=node.ref))
        return Branches(branches=made)

    g = graph(
        Node(ref="dyn", kind=Kind.FANOUT, type="dyn", name="dyn", opens="join"),
        Node(ref="join", kind=Kind.JOIN, type="join", name="join", join=Join(dynamic=True), edges=(Edge(to="z"),)),
        task("z"),
    )
    return World(g, types={"dyn": Logic(branches=branches)}).start()


def test_branches_made_at_run_time_are_joined_like_others() -> None:
    world = wide_fork(3)
    assert [r.ref for r in world.in_order()] == ["dyn", "b0", "b1", "b2", "join"]
    for i in (1, 2, 0):
        world.finish(f"b{i}", {"i": i})
    assert world.run("join").output.value == {f"b{i}": {"i": i} for i in range(3)}
    assert world.open_refs() == ["z"]


def test_branches_made_at_run_time_may_end_at_once() -> None:
    def branches(task: Any) -> Branches:
        nodes = [compute(f"c{i}", notifies=("join",)) for i in range(3)]
        return Branches(branches=[Branch(nodes={n.ref: n}, entry=n.ref, last=n.ref) for n in nodes])

    g = graph(
        Node(ref="dyn", kind=Kind.FANOUT, type="dyn", name="dyn", opens="join"),
        Node(ref="join", kind=Kind.JOIN, type="join", name="join", join=Join(dynamic=True)),
    )
    world = World(g, types={"dyn": Logic(branches=branches)}).start()
    assert world.state == "COMPLETED"
    assert [r.ref for r in world.in_order()] == ["dyn", "c0", "c1", "c2", "join"]


def test_a_fan_out_to_nothing_goes_straight_on() -> None:
    assert [r.ref for r in wide_fork(0).in_order()] == ["dyn", "join", "z"]


def test_a_branch_of_a_wide_fork_loads_no_other_branch() -> None:
    world = wide_fork(200)
    world.loads.clear()
    world.finish("b7")
    assert all(not n.scopes and not n.branches and len(n.refs) <= 1 for n in world.loads), world.loads


def loop(condition: str, *body: Node, **fields: Any) -> Graph:
    scoped = [_with(n, scope="loop") for n in body]
    inner = chain(*scoped)
    container = Node(
        ref="loop",
        kind=Kind.LOOP,
        type="loop",
        name="loop",
        loop=Loop(
            body=(body[0].ref,),
            condition=Template(language="js", value=condition, reads=frozenset(n.ref for n in body)),
            items=fields.pop("items", None),
        ),
        edges=(Edge(to="after"),),
        **fields,
    )
    return graph(container, *inner.nodes.values(), task("after"))


def test_a_loop_numbers_its_iterations_and_collects_their_outputs() -> None:
    world = World(
        loop("n < 2", task("a"), task("b")), scripts={"n < 2": lambda data: data["loop"]["iteration"] < 2}
    ).start()
    for i in (1, 2):
        world.finish("a", {"a": i}, path=str(i))
        world.finish("b", {"b": i}, path=str(i))
    assert world.run("loop").output.value == {
        "iteration": 2,
        "1": {"a": {"a": 1}, "b": {"b": 1}},
        "2": {"a": {"a": 2}, "b": {"b": 2}},
    }
    assert world.open_refs() == ["after"]


def test_the_condition_of_a_loop_sees_the_latest_outputs_of_its_body() -> None:
    world = World(loop("more", task("a")), scripts={"more": lambda data: data["a"]["more"]}).start()
    world.finish("a", {"more": True})
    world.finish("a", {"more": False})
    assert world.open_refs() == ["after"]


def test_a_loop_over_items_ends_with_them() -> None:
    world = World(loop("yes", compute("c"), items=literal(["x", "y"])), scripts={"yes": lambda data: True}).start()
    assert world.run("loop").output.value["loopItem"] == "y"
    assert world.run("loop").output.value["iteration"] == 2
    empty = World(loop("yes", compute("c"), items=literal([])), scripts={"yes": lambda data: True}).start()
    assert [r.ref for r in empty.in_order()] == ["loop", "after"]


def test_an_endless_loop_takes_breath_so_that_it_can_be_stopped() -> None:
    world = World(loop("yes", compute("c")), scripts={"yes": lambda data: True}).start()
    assert world.state == "RUNNING"
    last = world.in_order()[-1]
    assert (last.state, last.due_at) == (RunState.SCHEDULED, world.now)
    before = len(world.rows)
    world.apply(Due(last.id))
    assert len(world.rows) > before
    world.apply(Terminated(reason="enough"))
    assert world.state == "TERMINATED"
    assert all(r.settled for r in world.rows.values())


def test_a_loop_that_keeps_only_the_last_iterations_forgets_the_others() -> None:
    g = loop("n < 5", compute("c"), input=literal({"keepLastN": 2}))
    world = World(g, scripts={"n < 5": lambda data: data["loop"]["iteration"] < 5}).start()
    assert sorted(world.run("loop").output.value) == ["4", "5", "iteration"]


RETRY = RetryPolicy(limit=2, backoff=Backoff.EXPONENTIAL, delay=5)


def test_a_retry_is_a_new_run_after_its_delay() -> None:
    world = World(chain(task("a", default_policy=TaskPolicy(retry=RETRY)))).start()
    world.fail("a", "first")
    again = world.open_run("a")
    assert (again.attempt, again.state, again.start_delay, again.reason) == (1, RunState.DELAYED, 5, "first")
    world.later(5)
    world.apply(Due(again.id))
    assert world.open_run("a").state == RunState.SCHEDULED
    world.fail("a")
    assert world.open_run("a").start_delay == 10
    world.later(10)
    world.fail("a", "third")
    assert (world.state, len(world.rows)) == ("FAILED", 3)


def test_a_terminal_error_is_not_retried() -> None:
    world = World(chain(task("a", default_policy=TaskPolicy(retry=RETRY)))).start()
    world.finish("a", state=RunState.FAILED_WITH_TERMINAL_ERROR)
    assert (world.state, len(world.rows)) == ("FAILED", 1)


def test_a_result_for_an_ended_run_is_refused() -> None:
    world = World(chain(task("a"), task("b"))).start()
    first = world.open_run("a").id
    world.finish("a")
    assert world.apply(Finished(first, Result(state=RunState.FAILED))).refused == "the task has ended"


def test_a_result_with_an_old_claim_is_refused() -> None:
    world = World(chain(task("a", "server"))).start()
    run = world.open_run("a")
    assert world.apply(Finished(run.id, Result(state=RunState.COMPLETED), revision=run.revision + 1)).refused


def test_progress_puts_a_workers_task_back_on_offer() -> None:
    world = World(chain(task("a"))).start()
    run = world.rows[world.open_run("a").id]
    run.state = RunState.IN_PROGRESS
    world.apply(Finished(run.id, Result(state=RunState.IN_PROGRESS, output={"half": 1}, callback_after=3)))
    assert (world.open_run("a").state, world.open_run("a").output.value) == (RunState.DELAYED, {"half": 1})
    world.later(3)
    world.apply(Due(run.id))
    assert world.open_run("a").state == RunState.SCHEDULED


def timed(policy: OnTimeout, **timeouts: float) -> World:
    policies = TaskPolicy(retry=RetryPolicy(limit=1), timeouts=Timeouts(policy=policy, **timeouts))
    world = World(chain(task("a", default_policy=policies))).start()
    run = world.open_run("a")
    run.state, run.started_at = RunState.IN_PROGRESS, world.now
    world.later(10)
    run.due_at = world.now
    world.apply(Due(world.open_run("a").id))
    return world


def test_a_response_timeout_is_retried_whatever_the_policy_says() -> None:
    world = timed(OnTimeout.END_EXECUTION, response=10)
    assert world.story() == ["a TIMED_OUT", "a SCHEDULED"]


def test_a_task_timeout_does_what_its_policy_says() -> None:
    assert timed(OnTimeout.RETRY, task=10).story() == ["a TIMED_OUT", "a SCHEDULED"]
    assert timed(OnTimeout.END_EXECUTION, task=10).state == "TIMED_OUT"
    alert = timed(OnTimeout.ALERT, task=10)
    assert alert.story() == ["a IN_PROGRESS"]
    assert alert.open_run("a").due_at is None


def test_an_execution_ends_at_its_deadline() -> None:
    world = World(chain(task("a"), timeout=60, on_timeout=OnTimeout.END_EXECUTION)).start()
    assert world.execution.due_at is not None
    world.later(60)
    world.apply(ExecutionDue())
    assert (world.state, world.run("a").state) == ("TIMED_OUT", RunState.CANCELED)


def test_a_timer_completes_the_task_that_waits_for_it() -> None:
    def opens(task: Any) -> Opening:
        from datetime import timedelta

        return Opening(timer_at=task.now + timedelta(seconds=2))

    world = World(
        chain(task("w", "timer"), task("b")), types={"timer": Logic(runs_on=RunsOn.NOBODY, opens=opens)}
    ).start()
    run = world.open_run("w")
    assert run.state == RunState.IN_PROGRESS
    world.later(1)
    world.apply(Due(run.id))
    assert world.open_refs() == ["w"]
    world.later(1)
    world.apply(Due(run.id))
    assert world.open_refs() == ["b"]


def test_a_task_may_end_the_execution_with_an_output_of_its_own() -> None:
    end = Logic(
        computes=lambda task: Result(state=RunState.COMPLETED, end=End(state="FAILED", reason="not good", output=7))  # type: ignore[arg-type]
    )
    world = World(
        graph(compute("f", edges=(Edge(to="a"), Edge(to="t"))), task("a"), compute("t", "end")), types={"end": end}
    ).start()
    assert (world.state, world.execution.reason, world.output) == ("FAILED", "not good", {"output": 7})
    assert (world.run("t").state, world.run("a").state) == (RunState.COMPLETED, RunState.CANCELED)


def test_a_dynamic_node_becomes_what_its_input_names() -> None:
    def becomes(task: Any) -> Resolved:
        name = task.input.get("which")
        if name is None:
            return Resolved(abort="no name")
        return Resolved(node=_with(task.node, kind=Kind.TASK, type="worker", name=name))

    def build(which: str | None) -> World:
        node = Node(ref="d", kind=Kind.DYNAMIC, type="dynamic", name="d", input=literal({"which": which}))
        return World(chain(node, task("b")), types={"dynamic": Logic(becomes=becomes)}).start()

    world = build("target")
    assert (world.open_run("d").name, world.open_run("d").queue) == ("target", "target")
    world.finish("d", {"x": 1})
    assert world.open_refs() == ["b"]
    nameless = build(None)
    assert (nameless.state, nameless.execution.reason) == ("FAILED", "no name")


def test_the_next_server_side_task_comes_claimed_for_a_process_that_goes_on() -> None:
    claimer = Claimer(worker="w1", lease_seconds=30, queues=frozenset({"default"}), steps=5)
    world = World(chain(task("a", "server"), task("b", "server")), claimer=claimer).start()
    run = world.open_run("a")
    assert (run.state, run.worker) == (RunState.IN_PROGRESS, "w1")
    decision = world.apply(Finished(run.id, Result(state=RunState.COMPLETED), revision=run.revision))
    assert [r.ref for r in decision.claimed] == ["b"]
    assert decision.send == []


def test_a_lost_worker_is_replaced_and_at_last_given_up() -> None:
    claimer = Claimer(worker="w1", lease_seconds=30, queues=frozenset({"default"}), steps=5)
    world = World(chain(task("a", "server")), claimer=claimer).start()
    for losses in range(1, 5):
        world.later(30)
        world.apply(Due(world.open_run("a").id))
        assert world.open_run("a").losses == losses
    world.later(30)
    world.apply(Due(world.open_run("a").id))
    assert world.state == "FAILED"
    assert "was lost for the 5th time" in (world.execution.reason or "")


def test_a_retry_runs_what_failed_and_what_its_failure_canceled() -> None:
    world = World(fork()).start()
    world.finish("a", {"x": 1})
    world.fail("b")
    assert world.state == "FAILED"
    world.apply(Retried())
    assert (world.state, world.open_refs()) == ("RUNNING", ["b"])
    assert (world.open_run("b").attempt, world.run("join").pending) == (1, 1)
    world.finish("b", {"y": 2})
    assert world.run("join").output.value == {"a": {"x": 1}, "b": {"y": 2}}
    world.finish("after")
    assert world.state == "COMPLETED"


def test_a_retry_of_a_loop_goes_on_in_its_iteration() -> None:
    world = World(
        loop("n < 2", task("a"), task("b")), scripts={"n < 2": lambda data: data["loop"]["iteration"] < 2}
    ).start()
    world.finish("a")
    world.finish("b")
    world.fail("a")
    assert world.state == "FAILED"
    world.apply(Retried())
    assert [(r.ref, r.path, r.attempt) for r in world.in_order() if not r.ended] == [("loop", "", 0), ("a", "2", 1)]
    world.finish("a")
    world.finish("b")
    assert world.open_refs() == ["after"]


def test_a_retry_is_refused_while_running_and_when_nothing_failed() -> None:
    world = World(chain(task("a"))).start()
    assert world.apply(Retried()).refused
    world.finish("a")
    assert world.apply(Retried()).refused

"""Random graphs of real task types, for property tests: nested lists with forks, choices, loops, retries, children."""

from __future__ import annotations

from typing import Any

from hypothesis import strategies as st

from workflows_app.graph.model import (
    DefaultOutput,
    Edge,
    Gather,
    Graph,
    Join,
    Kind,
    Loop,
    Node,
    On,
    OnFailure,
    Publish,
)
from workflows_app.graph.template import literal
from workflows_app.policies import RetryPolicy, TaskPolicy

# A plan of a workflow: nested lists of these words.
Plan = list[Any]

_LEAVES = st.sampled_from(["server", "worker", "control", "optional", "permissive"])


def plans(max_leaves: int = 8) -> st.SearchStrategy[Plan]:
    """Lists of leaves, forks ``{"fork": [list, ...]}``, choices ``{"choice": [list, list]}``, loops
    ``{"loop": list}`` that run twice."""

    def extend(inner: st.SearchStrategy[Any]) -> st.SearchStrategy[Any]:
        lists = st.lists(inner, min_size=1, max_size=3)
        return st.one_of(
            st.fixed_dictionaries({"fork": st.lists(lists, min_size=2, max_size=3)}),
            st.fixed_dictionaries({"choice": st.tuples(lists, lists)}),
            st.fixed_dictionaries({"loop": lists}),
        )

    return st.lists(st.recursive(_LEAVES, extend, max_leaves=max_leaves), min_size=1, max_size=4)


def build(plan: Plan) -> Graph:
    """The graph of a plan."""
    builder = _Builder()
    entry = builder.sequence(plan, None, None)
    assert entry is not None
    return Graph(name="random", nodes=builder.nodes, entry=(entry,))


class _Builder:
    def __init__(self) -> None:
        self.nodes: dict[str, Node] = {}
        self._count = 0

    def _ref(self, kind: str) -> str:
        self._count += 1
        return f"{kind}{self._count}"

    def sequence(self, plan: Plan, after: str | None, scope: str | None) -> str | None:
        """Builds from the end, so that every node knows what follows it; gives the first ref."""
        for step in reversed(plan):
            after = self._step(step, after, scope)
        return after

    def _step(self, step: Any, after: str | None, scope: str | None) -> str:
        if isinstance(step, str):
            return self._leaf(step, after, scope)
        if "fork" in step:
            return self._fork(step["fork"], after, scope)
        if "choice" in step:
            return self._choice(step["choice"], after, scope)
        return self._loop(step["loop"], after, scope)

    def _add(self, node: Node) -> str:
        self.nodes[node.ref] = node
        return node.ref

    def _leaf(self, kind: str, after: str | None, scope: str | None) -> str:
        ref = self._ref(kind)
        edges = (Edge(to=after),) if after else ()
        if kind == "control":
            return self._add(Node(ref=ref, kind=Kind.COMPUTE, type="NOOP", name=ref, edges=edges, scope=scope))
        return self._add(
            Node(
                ref=ref,
                kind=Kind.TASK,
                type="SIMPLE",
                name="noop_function" if kind == "server" else f"poll_{ref}",
                edges=edges,
                scope=scope,
                optional=kind == "optional",
                permissive=kind == "permissive",
                policy=TaskPolicy(retry=RetryPolicy(limit=1)),
            )
        )

    def _fork(self, branches: list[Plan], after: str | None, scope: str | None) -> str:
        join = self._ref("join")
        firsts, lasts = [], []
        for branch in branches:
            # a branch ends with a node of its own, so that its end has a name
            tail = self._add(
                Node(ref=self._ref("tail"), kind=Kind.COMPUTE, type="NOOP", name="tail", scope=scope, notifies=(join,))
            )
            lasts.append(tail)
            first = self.sequence(branch, tail, scope)
            assert first is not None
            firsts.append(first)
        self._add(
            Node(
                ref=join,
                kind=Kind.JOIN,
                type="JOIN",
                name=join,
                join=Join(over=tuple(lasts)),
                edges=(Edge(to=after),) if after else (),
                scope=scope,
            )
        )
        return self._add(
            Node(
                ref=self._ref("fork"),
                kind=Kind.COMPUTE,
                type="FORK_JOIN",
                name="fork",
                edges=tuple(Edge(to=first) for first in firsts),
                opens=join,
                scope=scope,
            )
        )

    def _choice(self, cases: tuple[Plan, Plan], after: str | None, scope: str | None) -> str:
        first, second = (self.sequence(list(case), after, scope) for case in cases)
        return self._add(
            Node(
                ref=self._ref("choice"),
                kind=Kind.COMPUTE,
                type="SWITCH",
                name="choice",
                input=literal({"which": "a"}),
                options={"evaluator_type": "value-param", "expression": "which", "all_cases": ["a"], "cases": ["a"]},
                edges=(Edge(to=first, case="a"), Edge(to=second, otherwise=True)),
                scope=scope,
            )
        )

    def _loop(self, body: Plan, after: str | None, scope: str | None) -> str:
        ref = self._ref("loop")
        first = self.sequence(body, None, ref)
        assert first is not None
        return self._add(
            Node(
                ref=ref,
                kind=Kind.LOOP,
                type="DO_WHILE",
                name=ref,
                loop=Loop(body=(first,), items=literal([1, 2])),
                edges=(Edge(to=after),) if after else (),
                scope=scope,
            )
        )


def direct_plans() -> st.SearchStrategy[list[Any]]:
    """Graphs of transitions: for each node its edges ``(distance to a later node, outcome)``, what it gathers from (0:
    no join, -1: all, n: so many), and how it behaves."""
    edge = st.tuples(st.integers(1, 3), st.sampled_from(list(On)))
    node = st.tuples(
        st.lists(edge, max_size=3),
        st.sampled_from([0, 0, -1, 1]),
        st.sampled_from(["server", "worker", "control", "retried", "delayed"]),
    )
    return st.lists(node, min_size=2, max_size=6)


def build_direct(plan: list[Any]) -> Graph:
    """The graph of such a plan."""
    refs = [f"n{number}" for number in range(len(plan))]
    sources: dict[str, list[str]] = {ref: [] for ref in refs}
    edges: dict[str, list[Edge]] = {}
    for number, (wanted, _, _) in enumerate(plan):
        found = {(refs[number + far], on) for far, on in wanted if number + far < len(refs)}
        edges[refs[number]] = [Edge(to=to, on=on, name=str(on)) for to, on in sorted(found)]
        for to in sorted({to for to, _ in found}):
            sources[to].append(refs[number])
    nodes = {}
    for ref, (_, join, kind) in zip(refs, plan, strict=True):
        gather = Gather(sources=tuple(sources[ref]), need=max(join, 0)) if join and sources[ref] else None
        control = kind == "control"
        nodes[ref] = Node(
            ref=ref,
            kind=Kind.COMPUTE if control else Kind.TASK,
            type="NOOP" if control else "SIMPLE",
            name="noop_function" if kind == "server" else f"poll_{ref}",
            edges=tuple(edges[ref]),
            gather=gather,
            publish=(Publish(branch=literal({ref: 1})),),
            policy=TaskPolicy(retry=RetryPolicy(limit=1 if kind == "retried" else 0)),
            end_delay=0.001 if kind == "delayed" else 0,
        )
    return Graph(
        name="direct",
        nodes=nodes,
        entry=tuple(ref for ref in refs if not sources[ref]),
        revisits=frozenset(ref for ref in refs if nodes[ref].gather is None),
        on_failure=OnFailure.WHEN_DRAINED,
        default_output=DefaultOutput.PUBLISHED,
        reason_in_output=True,
    )

"""Random graphs of real task types, for property tests: nested lists with forks, choices, loops, retries, children."""

from __future__ import annotations

from typing import Any

from hypothesis import strategies as st

from workflows_app.graph.model import Edge, Graph, Join, Kind, Loop, Node
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

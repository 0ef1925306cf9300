"""What can be said about a graph before it runs: computed once per process, kept with the graph."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from functools import cached_property

from workflows_app.graph.model import Graph, Kind, Node
from workflows_app.graph.template import Template

# More branches than this are not fetched ahead for a join: only the last arrival needs them.
_FEW_BRANCHES = 32


@dataclass(frozen=True, slots=True)
class Ahead:
    """What deciding the end of a node will probably read, so that one statement can load it.

    ``joins``: by join ref, the branches to load if this arrival is the join's last one.
    ``rows``: how many task runs the decision will probably make.
    """

    refs: frozenset[str] = frozenset()
    joins: dict[str, frozenset[str]] = field(default_factory=dict)
    rows: int = 0


class Analysis:
    """Facts about one graph."""

    def __init__(self, graph: Graph) -> None:
        self._graph = graph
        self._ahead: dict[str, Ahead] = {}

    @cached_property
    def sequential(self) -> bool:
        """At most one task run without a body of its own is open at any time."""
        graph = self._graph
        if len(graph.entry) > 1 or graph.backward or graph.revisits:
            return False
        return not any(_splits(node) for node in graph.nodes.values())

    @cached_property
    def structured(self) -> bool:
        """Branches come from forks only, and the join of a fork ends when all of its branches have ended.

        Then nothing is open beside a node that stands outside of every branch, and a join that waits always has an
        open branch to wait for.
        """
        graph = self._graph
        if self.sequential:
            return True
        if len(graph.entry) > 1 or graph.backward or graph.revisits:
            return False
        for node in graph.nodes.values():
            if node.gather is not None or any(e.when or e.command for e in node.edges):
                return False
            if node.opens is None and node.kind is not Kind.FANOUT and _splits(node):
                return False
        return all(self._joined(node) for node in graph.nodes.values() if node.opens)

    @cached_property
    def children(self) -> tuple[str, ...]:
        """The workflows of which the graph starts whatever version is the latest."""
        options = (node.options for node in self._graph.nodes.values())
        return tuple(sorted({of["latest_of"] for of in options if "latest_of" in of}))

    def _joined(self, fork: Node) -> bool:
        """Whether the join that a fork opens waits for the end of each branch, and for nothing else."""
        opened = self._graph.nodes.get(fork.opens or "")
        join = opened.join if opened is not None else None
        if join is None or join.first or join.script is not None:
            return False
        if join.dynamic:
            return fork.kind is Kind.FANOUT
        ends = [self._end_of_branch(edge.to) for edge in fork.edges if edge.to]
        return None not in ends and set(ends) == set(join.over) and len(ends) == len(join.over)

    def _end_of_branch(self, ref: str) -> str | None:
        """The node that every way through a branch ends with; None if there is no such node."""
        nodes = self._graph.nodes
        for _ in range(len(nodes)):
            node = nodes[ref]
            if node.opens:
                following: str | None = node.opens
            else:
                plain = [e.to for e in node.edges if e.case is None and not e.otherwise]
                following = plain[0] if plain else None
            if following is None:
                leads_on = any(e.to for e in node.edges) or (node.opens is None and node.kind is Kind.FANOUT)
                return None if leads_on else ref
            ref = following
        return None

    @cached_property
    def has_children(self) -> bool:
        """Some node starts a child execution, as far as the graph tells; branches made at run time may as well."""
        return any(n.options.get("child") or n.kind is Kind.FANOUT for n in self._graph.nodes.values())

    @cached_property
    def _openers(self) -> dict[str, tuple[str, ...]]:
        found: dict[str, tuple[str, ...]] = {}
        for node in self._graph.nodes.values():
            if node.opens:
                found[node.opens] = (*found.get(node.opens, ()), node.ref)
        return found

    def openers(self, join_ref: str) -> tuple[str, ...]:
        """The forks and fan-outs that open this join."""
        return self._openers.get(join_ref, ())

    def body_of(self, loop_ref: str) -> frozenset[str]:
        """Every ref inside a loop, inner loops included."""
        found: set[str] = set()
        for node in self._graph.nodes.values():
            scope = node.scope
            while scope is not None:
                if scope == loop_ref:
                    found.add(node.ref)
                    break
                scope = self._graph.nodes[scope].scope
        return frozenset(found)

    def ahead(self, ref: str | None) -> Ahead:
        """What the end of this node leads to; None: what the start of the execution leads to."""
        key = ref or ""
        if key not in self._ahead:
            self._ahead[key] = self._look_ahead(ref)
        return self._ahead[key]

    def _look_ahead(self, ref: str | None) -> Ahead:
        graph = self._graph
        if ref is not None and ref not in graph.nodes:
            return Ahead()
        reads: set[str] = set()
        joins: dict[str, frozenset[str]] = {}
        visited: dict[str, None] = {}
        first = graph.entry if ref is None else tuple(self._after(graph.nodes[ref], reads, joins))
        queue = list(first)
        while queue:
            target = queue.pop(0)
            if target in visited or target not in graph.nodes:
                continue
            node = graph.nodes[target]
            visited[target] = None
            for template in _templates(node):
                reads |= template.reads
            if node.gather is not None:
                reads |= {node.ref, *node.gather.sources}
            if node.kind is Kind.COMPUTE:
                queue.extend(self._after(node, reads, joins))
            elif node.kind is Kind.LOOP and node.loop is not None:
                queue.extend(node.loop.body)
        reads -= visited.keys() - {t for t in visited if graph.nodes[t].gather is not None}
        reads.discard(key := ref or "")
        joins.pop(key, None)
        return Ahead(refs=frozenset(r for r in reads if r not in joins), joins=joins, rows=self._rows(ref))

    def _after(self, node: Node, reads: set[str], joins: dict[str, frozenset[str]]) -> Iterator[str]:
        """Where the edges of a node lead, with what following them reads."""
        graph = self._graph
        for template in _templates_of_end(node):
            reads |= template.reads
        for edge in node.edges:
            for told in (edge.when, edge.publish, edge.publish_global, edge.message):
                if told is not None:
                    reads |= told.reads
            if edge.to is not None:
                yield edge.to
        for ref in node.notifies:
            join = graph.nodes[ref].join if ref in graph.nodes else None
            few = join is not None and not join.dynamic and not join.first and len(join.over) <= _FEW_BRANCHES
            joins[ref] = frozenset(join.over) - {node.ref} if few and join else frozenset()
            yield from self._after(graph.nodes[ref], reads, {}) if few else ()
        if node.opens:
            yield node.opens
        if not node.edges:
            yield from self._after_scope(node, reads, joins)

    def _after_scope(self, node: Node, reads: set[str], joins: dict[str, frozenset[str]]) -> Iterator[str]:
        graph = self._graph
        if node.scope is None:
            if graph.output is not None and not node.notifies:
                reads |= graph.output.reads
            return
        container = graph.nodes[node.scope]
        if container.loop is not None:
            if container.loop.condition is not None:
                reads |= container.loop.condition.reads
            yield from container.loop.body
            yield from self._after(container, reads, joins)

    def _rows(self, ref: str | None) -> int:
        """Task runs made along the way that is taken when no condition turns it off: a guess, for numbering."""
        graph = self._graph
        queue = list(graph.entry if ref is None else self._next(graph.nodes[ref]))
        seen: set[str] = set()
        while queue:
            target = queue.pop(0)
            if target in seen or target not in graph.nodes:
                continue
            seen.add(target)
            node = graph.nodes[target]
            if node.kind is Kind.COMPUTE:
                queue.extend(self._next(node))
            elif node.loop is not None:
                queue.extend(node.loop.body)
        return len(seen)

    def _next(self, node: Node) -> list[str]:
        """The nodes that follow, the first case standing for all, an iteration's end for another iteration."""
        plain = [e.to for e in node.edges if e.to and e.case is None and not e.otherwise]
        cases = [e.to for e in node.edges if e.to and (e.case is not None or e.otherwise)]
        found = plain + cases[:1] + ([node.opens] if node.opens else [])
        if not found and not node.notifies and node.scope is not None:
            loop = self._graph.nodes[node.scope].loop
            return list(loop.body) if loop else []
        return found


def analyse(graph: Graph) -> Analysis:
    """The facts about a graph, computed once."""
    if graph.analysis is None:
        object.__setattr__(graph, "analysis", Analysis(graph))  # a cache on a frozen value
    found: Analysis = graph.analysis
    return found


def _templates(node: Node) -> Iterator[Template]:
    for value in (node.input, node.skip_if, node.start_delay, node.timeout, node.pause_before):
        if isinstance(value, Template):
            yield value
    if node.items is not None:
        yield node.items.bindings
        if node.items.concurrency is not None:
            yield node.items.concurrency
    if node.loop is not None and node.loop.items is not None:
        yield node.loop.items


def _templates_of_end(node: Node) -> Iterator[Template]:
    """What is evaluated when the node has ended."""
    for value in (
        node.end_delay,
        node.fail_on,
        node.break_on,
        node.continue_on,
        node.retry_limit,
        node.retry_delay,
        node.keep_output,
    ):
        if isinstance(value, Template):
            yield value
    for publish in node.publish:
        for template in (publish.branch, publish.everywhere):
            if template is not None:
                yield template


def _splits(node: Node) -> bool:
    """Whether more than one branch may run after this node."""
    if node.kind is Kind.FANOUT or node.opens or node.gather is not None:
        return True
    if node.loop is not None and len(node.loop.body) > 1:
        return True
    together = [e for e in node.edges if e.case is None and not e.otherwise]
    cases = [e.case for e in node.edges if e.case is not None]
    otherwise = [e for e in node.edges if e.otherwise]
    return len(together) > 1 or len(set(cases)) < len(cases) or len(otherwise) > 1

"""What the core knows of an execution while it decides: the part of its rows that was loaded.

The core asks the snapshot, and the snapshot either answers or raises ``Missing`` with what to load; the shell
loads that and asks the core again. So no step loads the whole execution, and none ever decides on a row that
it has not read.
"""

from __future__ import annotations

from dataclasses import dataclass, field

from executions.engine.rows import Doc, ExecutionRow, RunRow


@dataclass(frozen=True, slots=True, kw_only=True)
class Needs:
    """Rows to load.

    ``ids``: by id. ``refs``: the latest run of each. ``branches``: the latest attempt of each of these refs at one
    path, for joins over many. ``scopes``: every run of a loop or item list. ``held``: the first item of a list that
    waits for its turn, beside the given runs. ``probes``: whether something is open in a scope beside the given runs.
    ``unsettled``: everything ended whose consequences are open. ``last``: the run with the highest seq.
    ``everything``: all runs. ``cached``: outputs that are kept for everybody, by key.
    """

    ids: frozenset[str] = frozenset()
    refs: frozenset[str] = frozenset()
    branches: frozenset[tuple[str, frozenset[str]]] = frozenset()
    scopes: frozenset[str] = frozenset()
    held: frozenset[tuple[str, frozenset[str]]] = frozenset()
    probes: frozenset[tuple[str, frozenset[str]]] = frozenset()
    unsettled: bool = False
    last: bool = False
    everything: bool = False
    joins: frozenset[tuple[str, str, frozenset[str]]] = frozenset()
    cached: frozenset[str] = frozenset()

    def __bool__(self) -> bool:
        return self != Needs()


class Missing(Exception):
    """The decision needs rows that the snapshot does not hold."""

    def __init__(self, needs: Needs) -> None:
        super().__init__(needs)
        self.needs = needs


@dataclass(frozen=True, slots=True)
class Probe:
    """What is open in a scope: something that can still move, or else the joins that wait there in vain."""

    active: bool
    waiting: tuple[RunRow, ...] = ()


@dataclass(slots=True, kw_only=True)
class Snapshot:
    """Rows of one execution, read under its lock. A key that is present was looked up; its value may be None."""

    execution: ExecutionRow
    runs: dict[str, RunRow | None] = field(default_factory=dict)
    latest: dict[str, RunRow | None] = field(default_factory=dict)
    branches: dict[tuple[str, frozenset[str]], dict[str, RunRow]] = field(default_factory=dict)
    scopes: dict[str, list[RunRow]] = field(default_factory=dict)
    held: dict[tuple[str, frozenset[str]], RunRow | None] = field(default_factory=dict)
    probes: dict[tuple[str, frozenset[str]], Probe] = field(default_factory=dict)
    unsettled: list[RunRow] | None = None
    last: RunRow | None = None
    knows_last: bool = False
    all: list[RunRow] | None = None
    cached: dict[str, Doc | None] = field(default_factory=dict)

    def cached_output(self, key: str) -> Doc | None:
        """What is kept under this key; None if nothing is."""
        if key not in self.cached:
            raise Missing(Needs(cached=frozenset({key})))
        return self.cached[key]

    def run(self, run_id: str) -> RunRow | None:
        """The run with that id, or None if there is none."""
        if run_id not in self.runs:
            raise Missing(Needs(ids=frozenset({run_id})))
        return self.runs[run_id]

    def require(self, refs: frozenset[str]) -> None:
        """Raises Missing for all of these refs at once, so that one statement loads them."""
        unknown = frozenset(ref for ref in refs if ref not in self.latest)
        if unknown:
            raise Missing(Needs(refs=unknown))

    def latest_of(self, ref: str) -> RunRow | None:
        """The run of ``ref`` with the highest seq, or None."""
        if ref not in self.latest:
            raise Missing(Needs(refs=frozenset({ref})))
        return self.latest[ref]

    def runs_at(self, path: str, refs: frozenset[str]) -> dict[str, RunRow]:
        """For each of ``refs`` that has a run at ``path``, its last attempt there."""
        key = (path, refs)
        if key not in self.branches:
            raise Missing(Needs(branches=frozenset({key})))
        return self.branches[key]

    def runs_in(self, scope_id: str) -> list[RunRow]:
        """Every run whose scope this is, in order of seq."""
        if scope_id not in self.scopes:
            raise Missing(Needs(scopes=frozenset({scope_id})))
        return self.scopes[scope_id]

    def held_in(self, scope_id: str, beside: frozenset[str]) -> RunRow | None:
        """The first item of a list that waits for its turn, not counting ``beside``; or None."""
        key = (scope_id, beside)
        if key not in self.held:
            raise Missing(Needs(held=frozenset({key})))
        return self.held[key]

    def probe(self, scope_id: str, beside: frozenset[str]) -> Probe:
        """What is open in a scope, not counting the runs with the ids ``beside``."""
        key = (scope_id, beside)
        if key not in self.probes:
            raise Missing(Needs(probes=frozenset({key})))
        return self.probes[key]

    def unsettled_runs(self) -> list[RunRow]:
        """Ended runs whose consequences have not been decided, in order of seq."""
        if self.unsettled is None:
            raise Missing(Needs(unsettled=True))
        return self.unsettled

    def everything(self) -> list[RunRow]:
        """Every task run, in order of seq: for operators only."""
        if self.all is None:
            raise Missing(Needs(everything=True))
        return self.all

    def last_run(self) -> RunRow | None:
        """The run with the highest seq; None if there is none."""
        if not self.knows_last:
            raise Missing(Needs(last=True))
        return self.last

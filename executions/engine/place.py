"""Where in an execution a node runs: iterations, items and visits, written as a path.

A path lists, from the outermost inwards, the iterations of the loops around a node ("2.1": the first iteration of
the inner loop in the second of the outer one). An item of a list adds its index ("2.[3]"), a repeated visit of a
node that can be reached again its number ("~1" is the second visit).
"""

from __future__ import annotations

from dataclasses import dataclass, replace

from executions.engine.rows import Doc, RunRow


@dataclass(frozen=True, slots=True, kw_only=True)
class Place:
    """``scope_id``: the loop's or list's task run around it, or the execution's id. ``context``: what branches have
    published on the way. ``fragment``: the nodes of a branch that was made at run time. ``cause``: the run whose edge
    leads here, and the name of that edge."""

    path: str
    scope_id: str
    context: Doc | None = None
    fragment: Doc | None = None
    cause: tuple[str, str | None] | None = None

    def visited_after(self, earlier: RunRow | None) -> Place:
        """The next visit of a node that has been at ``earlier``."""
        if earlier is None:
            return self
        return replace(self, path=join(self.path, f"~{visit(earlier.path) + 1}"))

    def left_visit(self) -> Place:
        """The place of what follows: a visit is a matter of one node only."""
        head, last = split(self.path)
        return replace(self, path=head) if last.startswith("~") else self

    def without_fragment(self) -> Place:
        return replace(self, fragment=None)


def join(path: str, part: str) -> str:
    return f"{path}.{part}" if path else part


def split(path: str) -> tuple[str, str]:
    """Everything but the last part, and the last part."""
    head, _, last = path.rpartition(".")
    return head, last


def visit(path: str) -> int:
    """0 for the first visit."""
    last = split(path)[1]
    return int(last[1:]) if last.startswith("~") else 0


def item_index(path: str) -> int | None:
    """The index of an item's run, None for any other run."""
    last = split(path)[1]
    return int(last[1:-1]) if last.startswith("[") else None


def item_path(path: str, index: int) -> str:
    return join(path, f"[{index}]")

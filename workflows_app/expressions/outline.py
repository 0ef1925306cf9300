"""What an expression reads and calls, found out from its grammar."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from workflows_app.expressions.steps import Step

# functions whose values come from outside of the expression
OUTSIDE = frozenset({"task", "tasks", "execution", "executions", "env", "global"})


@dataclass(frozen=True, slots=True)
class Call:
    """One call of such a function. ``arguments`` is None if they depend on what is iterated over."""

    function: str
    arguments: tuple[Step, ...] | None = ()
    keywords: Mapping[str, Step] = field(default_factory=dict)


@dataclass(slots=True)
class Outline:
    """``step`` evaluates the expression here, None if it is not simple. ``names`` are those that it reads of the
    context, None for all of them. ``tasks`` are named by ``task(name)``; ``computed_task``: such a name is computed,
    perhaps while something is iterated over; ``any_task``: so all tasks are read, or for another reason."""

    step: Step | None = None
    names: set[str] | None = field(default_factory=set)
    calls: list[Call] = field(default_factory=list)
    tasks: set[str] = field(default_factory=set)
    computed_task: bool = False
    any_task: bool = False

    def read(self, name: str | None) -> None:
        """Notes a name of the context; None: the context as a whole."""
        if name is None:
            self.names = None
        elif self.names is not None:
            self.names.add(name)

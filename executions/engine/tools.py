"""What the core is given to decide with: task types, expressions, task definitions, chance.

All of it is deterministic for the length of one decision, so that a decision can be made again after ``Missing``.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Protocol

from executions.engine.events import Message, Result
from executions.engine.rows import ExecutionRow
from executions.states import RunsOn
from workflows_app.expressions.base import Scope
from workflows_app.graph.model import Node
from workflows_app.graph.template import Template
from workflows_app.policies import TaskPolicy


@dataclass(frozen=True, slots=True, kw_only=True)
class Task:
    """A node about to be computed, opened or fanned out, with its input resolved."""

    node: Node
    run_id: str
    path: str
    input: Mapping[str, Any]
    execution: ExecutionRow
    now: datetime
    made_at_run_time: bool = False  # the node is not in the graph of the version
    script: Callable[[str, str, Any], Any]  # language, source, data; raises ScriptError


@dataclass(frozen=True, slots=True, kw_only=True)
class Opening:
    """How a task that nobody runs begins: done already, or waiting for a time, or for somebody, who finds it by its
    ``queue``.

    ``output``: what is known of its output while it waits. ``message``: what it tells the world as it begins.
    """

    result: Result | None = None
    timer_at: datetime | None = None
    queue: str | None = None
    output: Mapping[str, Any] | None = None
    message: Message | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Branch:
    """One branch made at run time: its nodes by ref, where it begins, and the ref its end is known by."""

    nodes: Mapping[str, Node]
    entry: str
    last: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Branches:
    """What a fan-out node starts. ``abort``: its input makes no sense; the execution fails with that reason.

    ``defined``: names that make sense only with a task definition."""

    branches: Sequence[Branch] = ()
    input: Mapping[str, Any] = field(default_factory=dict)
    defined: Sequence[str] = ()
    abort: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Resolved:
    """What a dynamic node becomes. ``abort``: nothing; the execution fails with that reason."""

    node: Node | None = None
    abort: str | None = None


class TaskLogic(Protocol):
    """The part of a task type that the core calls: pure functions, no I/O."""

    runs_on: RunsOn
    # what the type itself declares, where neither the node nor a task definition says anything
    policy: TaskPolicy | None

    def compute(self, task: Task) -> Result:
        """For compute nodes: the outcome."""
        ...

    def open(self, task: Task) -> Opening:
        """For tasks that nobody runs: how they begin."""
        ...

    def fan_out(self, task: Task) -> Branches:
        """For fan-out nodes: the branches."""
        ...

    def resolve(self, task: Task) -> Resolved:
        """For dynamic nodes: what the node becomes. The task's run does not exist yet."""
        ...

    def queue_of(self, node: Node) -> str | None:
        """The Celery queue for runs of this node; for external workers, the queue that they poll (None: the name of
        the node's task definition)."""
        ...


class Tools(Protocol):
    def task_type(self, type_name: str, name: str) -> TaskLogic:
        """The logic for a node's type and name; an unknown type is work for external workers."""
        ...

    def evaluate(self, template: Template, scope: Scope) -> Any:
        """Raises ExpressionError."""
        ...

    def script(self, language: str, source: str, data: Any) -> Any:
        """Raises ScriptError."""
        ...

    def task_definition(self, execution: ExecutionRow, name: str, *, known: bool) -> int | None:
        """The id of the revision that counts for tasks of that name in this execution; None without a definition.

        ``known``: the name stands in the graph, so that it was looked up when the execution began."""
        ...

    def policy(self, task_definition_id: int) -> TaskPolicy:
        """The policy of one revision."""
        ...

    def domain(self, candidates: Sequence[str], name: str) -> str | None:
        """Of these domains, the one whose workers shall get a task of that name; None: no domain."""
        ...

    def schema_problem(self, schema: Any, document: Any) -> str | None:
        """What is wrong with a document by a JSON schema; None if nothing is."""
        ...

    def random(self, key: str) -> float:
        """A number in [0, 1), always the same for the same key."""
        ...


@dataclass(slots=True)
class Claimer:
    """A process that goes on with the execution itself instead of sending a message.

    ``queues``: Celery queues it works for, None for a process that runs no tasks, like a web server.
    ``children``: how many child executions it will start before leaving the rest to messages.
    ``steps``: how many server-side tasks it will still run.
    """

    worker: str
    lease_seconds: float
    queues: frozenset[str] | None = None
    steps: int = 0
    children: int = 0

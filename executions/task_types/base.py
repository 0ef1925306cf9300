"""What a task type is. See CONTRIBUTING for how to add one."""

from __future__ import annotations

import threading
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from executions.engine.events import Result
from executions.engine.new_execution import NewExecution
from executions.engine.rows import ExecutionRow, RunRow
from executions.engine.tools import Branches, Opening, Resolved, Task
from executions.states import RunsOn
from workflows_app.graph.model import Node
from workflows_app.policies import TaskPolicy

# The Celery queues of the built-in types: short work, and work that waits for others.
DEFAULT_QUEUE = "default"
IO_QUEUE = "io"


@dataclass(slots=True, kw_only=True)
class Work:
    """A claimed task run in the hands of a worker.

    ``input`` is the resolved input, with secrets for types that take them. ``canceled`` is set when the claim was taken
    away: the result will not count, and a long task does well to stop.
    """

    run: RunRow
    node: Node
    input: Mapping[str, Any]
    log: Callable[[str], None]
    canceled: threading.Event = field(default_factory=threading.Event)


class TaskType:
    """Base of all task types. Overwrite the method that belongs to the type's kind of node and ``runs_on``:

    ``compute`` (kind COMPUTE), ``fan_out`` (FANOUT), ``resolve`` (DYNAMIC); for kind TASK ``run`` (SERVER),
    ``open`` (NOBODY), ``child`` and ``child_ended`` (CHILD).
    """

    runs_on: RunsOn = RunsOn.NOBODY
    policy: TaskPolicy | None = None
    # whether ``run`` is given secrets in place of references to them; never for a type that stores its input elsewhere
    takes_secrets: bool = False

    def compute(self, task: Task) -> Result:
        raise NotImplementedError

    def open(self, task: Task) -> Opening:
        return Opening()

    def fan_out(self, task: Task) -> Branches:
        raise NotImplementedError

    def resolve(self, task: Task) -> Resolved:
        raise NotImplementedError

    def queue(self, name: str) -> str | None:
        return DEFAULT_QUEUE

    def queue_of(self, node: Node) -> str | None:
        """The queue for a node. Overwrite ``queue`` where the name of its task definition is all that matters."""
        return self.queue(node.name)

    def run(self, work: Work) -> Result:
        """Does the work, outside of any transaction. An exception counts as a failure with its text."""
        raise NotImplementedError

    def may_go_on(self, run: RunRow) -> bool:
        """For a run that ``run`` has put aside (by a result IN_PROGRESS): whether what it waits for has come since."""
        return False

    def child(self, work: Work, parent: ExecutionRow) -> NewExecution | Result:
        """The child execution to start, without its id and parents; or the result if that cannot be."""
        raise NotImplementedError

    def child_ended(self, child: ExecutionRow) -> Result:
        """The result of the task whose child execution has ended."""
        raise NotImplementedError

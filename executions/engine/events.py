"""What can happen to an execution, as values. ``decide`` takes one and says what follows from it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from executions.engine.cutting import Cut
from executions.states import ExecutionState, RunState


@dataclass(frozen=True, slots=True, kw_only=True)
class End:
    """A task demands the end of the execution."""

    state: ExecutionState
    reason: str | None = None
    output: Any = None  # replaces the execution's output; None: the output that the definition describes


@dataclass(frozen=True, slots=True, kw_only=True)
class Result:
    """What came of a task run.

    ``state``: an ended state, or IN_PROGRESS for a sign of life: with ``callback_after`` the task goes back on
    offer after so many seconds. A server-side task that says so itself is put aside: it stays in progress, and nobody
    has it until that time is over, or until somebody wakes it.
    ``output`` replaces what an earlier report left, or is added to it with ``merge``; None leaves it.
    ``case``, ``variables``, ``end``, ``input`` and ``abort`` are for compute nodes: the branch to take, variables
    to set, the end of the execution, additions to the recorded input, and a reason for which the execution
    fails without a task run to show for it.
    ``outside``: with IN_PROGRESS, from now on nobody here has the run; somebody outside will report its end.
    """

    state: RunState
    output: Mapping[str, Any] | None = None
    reason: str | None = None
    worker: str | None = None
    merge: bool = False
    callback_after: float = 0
    child_id: str | None = None
    case: str | None = None
    variables: Mapping[str, Any] | None = None
    end: End | None = None
    input: Mapping[str, Any] = field(default_factory=dict)
    abort: str | None = None
    outside: bool = False


@dataclass(frozen=True, slots=True)
class Message:
    """Something that a task tells the world: stored with the transition that causes it, delivered afterwards.

    ``event``: what handlers know it by, a kind of sink and a place, ``kind:place``. ``outgoing``: it is put on a
    queue outside first; False: the handlers of this installation get it directly.
    """

    event: str
    payload: Mapping[str, Any]
    outgoing: bool = False


class Event:
    """Base of all events."""

    __slots__ = ()


@dataclass(frozen=True, slots=True)
class Started(Event):
    """The execution has just been created."""


@dataclass(frozen=True, slots=True)
class Admitted(Event):
    """An execution that was held back when it was created may begin."""


@dataclass(frozen=True, slots=True)
class Finished(Event):
    """A task run reports a result.

    ``revision``: the fence. The report counts only if the row is still at that revision; None: the reporter
    holds no claim (an external client, an operator), and any open row will do.
    """

    run_id: str
    result: Result
    revision: int | None = None


@dataclass(frozen=True, slots=True)
class LeaseExtended(Event):
    """A worker is still at it: its response timeout starts anew, and nothing else changes."""

    run_id: str


@dataclass(frozen=True, slots=True)
class GivenBack(Event):
    """The worker that has claimed a task run must stop, and has not finished it. ``revision``: see ``Finished``."""

    run_id: str
    revision: int


@dataclass(frozen=True, slots=True)
class TakenUp(Event):
    """A worker has claimed a task run whose node wants the world to be told so."""

    run_id: str


@dataclass(frozen=True, slots=True)
class Woken(Event):
    """What a server-side task that was put aside waits for may have come: it is offered again."""

    run_id: str


@dataclass(frozen=True, slots=True)
class Held(Event):
    """Whoever does a task outside puts it aside, and the execution pauses; or takes it up again (``held`` False)."""

    run_id: str
    held: bool


@dataclass(frozen=True, slots=True)
class Due(Event):
    """A task run's ``due_at`` has passed: its delay, timer, lease or a timeout is over, or its message is lost."""

    run_id: str


@dataclass(frozen=True, slots=True)
class ExecutionDue(Event):
    """The execution's ``due_at`` has passed: its deadline, or a pause for breath in a long stretch."""


@dataclass(frozen=True, slots=True)
class Paused(Event):
    """An operator stops the scheduling of further tasks."""

    reason: str | None = None


@dataclass(frozen=True, slots=True)
class Resumed(Event):
    """An operator lets a paused execution go on; what ended meanwhile takes its consequences now."""


@dataclass(frozen=True, slots=True)
class Advanced(Event):
    """Somebody thinks that there may be something to do: takes the consequences of what has ended unsettled."""


@dataclass(frozen=True, slots=True)
class Terminated(Event):
    """An operator, or the parent execution, ends the execution."""

    reason: str | None = None
    state: ExecutionState = ExecutionState.TERMINATED
    trigger_failure_workflow: bool = False


@dataclass(frozen=True, slots=True)
class Stopped(Event):
    """An operator ends the open execution in this state, be it a good one; what runs is cut off."""

    state: ExecutionState
    reason: str | None = None


@dataclass(frozen=True, slots=True)
class VariablesSet(Event):
    """A client merges variables into those of the execution."""

    variables: Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Retried(Event):
    """An operator lets an execution that has not succeeded go on where it failed."""


@dataclass(frozen=True, slots=True)
class ChildRevived(Event):
    """The child execution of a task run, which had ended, goes on."""

    run_id: str
    child_id: str


@dataclass(frozen=True, slots=True)
class Rerun(Event):
    """An operator takes an ended execution back to one of its task runs.

    ``cut``: what followed from that run, and was taken out. ``input`` replaces the task's input, ``execution_input``
    that of the execution; None leaves each as it is.
    """

    run_id: str
    cut: Cut
    input: Mapping[str, Any] | None = None
    execution_input: Mapping[str, Any] | None = None
    correlation_id: str | None = None


@dataclass(frozen=True, slots=True)
class Jumped(Event):
    """An operator has a running execution go on at a node, which may have run already: then ``cut`` is what followed
    from that. ``input`` is added to the node's input."""

    ref: str
    cut: Cut | None
    input: Mapping[str, Any] | None = None


@dataclass(frozen=True, slots=True)
class Skipped(Event):
    """An operator says that a node, which the flow has not reached, need not be done."""

    ref: str
    input: Mapping[str, Any]
    output: Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class TaskRunAgain(Event):
    """An operator has one failed task run again. ``afresh``: of a list of items all, not only what has failed."""

    run_id: str
    afresh: bool


@dataclass(frozen=True, slots=True)
class TaskPassedOver(Event):
    """An operator lets the flow go on behind a failed task."""

    run_id: str


@dataclass(frozen=True, slots=True)
class CallbacksReset(Event):
    """Tasks of external workers that were put aside for a while are offered now."""

"""The graph: what every definition format compiles to, and all that the engine knows of a definition.

A graph is a frozen value of plain data. It is compiled and validated once, stored as JSON with the version
it belongs to (``codec``), and cached per process. Nodes are addressed by their **ref**, which is unique in
the graph, also across the bodies of loops.

How things run, in the graph's own words:

* An **edge** leads from a node to the one that follows, for one outcome, optionally for one *case* the node
  chose or under a condition. All edges that apply are taken; a node without such an edge ends its branch.
* A **compute** node is a pure function of its input and is evaluated while deciding: it takes no time, and a
  stretch of them costs one transaction. A **task** node is work: for a server-side task type, an external
  worker, a person or a clock.
* A **join** comes in two shapes. A *watching* join (kind ``JOIN``) is opened by a fork or by an edge and ends
  when the nodes it is ``over`` have ended, wherever their own edges lead. A *gathering* join is the ``gather``
  of any node: the node starts when enough of its inbound edges were taken.
* A **loop** runs its ``body`` again and again, a **fan-out** runs branches that are known only at run time,
  a node with ``items`` runs its task once for each item.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any

from workflows_app.graph.template import Template
from workflows_app.policies import OnTimeout, TaskPolicy

JSON = Any


class Kind(StrEnum):
    # evaluated while deciding, by its task type's pure function
    COMPUTE = "compute"
    # scheduled, and finished by somebody else
    TASK = "task"
    # waits until the nodes it is over have ended
    JOIN = "join"
    # runs its body until its condition says no, or its items are used up
    LOOP = "loop"
    # starts branches that its input describes, then opens its join
    FANOUT = "fanout"
    # becomes the node that its input names, at the moment it is reached
    DYNAMIC = "dynamic"


class On(StrEnum):
    SUCCESS = "success"
    ERROR = "error"
    # either of the two
    COMPLETE = "complete"
    SKIP = "skip"


class OnFailure(StrEnum):
    # an unhandled failure ends the execution at once and cancels what is open
    AT_ONCE = "at_once"
    # the other branches run to their ends, then the execution fails
    WHEN_DRAINED = "when_drained"
    # what runs may finish, nothing new starts, the execution counts as failed at once
    STOP_SCHEDULING = "stop_scheduling"


class DefaultOutput(StrEnum):
    # the output of the node that was scheduled last
    LAST = "last"
    # everything published along the branches that reached the end
    PUBLISHED = "published"
    # the outputs of the nodes that ended a branch: one as it is, several as a list
    ENDS = "ends"


@dataclass(frozen=True, slots=True, kw_only=True)
class Edge:
    """Where to go after a node ended with outcome ``on``.

    ``case`` restricts the edge to that choice of the node; ``otherwise`` makes it the edge for a choice that no
    other edge names; where the node has made a choice, only such edges count, and else only the others.
    ``when`` is a condition. ``to`` None means that the branch ends here, on purpose. ``publish`` adds to the branch's
    context when the edge is taken, ``publish_global`` to the execution's variables. ``command`` is an engine
    command in place of a node: pause, fail, succeed, noop. ``name`` is what the definition calls this kind of edge.
    """

    to: str | None
    on: On = On.SUCCESS
    case: str | None = None
    otherwise: bool = False
    when: Template | None = None
    publish: Template | None = None
    publish_global: Template | None = None
    command: str | None = None
    message: Template | None = None
    name: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Publish:
    """What a node makes known when it has ended with outcome ``on``, each an object of names and values.

    ``branch`` goes to the context of its own branch, ``everywhere`` to the variables of the execution.
    """

    on: On = On.SUCCESS
    branch: Template | None = None
    everywhere: Template | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Join:
    """What a watching join (kind ``JOIN``) waits for.

    ``over``: refs; empty with ``dynamic`` True means the branches of the fan-out that opened it. ``earlier`` names
    those among them that may have run before the join opens; the others begin after it.
    ``first``: the first ref in ``over`` that has a task run decides alone; without any, the first of
    ``otherwise`` does. ``script`` decides after every change of a branch whether the join is met.
    """

    over: tuple[str, ...] = ()
    earlier: tuple[str, ...] = ()
    dynamic: bool = False
    first: bool = False
    otherwise: tuple[str, ...] = ()
    script: Template | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Gather:
    """How many inbound edges a node waits for before it starts, once per execution and iteration.

    ``need`` 0 means all of ``sources``; a source counts once.
    """

    sources: tuple[str, ...]
    need: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class Loop:
    """When a loop goes on. ``condition`` is asked after every iteration; without one, a loop over items ends with
    its items and any other loop after one iteration. ``items`` gives the list to loop over."""

    body: tuple[str, ...]
    condition: Template | None = None
    items: Template | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Items:
    """Run the node's task once per element. ``bindings`` gives for each variable name the list it walks over;
    all lists have the same length. ``concurrency`` limits how many run at a time. ``together``: retries and delays
    are those of the whole list, an item that fails is not tried again by itself."""

    bindings: Template
    concurrency: Template | None = None
    together: bool = False


class Change(StrEnum):
    """What becomes of a task, for those who want to be told."""

    SCHEDULED = "scheduled"
    # a worker has it, or it waits for whatever it waits for
    STARTED = "started"
    SUCCEEDED = "succeeded"
    # each failed attempt
    FAILED = "failed"
    CANCELED = "canceled"


@dataclass(frozen=True, slots=True, kw_only=True)
class Wish:
    """Something to be told: as which event, and with what."""

    event: str
    payload: Template


@dataclass(frozen=True, slots=True, kw_only=True)
class Cache:
    """Keep the output for so many seconds, for every task of the same type and name whose key is the same."""

    key: Template
    seconds: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Node:
    """One step. ``type`` names the task type that does it, ``name`` the task definition with its policies.

    ``policy`` wins over the registered task definition of that ``name``, which wins over ``default_policy``;
    ``retry_limit`` overrides the number of retries of whichever applies, ``retry_delay`` the seconds between them.
    ``break_on``: a failure for which it is true is final. ``continue_on``: only while it is true there is another
    attempt, after a success as well. ``fail_on``: a success for which it is true is a failure.
    ``timeout``: seconds that each attempt may take. ``start_delay``, ``end_delay``: seconds before the first attempt,
    and after the end of each. ``pause_before``: the execution pauses when the node is reached.
    ``keep_output`` False: once it has been published, the output is forgotten. ``rerun_lost`` overrides the policy's.
    ``queue``: the Celery queue, where the definition chooses it.
    ``optional``: a final failure counts as a success with errors. ``permissive``: the flow goes on after a final
    failure and the execution fails at its end. ``options`` is read by the task type alone.
    """

    ref: str
    kind: Kind
    type: str
    name: str
    input: Template | None = None
    edges: tuple[Edge, ...] = ()
    # watching joins to tell when this node has ended for good
    notifies: tuple[str, ...] = ()
    # the watching join that opens together with this fork or fan-out
    opens: str | None = None
    # the loop (or fan-out node) whose body this node belongs to; None: the top level
    scope: str | None = None
    gather: Gather | None = None
    join: Join | None = None
    loop: Loop | None = None
    items: Items | None = None
    policy: TaskPolicy | None = None
    default_policy: TaskPolicy = field(default_factory=TaskPolicy)
    retry_limit: Template | int | None = None
    retry_delay: Template | float | None = None
    break_on: Template | None = None
    continue_on: Template | None = None
    fail_on: Template | None = None
    start_delay: Template | float = 0
    end_delay: Template | float = 0
    timeout: Template | float | None = None
    pause_before: Template | bool = False
    skip_if: Template | None = None
    optional: bool = False
    permissive: bool = False
    # stays open after its work is done, until somebody completes it
    completed_outside: bool = False
    cache: Cache | None = None
    # by ``Change``
    announces: Mapping[str, tuple[Wish, ...]] = field(default_factory=dict)
    publish: tuple[Publish, ...] = ()
    keep_output: Template | bool = True
    rerun_lost: Template | bool | None = None
    queue: Template | str | None = None
    options: Mapping[str, JSON] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class Admission:
    """So many executions with the same ``key`` run at a time; others wait for their turn, or are refused."""

    key: Template
    limit: int
    reject: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Graph:
    """A compiled definition. ``entry``: the nodes that start with the execution, unless ``backward`` is set: then
    an execution names a target node, and the nodes which that one needs run, each after those it needs itself.
    ``revisits``: nodes that may be reached again by their edges and then run again; every other node without a
    ``gather`` is reached once per iteration at most.
    ``broken_ends``: an expression that cannot be evaluated fails the execution at once, not only its task.
    ``reason_in_output``: the output of an execution that has not succeeded is ``{"result": reason}``, with what
    ``output_on_error`` adds to it."""

    name: str
    nodes: Mapping[str, Node]
    entry: tuple[str, ...]
    backward: bool = False
    revisits: frozenset[str] = frozenset()
    # keys of the input that are missing or null are filled in from here; with ``keeps_null`` only missing ones
    input_defaults: Mapping[str, JSON] = field(default_factory=dict)
    keeps_null: bool = False
    # evaluated once, when the execution starts
    variables: Template | None = None
    output: Template | None = None
    output_on_error: Template | None = None
    default_output: DefaultOutput = DefaultOutput.LAST
    reason_in_output: bool = False
    broken_ends: bool = False
    on_failure: OnFailure = OnFailure.AT_ONCE
    timeout: float = 0  # seconds; 0: none
    on_timeout: OnTimeout = OnTimeout.ALERT
    # may name an input: "$input.<key>"
    failure_workflow: str | None = None
    failure_workflow_version: int | None = None
    restartable: bool = True
    # an execution that has completed is removed, with its task runs
    forgets_success: bool = False
    admission: Admission | None = None
    # JSON schemas; None: anything goes
    input_schema: JSON = None
    output_schema: JSON = None
    options: Mapping[str, JSON] = field(default_factory=dict)
    # what ``workflows_app.graph.analysis`` found out; not part of the graph
    analysis: Any = field(default=None, init=False, compare=False, repr=False)

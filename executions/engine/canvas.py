"""From task runs to Celery messages: the one place that builds signatures.

A message names a task run and nothing else, and is a doorbell: it may be lost, doubled or late. What it names can be
claimed once, and is due in the table if no message arrives.

* A run whose successors on the server are known and lie in other queues goes out as a **chain**, one link for each
  change of queue; within a queue the worker goes on by itself.
* The branches of a small fork go out as a **chord**, whose body advances the execution when all have run.
* Everything else goes out as single signatures, in one batch.
"""

from __future__ import annotations

import logging
from collections.abc import Iterable, Sequence

from celery import Celery, chain, chord, current_app
from celery.canvas import Signature
from django.conf import settings
from kombu.exceptions import OperationalError as KombuError

from executions.engine.rows import RunRow
from executions.ids import run_id
from executions.states import RunsOn
from executions.task_types import find
from workflows_app import catalog
from workflows_app.graph.model import Graph, Kind, Node, On

logger = logging.getLogger(__name__)

RUN = "executions.run"
ADVANCE = "executions.advance"
DELIVER = "executions.deliver"
# Links of one chain at most; the rest of a longer stretch is sent when it is reached.
MAX_LINKS = 20


def send(runs: Sequence[RunRow], epoch: int, *, but: frozenset[str] = frozenset()) -> None:
    """Rings for these runs of one execution, save those that a chain under way will reach anyway (``but``).

    Never raises: a message that could not be sent is as good as lost, and lost messages are looked for.
    """
    todo = [run for run in runs if run.id not in but]
    if not todo:
        return
    try:
        _send(todo, epoch)
    except (KombuError, OSError) as error:
        logger.warning("%d messages could not be sent: %s", len(todo), error)


def send_all(runs: Sequence[RunRow]) -> None:
    """Rings for runs of several executions in one batch. Never raises."""
    try:
        _publish([_run(run.id, run.queue or "default") for run in runs])
    except (KombuError, OSError) as error:
        logger.warning("%d messages could not be sent: %s", len(runs), error)


def ring(queue_and_id: Iterable[tuple[str, str]]) -> None:
    """Rings for task runs that are known by queue and id only: what a sweep has found. May raise."""
    _publish([_run(found, queue) for queue, found in queue_and_id])


def ring_quietly(queue_and_id: Iterable[tuple[str, str]]) -> None:
    """The same for whoever has a message in hand that somebody else should have. Never raises."""
    try:
        ring(queue_and_id)
    except (KombuError, OSError) as error:
        logger.warning("a message could not be sent on: %s", error)


def send_events(message_ids: Sequence[str]) -> None:
    """Rings for stored messages. Never raises: one that nobody is told of is found by a sweep."""
    try:
        ring_events(message_ids)
    except (KombuError, OSError) as error:
        logger.warning("%d messages could not be rung for: %s", len(message_ids), error)


def ring_events(message_ids: Iterable[str]) -> None:
    """The same for a sweep. May raise."""
    _publish([Signature(DELIVER, args=(m,), immutable=True, app=current_app, queue="default") for m in message_ids])


def next_links(signatures: Sequence[object]) -> frozenset[str]:
    """The ids of the task runs that the rest of a chain, as its message carries it, will ring for."""
    found = set()
    for signature in signatures:
        if isinstance(signature, dict) and signature.get("task") == RUN and signature.get("args"):
            found.add(signature["args"][0])
    return frozenset(found)


def _send(runs: list[RunRow], epoch: int) -> None:
    graph = catalog.graph(runs[0].version_id)
    parallel = [run for run in runs if run.runs_on == RunsOn.SERVER]
    if 1 < len(parallel) == len(runs) <= settings.CHORD_MAX_WIDTH and _branches_of_one_fork(runs, graph):
        header = [_link(run, graph, epoch) for run in runs]
        body = Signature(ADVANCE, args=(runs[0].execution_id,), immutable=True, app=current_app, queue="default")
        chord(header, app=current_app)(body)
        return
    if len(runs) == 1:
        _link(runs[0], graph, epoch).apply_async()
        return
    _publish([_run(run.id, run.queue or "default") for run in runs])


def _publish(signatures: list[Signature]) -> None:
    app: Celery = current_app._get_current_object()  # type: ignore[attr-defined]
    with app.producer_or_acquire() as producer, producer.batch():
        for signature in signatures:
            signature.apply_async(producer=producer)


def _run(run: str, queue: str) -> Signature:
    return Signature(RUN, args=(run,), immutable=True, app=current_app, queue=queue)


def _link(run: RunRow, graph: Graph, epoch: int) -> Signature:
    """The run, and behind it the first of every stretch of successors in another queue."""
    links = [_run(run.id, run.queue or "default")]
    node = graph.nodes.get(run.ref) if run.fragment is None else None
    queue = run.queue
    while node is not None and len(links) < MAX_LINKS:
        node = _only_successor(node, graph)
        if node is None or node.kind is not Kind.TASK or node.start_delay or node.items is not None:
            break
        logic = find(node.type, node.name)
        if logic.runs_on != RunsOn.SERVER:
            break
        following = logic.queue_of(node)
        if following != queue:
            queue = following
            links.append(_run(run_id(run.execution_id, epoch, node.ref, run.path, 0), queue or "default"))
    return links[0] if len(links) == 1 else chain(*links, app=current_app)


def _only_successor(node: Node, graph: Graph) -> Node | None:
    """The one node that follows for certain when this one succeeds."""
    edges = [edge for edge in node.edges if edge.on in (On.SUCCESS, On.COMPLETE)]
    if len(edges) != 1 or edges[0].case is not None or edges[0].when is not None or edges[0].to is None:
        return None
    target = graph.nodes.get(edges[0].to)
    return None if target is None or target.gather is not None else target


def _branches_of_one_fork(runs: list[RunRow], graph: Graph) -> bool:
    """Whether these runs are branches that the same join waits for."""
    nodes = [graph.nodes.get(run.ref) for run in runs]
    if any(node is None for node in nodes) or len({run.path for run in runs}) > 1:
        return False
    openers = [n for n in graph.nodes.values() if n.opens]
    return any({run.ref for run in runs} <= {e.to for e in n.edges} for n in openers)

"""Admitting executions: of some definitions only so many run at a time, the others wait for their turn.

Who waits is an execution that runs and has no task yet; ``held`` in its memo says so. It begins when another one with
its key ends, and a sweep looks whether somebody was forgotten.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from hashlib import blake2b

from django.db import transaction

from executions.engine.decision import Decision
from executions.engine.events import Admitted
from executions.engine.new_execution import NewExecution
from executions.engine.plan import Plan
from executions.engine.rows import Doc, ExecutionRow
from executions.engine.snapshot import Snapshot
from executions.engine.tools import Tools
from executions.store import admissions
from executions.store import executions as execution_store
from workflows_app import catalog
from workflows_app.graph.model import Graph

_LONGEST_KEY = 200


class NotAdmitted(Exception):
    """As many executions as are allowed are running, and the definition says that others are refused."""


def key_of(graph: Graph, row: ExecutionRow, tools: Tools, now: datetime) -> str | None:
    """Under what an execution is counted; None if its definition sets no limit. Raises ExpressionError."""
    if graph.admission is None:
        return None
    value = Plan(graph, Snapshot(execution=row), now, tools).evaluate(graph.admission.key)
    key = f"{row.format}:{row.name}:{value}"
    if len(key) > _LONGEST_KEY:
        return f"{row.format}:{blake2b(key.encode('utf-8', 'surrogatepass'), digest_size=20).hexdigest()}"
    return key


def start(
    key: str,
    graph: Graph,
    row: ExecutionRow,
    request: NewExecution,
    now: datetime,
    begin: Callable[[], Decision | None],
) -> Decision | None:
    """Starts an execution, or holds it; in the caller's transaction. None: one of that id was there already.

    Raises NotAdmitted, for nobody's child.
    """
    assert graph.admission is not None
    admissions.lock(key)
    row.settings = Doc({**row.settings.value, "admission": key})
    if admissions.active(key) < graph.admission.limit:
        decision = begin()
        if decision is not None:
            admissions.mark(row.id, key, None)
        return decision
    count = f"{graph.admission.limit} execution{'s' if graph.admission.limit != 1 else ''}"
    if graph.admission.reject and request.parent_id is None and "compensates" not in request.attributes:
        raise NotAdmitted(f"{count} of {row.name} with this rate limit key are running; more are refused")
    row.memo = Doc({**row.memo.value, "held": True})
    row.reason = f"waits for its turn: {count} with the same rate limit key may run at a time"
    row.revision = 1
    if not execution_store.insert(row):
        return None
    admissions.mark(row.id, key, now)
    return Decision(execution=row)


def admit_next(key: str, apply: Callable[[str, Admitted], Decision | None]) -> bool:
    """Lets the next execution begin that waits under ``key``, if there is room; ``apply`` decides it, in here."""
    with transaction.atomic():
        admissions.lock(key)
        execution_id = admissions.next_held(key)
        row = execution_store.read(execution_id) if execution_id else None
        if row is None:
            return False
        graph = catalog.graph(row.version_id)
        if graph.admission is not None and admissions.active(key) >= graph.admission.limit:
            return False
        admissions.begin(row.id)
        decision = apply(row.id, Admitted())
        return decision is not None and decision.refused is None

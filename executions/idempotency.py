"""Starting an execution once for a key, however often and by however many it is asked for.

The key is unique per format and name in the table: whoever inserts first has it.
"""

from __future__ import annotations

from django.db import IntegrityError

from executions.engine.new_execution import NewExecution
from executions.engine.rows import ExecutionRow
from executions.models import Execution
from executions.starting import start
from executions.states import EXECUTION_ENDED
from executions.store import executions

FAIL = "FAIL"
RETURN_EXISTING = "RETURN_EXISTING"
FAIL_ON_RUNNING = "FAIL_ON_RUNNING"
_TRIES = 5


class KeyTaken(Exception):
    """Another execution has the key."""


def start_once(request: NewExecution, strategy: str = FAIL) -> ExecutionRow:
    """Starts an execution; without a key, always.

    The key is taken: RETURN_EXISTING gives the execution that has it, FAIL_ON_RUNNING takes the key from one that has
    ended, FAIL raises KeyTaken, and so does FAIL_ON_RUNNING while the other is open.
    """
    for _ in range(_TRIES):
        try:
            started = start(request)
        except IntegrityError:
            if request.idempotency_key is None:
                raise
            holder = _holder(request)
            if holder is None:
                continue  # it has just been given up
            if strategy == RETURN_EXISTING:
                return holder
            if strategy != FAIL_ON_RUNNING or holder.state not in EXECUTION_ENDED or not _give_up(holder):
                raise KeyTaken(
                    f"Workflow {request.name} with idempotency key {request.idempotency_key} exists: {holder.id}"
                ) from None
            continue
        if started is None:  # one of that id is there: this is not the first time that it is asked for
            started = executions.read(request.id or "")
            if started is None:
                continue
        return started
    raise KeyTaken(f"idempotency key {request.idempotency_key} of workflow {request.name} changes hands too fast")


def _holder(request: NewExecution) -> ExecutionRow | None:
    found = Execution.objects.filter(
        format=request.format, name=request.name, idempotency_key=request.idempotency_key
    ).values_list("id", flat=True)
    first = found.first()
    return executions.read(str(first)) if first else None


def _give_up(holder: ExecutionRow) -> bool:
    """Takes the key from an execution that has ended; it stays to be seen among its attributes."""
    attributes = {**holder.attributes.value, "idempotencyKey": holder.idempotency_key}
    return bool(
        Execution.objects.filter(id=holder.id, state=holder.state, idempotency_key=holder.idempotency_key).update(
            idempotency_key=None, attributes=attributes
        )
    )

"""Waiting until a workflow has ended, or can go no further without somebody (contracts/conductor.md, section 1.2)."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from api.conductor.render import reference_name
from executions.engine.rows import ExecutionRow, RunRow
from executions.states import RunsOn, RunState
from executions.store import executions, runs
from executions.waiting import wait_for


@dataclass(frozen=True, slots=True)
class Blocked:
    """Where an execution stands: the execution that holds the blocking task (the target itself or a child), and that
    task, None when the target has ended or a task that was waited for has."""

    execution: ExecutionRow
    run: RunRow | None


def wait_until_blocked(execution_id: str, refs: Sequence[str], seconds: float) -> Blocked | None:
    """Where the execution stands as soon as it has ended, waits for a signal, or one of ``refs`` has ended.

    None when none of that happens in time. Names that do not exist are waited for in vain and do no harm.
    """
    return wait_for(lambda: blocked(execution_id, refs), seconds)


def blocked(execution_id: str, refs: Sequence[str] = ()) -> Blocked | None:
    """The same without waiting."""
    execution = executions.read(execution_id)
    if execution is None:
        return None
    if execution.ended:
        return Blocked(execution, None)
    rows = _interesting(execution_id, refs)
    for run in rows:
        if is_blocking(run):
            return Blocked(execution, run)
    wanted = set(refs)
    for run in rows:
        if run.settled and (run.ref in wanted or reference_name(run.ref, run.path) in wanted):
            return Blocked(execution, run)
    for run in rows:
        if run.runs_on == RunsOn.CHILD and run.state == RunState.IN_PROGRESS and run.child_id is not None:
            inner = blocked(run.child_id, refs)
            if inner is not None and inner.run is not None:
                return inner
    return None


def is_blocking(run: RunRow) -> bool:
    """A WAIT task without a timer: only a signal lets it go on."""
    return run.type == "WAIT" and run.state == RunState.IN_PROGRESS and run.due_at is None


def _interesting(execution_id: str, refs: Sequence[str]) -> list[RunRow]:
    """What is open, and the latest of what is waited for."""
    found = runs.read(execution_id, "settled = %s", [False])
    if refs:
        names = sorted({name.split("__")[0] for name in refs} | set(refs))
        places = ", ".join(["%s"] * len(names))
        found += runs.read(execution_id, f"settled = %s AND ref IN ({places})", [True, *names])
    return found

"""Tasks that need not run because another one, with the same key, has lately given what they would give."""

from __future__ import annotations

from datetime import timedelta
from hashlib import sha256
from typing import TYPE_CHECKING

from executions.engine import finishing
from executions.engine.decision import Cached
from executions.engine.events import Result
from executions.engine.rows import Doc, RunRow
from executions.states import RunState
from workflows_app.graph.model import Kind, Node

if TYPE_CHECKING:
    from executions.engine.plan import Plan

# in the memo of a run whose output is to be kept
_KEY = "cache_key"


def served(plan: Plan, run: RunRow, node: Node) -> bool:
    """Ends a run with the output that is kept under its key, if there is one. May raise ExpressionError."""
    if node.cache is None or node.kind not in (Kind.TASK, Kind.COMPUTE):
        return False
    text = str(plan.evaluate(node.cache.key, run=run))
    key = sha256(f"{node.type}\0{node.name}\0{text}".encode("utf-8", "surrogatepass")).hexdigest()
    kept = plan.snapshot.cached_output(key)
    if kept is None:
        run.memo = Doc({**(run.memo.value if run.memo else {}), _KEY: key})
        return False
    plan.decision.logs.append((run.id, f"the output was kept under the key {text!r}; the task was not run"))
    finishing.finish(plan, run, Result(state=RunState.COMPLETED, output=kept.value))
    return True


def keep(plan: Plan, run: RunRow, node: Node) -> None:
    """Keeps the output of a run that has succeeded."""
    key = run.memo.value.get(_KEY) if run.memo else None
    if key is not None and node.cache is not None and run.state == RunState.COMPLETED:
        expires = plan.now + timedelta(seconds=node.cache.seconds)
        plan.decision.cached.append(Cached(key, run.output.value, expires))

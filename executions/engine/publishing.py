"""What a node makes known when it ends."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from executions.engine import contexts, finishing
from executions.engine.rows import EMPTY, Doc, RunRow
from executions.states import RunState
from workflows_app.graph.model import Node, On
from workflows_app.graph.template import Template

if TYPE_CHECKING:
    from executions.engine.plan import Plan


def publish(plan: Plan, run: RunRow, node: Node) -> None:
    """Sets the run's ``published`` and the execution's variables. Raises ExpressionError."""
    outcome = outcome_of(run)
    branch: dict[str, Any] = {}
    everywhere: dict[str, Any] = {}
    entries = [e for e in node.publish if e.on is outcome or (e.on is On.COMPLETE and outcome is not On.SKIP)]
    if outcome is On.ERROR and run.memo is not None and finishing.DID_WELL in run.memo.value:
        # the work was done; what failed is what the definition makes of it
        entries = [e for e in node.publish if e.on is On.SUCCESS] + entries
    for entry in entries:
        branch |= _values(plan, entry.branch, run)
        everywhere |= _values(plan, entry.everywhere, run)
    if branch:
        run.published = Doc(branch)
    if everywhere:
        plan.change_execution(variables=Doc({**plan.execution.variables.value, **everywhere}))
    if node.keep_output is not True and not plan.truth(node.keep_output, run):
        run.output = EMPTY


def outcome_of(run: RunRow) -> On | None:
    """None for a run that was canceled: nothing follows from it."""
    if run.state == RunState.SKIPPED:
        return On.SKIP
    if run.state == RunState.CANCELED:
        return None
    return On.ERROR if run.failed else On.SUCCESS


def context_behind(plan: Plan, run: RunRow) -> Doc | None:
    """The context of what follows a run: its own, and what it has published."""
    if run.published is None:
        return run.context
    return contexts.published(run.context, run.published.value, plan.execution.revision)


def _values(plan: Plan, template: Template | None, run: RunRow) -> dict[str, Any]:
    if template is None:
        return {}
    value = plan.evaluate(template, run=run)
    return dict(value) if isinstance(value, dict) else {}

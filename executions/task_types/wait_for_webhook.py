"""WAIT_FOR_WEBHOOK: waits for a request of another system (contracts/conductor.md, section 4.6).

"inputParameters": {"matches": {"$['type']": "paid", "$['order']": "${workflow.input.order}"}}
"""

from __future__ import annotations

from collections.abc import Mapping

from executions.engine.events import Result
from executions.engine.tools import Opening, Task
from executions.states import RunState
from executions.task_types.base import TaskType
from executions.webhooks import matching
from workflows_app.expressions.base import ExpressionError
from workflows_app.expressions.jsonpath import parse


class WaitForWebhook(TaskType):
    """``matches``: JSONPaths into the body of the request, with the value that each must lead to; all of them must fit.
    The body becomes the output. Which webhooks may complete it is in their configuration (``executions.webhooks``)."""

    def open(self, task: Task) -> Opening:
        matches = task.input.get("matches")
        if not isinstance(matches, Mapping) or not matches:
            return _broken("'matches' must be an object of paths and values, with at least one")
        for path in matches:
            try:
                parse(path)
            except ExpressionError as error:
                return _broken(f"'matches' has the path {path}, which is malformed: {error}")
        template = task.node.input
        told = not task.made_at_run_time and template is not None and matching.written_matches(template.value)
        return Opening(queue=matching.key(task.execution.name, matches if told else None))


def _broken(reason: str) -> Opening:
    return Opening(result=Result(state=RunState.FAILED_WITH_TERMINAL_ERROR, reason=reason))

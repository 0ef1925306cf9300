"""Actions: what tasks of Mistral's workflows do (contracts/mistral.md, section 9).

    from executions.actions import Action, action

    @action("math.add")
    class Add(Action):
        def __init__(self, a, b=1):
            self.a, self.b = a, b

        def run(self, context):
            return self.a + self.b

The arguments of the constructor are the action's inputs. What ``run`` returns is the result: any JSON value; with
``ActionFailed`` it fails, and carries a result as well. An action whose ``is_sync()`` is False only begins something:
its result is pushed by somebody else, seconds or weeks later, under ``context.action_execution_id``, and nothing here
waits for it.

Modules named ``workflow_tasks`` in installed apps, and those of UPBEAT_TASK_MODULES, are where to put actions.
``std`` holds those that are built in, one file each.
"""

from __future__ import annotations

from executions.actions.base import Action, ActionContext, ActionFailed
from executions.actions.registry import action, find, names

__all__ = ["Action", "ActionContext", "ActionFailed", "action", "find", "names"]

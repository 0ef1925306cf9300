"""What an action is. See the package for an example."""

from __future__ import annotations

import inspect
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

from executions.task_types.base import DEFAULT_QUEUE

REQUIRED: Any = inspect.Parameter.empty


class ActionFailed(Exception):
    """The action has failed; ``result`` is what its task's ``on-error`` finds as the result."""

    def __init__(self, result: Any) -> None:
        super().__init__(str(result))
        self.result = result


@dataclass(frozen=True, slots=True, kw_only=True)
class ActionContext:
    """Who runs an action. Without a workflow there is no execution and no task.

    ``script(language, source, data)`` runs a script in the sandbox; it raises ScriptError.
    """

    action_execution_id: str
    workflow_name: str | None = None
    execution_id: str | None = None
    task_id: str | None = None
    script: Callable[[str, str, Any], Any]

    @property
    def callback_url(self) -> str:
        """Where a result is pushed to: a path on this server."""
        return f"/v2/action_executions/{self.action_execution_id}"


class Action:
    """Base of all actions. ``queue``: the Celery queue that runs it.

    ``pure``: the result depends on the input alone and takes no time; it is evaluated while the workflow is decided.
    ``waits``: nobody runs it, it is over after ``delay()`` seconds, or when somebody completes it.
    """

    queue = DEFAULT_QUEUE
    pure = False
    waits = False

    def run(self, context: ActionContext) -> Any:
        """Does it. Raises ActionFailed; any other exception is a failure with its text."""
        raise NotImplementedError

    def is_sync(self) -> bool:
        """Whether ``run`` gives the result. It does not depend on the input."""
        return True

    def delay(self) -> float | None:
        """For one that waits: seconds until ``run`` gives the result; None: somebody else must."""
        return None

    @classmethod
    def parameters(cls) -> Mapping[str, Any]:
        """The names of its inputs, with their defaults or REQUIRED."""
        return _parameters(cls)  # type: ignore[arg-type]  # a class is hashable


@lru_cache(1000)
def _parameters(cls: Any) -> Mapping[str, Any]:
    if cls.__init__ is object.__init__:
        return {}
    signature = inspect.signature(cls.__init__).parameters
    named = (inspect.Parameter.POSITIONAL_OR_KEYWORD, inspect.Parameter.KEYWORD_ONLY)
    return {name: p.default for name, p in signature.items() if name != "self" and p.kind in named}


def wrong_input(cls: type[Action], given: Mapping[str, Any]) -> tuple[list[str], list[str]]:
    """The inputs that are missing, and those that the action does not know."""
    parameters = cls.parameters()
    missing = [name for name, default in parameters.items() if default is REQUIRED and name not in given]
    return missing, [name for name in given if name not in parameters]

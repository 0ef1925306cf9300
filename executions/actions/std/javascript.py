"""std.javascript and std.js."""

from __future__ import annotations

from typing import Any

from executions.actions.base import Action, ActionContext, ActionFailed
from workflows_app.expressions.base import ScriptError


class JavaScript(Action):
    """Runs ``script``, the body of a function, with ``context`` as ``$``; the result is what it returns. It runs in the
    sandbox: no files, no network."""

    pure = True

    def __init__(self, script: Any, context: Any = None) -> None:
        self.script = script
        self.context = context

    def run(self, context: ActionContext) -> Any:
        if not isinstance(self.script, str) or not self.script.strip():
            raise ActionFailed("script should be a text: the body of a function")
        try:
            return context.script("javascript", f"(function() {{ {self.script}\n }})()", self.context)
        except ScriptError as error:
            line = f" at line {error.line}" if error.line is not None else ""
            raise ActionFailed(f"{error}{line}") from error

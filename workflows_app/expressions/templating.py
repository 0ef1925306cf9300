"""The sandbox in which YAQL and Jinja are evaluated by their libraries (``sandbox/guest/templating.py``)."""

from __future__ import annotations

from typing import Any

from workflows_app.expressions.sandbox import Pool, SandboxedScript

_SANDBOX = SandboxedScript(Pool("templating"))


class Templating:
    """One of the languages that the sandbox speaks. The data is ``{"names": ..., "calls": ..., "tasks": ...}``."""

    def __init__(self, language: str) -> None:
        self._language = language

    def check(self, source: str) -> None:
        """Their grammars are read where the expression is compiled."""

    def run(self, source: str, data: Any, seconds: float) -> Any:
        """The value. Raises ScriptError, ScriptTimeout."""
        return _SANDBOX.run(f"{self._language} {source}", data, seconds)

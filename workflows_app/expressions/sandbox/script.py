"""A script language whose programs run in a sandbox."""

from __future__ import annotations

import json
from typing import Any

from workflows_app.expressions.base import ScriptError, ScriptTimeout
from workflows_app.expressions.sandbox.guest.frames import MAX_REQUEST
from workflows_app.expressions.sandbox.pool import Pool
from workflows_app.expressions.sandbox.process import SandboxCrashed, SandboxExpired

_CHECK = 1.0  # seconds for a source to be parsed


class SandboxedScript:
    """The ``Script`` whose engine is the pool's. For any number of threads."""

    def __init__(self, pool: Pool) -> None:
        self._pool = pool

    def check(self, source: str) -> None:
        """Parses the source and runs nothing of it. Raises ScriptError, and SandboxBroken if there is no sandbox."""
        self._ask(_encode(source), _CHECK)

    def run(self, source: str, data: Any, seconds: float) -> Any:
        """The program's result. ``seconds`` is what the program may take, not counting the wait for a free process.

        Raises ScriptError, also for data or a result that are no JSON or too large; ScriptTimeout; SandboxBroken if
        no sandbox starts, which says nothing about the program.
        """
        try:
            body = b"%b\n%b" % (_encode(source), _encode(data))
        except (TypeError, ValueError, RecursionError) as error:
            raise ScriptError(f"The input is not JSON: {error}") from error
        return self._ask(body, seconds)

    def _ask(self, body: bytes, seconds: float) -> Any:
        if len(body) > MAX_REQUEST:
            raise ScriptError(f"The script and its input are larger than {MAX_REQUEST // 2**20} MB")
        try:
            answer = self._pool.ask(body, seconds)
        except SandboxExpired:
            raise ScriptTimeout(f"Script not evaluated within {seconds:g} seconds, interrupted.") from None
        except SandboxCrashed:
            raise ScriptError("The script used more memory than it may, or broke its engine") from None
        try:
            outcome = json.loads(answer)
        except RecursionError:
            raise ScriptError("The result is nested too deeply") from None
        if "error" in outcome:
            raise ScriptError(outcome["error"], outcome["line"])
        return outcome["value"]


def _encode(value: Any) -> bytes:
    return json.dumps(value, separators=(",", ":"), allow_nan=False).encode()

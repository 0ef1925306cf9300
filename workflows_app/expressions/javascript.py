"""JavaScript, as Conductor's definitions use it: ``$`` is the data, the result is the script's completion value.

A script runs in a global environment of its own: what it defines or changes is gone afterwards. There is no host:
no console, no timers, no modules, no files, no network. Local time is UTC.
"""

from __future__ import annotations

from workflows_app.expressions.sandbox import Pool, SandboxedScript

SCRIPT = SandboxedScript(Pool("v8"))

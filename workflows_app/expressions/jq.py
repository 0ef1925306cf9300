"""jq: the input is the data, the result is the list of all results of the program.

There is no host: the environment is empty, no modules and no further inputs can be read. Local time is UTC.
"""

from __future__ import annotations

from workflows_app.expressions.sandbox import Pool, SandboxedScript

SCRIPT = SandboxedScript(Pool("libjq"))

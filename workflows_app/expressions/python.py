"""Python, as Conductor's definitions use it: the source is the body of a function, and must return.

Every key of the data is a global variable, if it can be one. Monty runs it: an interpreter of a part of Python without
a host: no files, no network, no environment, no modules but a few of the standard library. Sleeping takes no time.
Source: contracts/conductor.md, section 4.5.
"""

from __future__ import annotations

from workflows_app.expressions.sandbox import Pool, SandboxedScript

SCRIPT = SandboxedScript(Pool("monty"))

"""Where the scripts of definitions run: helper processes that can be killed and have nothing to give away.

``guest`` is what runs inside such a process, ``process`` holds one from outside, ``pool`` shares a few of them
between threads, and ``script`` is a script language made of that. Nothing of a script runs in this process.

To add an engine, write ``guest/<engine>.py`` with ``open_engine`` and name the library it needs in ``process``.
"""

from __future__ import annotations

from workflows_app.expressions.sandbox.pool import Pool
from workflows_app.expressions.sandbox.process import SandboxBroken
from workflows_app.expressions.sandbox.script import SandboxedScript

__all__ = ["Pool", "SandboxBroken", "SandboxedScript"]

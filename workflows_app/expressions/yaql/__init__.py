"""YAQL, by the library ``yaql``: its grammar is read here, and what is not simple runs in a sandbox.

``$`` is the context; bare words are texts. See ``workflows_app.expressions.mistral`` for where it is used.
"""

from __future__ import annotations

from workflows_app.expressions.templating import Templating

SCRIPT = Templating("yaql")

"""Jinja, by the library ``jinja2``: its grammar is read here, and what is not simple runs in a sandbox.

``_`` is the context; what is not defined is an error. See ``workflows_app.expressions.mistral`` for where it is used.
"""

from __future__ import annotations

from workflows_app.expressions.templating import Templating

EXPRESSION = Templating("jinja")
SCRIPT = Templating("text")

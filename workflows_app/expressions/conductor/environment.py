"""Environment variables in expressions: those, and only those, that the operator has listed.

The setting ``EXPRESSION_VARIABLES`` is a list of names. Everything else in the process environment, such as the
database's password, is out of reach of a definition.
"""

from __future__ import annotations

import os

from django.conf import settings
from django.core.exceptions import ImproperlyConfigured

# the id of the task whose input is being made
TASK_ID = "CPEWF_TASK_ID"
# names that Conductor knows as variables whether they are set or not
_KNOWN = frozenset({"NETFLIX_STACK", "NETFLIX_ENV"})


def is_variable(name: str) -> bool:
    """Whether ``${name}`` means an environment variable and no task."""
    return name in _KNOWN or name in _listed()


def variable(name: str) -> str | None:
    """Its value; None if it is not listed or not set."""
    return os.environ.get(name) if name in _listed() else None


def _listed() -> list[str]:
    try:
        return list(getattr(settings, "EXPRESSION_VARIABLES", ()))
    except ImproperlyConfigured:
        return []

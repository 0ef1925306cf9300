"""Environment variables in expressions.

``${workflow.env.NAME}`` is a variable kept in the database (``workflows_app.environment``), or else one of the process
environment. Of the latter only those can be read that the operator has named in the setting ``EXPRESSION_VARIABLES``:
everything else, such as the database's password, is out of reach of a definition.
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


def kept_or_listed(name: str) -> str | None:
    """The value of a variable that is kept in the database, or else of one that is listed; None if there is none."""
    from workflows_app.environment import lookup  # its models are not there yet when languages are loaded

    found = lookup(name)
    return variable(name) if found is None else found


def _listed() -> list[str]:
    try:
        return list(getattr(settings, "EXPRESSION_VARIABLES", ()))
    except ImproperlyConfigured:
        return []

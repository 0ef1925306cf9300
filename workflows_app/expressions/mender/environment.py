"""Variables of the process environment that definitions may read.

Those are the ones that Mender's own definitions read, PATH, and what the operator names in
``UPBEAT_EXPRESSION_VARIABLES``. Everything else, such as the database's password, is out of reach of a definition.
"""

from __future__ import annotations

import os

from django.conf import settings
from django.core.exceptions import ImproperlyConfigured

USUAL = frozenset(
    {
        "PATH",
        "INVENTORY_ADDR",
        "DEPLOYMENTS_ADDR",
        "DEVICEAUTH_ADDR",
        "DEVICECONNECT_ADDR",
        "DEVICECONFIG_ADDR",
        "IOT_MANAGER_ADDR",
        "HAVE_DEVICECONNECT",
        "HAVE_DEVICECONFIG",
    }
)


def variable(name: str) -> str:
    """Its value; "" if it may not be read or is not set."""
    return os.environ.get(name, "") if name in USUAL or name in _named() else ""


def _named() -> list[str]:
    try:
        return list(getattr(settings, "EXPRESSION_VARIABLES", ()))
    except ImproperlyConfigured:
        return []

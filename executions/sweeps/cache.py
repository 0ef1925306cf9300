"""Cached outputs whose time is over."""

from __future__ import annotations

from executions.clock import now
from executions.models import CachedOutput

_MANY = 1000


def run_once() -> int:
    """Gives how many were deleted."""
    over = CachedOutput.objects.filter(expires_at__lte=now()).order_by("expires_at")
    keys = list(over.values_list("key", flat=True)[:_MANY])
    return CachedOutput.objects.filter(key__in=keys, expires_at__lte=now()).delete()[0]

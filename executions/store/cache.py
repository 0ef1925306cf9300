"""Outputs of tasks that others may use instead of running, until they expire."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import datetime

from executions.engine.decision import Cached
from executions.engine.rows import Doc
from executions.models import CachedOutput


def read(keys: Iterable[str], now: datetime) -> dict[str, Doc]:
    """The outputs that count now, by key."""
    found = CachedOutput.objects.filter(key__in=list(keys), expires_at__gt=now)
    return {row.key: Doc(row.output) for row in found}


def put(entries: Sequence[Cached]) -> None:
    """Keeps outputs; a newer one replaces the one of the same key. One statement."""
    latest = {entry.key: entry for entry in entries}
    CachedOutput.objects.bulk_create(
        (CachedOutput(key=e.key, output=dict(e.output), expires_at=e.expires_at) for e in latest.values()),
        update_conflicts=True,
        unique_fields=["key"],
        update_fields=["output", "expires_at"],
    )

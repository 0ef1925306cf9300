"""Deliveries of webhooks whose process was killed, and those that were done long ago."""

from __future__ import annotations

from executions.webhooks import deliveries


def run_once() -> int:
    """Gives how many were carried out or removed."""
    return deliveries.carry_out_lost() + deliveries.forget_old()

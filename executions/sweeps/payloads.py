"""Stored payloads that were read long ago, or never were."""

from __future__ import annotations

import logging

from executions.payloads import storage

logger = logging.getLogger(__name__)


def run_once() -> int:
    """Gives how many were deleted."""
    try:
        return storage.forget_old()
    except OSError as error:
        logger.warning("old payloads cannot be deleted: %s", error)
        return 0

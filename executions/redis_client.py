"""The connection to Redis, for things that may be lost: who polls, wake-up calls."""

from __future__ import annotations

import logging
import time
from collections.abc import Callable
from functools import cache
from typing import TypeVar

from django.conf import settings
from redis import Redis
from redis.exceptions import RedisError

logger = logging.getLogger(__name__)
T = TypeVar("T")


@cache
def client() -> Redis:
    """One client per process; it connects when it is used."""
    return Redis.from_url(
        settings.REDIS_URL, socket_timeout=5, socket_connect_timeout=2, socket_keepalive=True, health_check_interval=10
    )


_PAUSE_SECONDS = 1.0
_silent_until = 0.0


def quietly(action: Callable[[Redis], T]) -> T | None:
    """What the action gives, or None when Redis cannot be reached: nothing that matters is kept there.

    After a failure nobody in this process waits for Redis again for a second.
    """
    global _silent_until
    if time.monotonic() < _silent_until:
        return None
    try:
        return action(client())
    except (RedisError, OSError) as error:
        _silent_until = time.monotonic() + _PAUSE_SECONDS
        logger.warning("Redis does not answer: %s", error)
        return None

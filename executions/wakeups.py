"""Wake-up calls for whoever waits for work or for an execution, through Redis. A lost call costs a little time."""

from __future__ import annotations

from collections.abc import Iterable

from executions import redis_client

_WORK = "upbeat:work"


def work_arrived(queues: Iterable[str]) -> None:
    """Tells those who poll these queues that there is work."""
    names = sorted(queues)
    if names:
        redis_client.quietly(lambda redis: [redis.publish(_WORK, name) for name in names])

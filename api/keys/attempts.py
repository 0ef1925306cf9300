"""Slowing down whoever guesses: failed attempts are counted for each address and key, in Redis for the whole cluster.

Without Redis nothing is counted: a secret of 256 bits is not guessed, this only keeps the noise down.
"""

from __future__ import annotations

import hashlib

from redis import Redis

from executions import redis_client

MOST = 20
SECONDS = 60


def too_many(address: str, key_id: str) -> bool:
    """Whether so many attempts have failed of late that no more are looked at."""
    found = redis_client.quietly(lambda redis: redis.get(_name(address, key_id)))
    return found is not None and int(found) >= MOST


def note_failure(address: str, key_id: str) -> None:
    name = _name(address, key_id)

    def count(redis: Redis) -> None:
        pipeline = redis.pipeline()
        pipeline.set(name, 0, ex=SECONDS, nx=True)
        pipeline.incr(name)
        pipeline.execute()

    redis_client.quietly(count)


def _name(address: str, key_id: str) -> str:
    digest = hashlib.blake2b(f"{address}\0{key_id}".encode("utf-8", "replace"), digest_size=16).hexdigest()
    return f"upbeat:failed-attempts:{digest}"

"""Who polls for work: kept in Redis, because it is written on every poll and worth nothing after a minute."""

from __future__ import annotations

import json
import time
from collections.abc import Sequence
from dataclasses import dataclass

from executions import redis_client

# A domain counts as active when somebody has polled it within so many seconds.
ACTIVE_SECONDS = 10
_KEY = "upbeat:polls"
NO_DOMAIN = "NO_DOMAIN"


@dataclass(frozen=True, slots=True)
class Poll:
    """The last poll for a task name in a domain (None: no domain). ``at``: seconds since the epoch."""

    name: str
    domain: str | None
    worker: str
    at: float


# When this process last noted a poll, by name, domain and worker.
_noted: dict[tuple[str, str | None, str], float] = {}
_NOTE_EVERY = 1.0


def record(name: str, domain: str | None, worker: str) -> None:
    """Notes a poll, of one worker once a second. Without Redis nothing is noted, and nothing breaks."""
    moment, key = time.monotonic(), (name, domain, worker)
    if moment - _noted.get(key, -_NOTE_EVERY) < _NOTE_EVERY:
        return
    if len(_noted) > 10_000:
        _noted.clear()
    _noted[key] = moment
    value = json.dumps({"worker": worker, "at": time.time()})
    redis_client.quietly(lambda redis: redis.hset(_KEY, _field(name, domain), value))


def polls(name: str | None = None) -> list[Poll]:
    """The last poll of every domain of a name, or of all names."""
    found = redis_client.quietly(lambda redis: redis.hgetall(_KEY)) or {}
    result = []
    for field, value in found.items():
        domain, _, polled = _text(field).partition("\0")
        data = json.loads(value)
        if name in (None, polled):
            result.append(Poll(name=polled, domain=domain or None, worker=data["worker"], at=data["at"]))
    return sorted(result, key=lambda p: (p.name, p.domain or ""))


def active_domain(candidates: Sequence[str], name: str) -> str | None:
    """The first of the domains that has been polled of late, or the last one; None stands for no domain."""
    real = [d for d in candidates if d != NO_DOMAIN]
    found = redis_client.quietly(lambda redis: redis.hmget(_KEY, [_field(name, d) for d in real])) if real else []
    last = dict(zip(real, found or [], strict=False))
    for domain in candidates:
        value = last.get(domain)
        if value is not None and json.loads(value)["at"] >= time.time() - ACTIVE_SECONDS:
            return domain
    return None if candidates[-1] == NO_DOMAIN else candidates[-1]


def _text(value: bytes | str) -> str:
    return value.decode() if isinstance(value, bytes) else value


def _field(name: str, domain: str | None) -> str:
    return f"{domain or ''}\0{name}"

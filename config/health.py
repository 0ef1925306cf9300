"""Whether everything that serves is up, and if not, what is missing.

=====================  ===========================================================  ==========================
``GET /health``        the whole installation, workers and Beat included            for people and monitors
``GET /health/ready``  what this web process needs itself: the database, Redis      for whoever sends requests
``GET /health/live``   that this web process answers                                for whoever starts it again
=====================  ===========================================================  ==========================

200 when the database answers and has all migrations, Redis answers, a worker was seen lately for every queue, and Beat
has lately had a tick run; otherwise 503. Costs one SQL statement and one Redis command. It is open to everybody, so a
reason says what is wrong and not where: addresses and the drivers' own words go to the log.
"""

from __future__ import annotations

import logging

from django.db import DatabaseError, connection
from django.db.migrations.executor import MigrationExecutor
from django.http import HttpRequest, JsonResponse
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_safe
from redis.exceptions import RedisError

from executions import worker_beat
from executions.functions import function_queues
from executions.models import WorkerBeat
from executions.redis_client import client
from executions.task_types.base import DEFAULT_QUEUE, IO_QUEUE

logger = logging.getLogger(__name__)

OK = "ok"
TICKS_QUEUE = "ticks"
_UNKNOWN = "unknown as long as the database is not ready"

# Migrations are not undone under a running server: once complete they are not counted again.
_migrated = False


@never_cache
@require_safe
def health(request: HttpRequest) -> JsonResponse:
    """``{"healthy": true or false, "status": "UP" or "DOWN", "checks": {name: "ok" or the reason}}``."""
    database, seen = _database()
    return _answer({"database": database, "redis": _redis(), "workers": _workers(seen), "beat": _beat(seen)})


@never_cache
@require_safe
def ready(request: HttpRequest) -> JsonResponse:
    """The same without what other processes do: a server without workers takes requests all the same."""
    return _answer({"database": _database()[0], "redis": _redis()})


@never_cache
@require_safe
def live(request: HttpRequest) -> JsonResponse:
    """Asks nobody: starting a process again would not bring the database back."""
    return _answer({})


def _answer(checks: dict[str, str]) -> JsonResponse:
    healthy = all(verdict == OK for verdict in checks.values())
    response = JsonResponse(
        {"healthy": healthy, "status": "UP" if healthy else "DOWN", "checks": checks},
        status=200 if healthy else 503,
        json_dumps_params={"separators": (",", ":")},
    )
    # Django logs a 503 as an error of the server, which this is not: whoever asks gets the reasons
    response._has_been_logged = True  # type: ignore[attr-defined]
    return response


def _database() -> tuple[str, list[WorkerBeat] | None]:
    """The verdict, and who was seen alive; None if that cannot be known."""
    try:
        missing = _missing_migrations()
        if missing:
            return f"{missing} migrations are not applied", None
        return OK, worker_beat.alive()
    except DatabaseError as error:
        logger.warning("health: the database does not answer: %s", error)
        return "does not answer", None


def _missing_migrations() -> int:
    global _migrated
    if _migrated:
        return 0
    executor = MigrationExecutor(connection)
    missing = len(executor.migration_plan(executor.loader.graph.leaf_nodes()))
    _migrated = not missing
    return missing


def _redis() -> str:
    try:
        client().ping()
    except (RedisError, OSError) as error:
        logger.warning("health: Redis does not answer: %s", error)
        return "does not answer"
    return OK


def _workers(seen: list[WorkerBeat] | None) -> str:
    if seen is None:
        return _UNKNOWN
    served = {queue for row in seen for queue in row.info.get("queues", ())}
    missing = ({DEFAULT_QUEUE, IO_QUEUE, TICKS_QUEUE} | function_queues()) - served
    if missing:
        return f"no worker was seen lately for the queues: {', '.join(sorted(missing))}"
    return OK


def _beat(seen: list[WorkerBeat] | None) -> str:
    if seen is None:
        return _UNKNOWN
    if not any(row.kind == worker_beat.BEAT for row in seen):
        return f"no tick was run in the last {worker_beat.BEAT_GONE_AFTER_SECONDS:.0f} seconds"
    return OK

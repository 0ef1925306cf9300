"""Redis streams.

What goes out is an entry with the fields ``id`` (the message's), ``event`` and ``payload`` (JSON). What comes in may be
such an entry or any other: its fields are the payload, unless it has a field ``payload`` with JSON in it.

All processes of an installation read a stream as one consumer group. An entry is acknowledged when it is stored; what
a process has read and not acknowledged when it died is claimed by another one. Entries from before the time at which
the first handler began to listen are passed over; the clocks of Redis and of the database's clients should agree.
"""

from __future__ import annotations

import os
import socket
import time
from collections.abc import Mapping
from datetime import datetime
from typing import Any

from redis import Redis
from redis.exceptions import ResponseError

from executions import redis_client
from executions.events.models import EventMessage
from executions.events.sinks.base import Incoming, Store, place, wire_id
from workflows_app.json_text import dumps, loads

GROUP = "upbeat"
# An entry that nobody has acknowledged for so long was read by a process that is no more.
ABANDONED_MS = 30_000
_CLAIM_SECONDS = 5.0
_MANY = 200
# Entries that a stream of ours keeps, roughly; whoever reads it has had its time by then.
_KEEP = 1_000_000

# The id of an entry is a time in milliseconds and a number within that.
_LAST_OF_MILLISECOND = 2**64 - 1

Entry = tuple[bytes | None, dict[bytes, bytes] | None]


class RedisStream:
    """See ``Sink``."""

    def __init__(self, client: Redis | None = None, consumer: str | None = None) -> None:
        self._given_client = client
        self._consumer = consumer or f"{socket.gethostname()}:{os.getpid()}"
        self._claimed_at: dict[str, float] = {}

    def publish(self, message: EventMessage) -> None:
        fields = {"id": wire_id(message), "event": message.event, "payload": dumps(message.payload)}
        self._client.xadd(place(message.event), fields, maxlen=_KEEP, approximate=True)  # type: ignore[arg-type]

    def receive(self, events: Mapping[str, datetime], store: Store) -> int:
        names = {place(event): event for event in events}
        found = 0
        for stream, entries in self._read(names, events):
            event = names[stream]
            since = _millis(events[event])
            incoming = [
                _incoming(event, i, fields)
                for i, fields in entries
                if i is not None and fields and int(_text(i).partition("-")[0]) >= since
            ]
            store(incoming)
            ids = [i for i, _ in entries if i is not None]
            if ids:
                self._client.xack(stream, GROUP, *ids)
            found += len(incoming)
        return found

    def _read(self, names: Mapping[str, str], events: Mapping[str, datetime]) -> list[tuple[str, list[Entry]]]:
        found: list[tuple[str, list[Entry]]] = []
        for stream, event in names.items():
            try:
                found += self._of(stream)
            except ResponseError as error:
                if "NOGROUP" not in str(error):
                    raise
                self._make_group(stream, events[event])
                found += self._of(stream)
        return found

    def _of(self, stream: str) -> list[tuple[str, list[Entry]]]:
        found = []
        last = self._claimed_at.get(stream)
        if last is None or time.monotonic() - last >= _CLAIM_SECONDS:
            answer: Any = self._client.xautoclaim(stream, GROUP, self._consumer, ABANDONED_MS, "0-0", count=_MANY)
            self._claimed_at[stream] = time.monotonic()
            if answer[1]:
                found.append((stream, answer[1]))
        answer = self._client.xreadgroup(GROUP, self._consumer, {stream: ">"}, count=_MANY)
        entries = [entry for _, part in answer for entry in part] if isinstance(answer, list) else _entries(answer)
        if entries:
            found.append((stream, entries))
        return found

    def _make_group(self, stream: str, since: datetime) -> None:
        """The group begins where the first handler of the stream began to listen."""
        before = f"{_millis(since) - 1}-{_LAST_OF_MILLISECOND}"
        try:
            self._client.xgroup_create(stream, GROUP, id=before, mkstream=True)
        except ResponseError as error:
            if "BUSYGROUP" not in str(error):  # another process has made it
                raise

    @property
    def _client(self) -> Redis:
        return self._given_client or redis_client.client()


def _entries(answer: Any) -> list[Entry]:
    """The entries of an answer of RESP3, which is a mapping of streams to lists of lists."""
    return [entry for part in (answer or {}).values() for entries in part for entry in entries]


def _incoming(event: str, entry: bytes, fields: Mapping[bytes, bytes]) -> Incoming:
    texts = {_text(key): _text(value) for key, value in fields.items()}
    try:
        payload = loads(texts["payload"])
    except (KeyError, ValueError):
        payload = {key: value for key, value in texts.items() if key != "id"} if "id" in texts else texts
    return Incoming(event, texts.get("id") or _text(entry), payload)


def _millis(moment: datetime) -> int:
    return int(moment.timestamp() * 1000)


def _text(value: bytes | str) -> str:
    return value.decode("utf-8", "replace") if isinstance(value, bytes) else value

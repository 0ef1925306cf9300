"""Identifiers.

An execution's id is a UUID of version 7: its first 48 bits are the time, so that rows of one time lie together
in an index. The id of a task run is derived from its place in the execution: to schedule the same thing twice
is to insert the same primary key twice, and a message can name a task run before its row exists.
"""

from __future__ import annotations

import os
import time
import uuid
from hashlib import blake2b


def new_id() -> str:
    """A fresh UUID of version 7."""
    millis = time.time_ns() // 1_000_000
    return _text(millis.to_bytes(6, "big") + os.urandom(10), version=7)


def run_id(execution_id: str, epoch: int, ref: str, path: str, attempt: int) -> str:
    """The id of the task run at this place. ``epoch`` grows with every restart of the execution."""
    place = f"{execution_id}\0{epoch}\0{ref}\0{path}\0{attempt}"
    return _derived(execution_id, place)


def child_id(run_id: str, epoch: int = 0) -> str:
    """The id of the execution that a task run starts: only one, unless it is begun again in another ``epoch``."""
    return _derived(run_id, f"child\0{run_id}\0{epoch}" if epoch else f"child\0{run_id}")


def failure_id(execution_id: str, epoch: int, ended: int) -> str:
    """The id of the execution that compensates for the failure of this one, at its ``ended``-th revision."""
    return _derived(execution_id, f"failure\0{execution_id}\0{epoch}\0{ended}")


def _derived(near: str, place: str) -> str:
    """A UUID of version 8, beside ``near`` in an index."""
    prefix = bytes.fromhex(near[:8] + near[9:13])
    return _text(prefix + blake2b(place.encode("utf-8", "surrogatepass"), digest_size=10).digest(), version=8)


def _text(raw: bytes, version: int) -> str:
    value = bytearray(raw)
    value[6] = (value[6] & 0x0F) | (version << 4)
    value[8] = (value[8] & 0x3F) | 0x80
    return str(uuid.UUID(bytes=bytes(value)))

"""Ids of jobs: 24 hexadecimal digits, as MongoDB makes them, for ids of executions.

A job's first eight digits are the second in which it was started, the others chance and milliseconds. Nothing is kept
for it: one can be computed from the other. An execution that was started elsewhere (the console, a schedule, another
door) goes by its own id, and every job can be asked for by that.
"""

from __future__ import annotations

import re
import secrets
import time

from executions.operations.finding import is_id

_JOB_ID = re.compile("[0-9a-f]{24}")
# The bits of an execution's id that the job's id does not have: the version (8, of one's own making), the variant, and
# a mark by which such an id is known.
_VERSION = 0x8 << 76
_VARIANT = 0x2 << 62
_MARK = 0x4D4E44 >> 4  # 20 bits
_CHANCE = 54


def new_execution_id() -> str:
    """An id for an execution that is started here: it begins with the time, as all of them do."""
    return _execution_id(time.time_ns() // 1_000_000, secrets.randbits(_CHANCE))


def job_id(execution_id: str) -> str:
    """The id of the job that an execution is."""
    number = int(execution_id.replace("-", ""), 16)
    millis, rest = number >> 80, number & ((1 << 80) - 1)
    if execution_id[14] != "8" or _mark_of(rest) != _MARK:
        return execution_id
    seconds, fraction = divmod(millis, 1000)
    return f"{seconds:08x}{fraction << _CHANCE | rest & ((1 << _CHANCE) - 1):016x}"


def execution_id(job: str) -> str | None:
    """The id of the execution that a job is; None for what cannot be the id of a job."""
    if is_id(job):
        return job
    if not _JOB_ID.fullmatch(job):
        return None
    seconds, rest = int(job[:8], 16), int(job[8:], 16)
    fraction = rest >> _CHANCE
    if fraction >= 1000:
        return None
    return _execution_id(seconds * 1000 + fraction, rest & ((1 << _CHANCE) - 1))


def _execution_id(millis: int, chance: int) -> str:
    """time (48) | version (4) | mark (12) | variant (2) | mark (8) | chance (54)."""
    number = millis << 80 | _VERSION | (_MARK >> 8) << 64 | _VARIANT | (_MARK & 0xFF) << _CHANCE | chance
    digits = f"{number:032x}"
    return "-".join((digits[:8], digits[8:12], digits[12:16], digits[16:20], digits[20:]))


def _mark_of(rest: int) -> int:
    return (rest >> 64 & 0xFFF) << 8 | rest >> _CHANCE & 0xFF

"""What a task's definition promises about retries, timeouts and limits: plain values, no I/O.

Every definition format compiles to these; the engine knows no other spelling of them. A policy is part of
an immutable definition revision, so a running execution keeps the policy it was scheduled with.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any

from workflows_app.graph.template import Template

MAX_DELAY_SECONDS = 2**31 - 1


class Backoff(StrEnum):
    # the same delay before every attempt
    FIXED = "fixed"
    # delay, 2 x delay, 3 x delay ..., each times the scale
    LINEAR = "linear"
    # delay, 2 x delay, 4 x delay ...
    EXPONENTIAL = "exponential"


class OnTimeout(StrEnum):
    # end this attempt as TIMED_OUT and let the retry policy decide
    RETRY = "retry"
    # end the whole execution as TIMED_OUT
    END_EXECUTION = "end_execution"
    # note it in the log, change nothing
    ALERT = "alert"


@dataclass(frozen=True, slots=True, kw_only=True)
class RetryPolicy:
    """How often, and after which pause, a failed task runs again."""

    limit: int = 0  # further attempts after the first one
    backoff: Backoff = Backoff.FIXED
    delay: float = 0  # seconds
    scale: int = 1  # linear only
    max_delay: float = 0  # seconds; 0: no cap
    jitter: float = 0  # seconds; a random part of it is added to every delay, above the cap

    def delay_after(self, failures: int) -> float:
        """Seconds to wait after the ``failures``-th failure (counted from 1), without jitter."""
        if self.backoff is Backoff.LINEAR:
            seconds = self.delay * self.scale * failures
        elif self.backoff is Backoff.EXPONENTIAL:
            seconds = self.delay * 2 ** min(failures - 1, 64)
        else:
            seconds = self.delay
        seconds = min(seconds, MAX_DELAY_SECONDS)
        return min(seconds, self.max_delay) if self.max_delay > 0 else seconds


@dataclass(frozen=True, slots=True, kw_only=True)
class Timeouts:
    """Seconds a task may take; 0 means no limit.

    ``total`` counts from the first scheduling over all attempts, ``task`` from the start of an attempt,
    ``response`` from the last sign of life of a worker, ``poll`` from scheduling until a worker takes it.
    A response timeout always ends the attempt; the other three do what ``policy`` says.
    """

    total: float = 0
    task: float = 0
    response: float = 0
    poll: float = 0
    policy: OnTimeout = OnTimeout.END_EXECUTION


@dataclass(frozen=True, slots=True, kw_only=True)
class Limits:
    """Cluster-wide limits for all tasks of one definition; 0 means none."""

    concurrency: int = 0  # so many in progress at a time
    rate: int = 0  # so many started ...
    rate_period: float = 1  # ... in this many seconds


@dataclass(frozen=True, slots=True, kw_only=True)
class TaskPolicy:
    """Everything the engine takes from a task definition."""

    retry: RetryPolicy = field(default_factory=RetryPolicy)
    timeouts: Timeouts = field(default_factory=Timeouts)
    limits: Limits = field(default_factory=Limits)
    input_defaults: Template | None = None  # a mapping, for inputs that are missing or null
    # JSON schemas; None: anything goes
    input_schema: Any = None
    output_schema: Any = None
    rerun_lost: bool = True  # run again after the loss of a worker; False: that loss is a failure

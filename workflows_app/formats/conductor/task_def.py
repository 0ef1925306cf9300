"""TaskDef as typed data (contracts/conductor.md, section 2.3), its rules, and the policy that it stands for."""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum
from typing import Any

from workflows_app.durations import LONGEST_SECONDS
from workflows_app.expressions import ExpressionError, compile_template
from workflows_app.formats.conductor.fields import (
    LONGEST_NAME,
    Problems,
    boolean,
    choice,
    elements,
    integer,
    long,
    mapping,
    optional_mapping,
    text,
    texts,
)
from workflows_app.formats.conductor.schema_def import enforced
from workflows_app.policies import Backoff, Limits, OnTimeout, RetryPolicy, TaskPolicy, Timeouts


class RetryLogic(Enum):
    FIXED = "FIXED"
    EXPONENTIAL_BACKOFF = "EXPONENTIAL_BACKOFF"
    LINEAR_BACKOFF = "LINEAR_BACKOFF"


class TimeoutPolicy(Enum):
    RETRY = "RETRY"
    TIME_OUT_WF = "TIME_OUT_WF"
    ALERT_ONLY = "ALERT_ONLY"


@dataclass(slots=True, kw_only=True)
class TaskDef:
    """A task definition. Audit fields (createTime ...) are not part of it."""

    name: str | None = text(longest=LONGEST_NAME)
    description: str | None = text()
    retry_count: int = integer(3)
    timeout_seconds: int = long(0)
    input_keys: list[str] = texts()
    output_keys: list[str] = texts()
    timeout_policy: TimeoutPolicy = choice(TimeoutPolicy, TimeoutPolicy.TIME_OUT_WF)
    retry_logic: RetryLogic = choice(RetryLogic, RetryLogic.FIXED)
    retry_delay_seconds: int = integer(60)
    max_retry_delay_seconds: int = integer(0)
    backoff_jitter_ms: int = integer(0)
    response_timeout_seconds: int = long(3600)
    concurrent_exec_limit: int | None = integer()
    input_template: dict[str, Any] = mapping()
    rate_limit_per_frequency: int = integer(0)
    rate_limit_frequency_in_seconds: int = integer(1)
    isolation_group_id: str | None = text()
    execution_name_space: str | None = text()
    owner_app: str | None = text()
    owner_email: str | None = text()
    poll_timeout_seconds: int | None = integer()
    backoff_scale_factor: int = integer(1)
    base_type: str | None = text()
    total_timeout_seconds: int = long(0)
    input_schema: dict[str, Any] | None = optional_mapping()
    output_schema: dict[str, Any] | None = optional_mapping()
    enforce_schema: bool = boolean(False)
    task_status_listener_enabled: bool = boolean(True)
    runtime_metadata: list[Any] = elements()


_BACKOFF = {
    RetryLogic.FIXED: Backoff.FIXED,
    RetryLogic.LINEAR_BACKOFF: Backoff.LINEAR,
    RetryLogic.EXPONENTIAL_BACKOFF: Backoff.EXPONENTIAL,
}
_ON_TIMEOUT = {
    TimeoutPolicy.RETRY: OnTimeout.RETRY,
    TimeoutPolicy.TIME_OUT_WF: OnTimeout.END_EXECUTION,
    TimeoutPolicy.ALERT_ONLY: OnTimeout.ALERT,
}


def check(task: TaskDef, path: str, problems: Problems) -> None:
    """Notes every rule of section 2.3 that the definition breaks. Other negative numbers mean "none", as on the real
    server, which accepts them."""

    def at(name: str) -> str:
        return f"{path}.{name}" if path else name

    if not task.name:
        problems.note(at("name"), "TaskDef name cannot be null or empty", task.name)
    _at_least(problems, at("retryCount"), task.retry_count, 0, "TaskDef retryCount: {0} must be >= 0")
    _at_least(
        problems,
        at("responseTimeoutSeconds"),
        task.response_timeout_seconds,
        1,
        "TaskDef responseTimeoutSeconds: {0} should be minimum 1 second",
    )
    _at_least(
        problems, at("pollTimeoutSeconds"), task.poll_timeout_seconds, 0, "TaskDef pollTimeoutSeconds: {0} must be >= 0"
    )
    _at_least(
        problems,
        at("backoffScaleFactor"),
        task.backoff_scale_factor,
        1,
        "Backoff scale factor. Applicable for LINEAR_BACKOFF",
    )
    _at_least(
        problems,
        at("maxRetryDelaySeconds"),
        task.max_retry_delay_seconds,
        0,
        "TaskDef maxRetryDelaySeconds: {0} must be >= 0",
    )
    _at_least(problems, at("backoffJitterMs"), task.backoff_jitter_ms, 0, "TaskDef backoffJitterMs: {0} must be >= 0")
    _at_least(
        problems,
        at("totalTimeoutSeconds"),
        task.total_timeout_seconds,
        0,
        "TaskDef totalTimeoutSeconds: {0} must be >= 0",
    )
    if 0 < task.timeout_seconds < task.response_timeout_seconds:
        problems.note(
            at("responseTimeoutSeconds"),
            f"TaskDef: {task.name} responseTimeoutSeconds: {task.response_timeout_seconds}"
            f" must be less than timeoutSeconds: {task.timeout_seconds}",
        )
    if 0 < task.total_timeout_seconds < task.timeout_seconds:
        problems.note(
            at("timeoutSeconds"),
            f"TaskDef: {task.name} timeoutSeconds: {task.timeout_seconds}"
            f" must be less than or equal to totalTimeoutSeconds: {task.total_timeout_seconds}",
        )
    try:
        compile_template("conductor", task.input_template)
    except ExpressionError as error:
        problems.note(at("inputTemplate"), str(error))
    if task.enforce_schema:
        enforced(task.input_schema, at("inputSchema"), problems)
        enforced(task.output_schema, at("outputSchema"), problems)


def _at_least(problems: Problems, path: str, value: int | None, least: int, message: str) -> None:
    if value is not None and value < least:
        problems.note(path, message.format(value), value)


def policy(task: TaskDef) -> TaskPolicy:
    """What the engine takes from a definition that has passed ``check``."""
    return TaskPolicy(
        retry=RetryPolicy(
            limit=task.retry_count,
            backoff=_BACKOFF[task.retry_logic],
            delay=max(task.retry_delay_seconds, 0),
            scale=task.backoff_scale_factor,
            max_delay=task.max_retry_delay_seconds,
            jitter=task.backoff_jitter_ms / 1000,
        ),
        timeouts=Timeouts(
            total=_seconds(task.total_timeout_seconds),
            task=_seconds(task.timeout_seconds),
            response=_seconds(task.response_timeout_seconds),
            poll=task.poll_timeout_seconds or 0,
            policy=_ON_TIMEOUT[task.timeout_policy],
        ),
        limits=Limits(
            concurrency=max(task.concurrent_exec_limit or 0, 0),
            rate=max(task.rate_limit_per_frequency, 0),
            rate_period=max(task.rate_limit_frequency_in_seconds, 1),
        ),
        input_defaults=compile_template("conductor", task.input_template) if task.input_template else None,
        input_schema=enforced(task.input_schema, "", Problems()) if task.enforce_schema else None,
        output_schema=enforced(task.output_schema, "", Problems()) if task.enforce_schema else None,
    )


def _seconds(given: int) -> int:
    """A number of seconds that a date can still be counted on by; negative ones stand for none."""
    return min(max(given, 0), LONGEST_SECONDS)


# What a SIMPLE task gets that has no definition: the defaults above. Every other type is not retried.
AD_HOC = TaskPolicy(
    retry=RetryPolicy(limit=3, delay=60), timeouts=Timeouts(response=3600, policy=OnTimeout.END_EXECUTION)
)
# The same for tasks of other types: only a count of their own in the workflow gives them further attempts.
AD_HOC_SYSTEM = TaskPolicy(retry=RetryPolicy(delay=60))
